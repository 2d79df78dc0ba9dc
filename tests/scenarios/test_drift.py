"""Drift names who and since when, as far as the platform and git say, and changes nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.drift import DriftItem
from reconciler.emulator.faults import Fault
from reconciler.emulator.runai import Switches
from reconciler.errors import ExitCode
from reconciler.plan.change import Action, Commit, Plan
from reconciler.reconcile import Session
from tests.scenarios.oracle import a_sleeper, every_kind, mark
from tests.scenarios.stage import Stage, a_manifest, staged

SCALED = (
    "{{image: busybox:1, command: sleep infinity, servingPort: {{container: 8000}}, "
    "autoscaling: {{minReplicas: 1, maxReplicas: {most}, metric: concurrency, metricThreshold: 3}}}}"
)
EVENTS = r"GET /api/v1/workloads/[^/]+/events"


@pytest.fixture
def looked_at(stage: Stage) -> Iterator[Stage]:
    """Hold that looking for drift sends nothing that changes anything."""
    yield stage
    assert stage.mutations(SINCE.pop(stage.url, 0)) == []


SINCE: dict[str, int] = {}


def applied(stage: Stage) -> Stage:
    stage.apply()
    SINCE[stage.url] = mark(stage)
    return stage


def later(stage: Stage, **span: float) -> datetime:
    """Let time pass, and give the moment."""
    stage.clock.advance(timedelta(**span).total_seconds())
    return stage.clock.now()


def the_item(stage: Stage, **request: Any) -> DriftItem:
    (item,) = stage.drift(**request).items
    return item


def seconds(moment: datetime | None) -> datetime | None:
    return moment and moment.replace(microsecond=0)


def last(stage: Stage, *words: str) -> str:
    return stage.git("log", "-1", "--format=%H", *words)


def chat(most: int) -> str:
    return a_manifest("chat", "Inference", spec=SCALED.format(most=most), health="{hold: 1s}")


# -- the platform ----------------------------------------------------------------------------------------


def test_a_field_that_somebody_moved_tells_the_last_update_and_the_commit_of_gits_value(
    looked_at: Stage,
) -> None:
    looked_at.write(chat=chat(2))
    stated = last(looked_at)
    applied(looked_at.write(other=a_sleeper("other"), chat=chat(2) + "lifecycle: {protect: false}\n"))
    edited = later(looked_at, hours=1)
    looked_at.emulator.world.edit_spec(
        looked_at.live()["chat"].id, {"autoscaling": {"maxReplicas": 5}}, by="lee"
    )
    later(looked_at, hours=2)

    item = the_item(looked_at)

    assert (item.state, item.by) == ("changed", "")  # the v1 API does not tell who
    assert item.since is not None
    assert edited <= item.since < edited + timedelta(minutes=5)  # pods that follow are updates as well
    assert {pointer: commit.hash for pointer, commit in item.commits.items()} == {
        "/spec/autoscaling/maxReplicas": stated
    }


def test_the_v2_api_tells_who_updated(looked_at: Stage) -> None:
    applied(every_kind(looked_at))
    later(looked_at, hours=1)
    for name in ("nim", "chat"):
        one = looked_at.live()[name]
        looked_at.emulator.world.edit_spec(one.id, {"image": "busybox:9"}, by="lee@acme.com")
    later(looked_at, minutes=5)

    found = {item.key.name: (item.state, item.by) for item in looked_at.drift().items}

    assert found == {"nim": ("changed", "lee@acme.com"), "chat": ("changed", "")}


def test_what_was_deleted_tells_when(looked_at: Stage) -> None:
    applied(looked_at.write(chat=chat(2)))
    deleted = later(looked_at, minutes=10)
    looked_at.emulator.world.remove(looked_at.live()["chat"].id, by="mina")
    later(looked_at, hours=3)

    item = the_item(looked_at)

    assert (item.state, seconds(item.since), item.by) == ("missing", seconds(deleted), "")
    assert item.commit is not None
    assert item.commit.hash == last(looked_at)


@pytest.mark.parametrize(("status", "by"), [(200, "mina"), (404, "")])
def test_the_v2_api_tells_who_deleted_while_it_shows_what_is_gone(
    tmp_path: Path, status: int, by: str
) -> None:
    with staged(tmp_path / "repo", switches=Switches(gone_status=status)) as stage:
        applied(stage.write(app=a_sleeper("app", "ExternalWorkload")))
        deleted = later(stage, minutes=10)
        stage.emulator.world.remove(stage.live()["app"].id, by="mina")
        later(stage, hours=3)

        item = the_item(stage)

        assert (item.state, seconds(item.since), item.by) == ("missing", seconds(deleted), by)
        assert stage.mutations(SINCE[stage.url]) == []


def test_a_deleted_row_whose_kind_is_open_is_no_news_of_any(looked_at: Stage) -> None:
    applied(looked_at.write(nim=a_sleeper("nim", "NimService")))
    looked_at.emulator.world.remove(looked_at.live()["nim"].id, by="mina")
    later(looked_at, hours=3)

    item = the_item(looked_at)

    assert (item.state, item.since, item.by) == ("missing", None, "")


def test_what_was_never_there_tells_only_who_declared_it(looked_at: Stage) -> None:
    looked_at.write(train=a_sleeper())

    item = the_item(looked_at)

    assert (item.state, item.since, item.by, item.cause) == ("missing", None, "", "")
    assert item.commit == Commit(last(looked_at), datetime.fromisoformat("2026-03-01T00:02:00Z"), "t")


def test_a_stop_and_what_is_not_ours_tell_since_when(looked_at: Stage) -> None:
    applied(looked_at.write(note=a_sleeper("note", "Workspace"), mine=a_sleeper("mine")))
    made = later(looked_at, minutes=1)
    world = looked_at.emulator.world
    world.add_workload(
        kind="Training",
        project="team-b",
        name="taken",
        spec={"image": "x"},
        created_by="mina",
        phase="Running",
    )
    stopped = later(looked_at, minutes=1)
    world.stop(looked_at.live()["note"].id)
    later(looked_at, hours=1)
    looked_at.write(taken=a_sleeper("taken", project="team-b"))

    found = {item.state: (seconds(item.since), item.by) for item in looked_at.drift().items}

    assert found == {"stopped": (seconds(stopped), ""), "unclaimed": (seconds(made), "mina")}


def a_dying_job(stage: Stage) -> Stage:
    oom = a_manifest("oom", spec="{image: oom:1, command: train}", health="{hold: 1s}")
    applied(stage.write(oom=oom, fine=a_sleeper("fine")))
    later(stage, hours=2)
    return stage


def test_what_failed_tells_the_platforms_own_cause(looked_at: Stage) -> None:
    a_dying_job(looked_at)
    before = mark(looked_at)

    item = the_item(looked_at)

    assert (item.state, item.since is not None) == ("degraded", True)
    assert item.cause.startswith("OOMKilled: Memory cgroup out of memory")
    asked = [entry.path for entry in looked_at.emulator.ledger.entries if entry.seq > before]
    oom = looked_at.live()["oom"].id
    assert [path for path in asked if path.endswith("/events")] == [f"/api/v1/workloads/{oom}/events"]


@pytest.mark.parametrize(
    "fault", [{"status": 500}, {"status": 403}, {"kind": "reset"}, {"raw": b"HTTP/1.1 200 OK\r\n\r\n[]"}]
)
def test_a_read_that_fails_beside_the_drift_shows_nothing_and_changes_no_code(
    looked_at: Stage, fault: dict[str, Any]
) -> None:
    a_dying_job(looked_at)
    whole = looked_at.drift()
    looked_at.emulator.faults.add(Fault(EVENTS, forever=True, **fault))

    drift = looked_at.drift()

    assert [item.cause for item in drift.items] == [""]
    assert drift.failures == ()
    assert drift.exit_code() is whole.exit_code() is ExitCode.CHANGES


def test_only_what_is_asked_for_is_read_about(looked_at: Stage) -> None:
    a_dying_job(looked_at)
    before = mark(looked_at)

    async def narrowed(session: Session) -> Any:
        return await session.drift(["changed"])

    drift = looked_at.run(narrowed)

    assert (drift.items, drift.exit_code()) == ((), ExitCode.IN_ORDER)
    asked = [entry.path for entry in looked_at.emulator.ledger.entries if entry.seq > before]
    assert not [path for path in asked if path.endswith("/events")]


# -- git -------------------------------------------------------------------------------------------------


def test_what_git_changed_names_its_commit_and_nobody_on_the_platform(looked_at: Stage) -> None:
    applied(looked_at.write(chat=chat(2)))
    later(looked_at, hours=1)
    looked_at.write(chat=chat(7))
    changed = last(looked_at)
    looked_at.write(other="")

    item = the_item(looked_at)

    assert (item.fields[0].origin, item.since, item.by) == ("git", None, "")
    assert item.commits["/spec/autoscaling/maxReplicas"].hash == changed


def test_a_plan_names_the_commits_of_what_it_refuses_and_none_of_what_somebody_did(looked_at: Stage) -> None:
    applied(looked_at.write(chat=chat(2), job=a_sleeper("job")))
    looked_at.write(job=a_sleeper("job", image="busybox:2"))
    refused = last(looked_at)
    looked_at.write(other="")
    looked_at.emulator.world.edit_spec(
        looked_at.live()["chat"].id, {"autoscaling": {"maxReplicas": 5}}, by="lee"
    )

    async def shown(session: Session) -> Plan:
        return (await session.foreseen(await session.plan())).plan

    plan = looked_at.run(shown)

    assert {c.key.name: (c.action, [each.hash for each in c.commits]) for c in plan.changes} == {
        "chat": (Action.UPDATE, []),
        "job": (Action.REFUSED, [refused]),
    }
    assert plan.digest == looked_at.plan().plan.digest


def test_an_item_of_a_list_is_found_by_its_key(looked_at: Stage) -> None:
    def serving(*names: str) -> str:
        env = ", ".join(f"{{name: {name}, value: {name.lower()}}}" for name in names)
        held = f"servingPort: {{container: 80}}, environmentVariables: [{env}]"
        spec = f"{{image: a:1, command: sleep infinity, {held}}}"
        return a_manifest("chat", "Inference", spec=spec, health="{hold: 1s}")

    applied(looked_at.write(chat=serving("A", "B")))
    looked_at.write(chat=serving("A", "B", "C"))
    added = last(looked_at)
    looked_at.write(chat=serving("C", "B", "A"))

    item = the_item(looked_at)

    assert {pointer: commit.hash for pointer, commit in item.commits.items()} == {
        "/spec/environmentVariables/name=C": added
    }


def test_an_orphan_names_the_commit_that_took_its_manifest_out(looked_at: Stage) -> None:
    applied(looked_at.write(train=a_sleeper(), other=a_sleeper("other")))
    looked_at.remove("train")
    removed = last(looked_at)
    looked_at.write(third="")

    item = the_item(looked_at)

    assert item.state == "orphaned"
    assert item.commit is not None
    assert item.commit.hash == removed


def test_an_orphan_that_moved_through_another_file_names_nobody(looked_at: Stage) -> None:
    applied(looked_at.write(train=a_sleeper(), other=a_sleeper("other")))
    looked_at.git("mv", "manifests/train.yaml", "manifests/moved.yaml")
    looked_at.commit().remove("moved")

    assert (the_item(looked_at).state, the_item(looked_at).commit) == ("orphaned", None)


def test_a_value_before_interpolation_is_what_commits_are_compared_by(looked_at: Stage) -> None:
    applied(looked_at.write(chat=a_manifest("chat", "Inference", spec=TAGGED, health="{hold: 1s}")))
    stated = last(looked_at)
    looked_at.write(other="").environ["IMAGE_TAG"] = "25.01"

    item = the_item(looked_at)

    assert item.fields[0].after == "a:25.01"
    assert item.commits["/spec/image"].hash == stated


TAGGED = '{image: "a:${{ vars.IMAGE_TAG }}", command: sleep infinity, servingPort: {container: 80}}'


def test_an_edit_that_is_not_committed_names_nobody(looked_at: Stage) -> None:
    applied(looked_at.write(chat=chat(2)))
    (looked_at.root / "manifests/chat.yaml").write_text(chat(4))

    item = the_item(looked_at)

    assert (item.state, dict(item.commits)) == ("changed", {})


def test_a_shallow_clone_names_nobody(looked_at: Stage) -> None:
    applied(looked_at.write(chat=chat(2)))
    looked_at.write(chat=chat(4))
    place = looked_at.root.parent / "shallow"
    origin = f"file://{looked_at.root}"
    subprocess.run(["git", "clone", "-q", "--depth", "1", origin, str(place)], check=True)
    looked_at.root = place

    item = the_item(looked_at)

    assert (item.state, dict(item.commits)) == ("changed", {})


def test_outside_git_nobody_is_named(tmp_path: Path) -> None:
    with staged(tmp_path / "repo", is_git=False) as stage:
        stage.write(train=a_sleeper())

        assert (the_item(stage).state, the_item(stage).commit) == ("missing", None)


def test_the_committed_name_of_an_author_is_shown_as_it_is(looked_at: Stage) -> None:
    (looked_at.root / "manifests/train.yaml").write_text(a_sleeper())
    looked_at.git("add", "-A")
    looked_at.git("commit", "-qm", "x", GIT_AUTHOR_NAME="Ada Löve <script>", GIT_COMMITTER_NAME="bot")

    commit = the_item(looked_at).commit

    assert commit is not None
    assert commit.author == "Ada Löve script"


def test_several_documents_of_one_file_are_told_apart(looked_at: Stage) -> None:
    looked_at.write(all=a_sleeper("one") + "---\n" + a_sleeper("two"))
    both = last(looked_at)
    looked_at.write(all=a_sleeper("zero") + "---\n" + a_sleeper("one") + "---\n" + a_sleeper("two"))

    found = {item.key.name: item.commit and item.commit.hash for item in looked_at.drift().items}

    assert found == {"one": both, "two": both, "zero": last(looked_at)}
