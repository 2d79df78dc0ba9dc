"""Metrics are plausible functions of the record and the time, asked for as the documents say."""

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest

from reconciler.emulator.faults import Fault
from tests.emulator.plane import ROOT, Plane, env

Json = Any
_GPU = {"gpuDevicesRequest": 2, "cpuCoreRequest": 4, "cpuMemoryRequest": "8Gi", "cpuCoreLimit": 8}


def _span(plane: Plane, back_s: float = 60, samples: int = 5) -> dict[str, Json]:
    now = plane.clock.now()
    start = now - timedelta(seconds=back_s)
    return {"start": start.isoformat(), "end": now.isoformat(), "numberOfSamples": samples}


def _read(plane: Plane, path: str, *types: str, **query: Json) -> dict[str, list[float]]:
    """Ask for metrics and give the samples of each type."""
    asked = {**_span(plane), **query, "metricType": ",".join(types)}
    found = plane.get(f"{ROOT}/{path}/metrics", **asked)["measurements"]
    return {one["type"]: [float(each["value"]) for each in one["values"] or ()] for one in found}


def _running(plane: Plane, kind: str = "trainings", **spec: Json) -> str:
    id_ = plane.made(kind, **{"command": "python train.py", "compute": _GPU, **spec})
    plane.wait(120)
    return id_


def test_a_running_training_works_and_never_twice_alike() -> None:
    plane = Plane()
    id_ = _running(plane)

    found = _read(plane, id_, "GPU_UTILIZATION", "CPU_USAGE_CORES", "GPU_MEMORY_USAGE_BYTES")

    assert len(set(found["GPU_UTILIZATION"])) == 5
    assert all(50 < value <= 100 for value in found["GPU_UTILIZATION"])
    assert all(0 < value < 4 for value in found["CPU_USAGE_CORES"])
    assert all(0 < value < 2 * 80 * 1024**3 for value in found["GPU_MEMORY_USAGE_BYTES"])


def test_two_looks_at_one_time_agree() -> None:
    plane, other = Plane(), Plane()
    id_, twin = _running(plane), _running(other)
    asked = _span(plane)
    first = _read(plane, id_, "GPU_UTILIZATION", **asked)

    plane.wait(500)

    assert _read(plane, id_, "GPU_UTILIZATION", **asked) == first
    assert _read(other, twin, "GPU_UTILIZATION", **asked) == first


def test_what_is_asked_for_is_told_exactly() -> None:
    plane = Plane()
    id_ = _running(plane)

    found = _read(
        plane, id_, "GPU_ALLOCATION", "CPU_REQUEST_CORES", "CPU_LIMIT_CORES", "CPU_MEMORY_REQUEST_BYTES",
        "GPU_MEMORY_REQUEST_BYTES", "POD_COUNT", "RUNNING_POD_COUNT",
    )  # fmt: skip

    assert {name: each[-1] for name, each in found.items()} == {
        "GPU_ALLOCATION": 2,
        "CPU_REQUEST_CORES": 4,
        "CPU_LIMIT_CORES": 8,
        "CPU_MEMORY_REQUEST_BYTES": 8 * 1024**3,
        "GPU_MEMORY_REQUEST_BYTES": 2 * 80 * 1024**3,
        "POD_COUNT": 1,
        "RUNNING_POD_COUNT": 1,
    }


def test_a_queued_training_uses_nothing() -> None:
    plane = Plane()
    id_ = _running(plane, compute={"gpuDevicesRequest": 8}, parallelism=8)

    found = _read(plane, id_, "GPU_UTILIZATION", "GPU_ALLOCATION", "POD_COUNT", "RUNNING_POD_COUNT")

    assert plane.phase(id_) == "Pending"
    assert {name: set(each) for name, each in found.items()} == {
        "GPU_UTILIZATION": {0.0},
        "GPU_ALLOCATION": {0.0},
        "POD_COUNT": {8.0},
        "RUNNING_POD_COUNT": {0.0},
    }


def test_a_sleeping_workspace_leaves_its_gpus_idle() -> None:
    plane = Plane()
    id_ = _running(plane, "workspaces", command="sleep infinity")

    assert set(_read(plane, id_, "GPU_UTILIZATION")["GPU_UTILIZATION"]) == {0.0}
    assert plane.row(id_)["idleAllocatedGpus"] == 2
    assert plane.names(filterBy="idleAllocatedGpus>=1") == ["x"]


def test_use_begins_and_ends_with_the_run() -> None:
    plane = Plane()
    id_ = plane.made(
        "trainings", command="python train.py", environmentVariables=env(EMULATOR_SECONDS="60"), compute=_GPU
    )
    plane.wait(180)

    found = _read(plane, id_, "GPU_UTILIZATION", "RUNNING_POD_COUNT", **_span(plane, 200, 21))

    working = [value > 0 for value in found["GPU_UTILIZATION"]]
    assert (working[0], any(working), working[-1]) == (False, True, False)
    assert working.count(True) <= sum(found["RUNNING_POD_COUNT"])


def test_nothing_is_known_of_the_future() -> None:
    plane = Plane()
    id_ = _running(plane)
    now = plane.clock.now()
    later = {"start": now.isoformat(), "end": (now + timedelta(hours=1)).isoformat(), "numberOfSamples": 2}

    assert _read(plane, id_, "POD_COUNT", **later)["POD_COUNT"] == [1, 0]


@pytest.mark.parametrize("count", [0, 1, 2, 20, 1000])
def test_there_are_as_many_samples_as_asked_for(count: int) -> None:
    plane = Plane()
    id_ = _running(plane)

    assert len(_read(plane, id_, "POD_COUNT", numberOfSamples=count)["POD_COUNT"]) == count


def test_samples_spread_evenly_over_the_span_and_are_twenty_by_default() -> None:
    plane = Plane()
    id_ = _running(plane)
    asked = _span(plane, 190)
    del asked["numberOfSamples"]

    found = plane.get(f"{ROOT}/{id_}/metrics", metricType="POD_COUNT", **asked)["measurements"][0]["values"]
    times = [datetime.fromisoformat(each["timestamp"]) for each in found]

    assert len(times) == 20
    assert {later - earlier for earlier, later in itertools.pairwise(times)} == {timedelta(seconds=10)}


@pytest.mark.parametrize(
    "query",
    [
        {"metricType": ""},
        {"metricType": "GPU_LOVE"},
        {"metricType": "THROUGHPUT"},
        {"metricType": ",".join(["POD_COUNT"] * 11)},
        {"start": ""},
        {"start": "yesterday"},
        {"start": "2026-01-01T00:00:00"},
        {"end": "2001-01-01T00:00:00Z"},
        {"numberOfSamples": 1001},
        {"numberOfSamples": -1},
        {"numberOfSamples": "many"},
    ],
    ids=str,
)
@pytest.mark.parametrize("of_pod", [False, True])
def test_a_query_that_the_documents_do_not_know_is_refused(query: dict[str, Json], of_pod: bool) -> None:
    plane = Plane()
    id_ = _running(plane)
    tail = f"pods/{plane.pods(id_)[0]['id']}/metrics" if of_pod else "metrics"

    answer = plane.http.get(
        f"{ROOT}/{id_}/{tail}", params={"metricType": "GPU_UTILIZATION", **_span(plane), **query}
    )

    assert (answer.status_code, answer.json()["code"]) == (400, 400)


def test_a_pod_has_a_series_for_each_of_its_gpus() -> None:
    plane = Plane()
    id_ = _running(plane)
    path = f"{ROOT}/{id_}/pods/{plane.pods(id_)[0]['id']}/metrics"

    found = plane.get(path, metricType="GPU_UTILIZATION_PER_GPU,GPU_UTILIZATION", **_span(plane))
    each = {(one["type"], (one["labels"] or {}).get("gpu")): one["values"] for one in found["measurements"]}

    assert set(each) == {
        ("GPU_UTILIZATION", None),
        ("GPU_UTILIZATION_PER_GPU", "0"),
        ("GPU_UTILIZATION_PER_GPU", "1"),
    }
    last = {key: float(values[-1]["value"]) for key, values in each.items()}
    both = last["GPU_UTILIZATION_PER_GPU", "0"] + last["GPU_UTILIZATION_PER_GPU", "1"]
    assert last["GPU_UTILIZATION", None] == pytest.approx(both / 2)


def test_pods_of_a_workload_add_up_to_it() -> None:
    plane = Plane()
    id_ = plane.made(
        "distributed", command="python train.py", compute=_GPU, distributedFramework="PyTorch", numWorkers=2
    )
    plane.wait(120)
    types = ("CPU_USAGE_CORES", "CPU_MEMORY_USAGE_BYTES", "GPU_MEMORY_USAGE_BYTES")

    each = [_read(plane, f"{id_}/pods/{pod['id']}", *types) for pod in plane.pods(id_)]

    assert len(each) == 3
    for name, values in _read(plane, id_, *types).items():
        assert values == pytest.approx([sum(pair) for pair in zip(*(one[name] for one in each), strict=True)])


def test_an_inference_serves() -> None:
    plane = Plane()
    id_ = _running(plane, "inferences")
    pod = plane.pods(id_)[0]["id"]

    whole = _read(plane, f"inferences/{id_}", "THROUGHPUT", "LATENCY")

    assert all(value > 0 for value in (*whole["THROUGHPUT"], *whole["LATENCY"]))
    assert _read(plane, f"inferences/{id_}/pods/{pod}", "THROUGHPUT") == {"THROUGHPUT": whole["THROUGHPUT"]}


def test_only_an_inference_serves_and_only_its_own_pods() -> None:
    plane = Plane()
    id_ = _running(plane)
    asked = {"metricType": "THROUGHPUT", **_span(plane)}
    other = plane.made("inferences", "other")
    plane.wait(10)

    for path in (
        f"{ROOT}/inferences/{id_}/metrics",
        f"{ROOT}/inferences/{other}/pods/{plane.pods(id_)[0]['id']}/metrics",
        f"{ROOT}/{other}/pods/{plane.pods(id_)[0]['id']}/metrics",
    ):
        assert plane.http.get(path, params=asked).status_code == 404


def test_a_nim_service_has_percentiles_and_other_work_has_none() -> None:
    plane = Plane()
    nim = plane.nim("llm", compute={"gpuDevicesRequest": 1}).json()["metadata"]["id"]
    other = _running(plane)
    types = "NIM_NUM_REQUESTS_RUNNING,NIM_E2E_REQUEST_LATENCY_SECONDS_PERCENTILES"

    served = plane.get(f"{ROOT}/{nim}/metrics", metricType=types, **_span(plane))
    unserved = plane.get(f"{ROOT}/{other}/metrics", metricType=types, **_span(plane))

    assert [one["type"] for one in served["measurements"]] == ["NIM_NUM_REQUESTS_RUNNING"]
    assert set(served["histogram"][0]["values"][0]["data"]) == {"p50", "p90", "p99"}
    assert (unserved["measurements"][0]["values"], unserved["histogram"][0]["values"]) == (None, [])


@pytest.mark.parametrize(
    ("level", "name", "status"),
    [
        ("2.23", "DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL", 200),
        ("2.23", "NVLINK_BANDWIDTH_TOTAL", 400),
        ("2.24", "DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL", 400),
        ("2.25", "NVLINK_BANDWIDTH_TOTAL", 200),
    ],
)
def test_nvlink_is_called_what_the_level_calls_it(level: str, name: str, status: int) -> None:
    plane = Plane(api_level=level)
    id_ = _running(plane)

    answer = plane.http.get(f"{ROOT}/{id_}/metrics", params={"metricType": name, **_span(plane)})

    assert answer.status_code == status
    if status == 200:
        assert float(answer.json()["measurements"][0]["values"][-1]["value"]) > 0


def test_metrics_come_as_a_table_to_who_asks_for_one() -> None:
    plane = Plane()
    id_ = _running(plane)
    plane.http.headers["accept"] = "text/csv"

    answer = plane.http.get(f"{ROOT}/{id_}/metrics", params={"metricType": "POD_COUNT", **_span(plane)})

    head, *rows = answer.text.splitlines()
    assert answer.headers["content-type"].startswith("text/csv")
    assert (head, len(rows)) == ("type,labels,timestamp,value", 5)
    assert rows[-1].startswith("POD_COUNT,,")
    assert rows[-1].endswith(",1")


def test_metrics_lag_as_the_list_does() -> None:
    plane = Plane(lag_s=60)
    id_ = plane.made("trainings")

    asked = {"metricType": "POD_COUNT", **_span(plane)}

    assert plane.wait(30).http.get(f"{ROOT}/{id_}/metrics", params=asked).status_code == 404
    assert plane.wait(60).http.get(f"{ROOT}/{id_}/metrics", params=asked).status_code == 200


def test_metrics_out_of_reach_are_forbidden() -> None:
    plane = Plane()
    id_ = _running(plane)
    pod = plane.pods(id_)[0]["id"]
    plane.emu.tokens.add("narrow", "secret", "narrow", projects=["team-b"])
    plane.sign_in("narrow")

    for path in (f"{ROOT}/{id_}", f"{ROOT}/{id_}/pods/{pod}"):
        asked = {"metricType": "CPU_USAGE_CORES", **_span(plane)}
        assert plane.http.get(f"{path}/metrics", params=asked).status_code == 403


def test_a_script_makes_metrics_partial() -> None:
    plane = Plane()
    id_ = _running(plane)
    plane.emu.faults.add(Fault("GET .*/metrics", kind="mutate", status=207, drop_rows=[0]))

    asked = {"metricType": "POD_COUNT,GPU_UTILIZATION", **_span(plane)}
    answer = plane.http.get(f"{ROOT}/{id_}/metrics", params=asked)

    assert answer.status_code == 207
    assert [one["type"] for one in answer.json()["measurements"]] == ["GPU_UTILIZATION"]
