"""The lease: one holder, who proves it before each write; a dead one expires and counts as unclean."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import ExitCode, NoStore, ReconcilerError, StalePlan
from reconciler.history.git import git as real_git
from reconciler.journal import Memory, memory, ref
from reconciler.journal.hold import left_by
from reconciler.journal.lease import Lease, from_json, myself, to_json
from reconciler.journal.records import Intent
from reconciler.plan.known import Ran
from tests.fakes import FakeClock
from tests.remote import NAME, TIMEOUT_S, Remote, git
from tests.soak.contenders import rounds

GIT = "reconciler.journal.ref.git"
AT = "2026-11-01T00:00:00+00:00"
LEFT = Memory(
    True,
    (Intent("op", "prod:k", "create", "1:a", "id"),),
    {"prod": 7},
    9,
    AT,
    half_done={"prod:k": "old"},
    used_plans={"p1": AT},
    finished={"prod:a": Ran("1:a", "r", AT)},
)


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote.made(tmp_path / "remote.git")


# taking


def test_of_eight_contenders_one_takes_it(tmp_path: Path) -> None:
    assert rounds(tmp_path, rounds=3, contenders=8) == [1, 1, 1]


def test_a_second_apply_is_told_who_holds_it_since_when_and_how_to_look(remote: Remote) -> None:
    remote.take("alice")
    remote.clock.seconds = 90

    with pytest.raises(StalePlan) as raised:
        remote.take("bob")

    problem = raised.value.problems[0]
    assert (raised.value.exit_code, problem.code) == (ExitCode.STALE, "RC320")
    assert problem.what == "another apply of this fleet is running: alice on alice-host (pid 7)"
    assert problem.why.startswith("since 2026-11-01T00:00:00Z; it renewed its lease 90s ago")
    assert "reconciler lock show" in problem.hint


def test_what_is_given_back_can_be_taken_and_what_was_left_is_remembered(remote: Remote) -> None:
    first = remote.take("alice")
    asyncio.run(first.free(LEFT))

    second = remote.take("bob")

    assert second.memory == LEFT
    lease = remote.ref("bob").read().lease
    assert lease is not None
    assert (lease.generation, lease.is_held, lease.holder) == (2, True, "bob")


def test_a_dead_holder_is_followed_after_the_timeout_and_counts_as_unclean(remote: Remote) -> None:
    asyncio.run(remote.take("alice").free(LEFT))
    remote.take("alice")
    remote.clock.seconds = TIMEOUT_S
    with pytest.raises(StalePlan):
        remote.take("bob")
    remote.clock.seconds = TIMEOUT_S + 1

    seen = remote.ref("carol").read()
    taken = remote.take("bob")

    assert not left_by(seen, remote.clock.now(), TIMEOUT_S).ended_clean
    assert taken.memory == replace(LEFT, ended_clean=False)


def test_a_holder_whose_clock_is_ahead_is_alive(remote: Remote) -> None:
    remote.take("alice", clock=FakeClock(seconds=3600))

    with pytest.raises(StalePlan, match="is running"):
        remote.take("bob")


def test_it_names_the_job_and_the_person_of_a_ci_run() -> None:
    github = {
        "GITHUB_ACTOR": "alice",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "acme/gpu",
        "GITHUB_RUN_ID": "42",
        "USER": "runner",
    }
    gitlab = {"GITLAB_USER_LOGIN": "bob", "CI_JOB_URL": "https://gitlab.com/j/1"}

    one, two = (myself(environ, host="h\n", pid=1, run="r") for environ in (github, gitlab))

    assert (one.holder, one.url, one.host) == ("alice", "https://github.com/acme/gpu/actions/runs/42", "h")
    assert (two.holder, two.url) == ("bob", "https://gitlab.com/j/1")


# proving


def test_a_holder_keeps_it_as_long_as_it_renews(remote: Remote) -> None:
    holding = remote.take("alice")

    for _ in range(4):
        remote.clock.seconds += TIMEOUT_S / 3
        asyncio.run(holding.renew_if_due())
        with pytest.raises(StalePlan):
            remote.take("bob")

    asyncio.run(holding.confirm())


def test_it_is_not_renewed_before_it_is_due(remote: Remote) -> None:
    holding, before = remote.take("alice"), remote.commit
    remote.clock.seconds = TIMEOUT_S / 3 - 1

    asyncio.run(holding.renew_if_due())

    assert remote.commit == before


def test_it_is_renewed_beside_the_run_without_being_asked(remote: Remote) -> None:
    holding, before = remote.take("alice"), remote.commit
    remote.clock.seconds = TIMEOUT_S / 3
    holding._timeout_s = 0.12  # the pace of the heart is a part of it

    async def run() -> None:
        async with holding.renewing():
            while remote.commit == before:
                await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(run(), 20))


def test_a_lease_that_was_taken_is_noticed_before_the_next_write(remote: Remote) -> None:
    holding = remote.take("alice")
    late = FakeClock(seconds=TIMEOUT_S + 1)
    remote.take("bob", clock=late)
    remote.clock.seconds = 3  # an answer two seconds old is believed

    with pytest.raises(StalePlan) as raised:
        asyncio.run(holding.confirm())

    assert raised.value.problems[0].code == "RC322"
    assert "taken from it by bob on bob-host" in raised.value.problems[0].what
    assert holding.lost is raised.value


def test_an_old_holder_can_neither_renew_nor_give_back_what_it_lost(remote: Remote) -> None:
    holding = remote.take("alice")
    remote.take("bob", clock=FakeClock(seconds=TIMEOUT_S + 1))
    now = remote.commit
    remote.clock.seconds = TIMEOUT_S + 2

    asyncio.run(holding.renew_if_due())
    with pytest.raises(StalePlan, match="was taken from it"):
        asyncio.run(holding.free(LEFT))

    assert remote.commit == now


def test_a_fresh_answer_is_not_asked_for_again(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    holding = remote.take("alice")
    asked: list[float] = []
    where = ref.Ref.where

    def counted(self: ref.Ref) -> str:
        asked.append(remote.clock.seconds)
        return where(self)

    monkeypatch.setattr(ref.Ref, "where", counted)

    async def many() -> None:
        for second in (0.0, 2.0, 2.1, 2.5, 4.0, 4.2):
            remote.clock.seconds = second
            await asyncio.gather(holding.confirm(), holding.confirm())

    asyncio.run(many())

    assert asked == [2.1, 4.2]


def test_after_a_sleep_that_the_steady_clock_missed_the_remote_is_asked(remote: Remote) -> None:
    class Slept(FakeClock):
        def monotonic(self) -> float:
            return 0.0

    clock = Slept()
    holding = remote.take("alice", clock=clock)
    clock.seconds = TIMEOUT_S + 1
    remote.take("bob", clock=clock)

    with pytest.raises(StalePlan, match="bob"):
        asyncio.run(holding.confirm())


# when git fails


def test_a_remote_that_is_away_gives_no_lease(tmp_path: Path) -> None:
    remote = Remote.made(tmp_path / "remote.git")
    remote.ref("alice")
    remote.folder.rename(tmp_path / "gone")

    with pytest.raises(NoStore) as raised:
        remote.take("alice")

    assert raised.value.exit_code is ExitCode.UNOBSERVED
    assert "does not appear to be a git repository" in raised.value.problems[0].why


def test_a_remote_that_is_away_lets_no_write_through_and_back_again_it_does(
    remote: Remote, tmp_path: Path
) -> None:
    holding = remote.take("alice")
    remote.clock.seconds = 3
    home = remote.folder
    home.rename(tmp_path / "gone")
    with pytest.raises(NoStore):
        asyncio.run(holding.confirm())
    (tmp_path / "gone").rename(home)

    asyncio.run(holding.confirm())

    assert holding.lost is None


@pytest.mark.parametrize("verb", ["ls-remote", "hash-object", "mktree", "commit-tree", "push"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_step_of_taking_leaves_a_lease_that_others_can_read_and_outlive(
    remote: Remote, monkeypatch: pytest.MonkeyPatch, verb: str, when: str
) -> None:
    asyncio.run(remote.take("alice").free(LEFT))

    def crashing(folder: Path, *words: str, **more: Any) -> Any:
        if verb in words and when == "before":
            raise KeyboardInterrupt
        answer = real_git(folder, *words, **more)
        if verb in words:
            raise KeyboardInterrupt
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(GIT, crashing)
        with pytest.raises(KeyboardInterrupt):
            remote.take("alice")

    seen = remote.ref("bob").read()
    has_taken = (verb, when) == ("push", "after")
    assert seen.lease is not None
    assert seen.lease.is_held is has_taken
    remote.clock.seconds = TIMEOUT_S + 1
    assert remote.take("bob").memory == replace(LEFT, ended_clean=not has_taken)


def test_a_push_whose_answer_is_lost_is_looked_up(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GIT, lambda *words, **more: _lost(real_git(*words, **more), "push" in words))

    holding = remote.take("alice")

    asyncio.run(holding.confirm())
    assert remote.ref("bob").read().lease == holding._lease


def test_a_renewal_whose_answer_was_lost_is_known_for_our_own(
    remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    holding = remote.take("alice")
    remote.clock.seconds = TIMEOUT_S / 3
    pushed: list[bool] = []

    def silent(folder: Path, *words: str, **more: Any) -> Any:
        if pushed:
            return None
        answer = real_git(folder, *words, **more)
        if "push" in words:
            pushed.append(True)
        return None if pushed else answer

    with monkeypatch.context() as patched:
        patched.setattr(GIT, silent)
        asyncio.run(holding.renew_if_due())
    remote.clock.seconds += 3
    asyncio.run(holding.confirm())
    asyncio.run(holding.free(LEFT))

    assert pushed
    assert holding.lost is None
    assert remote.take("bob").memory == LEFT


def test_who_is_cancelled_in_a_push_still_knows_how_it_went(
    remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    holding = remote.take("alice")
    remote.clock.seconds = TIMEOUT_S / 3

    async def main() -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(holding.renew_if_due())

        def cancelling(folder: Path, *words: str, **more: Any) -> Any:
            if "push" in words:
                loop.call_soon_threadsafe(task.cancel)
            return real_git(folder, *words, **more)

        monkeypatch.setattr(GIT, cancelling)
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    monkeypatch.setattr(GIT, real_git)
    asyncio.run(holding.free(LEFT))

    assert remote.take("bob").memory == LEFT


def _lost(answer: Any, is_push: bool) -> Any:
    return None if is_push else answer


def test_a_server_that_takes_only_what_follows_into_its_branches_is_served(tmp_path: Path) -> None:
    remote = Remote.made(tmp_path / "remote.git", "--shared")
    assert git(remote.folder, "config", "receive.denyNonFastForwards") == "true"

    for name in ("alice", "bob", "alice"):
        asyncio.run(remote.take(name).free(LEFT))

    assert git(remote.folder, "rev-list", "--count", NAME) == "1"


def test_commits_stand_alone_where_they_may_and_nothing_else_moves(remote: Remote) -> None:
    clone = remote.ref("alice").folder
    (clone / "file").write_text("x")
    git(clone, "add", "file")
    git(clone, "config", "push.followTags", "true")
    git(clone, "commit", "-qm", "x")
    git(clone, "tag", "-am", "t", "v1")
    (clone / "file").write_text("y")
    before = _state(clone)

    asyncio.run(remote.take("alice").free(LEFT))

    assert _state(clone) == before
    assert git(remote.folder, "for-each-ref", "--format=%(refname)") == NAME
    assert git(remote.folder, "rev-list", "--count", NAME) == "1"


def _state(clone: Path) -> list[str]:
    return [git(clone, *words) for words in (["status", "--porcelain"], ["for-each-ref"], ["ls-files", "-s"])]


def test_hooks_of_the_clone_do_not_run(remote: Remote) -> None:
    hook = remote.ref("alice").folder / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)

    remote.take("alice")

    assert remote.commit


def test_a_server_that_refuses_is_quoted(remote: Remote) -> None:
    hook = remote.folder / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)

    with pytest.raises(NoStore) as raised:
        remote.take("alice")

    assert "pre-receive hook declined" in raised.value.problems[0].why


def test_a_password_in_a_url_is_not_quoted(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    git(tmp_path, "remote", "add", "origin", "http://x:hunter22@127.0.0.1:1/x.git")

    with pytest.raises(NoStore) as raised:
        ref.Ref(tmp_path, "origin", "f").where()

    assert "hunter22" not in repr(raised.value.problems)


def test_outside_git_there_is_no_lease(tmp_path: Path, remote: Remote) -> None:
    (tmp_path / "plain").mkdir()

    with pytest.raises(ReconcilerError) as raised:
        ref.Ref(tmp_path / "plain", str(remote.folder), "f").swap(ref.Seen(), Lease(), Memory())

    assert raised.value.exit_code is ExitCode.REJECTED
    assert "lies in no git repository" in raised.value.problems[0].what


# what others may have written

HELD = json.loads(to_json(Lease(3, True, "eve", started=AT, renewed=AT)))
HUGE = 1 << 24


@pytest.mark.parametrize(
    "lease",
    [
        "", "nonsense", "[]", "[" * 100_000, "1" * 10_000, "null",
        *(json.dumps(HELD | change) for change in (
            {"format": 2}, {"state": "gone"}, {"generation": "3"}, {"generation": -1}, {"generation": True},
            {"pid": 1.5}, {"holder": None}, {"holder": "x" * 501}, {"host": "a\nb"}, {"renewed": "now"},
            {"renewed": "2026-11-01T00:00:00"}, {"started": 5}, {"url": ["x"]},
        )),
        " " * (1 << 16) + json.dumps(HELD),
    ],
)  # fmt: skip
def test_what_is_no_lease_is_one_clear_error_and_left_alone(remote: Remote, lease: str) -> None:
    remote.put(lease_json=lease)
    before = remote.commit

    with pytest.raises(NoStore) as raised:
        remote.take("alice")

    assert raised.value.problems[0].code == "RC321"
    assert f"reconciler lock release --generation {before[:12]}" in raised.value.problems[0].hint
    assert remote.commit == before


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "[]", "[" * 100_000,
     '{"format": 1, "finished": [], "owned": 3, "doubtful": [1, {}], "at": 4}',
     " " * HUGE, json.dumps({"format": 1, "declared": "many", "owned": {"prod": "x"}, "finished": {"k": 1}})],
)  # fmt: skip
def test_what_is_no_memory_counts_as_none(remote: Remote, text: str) -> None:
    remote.put(lease_json=json.dumps(HELD | {"state": "free"}), memory_json=text)

    found = remote.take("alice").memory

    assert (found.ended_clean, found.owned, found.declared, found.finished) == (False, {}, 0, {})


def test_a_ref_that_is_no_commit_is_one_clear_error(remote: Remote) -> None:
    git(remote.folder, "update-ref", NAME, git(remote.folder, "hash-object", "-w", "--stdin", given="x"))

    with pytest.raises(NoStore, match="does not do what it should"):
        remote.take("alice")


def test_a_lease_reads_as_it_was_written() -> None:
    lease = Lease(3, True, "eve", "host", 9, "https://x", "c0ffee", "run", AT, AT)

    assert from_json(to_json(lease)) == lease


# memory of two machines


def test_a_memory_reads_as_it_was_written() -> None:
    assert memory.from_json(memory.to_json(LEFT)) == LEFT


OLD = Memory(
    True,
    (),
    {"prod": 3},
    4,
    "2026-10-01T00:00:00+00:00",
    half_done={"prod:l": "older"},
    used_plans={"p0": "2026-10-01T00:00:00+00:00"},
    finished={"prod:b": Ran("1:b", "", AT)},
)
UNCLEAN = replace(OLD, ended_clean=False, doubtful=(Intent("o", "k", "create"),))


@pytest.mark.parametrize("join", [memory.joined, lambda one, other: memory.joined(other, one)])
def test_the_newer_memory_counts_and_all_that_is_finished_or_half_done_stays(
    join: Callable[[Memory, Memory], Memory],
) -> None:
    both = join(OLD, LEFT)

    assert (both.owned, both.declared, both.at, both.ended_clean) == ({"prod": 7}, 9, AT, True)
    assert both.finished == {**OLD.finished, **LEFT.finished}
    assert both.half_done == {"prod:k": "old", "prod:l": "older"}
    assert set(both.used_plans) == {"p0", "p1"}
    assert join(Memory(), LEFT) == LEFT
    assert not join(UNCLEAN, LEFT).ended_clean
    assert set(join(UNCLEAN, LEFT).doubtful) == {*UNCLEAN.doubtful, *LEFT.doubtful}


def test_no_secret_of_the_environment_is_written(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf-canary-0123456789")
    me = myself(os.environ | {"CI_JOB_TOKEN": "canary-token"}, host="h", pid=1, run="r")

    assert "canary" not in to_json(me).decode()
