"""Progress of an apply: in place on a terminal, line by line elsewhere."""

from __future__ import annotations

import io

import pytest

from reconciler.cli.progress import HEARTBEAT_S, Progress
from reconciler.cli.voice import Voice
from reconciler.outcome import Step
from reconciler.resource import ResourceKey


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def key(name: str) -> ResourceKey:
    return ResourceKey("prod", "team-a", "Training", name)


def told(err: io.StringIO, **environ: str) -> Progress:
    return Progress(Voice(out=io.StringIO(), err=err, environ={"COLUMNS": "100", "NO_COLOR": "1", **environ}))


def test_a_line_is_rewritten_until_its_object_is_over() -> None:
    err = Terminal()
    progress = told(err)

    progress.hear(Step(key("a"), "created", 0, "sent"))
    progress.hear(Step(key("b"), "created", 0, "sent"))
    progress.hear(Step(key("a"), "Running", 2, "settled"))
    progress.close()

    *_, over, last = err.getvalue().split("\x1b[J")
    assert over.splitlines()[0].startswith("  team-a/Training/a   created 2.0s, Running  ")
    assert over.splitlines()[0].endswith(" healthy")
    assert last == "  team-a/Training/b   created\n"


@pytest.mark.parametrize("environ", [{"CI": "true"}, {"TERM": "dumb"}])
def test_nothing_is_rewritten_where_nobody_could_see_it(environ: dict[str, str]) -> None:
    err = Terminal()
    progress = told(err, **environ)

    progress.hear(Step(key("a"), "created", 0, "sent"))
    progress.hear(Step(key("a"), "created", 0, "sent"))
    progress.close()

    assert err.getvalue().count("\n") == 1
    assert "\x1b" not in err.getvalue()


def test_more_objects_than_lines_are_counted() -> None:
    err = Terminal()
    progress = told(err)

    for number in range(60):
        progress.hear(Step(key(f"t{number}"), "created", 0, "sent"))

    assert "more\n" in err.getvalue().rpartition("\x1b[J")[2]


def test_a_note_stands_above_the_lines() -> None:
    err = Terminal()
    progress = told(err)

    progress.hear(Step(key("a"), "created", 0, "sent"))
    progress.hear(Step(None, "Run:ai asks to slow down: waiting 12s (429)", 1, "note"))

    assert err.getvalue().splitlines()[-2:] == [
        "\x1b[1A\x1b[JRun:ai asks to slow down: waiting 12s (429)",
        "  team-a/Training/a   created",
    ]


def test_after_a_silence_it_says_what_it_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("reconciler.cli.progress.time.monotonic", lambda: now)
    err = io.StringIO()
    progress = told(err)
    progress.hear(Step(key("a"), "Pending", 0, "state"))

    progress.beat()
    now += HEARTBEAT_S
    progress.beat()
    progress.beat()

    assert err.getvalue().count("still waiting for 1 object: team-a/Training/a") == 1
