"""Progress lines."""

from __future__ import annotations

from datetime import UTC, datetime

from reconciler.outcome import Step
from reconciler.report.progress import Track, line_of, log_line, waiting_line
from tests.report.values import CHAT

NOW = datetime(2026, 3, 2, 12, 4, 31, tzinfo=UTC)


def track(*steps: tuple[str, float, str]) -> Track:
    made = Track("assist-chat")
    for text, seconds, state in steps:
        made.take(Step(CHAT, text, seconds, state))
    return made


def test_a_line_tells_what_an_object_went_through() -> None:
    told = track(
        ("created", 0, "sent"),
        ("pulling image", 0.4, "state"),
        ("running", 3.4, "state"),
        ("healthy", 6, "settled"),
    )

    line = line_of(told, size=12, width=80)

    assert line.startswith("  assist-chat    created, pulling image 3.0s, running")
    assert line.endswith(" healthy")
    assert told.is_over


def test_a_state_told_twice_is_news_once() -> None:
    made = Track("x")

    assert made.take(Step(CHAT, "running", 1, "state"))
    assert not made.take(Step(CHAT, "running", 2, "state"))


def test_a_log_line_carries_the_time_and_the_whole_key() -> None:
    assert log_line(Step(CHAT, "pulling image", 1, "state"), NOW) == f"12:04:31  {CHAT}  pulling image\n"
    assert log_line(Step(CHAT, "1/1 ready", 1, "settled"), NOW) == f"12:04:31  {CHAT}  healthy: 1/1 ready\n"


def test_a_heartbeat_names_a_few_and_counts_the_rest() -> None:
    waiting = [Track(name) for name in "abcde"]

    assert waiting_line(waiting, NOW) == "12:04:31  still waiting for 5 objects: a, b, c and 2 more\n"


def test_a_redrawn_line_never_wraps() -> None:
    long = track(*((f"step {n}", n, "state") for n in range(50)))

    assert len(line_of(long, size=12, width=80, now=0.0)) <= 80


def test_a_line_that_is_too_long_keeps_its_newest_steps() -> None:
    told = track(("created", 0, "sent"), ("Creating", 1, "state"), ("Initializing", 3, "state"))

    line = line_of(told, size=12, width=50, now=0.0)

    assert line == "  assist-chat    Initializing"
