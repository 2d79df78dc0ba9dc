"""Progress of an apply: in place on a terminal, line by line elsewhere."""

from __future__ import annotations

import io

import pytest

from reconciler.cli.progress import HEARTBEAT_S, Progress
from reconciler.cli.voice import Voice
from reconciler.outcome import Step
from reconciler.plan.change import Action, Change
from reconciler.resource import ResourceKey
from tests.cli.terminal import Terminal


class Clock:
    now = 100.0


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("reconciler.cli.progress.time.monotonic", lambda: clock.now)
    return clock


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    made = Terminal()
    monkeypatch.setattr(Voice, "screen", property(lambda _: (made.columns, made.rows)))
    return made


def key(name: str) -> ResourceKey:
    return ResourceKey("prod", "team-a", "Training", name)


def changes(*names: str, action: Action = Action.CREATE, needs: str = "") -> list[Change]:
    needed = (key(needs),) if needs else ()
    return [Change(key(name), action, "because", needs=needed) for name in names]


def voice_of(err: io.StringIO, **environ: str) -> Voice:
    return Voice(out=io.StringIO(), err=err, environ={"COLUMNS": "100", "NO_COLOR": "1", **environ})


def test_a_line_is_rewritten_until_its_object_is_over(terminal: Terminal, clock: Clock) -> None:
    progress = Progress(voice_of(terminal), changes("a", "b"))

    progress.hear(Step(key("a"), "created", 0, "sent"))
    progress.hear(Step(key("b"), "created", 0, "sent"))
    clock.now += 2
    progress.hear(Step(key("a"), "Running", 2, "settled"))
    during = terminal.shown
    progress.close()

    over, under_way, whole = during
    assert over.startswith("  team-a/Training/a   created 2.0s, Running  ")
    assert over.endswith(" healthy")
    assert under_way == "  team-a/Training/b   created 2.0s"
    assert whole == "  1 of 2, 2.0s"
    assert terminal.shown == [over, "  team-a/Training/b   created"]


def test_waves_are_counted_by_what_is_not_over_yet(terminal: Terminal) -> None:
    plan = [*changes("a"), *changes("b", needs="a"), *changes("c", needs="b")]
    progress = Progress(voice_of(terminal), [*plan, *changes("old", action=Action.DELETE)])

    def last() -> str:
        return terminal.shown[-1]

    progress.hear(Step(key("a"), "creating", 0, "sent"))
    first = last()
    progress.hear(Step(key("a"), "Running", 0, "settled"))
    second = last()
    for name in "bc":
        progress.hear(Step(key(name), "Running", 0, "settled"))
    progress.hear(Step(key("old"), "deleting", 0, "sent"))

    assert (first, second, last()) == (
        "  wave 1/4, 0 of 4, 0.0s", "  wave 2/4, 1 of 4, 0.0s", "  wave 4/4, 3 of 4, 0.0s",
    )  # fmt: skip


def test_a_delete_that_is_done_is_over(terminal: Terminal) -> None:
    progress = Progress(voice_of(terminal), changes("a", "b", action=Action.DELETE))

    progress.hear(Step(key("a"), "deleting", 0, "sent"))
    progress.hear(Step(key("a"), "deleted", 0, "done"))

    assert terminal.shown == ["  team-a/Training/a   deleting, deleted", "  1 of 2, 0.0s"]


def test_what_is_waited_for_stands_on_the_line_and_is_renewed(terminal: Terminal, clock: Clock) -> None:
    progress = Progress(voice_of(terminal), changes("a"))
    progress.hear(Step(key("a"), "Pending", 0, "state", "8 GPUs, 2 free in h100-pool"))
    progress.hear(Step(key("a"), "Pending", 0, "state", "8 GPUs, 4 free in h100-pool"))
    clock.now += 70
    progress.beat()

    assert terminal.shown == [
        "  team-a/Training/a   Pending 1m 10s: 8 GPUs, 4 free in h100-pool",
        "  0 of 1, 1m 10s",
    ]


@pytest.mark.parametrize("environ", [{"CI": "true"}, {"TERM": "dumb"}])
def test_nothing_is_rewritten_where_nobody_could_see_it(environ: dict[str, str], terminal: Terminal) -> None:
    progress = Progress(voice_of(terminal, **environ), changes("a"))

    progress.hear(Step(key("a"), "Pending", 0, "state", "2 free"))
    progress.hear(Step(key("a"), "Pending", 0, "state", "4 free"))
    progress.beat()
    progress.close()

    [said] = terminal.getvalue().splitlines()
    assert said.endswith("  team-a/Training/a  Pending: 2 free")
    assert not {"\x1b", "\r"} & set(terminal.getvalue())


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 24])
def test_more_objects_than_rows_never_break_the_screen(rows: int, terminal: Terminal) -> None:
    terminal.rows = rows
    names = [f"t{number:02}" for number in range(40)]
    progress = Progress(voice_of(terminal), changes(*names))

    for name in names:
        progress.hear(Step(key(name), "created", 0, "sent"))
    crowded = terminal.shown
    for name in names[:39]:
        progress.hear(Step(key(name), "Running", 0, "settled"))
    progress.close()

    assert len(crowded) <= rows
    assert rows < 3 or crowded[-2:] == [f"  and {40 - (rows - 3)} more", "  0 of 40, 0.0s"]
    ended = [f"  team-a/Training/{name}   created, Running" for name in names[:39]]
    assert [line.rpartition("  ")[0].rstrip() for line in terminal.all[:39]] == ended
    assert terminal.all[39:] == ["  team-a/Training/t39   created"]


@pytest.mark.parametrize(("rows", "columns"), [(24, 44), (24, 160), (8, 100), (8, 44)])
def test_a_terminal_that_takes_another_size_is_still_whole(
    rows: int, columns: int, terminal: Terminal
) -> None:
    long = "waits for a node with 8 GPUs of this kind in the pool that was asked for"
    progress = Progress(voice_of(terminal), changes("a", "b", "c"))
    for name in "abc":
        progress.hear(Step(key(name), "Pending", 0, "state", long))

    terminal.resize(rows, columns)
    progress.beat()
    for name in "abc":
        progress.hear(Step(key(name), "Running", 0, "settled"))
    progress.close()

    assert [line for line in terminal.all if "0 of 3" in line or "Pending:" in line] == []
    assert "".join(terminal.all).count("Running") == 3


def test_what_is_said_meanwhile_stands_above_the_lines(terminal: Terminal) -> None:
    voice = voice_of(terminal)
    progress = Progress(voice, changes("a"))

    progress.hear(Step(key("a"), "created", 0, "sent"))
    progress.hear(Step(None, "warning: the lease could not be renewed", 1, "note"))
    voice.talk("Run:ai asks to slow down: waiting 12s (429)\n")
    terminal.write("^C")  # as a terminal echoes it
    voice.complain("stopping after what is in flight; once more stops at once\n")

    assert terminal.shown == [
        "warning: the lease could not be renewed",
        "Run:ai asks to slow down: waiting 12s (429)",
        "stopping after what is in flight; once more stops at once",
        "  team-a/Training/a   created",
        "  0 of 1, 0.0s",
    ]


def test_it_leaves_the_terminal_as_it_was(terminal: Terminal) -> None:
    progress = Progress(voice_of(terminal), changes("a"))

    progress.hear(Step(key("a"), "created", 0, "sent"))
    progress.close()
    terminal.write("$ ")

    assert terminal.shown == ["  team-a/Training/a   created", "$ "]
    assert "\x1b[?" not in terminal.getvalue()


def test_wide_characters_do_not_wrap_a_line(terminal: Terminal) -> None:
    progress = Progress(voice_of(terminal), changes("a"))

    progress.hear(Step(key("a"), "Pending", 0, "state", "等待" * 60))

    assert all(sum(1 + (ord(c) > 0x2E80) for c in line) < terminal.columns for line in terminal.shown)


def test_quiet_says_nothing(terminal: Terminal) -> None:
    voice = voice_of(terminal)
    voice.is_quiet = True
    progress = Progress(voice, changes("a"))

    progress.hear(Step(key("a"), "created", 0, "sent"))
    progress.beat()
    progress.close()

    assert terminal.getvalue() == ""


def test_after_a_silence_it_says_what_it_waits_for(clock: Clock) -> None:
    err = io.StringIO()
    progress = Progress(voice_of(err), changes("a"))
    progress.hear(Step(key("a"), "Pending", 0, "state"))

    progress.beat()
    clock.now += HEARTBEAT_S
    progress.beat()
    progress.beat()

    assert err.getvalue().count("still waiting for 1 object: team-a/Training/a") == 1
