"""What programs print while they run, each a pure function of its container."""

import math
import zlib
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from types import MappingProxyType

from reconciler.emulator.runai.podview import PodView

Told = tuple[float, str]  # seconds since the container started, and the text


def story_of(pod: PodView) -> str:
    """Guess from role, image and command what the container runs."""
    if pod.container == "mpi" and pod.role in {"launcher", "worker"}:
        return pod.role
    said = f"{pod.image} {pod.command}".lower()
    return next((story for word, story in _WORDS.items() if word in said), "plain")


def body_of(pod: PodView) -> Iterator[Told]:
    """Tell what a container prints in order of time, for as long as it lives."""
    return STORIES[story_of(pod)](pod)


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
    banner = _BANNERS.get(pod.container, "PyTorch 2.8.0")
    yield 0.3, f"{lead}{pod.container}: {banner}, CUDA 12.9, world size {pod.world_size}"
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


def _flood(pod: PodView) -> Iterator[Told]:
    """Print as much as asked: `flood --lines 2000000 --width 80 --rate 100000`, and then nothing.

    A line is so many bytes wide with its newline, and so many are printed in a second.
    """
    lines, width, rate = (
        int(_word_after(pod.command, f"--{word}") or default)
        for word, default in (("lines", 2_000_000), ("width", 80), ("rate", 100_000))
    )
    rest = " flood" * (width // 6 + 1)
    pad = max(0, width - 13)
    for n in range(1, lines + 1):
        yield n / rate, f"{n:>12}{rest[:pad]}"


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


def _launcher(pod: PodView) -> Iterator[Told]:
    """Tell what mpirun collects from its ranks; it is none itself."""
    ranks = max(pod.world_size - 1, 1)
    yield 0.2, f"mpirun: connecting to {ranks} workers of {pod.container}"
    for rank in range(ranks):
        yield 0.8, f"[1,{rank}]<stdout>: rank {rank} of {ranks} is up"
    for n in count(1):
        loss = 1.4 + 7.2 * math.exp(-n / 40) + 0.08 * noise(pod.name, n)
        yield 2.0 + 2.0 * n, f"[1,0]<stdout>: step {10 * n:>6} loss {loss:.4f} lr 3.0e-04"


def _mpi_worker(pod: PodView) -> Iterator[Told]:
    yield 0.1, "Server listening on 0.0.0.0 port 22."
    yield 0.9, f"Accepted publickey for root from 10.42.0.{7 + pod.rank} port 40012 ssh2"


def _ray(pod: PodView) -> Iterator[Told]:
    is_head = "--head" in pod.command
    yield 0.4, f"Local node IP: 10.42.{pod.rank % 250}.17"
    yield 1.1, "Ray runtime started." if is_head else "Ray node joined the cluster."
    for n in count(1):
        yield 60.0 * n, f"raylet: {8 * pod.world_size} GPUs in the cluster, {n} min up"


def _nim(pod: PodView) -> Iterator[Told]:
    yield 0.3, "NVIDIA Inference Microservice LLM NIM"
    yield 0.9, "INFO ngc_profile: Detected 2 compatible profiles"
    yield 1.4, "INFO ngc_injector: Selected profile: tensorrt_llm-h100-fp8-tp1-latency"
    yield 6.0, "INFO api_server: Application startup complete."
    yield 6.1, "INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)"
    for n in count(1):
        yield 30.0 * n, f"INFO metrics: {noise(pod.name, n) * 40:.0f} requests in the last 30 s"


_BANNERS: Mapping[str, str] = MappingProxyType(
    {"tensorflow": "TensorFlow 2.19.0", "jax": "JAX 0.7.1", "xgboost": "XGBoost 3.0.4"}
)
# The first word found in image or command decides.
_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "flood": "flood",
        "ray start": "ray",
        "vllm": "vllm",
        "/nim/": "nim",
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
STORIES: Mapping[str, Callable[[PodView], Iterator[Told]]] = MappingProxyType(
    {
        "flood": _flood,
        "launcher": _launcher,
        "worker": _mpi_worker,
        "ray": _ray,
        "nim": _nim,
        "vllm": _vllm,
        "streamlit": _streamlit,
        "jupyter": _jupyter,
        "training": _training,
        "plain": _plain,
    }
)


def _word_after(command: str, word: str) -> str:
    words = command.replace("=", " ").split()
    return words[words.index(word) + 1] if word in words[:-1] else ""
