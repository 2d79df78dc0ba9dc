"""What programs print last, by how they end."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from reconciler.emulator.runai.podview import PodView


def _completed(pod: PodView) -> Iterable[str]:
    return (f"{pod.container}: finished after {pod.lasts_s:.0f} s",)


def _crash(pod: PodView) -> Iterable[str]:
    return (
        "Traceback (most recent call last):",
        '  File "/workspace/main.py", line 214, in <module>',
        "    main()",
        '  File "/workspace/main.py", line 187, in main',
        '    config = load_config(os.environ["CONFIG_PATH"])',
        '  File "/workspace/config.py", line 31, in load_config',
        "    with open(path) as file:",
        "FileNotFoundError: [Errno 2] No such file or directory: '/workspace/config.json'",
    )


def _oom(pod: PodView) -> Iterable[str]:
    return (
        f"{pod.container}: building the index in memory: 61.2 of 64.0 GiB used",
        f"{pod.container}: building the index in memory: 63.9 of 64.0 GiB used",
        "Killed",
    )


def _cuda_oom(pod: PodView) -> Iterable[str]:
    return (
        "Traceback (most recent call last):",
        '  File "/workspace/train.py", line 402, in <module>',
        "    loss.backward()",
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a "
        "total capacity of 79.11 GiB of which 1.02 GiB is free.",
    )


def _aborts(pod: PodView) -> Iterable[str]:
    """Tell how a pod falls that only lost its peer; it names who fell first."""
    rank, name = pod.first
    if pod.container == "mpi":
        return (f"Received disconnect from 10.42.0.{7 + pod.rank} port 40012:11: disconnected by user",)
    if pod.container in {"tensorflow", "jax"}:
        return (
            f"UnavailableError: /job:worker/replica:0/task:{rank} stopped sending heartbeats ({name})",
            "The process aborts, for a peer is lost",
        )
    lead = f"[rank{pod.rank}]: "
    return (
        f"{lead}torch.distributed.DistBackendError: NCCL communicator was aborted on rank {pod.rank}. "
        f"Last error: socketProgress: Connection closed by remote peer {name}",
        f"{lead}Exiting, for rank {rank} was lost",
    )


def _of_launcher(pod: PodView, lines: Iterable[str]) -> Iterable[str]:
    """Let mpirun report what one of its ranks said."""
    rank = max(pod.world_size - 2, 0)
    yield from (f"[1,{rank}]<stderr>: {line}" for line in lines)
    yield "mpirun detected that one or more processes exited with non-zero status"
    yield f"  Process name: [[4417,1],{rank}]"


_LAST_WORDS: Mapping[str, Callable[[PodView], Iterable[str]]] = MappingProxyType(
    {"completes": _completed, "crash": _crash, "oom": _oom, "cuda-oom": _cuda_oom, "aborts": _aborts}
)


def last_words(pod: PodView) -> Iterable[str]:
    """Tell the last lines of a container that ends."""
    said = _LAST_WORDS[pod.ending](pod)
    is_report = pod.role == "launcher" and pod.ending in {"crash", "cuda-oom"}
    return _of_launcher(pod, said) if is_report else said
