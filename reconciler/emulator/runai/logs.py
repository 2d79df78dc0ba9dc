"""Write what containers print: a pure function of the container and the time.

Nothing is kept. The same container gives the same lines whenever one looks, so a stream, a
download and a second reader agree.
"""

import heapq
import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, takewhile
from types import MappingProxyType

Told = tuple[float, str]  # seconds since the container started, and the text
_LAST_WORDS_S = 1.0


@dataclass(frozen=True, slots=True)
class Line:
    """One line and when it was printed."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Life:
    """One start of a container; `ended_at` None while it runs."""

    started_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PodView:
    """A pod as its node sees it; `lives` are the starts of its container, the newest last.

    `ending` is how each life ends after `lasts_s`: `completes`, `oom`, `cuda-oom`, `crash`, or
    `runs`, which does not.
    """

    name: str
    phase: str
    container: str
    image: str = ""
    command: str = ""
    lives: tuple[Life, ...] = ()
    ending: str = "runs"
    lasts_s: float = 0.0
    rank: int = 0
    world_size: int = 1

    @property
    def current(self) -> Life | None:
        """The newest life: running, or the last one while the container waits to restart."""
        return self.lives[-1] if self.lives else None

    @property
    def previous(self) -> Life | None:
        """The newest life that is over."""
        return next((life for life in reversed(self.lives) if life.ended_at), None)


def lines(pod: PodView, life: Life, until: datetime | None = None) -> Iterator[Line]:
    """Print one life of a container in order; without `until` it may go on for ever."""
    ends = [moment for moment in (until, life.ended_at) if moment is not None]
    printed = (Line(life.started_at + timedelta(seconds=s), text) for s, text in told(pod))
    if not ends:
        return printed
    return takewhile(lambda line: line.at <= min(ends), printed)


def told(pod: PodView) -> Iterator[Told]:
    """Tell the whole story of a life: what the program prints, and its last words."""
    body = _STORIES[story_of(pod)](pod)
    if pod.ending == "runs":
        return iter(body)
    cut = max(0.0, pod.lasts_s - _LAST_WORDS_S)
    last = _LAST_WORDS[pod.ending](pod)
    spoken = ((pod.lasts_s - 0.5 + i / 1000, text) for i, text in enumerate(last))
    return heapq.merge(takewhile(lambda line: line[0] < cut, body), spoken)


def story_of(pod: PodView) -> str:
    """Guess from image and command what the container runs."""
    said = f"{pod.image} {pod.command}".lower()
    return next((story for word, story in _WORDS.items() if word in said), "plain")


def noise(*seed: object) -> float:
    """Give a number in [0, 1) that only the seed decides."""
    return zlib.crc32("/".join(map(str, seed)).encode()) / 2**32


def _clock(second: float) -> str:
    minutes, seconds = divmod(int(second), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"


def _vllm(pod: PodView) -> Iterator[Told]:
    model = _word_after(pod.command, "--model") or _word_after(pod.command, "serve") or "model"
    gib = 12 + 60 * noise(pod.container, "weights")
    yield 0.2, "INFO [api_server.py:1034] vLLM API server version 0.11.0"
    yield 0.4, f"INFO [api_server.py:1035] args: Namespace(model='{model}', port=8000)"
    yield 1.1, f"INFO [config.py:542] model '{model}' supports tasks: {{'generate', 'score'}}"
    yield 1.8, "INFO [cuda.py:176] Using FlashAttention backend"
    for shard in range(1, 5):
        yield 2.0 + shard, f"Loading safetensors checkpoint shards: {25 * shard}% {shard}/4"
    yield 6.4, f"INFO [model_runner.py:1110] Loading model weights took {gib:.1f} GB"
    yield 8.0, "INFO [executor_base.py:110] # CUDA blocks: 27871, # CPU blocks: 2048"
    yield 9.5, "INFO [model_runner.py:1430] Graph capturing finished in 1 secs"
    yield 9.9, "INFO:     Application startup complete."
    yield 10.0, "INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)"
    for n in count(1):
        rate = 40 + 400 * noise(pod.name, n)
        yield (
            10.0 + 10.0 * n,
            (
                f"INFO [metrics.py:455] Avg generation throughput: {rate:.1f} tokens/s, "
                f"Running: {int(rate / 60)} reqs, GPU KV cache usage: {rate / 12:.1f}%"
            ),
        )


def _training(pod: PodView) -> Iterator[Told]:
    lead = f"[rank{pod.rank}]: " if pod.world_size > 1 else ""
    yield 0.3, f"{lead}{pod.container}: PyTorch 2.8.0, CUDA 12.9, world size {pod.world_size}"
    yield 0.9, f"{lead}loading dataset: 48 shards, 1.2M samples"
    yield 1.6, f"{lead}model has 355.9M parameters"
    if pod.rank > 0:
        yield 2.0, f"{lead}joined the process group, waiting for rank 0"
        return
    for n in count(1):
        at = 2.0 + 2.0 * n
        loss = 1.4 + 7.2 * math.exp(-n / 40) + 0.08 * noise(pod.name, n)
        yield at, f"{lead}step {10 * n:>6} loss {loss:.4f} lr 3.0e-04 5.1 it/s {_clock(at)}"
        if n % 50 == 0:
            yield at + 0.5, f"{lead}saved checkpoint /checkpoints/step-{10 * n}.pt"


def _jupyter(pod: PodView) -> Iterator[Told]:
    yield 0.5, "[I ServerApp] jupyterlab | extension was successfully linked."
    yield 1.2, "[I ServerApp] Serving notebooks from local directory: /home/jovyan"
    yield 1.4, "[I ServerApp] Jupyter Server 2.16.0 is running at:"
    yield 1.4, f"[I ServerApp] http://{pod.name}:8888/lab"
    yield 1.5, "[I ServerApp] Use Control-C to stop this server"
    for n in count(1):
        yield 120.0 * n, "[I ServerApp] Saving file at /Untitled.ipynb"


def _streamlit(pod: PodView) -> Iterator[Told]:
    yield 0.8, ""
    yield 0.8, "  You can now view your Streamlit app in your browser."
    yield 0.8, ""
    yield 0.9, "  URL: http://0.0.0.0:8501"
    yield 0.9, ""
    for n in count(1):
        yield 60.0 * n, f"session {n}: script run took {0.2 + noise(pod.name, n):.2f} s"


def _plain(pod: PodView) -> Iterator[Told]:
    yield 0.1, f"[entrypoint] {pod.container} starts: {pod.command or 'the image default'}"
    for n in count(1):
        yield 30.0 * n, f"[entrypoint] {pod.container} has run for {30 * n} s"


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


def _word_after(command: str, word: str) -> str:
    words = command.replace("=", " ").split()
    return words[words.index(word) + 1] if word in words[:-1] else ""


# The first word found in image or command decides.
_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "vllm": "vllm",
        "streamlit": "streamlit",
        "jupyter": "jupyter",
        "notebook": "jupyter",
        "sleep": "plain",
        "torch": "training",
        "train": "training",
        "tensorflow": "training",
        "python": "training",
    }
)
_STORIES: Mapping[str, Callable[[PodView], Iterator[Told]]] = MappingProxyType(
    {
        "vllm": _vllm,
        "streamlit": _streamlit,
        "jupyter": _jupyter,
        "training": _training,
        "plain": _plain,
    }
)
_LAST_WORDS: Mapping[str, Callable[[PodView], Iterable[str]]] = MappingProxyType(
    {"completes": _completed, "crash": _crash, "oom": _oom, "cuda-oom": _cuda_oom}
)
