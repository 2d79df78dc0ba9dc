"""Lints of memory and mounts: too little memory, shared or not, and a mount whose mode nobody stated."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.finding import is_open, number
from reconciler.problem import Problem
from reconciler.providers.runai.kinds.lints.pod import Pod, warned
from reconciler.providers.runai.kinds.weight import gpus_of_pod
from reconciler.quantity import says_few_bytes

SHM, MODE, BYTES = "RC152", "RC154", "RC156"
_AMOUNTS = ("cpuMemoryRequest", "cpuMemoryLimit", "gpuMemoryRequest", "gpuMemoryLimit")
_LAUNCHERS = frozenset({"torchrun", "deepspeed", "accelerate", "mpirun", "mpiexec", "horovodrun", "vllm"})
_MODULES = ("torch.distributed", "vllm.entrypoints", "deepspeed.launcher")


def few_bytes(pod: Pod) -> Iterator[Problem]:
    """Warn of memory that is counted in bytes."""
    compute = pod.part("compute")
    for name in _AMOUNTS:
        if says := says_few_bytes(compute.get(name)):
            yield warned(BYTES, compute.at(name), says, "write the suffix that is meant: 500Mi, 16Gi")


def small_shm(pod: Pod) -> Iterator[Problem]:
    """Warn of programs whose processes share memory, where /dev/shm has 64 MiB."""
    yield from _without_shm(pod, _shares_memory(pod))


def small_shm_of_many(pod: Pod) -> Iterator[Problem]:
    """Warn of the same in one of many pods that compute together, where it holds a GPU."""
    yield from _without_shm(
        pod, _shares_memory(pod) or ("it is one of many" if gpus_of_pod(pod.spec) else "")
    )


def _without_shm(pod: Pod, why: str) -> Iterator[Problem]:
    if not why or pod.has_template or _has_shm(pod):
        return
    yield warned(
        SHM,
        pod.at("compute", "largeShmRequest"),
        f"is not stated, but {why}: with 64 MiB of /dev/shm its processes crash under load",
        "write compute: {largeShmRequest: true}; false says that 64 MiB are enough",
    )


def _shares_memory(pod: Pod) -> str:
    """Say why its processes share memory; nothing where that is not known."""
    devices = number(pod.part("compute").get("gpuDevicesRequest")) or 0
    launcher = sorted(pod.program.names & _LAUNCHERS)
    if launcher:
        return f"it runs {launcher[0]}"
    if module := next((word for word in pod.program.words if word.startswith(_MODULES)), ""):
        return f"it runs {module}"
    image = pod.spec.get("image")
    if isinstance(image, str) and not is_open(image) and "vllm" in image.partition("@")[0]:
        return "its image is vLLM"
    if devices > 1:
        return f"it uses {devices:g} GPUs"
    named = (str(item.get("name")) for item in pod.items("environmentVariables"))
    nccl = next((name for name in named if name.startswith("NCCL_")), "")
    return f"it sets {nccl}" if nccl else ""


def _has_shm(pod: Pod) -> bool:
    if pod.part("compute").has("largeShmRequest") or pod.part("security").get("hostIpc") is True:
        return True
    mounts = (*pod.items("storage", "emptyDirVolume"), *pod.items("storage", "hostPath"))
    return any("/dev/shm" in (mount.get("path"), mount.get("mountPath")) for mount in mounts)  # noqa: S108 - compared, never opened


def host_paths(pod: Pod) -> Iterator[Problem]:
    """Warn of a directory of the node whose mode is not stated, as documents disagree on the default."""
    for mount in pod.items("storage", "hostPath"):
        if not mount.has("readOnly"):
            yield warned(
                MODE,
                mount.at("readOnly"),
                "is not stated, and the platform's documents disagree on its default",
                "write readOnly: true, or readOnly: false where the program writes there",
            )
