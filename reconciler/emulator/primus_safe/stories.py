"""What programs print while they run and as they end: pure functions of a pod."""

import heapq
import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, takewhile
from types import MappingProxyType

from reconciler.emulator.primus_safe.base64text import decoded
from reconciler.emulator.primus_safe.pods import PodView

Told = tuple[float, str]  # seconds since the container started, and the text
_LAST_WORDS_S = 0.5


@dataclass(frozen=True, slots=True)
class Line:
    """One line and when it was printed."""

    at: datetime
    text: str


def lines(view: PodView, until: datetime) -> Iterator[Line]:
    """Print what a pod has said up to a moment, in order; nothing before it runs."""
    if view.started_at is None:
        return
    end = min(until, view.ended_at) if view.ended_at else until
    for second, text in told(view):
        at = view.started_at + timedelta(seconds=second)
        if at > end:
            return
        yield Line(at, text)


def told(view: PodView) -> Iterator[Told]:
    """Tell the whole story of a pod: what its program prints, and its last words."""
    body = _story_of(view)(view)
    if view.ending not in _LAST_WORDS:
        return body
    at = max(0.0, view.lasts_s - _LAST_WORDS_S)
    spoken = ((at + i / 1000, text) for i, text in enumerate(_LAST_WORDS[view.ending](view)))
    return heapq.merge(takewhile(lambda line: line[0] < at, body), spoken)


def noise(*seed: object) -> float:
    """Give a number in [0, 1) that only the seed decides."""
    return zlib.crc32("/".join(map(str, seed)).encode()) / 2**32


def _story_of(view: PodView) -> Callable[[PodView], Iterator[Told]]:
    said = f"{view.image} {decoded(view.command)}".lower()
    return next((story for word, story in _STORIES.items() if word in said), _plain)


def _lead(view: PodView) -> str:
    return f"[rank{view.place.rank}]: " if view.replicas > 1 else ""


def _training(view: PodView) -> Iterator[Told]:
    lead = _lead(view)
    yield 0.3, f"{lead}PyTorch 2.8.0+rocm6.4, HIP 6.4, 8 x AMD Instinct MI300X, nodes {view.replicas}"
    yield 0.8, f"{lead}RCCL version 2.22.3+hip6.4 using network plugin IB"
    yield 1.2, f"{lead}NCCL INFO Connected all rings, {view.replicas} ranks per channel"
    if view.place.rank > 0:
        yield 1.6, f"{lead}joined the process group, waiting for rank 0"
        return
    yield 1.8, f"{lead}building model: 8.03B parameters, bf16"
    for n in count(1):
        loss = 1.6 + 8.4 * math.exp(-n / 40) + 0.06 * noise(view.place.name, n)
        speed = 560 + 40 * noise(view.place.name, n, "tflops")
        yield (
            2.0 + 2.0 * n,
            f"{lead}iteration {10 * n:>8} | lm loss: {loss:.6f} | throughput per GPU: {speed:.1f} TFLOP/s",
        )


def _serving(view: PodView) -> Iterator[Told]:
    yield 0.4, "INFO [api_server.py] server version 0.10.1+rocm"
    yield 1.6, "INFO [rocm.py] Using ROCm AITER attention backend"
    for shard in range(1, 5):
        yield 1.0 + shard, f"Loading safetensors checkpoint shards: {25 * shard}% {shard}/4"
    yield 6.0, "INFO: Application startup complete."
    for n in count(1):
        rate = 60 + 500 * noise(view.place.name, n)
        yield 10.0 * n, f"INFO throughput: {rate:.1f} tokens/s, running: {int(rate / 60)} requests"


def _plain(view: PodView) -> Iterator[Told]:
    yield 0.1, f"[entrypoint] {view.place.name} starts: {decoded(view.command) or 'the image default'}"
    for n in count(1):
        yield 30.0 * n, f"[entrypoint] {view.place.name} has run for {30 * n} s"


_STORIES: Mapping[str, Callable[[PodView], Iterator[Told]]] = MappingProxyType(
    {
        "vllm": _serving,
        "sglang": _serving,
        "sleep": _plain,
        "torch": _training,
        "primus": _training,
        "train": _training,
        "python": _training,
    }
)


# -- last words --------------------------------------------------------------------------------


def _completes(view: PodView) -> Iterable[str]:
    return (f"{_lead(view)}training finished after {view.lasts_s:.0f} s",)


def _crash(view: PodView) -> Iterable[str]:
    lead = _lead(view)
    said = (
        "Traceback (most recent call last):",
        '  File "/workspace/pretrain.py", line 214, in <module>',
        "    main()",
        '  File "/workspace/pretrain.py", line 187, in main',
        '    config = load_config(os.environ["EXP"])',
        "FileNotFoundError: [Errno 2] No such file or directory: '/workspace/exp/missing.yaml'",
    )
    return (lead + line for line in said)


def _rccl(view: PodView) -> Iterable[str]:
    rank = view.place.rank
    lead = f"[rank{rank}]: "
    return (
        f"{lead}[E ProcessGroupNCCL.cpp:632] [Rank {rank}] Watchdog caught collective operation timeout: "
        "WorkNCCL(SeqNum=4217, OpType=ALLREDUCE, NumelIn=67108864, Timeout(ms)=600000) ran for 600012 "
        "milliseconds before timing out.",
        f"{lead}[E ProcessGroupNCCL.cpp:684] [Rank {rank}] To avoid data inconsistency, we are taking the "
        "entire process down.",
        f"{lead}terminate called after throwing an instance of 'c10::DistBackendError'",
        f"{lead}Signal 6 (SIGABRT) received",
    )


def _hip(view: PodView) -> Iterable[str]:
    lead = _lead(view)
    return (
        f"{lead}Memory access fault by GPU node-5 (Agent handle: 0x55d0c8a3f2b0) on address 0x7f3c40000000. "
        "Reason: Page not present or supervisor privilege.",
        f"{lead}HIP error: an illegal memory access was encountered",
        f"{lead}Aborted (core dumped)",
    )


def _hip_oom(view: PodView) -> Iterable[str]:
    lead = _lead(view)
    return (
        f"{lead}Traceback (most recent call last):",
        f'{lead}  File "/workspace/pretrain.py", line 402, in train_step',
        f"{lead}    loss.backward()",
        f"{lead}torch.OutOfMemoryError: HIP out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total "
        "capacity of 191.98 GiB of which 1.02 GiB is free.",
    )


def _killed(view: PodView) -> Iterable[str]:
    return (f"{_lead(view)}loading the dataset in memory", f"{_lead(view)}Killed")


def _aborts(view: PodView) -> Iterable[str]:
    """Tell how a pod falls that only lost its peer; it names who fell first."""
    lead = f"[rank{view.place.rank}]: "
    return (
        f"{lead}torch.distributed.DistBackendError: NCCL communicator was aborted on rank {view.place.rank}. "
        f"Last error: socketProgress: Connection closed by remote peer rank {view.first}",
        f"{lead}Exiting, for rank {view.first} was lost",
    )


_LAST_WORDS: Mapping[str, Callable[[PodView], Iterable[str]]] = MappingProxyType(
    {
        "completes": _completes,
        "crash": _crash,
        "rccl": _rccl,
        "hip": _hip,
        "hip-oom": _hip_oom,
        "killed": _killed,
        "aborts": _aborts,
    }
)
