from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from reconciler.emulator.runai.logs import lines
from reconciler.emulator.runai.podview import Life, PodView
from reconciler.emulator.runai.stories import story_of

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def pod(command: str = "", image: str = "img", **more: object) -> PodView:
    return PodView("p-0", "Running", "p", image, command, **more)  # type: ignore[arg-type]  # any field


def texts(one: PodView, seconds: float, life: Life | None = None) -> list[str]:
    until = START + timedelta(seconds=seconds)
    return [line.text for line in lines(one, life or Life(START), until)]


@pytest.mark.parametrize(
    ("image", "command", "story"),
    [
        ("vllm/vllm-openai:v0.11.0", "--model meta/llama", "vllm"),
        ("jupyter/scipy-notebook", "", "jupyter"),
        ("python:3.12", "streamlit run app.py", "streamlit"),
        ("nvcr.io/nvidia/pytorch:25.08-py3", "torchrun train.py", "training"),
        ("nvcr.io/nvidia/pytorch:25.08-py3", "sleep 600", "plain"),
        ("busybox", "", "plain"),
    ],
)
def test_image_and_command_decide_the_story(image: str, command: str, story: str) -> None:
    assert story_of(pod(command, image)) == story


def test_a_log_is_the_same_whenever_one_looks() -> None:
    one = pod("python train.py")

    assert texts(one, 60)[: len(texts(one, 30))] == texts(one, 30)
    assert texts(one, 60) == texts(one, 60)


@pytest.mark.parametrize("command", ["vllm serve m", "jupyter lab", "streamlit run a", "train", ""])
def test_lines_come_in_order_of_time(command: str) -> None:
    times = [line.at for line in islice(lines(pod(command), Life(START)), 300)]

    assert times == sorted(times)
    assert times[0] >= START


def test_nothing_is_printed_before_the_start_or_after_the_end() -> None:
    life = Life(START, START + timedelta(seconds=10))

    assert texts(pod("train"), -1) == []
    assert texts(pod("train"), 3600, life) == texts(pod("train"), 10)


def test_a_server_names_its_model() -> None:
    assert any("meta/llama" in line for line in texts(pod("vllm serve meta/llama"), 5))
    assert any("startup complete" in line for line in texts(pod("vllm serve meta/llama"), 11))


def test_the_loss_falls() -> None:
    said = [line for line in texts(pod("train"), 600) if "loss" in line]
    loss = [float(line.split("loss ")[1].split()[0]) for line in said]

    assert loss[0] > 2 * loss[-1]


@pytest.mark.parametrize(
    ("ending", "last"),
    [
        ("completes", "p: finished after 60 s"),
        ("oom", "Killed"),
        ("crash", "FileNotFoundError: [Errno 2] No such file"),
        ("cuda-oom", "torch.OutOfMemoryError: CUDA out of memory."),
    ],
)
def test_a_container_has_last_words(ending: str, last: str) -> None:
    one = pod("train", ending=ending, lasts_s=60.0)

    assert texts(one, 3600)[-1].startswith(last)
    assert not any(line.startswith(last) for line in texts(one, 58))


def test_other_ranks_wait_for_the_first() -> None:
    first, second = (pod("torchrun train.py", rank=rank, world_size=2) for rank in (0, 1))

    assert texts(first, 60)[-1].startswith("[rank0]: step")
    assert texts(second, 60)[-1] == "[rank1]: joined the process group, waiting for rank 0"


def test_the_previous_life_is_the_last_one_that_ended() -> None:
    over = Life(START, START + timedelta(seconds=4))
    now = Life(START + timedelta(seconds=20))

    assert pod(lives=(over, now)).previous == over
    assert pod(lives=(over,)).previous == pod(lives=(over,)).current == over
    assert pod().current is pod().previous is None
