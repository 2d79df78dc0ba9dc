"""The routes of metrics: of a workload, of one of its pods, and of what an inference serves."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from reconciler.emulator.runai.call import Call, Platform, read_id, route
from reconciler.emulator.runai.crew import Pod, pods
from reconciler.emulator.runai.errors import not_found
from reconciler.emulator.runai.records import Run, Workload
from reconciler.emulator.runai.rows import pod_id, stamp
from reconciler.emulator.runai.sampling import Span, answer, read_span, values
from reconciler.emulator.runai.usage import Use, phase_at, use_of, uses
from reconciler.emulator.runai.workloads import ROOT, seen

Json = Any
Uses = Sequence[Use]
_INFERENCE = f"{ROOT}/inferences"
_NVLINK_BYTES_PER_S = 2e9


def _total(key: str) -> Callable[[Uses], float]:
    return lambda found: float(sum(getattr(use, key) for use in found))


def _gpu_percent(found: Uses) -> float:
    percents = [percent for use in found for percent in use.gpu_percents]
    return sum(percents) / len(percents) if percents else 0.0


def _nvlink(found: Uses) -> float:
    """GPUs talk where a pod has several."""
    return sum(sum(use.gpu_percents) * _NVLINK_BYTES_PER_S / 100 for use in found if use.gpus > 1)


def _requests(found: Uses) -> float:
    """Requests in flight: the busier, the more."""
    return float(round(sum(16 * use.share for use in found)))


def _latency(found: Uses) -> float:
    """Seconds to an answer: the busier, the longer."""
    running = [use for use in found if use.is_running]
    return sum(0.2 + use.share for use in running) / len(running) if running else 0.0


def _profiled(part: float) -> Callable[[Use, int], float]:
    return lambda use, gpu: part * use.gpu_percents[gpu]


_NIM: Mapping[str, Callable[[Uses], float]] = {
    "NIM_NUM_REQUESTS_RUNNING": _requests,
    "NIM_NUM_REQUESTS_WAITING": lambda found: float(_requests(found) // 8),
    "NIM_NUM_REQUEST_MAX": lambda found: 256.0 * sum(use.is_running for use in found),
    "NIM_REQUEST_SUCCESS_TOTAL": lambda found: 60 * _requests(found),
    "NIM_REQUEST_FAILURE_TOTAL": lambda _: 0.0,
    "NIM_GPU_CACHE_USAGE_PERC": lambda found: max((use.share for use in found), default=0.0),
    "NIM_TIME_TO_FIRST_TOKEN_SECONDS": lambda found: _latency(found) / 8,
    "NIM_E2E_REQUEST_LATENCY_SECONDS": _latency,
}
_HISTOGRAMS: Mapping[str, Callable[[Uses], float]] = {
    f"{name}_PERCENTILES": _NIM[name]
    for name in ("NIM_TIME_TO_FIRST_TOKEN_SECONDS", "NIM_E2E_REQUEST_LATENCY_SECONDS")
}
_PERCENTILES: Mapping[str, float] = {"p50": 1.0, "p90": 1.6, "p99": 2.4}
_USED: Mapping[str, Callable[[Uses], float]] = {
    "GPU_UTILIZATION": _gpu_percent,
    "GPU_MEMORY_USAGE_BYTES": _total("gpu_memory"),
    "CPU_USAGE_CORES": _total("cores"),
    "CPU_MEMORY_USAGE_BYTES": _total("memory"),
    "NVLINK_BANDWIDTH_TOTAL": _nvlink,
}
_OF_WORKLOAD: Mapping[str, Callable[[Uses], float]] = {
    **_USED,
    "GPU_MEMORY_REQUEST_BYTES": _total("gpu_memory_request"),
    "CPU_REQUEST_CORES": _total("cores_request"),
    "CPU_LIMIT_CORES": _total("cores_limit"),
    "CPU_MEMORY_REQUEST_BYTES": _total("memory_request"),
    "CPU_MEMORY_LIMIT_BYTES": _total("memory_limit"),
    "POD_COUNT": lambda found: float(len(found)),
    "RUNNING_POD_COUNT": _total("is_running"),
    "GPU_ALLOCATION": _total("gpus"),
}
# What a profiler tells of one GPU, as a part of how busy it is.
_PROFILED: Mapping[str, float] = {
    "GPU_UTILIZATION_PER_GPU": 1.0,
    "GPU_GRAPHICS_ENGINE_ACTIVITY_PER_GPU": 0.98,
    "GPU_SM_ACTIVITY_PER_GPU": 0.9,
    "GPU_SM_OCCUPANCY_PER_GPU": 0.45,
    "GPU_TENSOR_ACTIVITY_PER_GPU": 0.5,
    "GPU_FP64_ENGINE_ACTIVITY_PER_GPU": 0.0,
    "GPU_FP32_ENGINE_ACTIVITY_PER_GPU": 0.15,
    "GPU_FP16_ENGINE_ACTIVITY_PER_GPU": 0.4,
    "GPU_MEMORY_BANDWIDTH_UTILIZATION_PER_GPU": 0.6,
    "GPU_NVLINK_TRANSMITTED_BANDWIDTH_PER_GPU": _NVLINK_BYTES_PER_S / 200,
    "GPU_NVLINK_RECEIVED_BANDWIDTH_PER_GPU": _NVLINK_BYTES_PER_S / 200,
    "GPU_PCIE_TRANSMITTED_BANDWIDTH_PER_GPU": 2e6,
    "GPU_PCIE_RECEIVED_BANDWIDTH_PER_GPU": 4e6,
    "GPU_SWAP_MEMORY_BYTES_PER_GPU": 0.0,
    "NVLINK_BANDWIDTH_TOTAL_PER_GPU": _NVLINK_BYTES_PER_S / 100,
}
_PER_GPU: Mapping[str, Callable[[Use, int], float]] = {
    **{name: _profiled(part) for name, part in _PROFILED.items()},
    "GPU_MEMORY_USAGE_BYTES_PER_GPU": lambda use, _: use.gpu_memory / len(use.gpu_percents),
}
_SERVED: Mapping[str, Callable[[Uses], float]] = {
    "THROUGHPUT": lambda found: sum(40 * use.share for use in found),
    "LATENCY": lambda found: 1000 * _latency(found),
}


def routes(platform: Platform) -> Iterator[Route]:
    """Yield the routes; those of inferences are literal and must stand first."""
    yield route(platform, "GET", f"{_INFERENCE}/{{id}}/metrics", show_served)
    yield route(platform, "GET", f"{_INFERENCE}/{{id}}/pods/{{pod}}/metrics", show_served_by_pod)
    yield route(platform, "GET", f"{ROOT}/{{id}}/metrics", show)
    yield route(platform, "GET", f"{ROOT}/{{id}}/pods/{{pod}}/metrics", show_pod)


def show(call: Call) -> Response:
    """Sample what all pods of a workload use together."""
    one = seen(call)
    span = read_span(call, _named(call, {*_OF_WORKLOAD, *_NIM, *_HISTOGRAMS}))
    return answer(call, _body(one, span, _OF_WORKLOAD, _of_all(call, one, span)))


def show_pod(call: Call) -> Response:
    """Sample what one pod uses, some of it for each of its GPUs."""
    one = seen(call)
    run, pod = _pod(call, one)
    span = read_span(call, _named(call, {*_USED, *_PER_GPU, *_NIM, *_HISTOGRAMS}))
    taken = _of_pod(call, one, run, pod, span)
    body = _body(one, span.without(_PER_GPU), _USED, taken)
    for name in span.types:
        if read := _PER_GPU.get(_today(name)):
            body["measurements"] += _each_gpu(name, span, read, taken)
    return answer(call, body)


def show_served(call: Call) -> Response:
    """Sample what an inference serves."""
    one = _inference(call)
    span = read_span(call, _SERVED)
    return answer(call, {"measurements": _measured(span, _SERVED, _of_all(call, one, span))})


def show_served_by_pod(call: Call) -> Response:
    """Sample what one pod of an inference serves."""
    one = _inference(call)
    run, pod = _pod(call, one)
    span = read_span(call, _SERVED)
    return answer(call, {"measurements": _measured(span, _SERVED, _of_pod(call, one, run, pod, span))})


def _inference(call: Call) -> Workload:
    one = seen(call)
    if one.kind != "Inference":
        raise not_found(f"workload {one.id} was not found")
    return one


def _pod(call: Call, one: Workload) -> tuple[Run, Pod]:
    asked = read_id(call.param("pod"))
    for run in one.runs:
        for pod in pods(one, run):
            if pod_id(one, run, pod.rank) == asked:
                return run, pod
    raise not_found(f"pod {asked} was not found")


def _of_all(call: Call, one: Workload, span: Span) -> list[Uses]:
    """Look at all pods at every moment; there is nothing to see in the future."""
    pools, now = call.world.pool_map(one.project.cluster), call.world.clock.now()
    return [uses(one, pools, at) if at <= now else () for at in span.moments]


def _of_pod(call: Call, one: Workload, run: Run, pod: Pod, span: Span) -> list[Uses]:
    pools, now = call.world.pool_map(one.project.cluster), call.world.clock.now()
    return [
        (use_of(one, run, pod, pools, at),) if run.created_at <= at <= now and phase_at(one, at) else ()
        for at in span.moments
    ]


def _named(call: Call, names: set[str]) -> set[str]:
    """Spell the types as servers of this level do: NVLink had the name of its source."""
    if call.level >= (2, 24):
        return names
    return {f"DCGM_FI_DEV_{name}" if name.startswith("NVLINK") else name for name in names}


def _today(name: str) -> str:
    return name.removeprefix("DCGM_FI_DEV_")


def _body(
    one: Workload, span: Span, readers: Mapping[str, Callable[[Uses], float]], taken: list[Uses]
) -> dict[str, Json]:
    """Spell measurements, and percentiles apart; what is no NIM service has no values of one."""
    is_nim = one.kind in {"NimService", "NIMService"}
    histogram = [
        {"type": name, "values": _percentiles(span, _HISTOGRAMS[name], taken) if is_nim else []}
        for name in span.types
        if name in _HISTOGRAMS
    ]
    known = {**readers, **_NIM} if is_nim else readers
    measured = _measured(span.without(_HISTOGRAMS), known, taken)
    return {"measurements": measured, "histogram": histogram or None}


def _measured(
    span: Span, readers: Mapping[str, Callable[[Uses], float]], taken: list[Uses]
) -> list[dict[str, Json]]:
    found = ((name, readers.get(_today(name))) for name in span.types)
    return [
        {"type": name, "labels": None, "values": values(span, map(read, taken)) if read else None}
        for name, read in found
    ]


def _percentiles(span: Span, read: Callable[[Uses], float], taken: list[Uses]) -> list[dict[str, Json]]:
    return [
        {
            "timestamp": stamp(at),
            "data": {key: f"{read(found) * factor:.6g}" for key, factor in _PERCENTILES.items()},
        }
        for at, found in zip(span.moments, taken, strict=True)
    ]


def _each_gpu(
    name: str, span: Span, read: Callable[[Use, int], float], taken: list[Uses]
) -> list[dict[str, Json]]:
    """Spell one series for each GPU that the pod has had in the span."""
    most = max((len(use.gpu_percents) for found in taken for use in found), default=0)
    series = [
        [sum(read(use, gpu) for use in found if gpu < len(use.gpu_percents)) for found in taken]
        for gpu in range(most)
    ]
    return [
        {"type": name, "labels": {"gpu": str(gpu)}, "values": values(span, each)}
        for gpu, each in enumerate(series)
    ]
