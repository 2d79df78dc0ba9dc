"""The journal: whole lines or none, one apply at a time, and memory that survives any cut."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import ExitCode, FleetError, StalePlan
from reconciler.journal import REPLACING, Intent, Journal, remembered
from reconciler.journal.finished import MOST, finished_from, finished_in, newest
from reconciler.journal.records import MOST_PLANS, from_lines, learn, to_line, worth_keeping
from reconciler.journal.store import LARGEST, journal_folder
from reconciler.plan.known import Ran
from tests.fakes import FakeClock

FLEET = "7f3a9c04d2b81e66"

RECORDS: list[dict[str, Any]] = [
    {"do": "start", "run": "a"},
    {"do": "intent", "run": "a", "op": "a-0", "key": "prod:team-a/Training/ä", "action": "create"},
    {"do": "result", "run": "a", "op": "a-0", "state": "ok", "id": "1"},
    {"do": "end", "run": "a", "clean": True, "owned": {"prod": 7}, "declared": 9, "at": "x"},
]
RAN = Ran("1:abc", "r1", "2026-11-01T00:00:00+00:00")
RAN_AGAIN = Ran("1:def", "r2", "2026-11-02T00:00:00+00:00")
FINISHED = [
    {"do": "end", "run": "c", "clean": clean, "at": ran.at, "finished": finished_in({"prod:a": ran})}
    for ran, clean in ((RAN, True), (RAN_AGAIN, True), (RAN_AGAIN, False))
]
SAVED = [{"do": "start", "run": "s", "plan": nonce, "at": nonce} for nonce in ("p1", "p2")]
WHOLE = b"".join(to_line(record) for record in RECORDS)


def opened(home: Path) -> Journal:
    return Journal.open(FLEET, clock=FakeClock(), environ={"HOME": str(home)})


def file_of(home: Path) -> Path:
    return journal_folder(FLEET, {"HOME": str(home)}) / "journal.jsonl"


def a_clean_run(home: Path, *, owned: int = 7) -> None:
    with opened(home) as journal:
        journal.start()
        journal.result(journal.intent("k", "create"), "ok")
        assert journal.end(owned={"prod": owned}, declared=9)


@pytest.mark.parametrize("cut", range(len(WHOLE) + 1))
def test_a_journal_cut_anywhere_reads_as_the_lines_before_the_cut(cut: int) -> None:
    records, good = from_lines(WHOLE[:cut])

    assert records == RECORDS[: len(records)]
    assert good == sum(len(to_line(record)) for record in records)
    assert good <= cut


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_a_flipped_byte_is_never_read_as_a_record(place: int, flip: int) -> None:
    broken = WHOLE[:place] + bytes([WHOLE[place] ^ flip]) + WHOLE[place + 1 :]

    records, _ = from_lines(broken)

    assert records == RECORDS[: len(records)]
    assert len(records) < len(RECORDS)


@given(st.binary())
def test_any_bytes_are_read_without_fear(data: bytes) -> None:
    records, good = from_lines(data)

    assert good <= len(data)
    assert b"".join(to_line(record) for record in records) == data[:good] or not records


def test_a_clean_run_is_remembered(tmp_path: Path) -> None:
    a_clean_run(tmp_path)

    memory = remembered(FLEET, {"HOME": str(tmp_path)})

    assert (memory.ended_clean, memory.owned, memory.declared) == (True, {"prod": 7}, 9)


def test_a_run_that_never_ended_is_unclean_and_the_clean_one_before_still_counts(tmp_path: Path) -> None:
    a_clean_run(tmp_path)
    with opened(tmp_path) as journal:
        journal.start()
        journal.intent("prod:k", "create", digest="1:a", object_id="")

    with opened(tmp_path) as journal:
        memory = journal.memory

    assert not memory.ended_clean
    assert [(i.key, i.action, i.digest) for i in memory.doubtful] == [("prod:k", "create", "1:a")]
    assert memory.owned == {"prod": 7}


def test_a_journal_that_takes_no_begin_says_where_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with opened(tmp_path) as journal:
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(FleetError, match="the journal cannot be kept: No space left on device"):
            journal.start()


@pytest.mark.parametrize("state", ["unknown", None])
def test_a_run_in_doubt_does_not_end_clean(tmp_path: Path, state: str | None) -> None:
    with opened(tmp_path) as journal:
        journal.start()
        op = journal.intent("k", "create")
        if state:
            journal.result(op, state)

        assert not journal.end(owned={"prod": 1})

    assert not remembered(FLEET, {"HOME": str(tmp_path)}).ended_clean


def test_a_result_that_came_to_be_in_doubt_counts_as_such(tmp_path: Path) -> None:
    records = [{"do": "start"}, {"do": "intent", "op": "1"}, {"do": "result", "op": "1", "state": "ok"}]

    assert not learn(records).doubtful
    assert learn([*records, {"do": "result", "op": "1", "state": "unknown"}]).doubtful == (
        Intent("1", "", ""),
    )


def test_a_torn_tail_is_cut_off_before_anything_is_added(tmp_path: Path) -> None:
    a_clean_run(tmp_path)
    with file_of(tmp_path).open("ab") as file:
        file.write(b'{"do":"start"')

    a_clean_run(tmp_path, owned=8)

    records, good = from_lines(file_of(tmp_path).read_bytes())
    assert good == file_of(tmp_path).stat().st_size
    assert learn(records).owned == {"prod": 8}


def test_only_the_user_may_read_it(tmp_path: Path) -> None:
    a_clean_run(tmp_path)

    assert stat.S_IMODE(file_of(tmp_path).stat().st_mode) == 0o600
    assert stat.S_IMODE(file_of(tmp_path).parent.stat().st_mode) == 0o700


def test_it_lies_below_the_state_folder() -> None:
    assert journal_folder("f", {"XDG_STATE_HOME": "/s"}) == Path("/s/reconciler/f")
    assert journal_folder("f", {"HOME": "/h"}) == Path("/h/.local/state/reconciler/f")
    assert journal_folder("f", {"XDG_STATE_HOME": "here", "HOME": "/h"}).is_relative_to("/h")


@pytest.mark.parametrize("fleet_id", ["", "..", "a/b", ".hidden", "a\\b"])
def test_a_fleet_id_cannot_lead_elsewhere(fleet_id: str) -> None:
    with pytest.raises(FleetError):
        journal_folder(fleet_id, {"HOME": "/h"})


def test_without_a_place_apply_is_told_and_reading_goes_on() -> None:
    with pytest.raises(FleetError, match="neither XDG_STATE_HOME nor HOME"):
        Journal.open(FLEET, clock=FakeClock(), environ={})

    assert remembered(FLEET, {}).declared == 0


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / ".local").write_text("in the way")

    with pytest.raises(FleetError, match="cannot be kept") as raised:
        opened(tmp_path)

    assert raised.value.problems[0].subject.startswith(str(tmp_path))


def test_a_second_apply_is_told_who_runs(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(StalePlan, match=rf"is running \(pid {os.getpid()}\)") as raised:
        opened(tmp_path)

    assert raised.value.exit_code is ExitCode.STALE


def test_a_killed_apply_frees_its_lock(tmp_path: Path) -> None:
    script = (
        "import os, signal\n"
        "from reconciler.journal import Journal\n"
        "from reconciler.clock import SystemClock\n"
        f"journal = Journal.open({FLEET!r}, clock=SystemClock())\n"
        "journal.start(); journal.intent('k', 'create')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    subprocess.run([sys.executable, "-c", script], env=env, check=False, cwd=Path(__file__).parents[1])

    with opened(tmp_path) as journal:
        assert [intent.key for intent in journal.memory.doubtful] == ["k"]


def test_a_long_journal_is_cut_to_what_matters(tmp_path: Path) -> None:
    a_clean_run(tmp_path)
    with opened(tmp_path) as journal:
        journal.start()
        size = len(to_line({"do": "x", "run": "x" * 12}))
    padding = to_line({"do": "start", "why": "x" * 1000}) * (LARGEST // 1000)
    with file_of(tmp_path).open("ab") as file:
        file.write(padding + to_line({"do": "start", "run": "last"}))

    with opened(tmp_path) as journal:
        assert journal.memory.owned == {"prod": 7}

    assert file_of(tmp_path).stat().st_size < 100 * size


def test_a_finished_run_is_remembered_for_good_and_the_newest_counts(tmp_path: Path) -> None:
    for ran in (RAN, RAN_AGAIN):
        with opened(tmp_path) as journal:
            journal.start()
            journal.end(finished={"prod:a": ran, "prod:b": RAN})
    a_clean_run(tmp_path)
    with file_of(tmp_path).open("ab") as file:
        file.write(to_line({"do": "start", "why": "x" * LARGEST}))

    with opened(tmp_path) as journal:
        assert journal.memory.finished == {"prod:a": RAN_AGAIN, "prod:b": RAN}
    with opened(tmp_path) as journal:
        assert journal.memory.finished == {"prod:a": RAN_AGAIN, "prod:b": RAN}


def test_a_run_that_is_known_to_have_finished_is_not_written_again(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        journal.start()
        journal.end(finished={"prod:a": RAN})
    with opened(tmp_path) as journal:
        journal.start()
        journal.end(finished={"prod:a": Ran(RAN.digest, RAN.run_id, RAN_AGAIN.at)})

    records, _ = from_lines(file_of(tmp_path).read_bytes())

    assert [record["finished"] for record in records if record["do"] == "end"] == [
        finished_in({"prod:a": RAN}),
        {},
    ]


def test_of_too_many_finished_runs_the_newest_stay() -> None:
    every = {f"k{n}": Ran("1:a", "", f"2026-01-01T00:00:00.{n:06}+00:00") for n in range(MOST + 2)}

    kept = newest(every)

    assert len(kept) == MOST
    assert set(every) - set(kept) == {"k0", "k1"}


@pytest.mark.parametrize(
    "strange",
    [None, [], "x", {"k": 1}, {"k": {"digest": 1, "runId": "", "at": RAN.at}}, {"k": {"digest": "1:a"}},
     {"k": {"digest": "1:a", "runId": "", "at": "yesterday"}},
     {"k" * 1000: {"digest": "1:a", "runId": "", "at": RAN.at}}],
)  # fmt: skip
def test_what_is_no_finished_run_is_left_out(strange: Any) -> None:
    assert finished_from(strange) == {}


@given(st.lists(st.sampled_from([*RECORDS, *FINISHED, *SAVED, {"do": "end", "run": "b", "clean": False}])))
def test_what_is_kept_teaches_the_same(records: list[dict[str, Any]]) -> None:
    assert learn(worth_keeping(records)) == learn(records)


def test_a_saved_plan_that_was_begun_is_remembered_through_every_shortening(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        journal.start(plan="ab" * 16)
    for _ in range(3):
        a_clean_run(tmp_path)
        with file_of(tmp_path).open("ab") as file:
            file.write(to_line({"do": "end", "why": "x" * LARGEST}))

    with opened(tmp_path) as journal:
        assert journal.memory.used_plans == {"ab" * 16: "2026-11-01T00:00:00+00:00"}
    assert remembered(FLEET, {"HOME": str(tmp_path)}).used_plans == journal.memory.used_plans


def test_only_so_many_saved_plans_are_remembered_the_last_ones() -> None:
    starts: list[dict[str, Any]] = [{"do": "start", "plan": f"{n:032x}"} for n in range(MOST_PLANS + 7)]

    kept = learn(worth_keeping([*starts, {"do": "start"}])).used_plans

    assert len(kept) == MOST_PLANS
    assert f"{6:032x}" not in kept
    assert f"{7:032x}" in kept


def test_what_cannot_be_written_is_not_followed_by_more(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.start()
    journal._size = 0
    os.close(journal._file)
    journal._file = os.open(file_of(tmp_path), os.O_RDONLY)

    for _ in range(2):
        with pytest.raises(OSError, match=r"Bad file descriptor|earlier in this run"):
            journal.intent("k", "create")
    assert not journal.end()
    journal.close()


@pytest.mark.parametrize(
    ("deleted", "created", "left"),
    [
        ("ok", None, {"k": "old"}),
        ("unknown", None, {"k": "old"}),
        ("failed", None, {}),
        ("ok", "ok", {}),
        ("ok", "failed", {"k": "old"}),
    ],
)
def test_a_replacement_cut_in_two_is_remembered(
    deleted: str, created: str | None, left: dict[str, str], tmp_path: Path
) -> None:
    with opened(tmp_path) as journal:
        journal.start()
        journal.result(journal.intent("k", REPLACING, object_id="old"), deleted)
        journal.result(journal.intent("other", "delete", object_id="gone"), "ok")
        if created:
            journal.result(journal.intent("k", "create"), created, object_id="new")
        told = journal.left.half_done

    assert remembered(FLEET, {"HOME": str(tmp_path)}).half_done == left
    assert told == left


def test_what_an_earlier_run_left_half_done_is_left_until_it_is_created(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        journal.start()
        journal.result(journal.intent("k", REPLACING, object_id="old"), "ok")

    with opened(tmp_path) as journal:
        journal.start()
        journal.end()
        before = journal.left.half_done
        journal.result(journal.intent("k", "create"), "ok", object_id="new")

        assert (before, journal.left.half_done) == ({"k": "old"}, {})


def a_run_that_replaces(number: int, *states: str) -> list[dict[str, Any]]:
    """Give the records of a run that deletes `k` to create it anew: how the delete went, then the create."""
    records: list[dict[str, Any]] = [{"do": "start", "run": str(number)}]
    for action, state in zip((REPLACING, "create"), states, strict=False):
        op = f"{number}-{action}"
        records.append({"do": "intent", "op": op, "key": "k", "action": action, "id": f"old-{number}"})
        records.append({"do": "result", "op": op, "state": state})
    return records


@given(
    st.lists(st.sampled_from([("ok",), ("failed",), ("ok", "ok"), ("ok", "failed"), ("unknown",), ()])),
    st.integers(0, 3),
)
def test_a_replacement_is_half_done_until_it_is_created_through_all_runs_and_cuts(
    runs: list[tuple[str, ...]], cuts: int
) -> None:
    records = [r for number, states in enumerate(runs) for r in a_run_that_replaces(number, *states)]
    begun = [n for n, states in enumerate(runs) if states[:1] != ("failed",) and states]
    made = [n for n, states in enumerate(runs) if states == ("ok", "ok")]
    left = {"k": f"old-{begun[-1]}"} if begun and begun[-1] not in made else {}
    for _ in range(cuts):
        records = [dict(record) for record in worth_keeping(records)]

    assert learn(records).half_done == left
