"""One fleet on two platforms: one plan, one apply, and each object where its manifest says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.emulator.faults import Fault
from reconciler.emulator.primus_safe import Emulator
from reconciler.emulator.primus_safe.seed import DEMO_KEY
from reconciler.errors import ExitCode, Unavailable
from reconciler.health import Level
from reconciler.plan import Action
from reconciler.report.platform import failure_problem
from tests.scenarios.primus_safe.stage import a_manifest as a_safe_manifest
from tests.scenarios.stage import Stage, a_manifest, staged

_SAFE = """\
  safe:
    provider: primus-safe
    url: {url}
    auth: {{apiKey: "${{{{ secrets.SAFE_KEY }}}}"}}
    scope: {{workspaces: [train-mi300]}}
"""


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Stage, Emulator]]:
    with staged(tmp_path / "repo") as stage:
        safe = Emulator(clock=stage.clock, generation=2)
        with safe.serve() as url:
            fleet = stage.root / "reconciler.yaml"
            fleet.write_text(fleet.read_text() + _SAFE.format(url=url))
            stage.environ["SAFE_KEY"] = DEMO_KEY
            stage.commit()
            yield stage, safe


def names(safe: Emulator) -> list[str]:
    return [one.display_name for one in safe.world.resources.values()]


def test_one_apply_reaches_both_and_a_second_plan_finds_nothing(both: tuple[Stage, Emulator]) -> None:
    stage, safe = both
    stage.write(here=a_manifest("one"), there=a_safe_manifest("one"))

    applied = stage.apply()

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert {outcome.key.full for outcome in applied.outcomes} == {
        "prod:team-a/Training/one",
        "safe:train-mi300/PyTorchJob/one",
    }
    assert {*stage.live()} == {"one"}
    assert names(safe) == ["one"]
    assert stage.plan().plan.is_empty


def test_what_is_removed_goes_from_its_own_platform_alone(both: tuple[Stage, Emulator]) -> None:
    stage, safe = both
    stage.write(here=a_manifest("one"), there=a_safe_manifest("one", spec="env: {EMULATOR_SECONDS: '86400'}"))
    stage.apply()

    stage.remove("there").apply()

    assert {*stage.live()} == {"one"}
    assert not [one for one in safe.world.resources.values() if one.deleting_at is None]


def test_a_job_on_one_platform_may_come_after_one_on_the_other(both: tuple[Stage, Emulator]) -> None:
    stage, _ = both
    needs = "[{kind: Training, name: prep, project: team-a}]"
    stage.write(here=a_manifest("prep"), there=a_safe_manifest("train", dependsOn=needs))

    actions = {change.key.name: change.action for change in stage.plan().plan.changes}

    assert actions == {"prep": Action.CREATE, "train": Action.DEFERRED}


def test_nothing_is_written_while_one_platform_cannot_be_read(both: tuple[Stage, Emulator]) -> None:
    stage, safe = both
    stage.write(here=a_manifest("one"), there=a_safe_manifest("one"))
    safe.faults.add(Fault("GET /api/v1/workloads", kind="status", status=500, forever=True))

    with pytest.raises(Unavailable):
        stage.apply()

    assert not stage.live()
    assert not names(safe)


# -- one that cannot be asked at all -----------------------------------------------------------------


def goes_away(safe: Emulator, status: int = 503) -> None:
    safe.faults.add(Fault("* .*", kind="status", status=status, forever=True))


def test_a_plan_shows_the_other_platform_and_that_this_one_is_unknown(both: tuple[Stage, Emulator]) -> None:
    stage, safe = both
    stage.write(here=a_manifest("one"), there=a_safe_manifest("two"))
    goes_away(safe)

    planned = stage.plan()

    assert {change.key.full: change.action for change in planned.plan.changes} == {
        "prod:team-a/Training/one": Action.CREATE,
        "safe:train-mi300/PyTorchJob/two": Action.UNKNOWN,
    }
    assert list(planned.plan.unknown) == ["safe:train-mi300"]
    assert planned.exit_code() is ExitCode.UNOBSERVED
    assert [failure.target for failure in planned.failures] == ["safe"]
    assert failure_problem(planned.failures[0]).hint.endswith("\n--target prod leaves safe out")


def test_what_it_had_is_neither_missing_nor_pruned_nor_made_anew(both: tuple[Stage, Emulator]) -> None:
    stage, safe = both
    lasts = "env: {EMULATOR_SECONDS: '86400'}"
    stage.write(here=a_manifest("one"), there=a_safe_manifest("one", spec=lasts))
    stage.write(gone=a_safe_manifest("gone", spec=lasts)).apply()
    stage.remove("gone").write(more=a_manifest("more"), new=a_safe_manifest("new"))
    sent = len(safe.ledger.mutations())
    goes_away(safe)

    applied = stage.apply(partial=True)

    assert {*stage.live()} == {"one", "more"}
    assert len(safe.ledger.mutations()) == sent
    assert {*names(safe)} == {"one", "gone"}
    assert applied.exit_code() is ExitCode.PARTIAL
    assert {item.key.full: item.state for item in stage.drift().items} == {
        "safe:train-mi300/PyTorchJob/one": "unknown",
        "safe:train-mi300/PyTorchJob/new": "unknown",
    }


def test_what_the_other_left_is_remembered_while_it_goes_away(both: tuple[Stage, Emulator]) -> None:
    stage, safe = both
    stage.write(here=a_manifest("one"), there=a_safe_manifest("one")).apply()
    goes_away(safe)
    stage.write(here=a_manifest("one"), more=a_manifest("more")).apply(partial=True)
    safe.faults.clear()
    safe.world.resources.clear()
    safe.world.rows.clear()

    assert [problem.code for problem in stage.plan().refusals] == ["RC308"]


def test_an_apply_stops_at_it_unless_it_may_be_partial(both: tuple[Stage, Emulator]) -> None:
    stage, safe = both
    stage.write(here=a_manifest("one"), there=a_safe_manifest("one"))
    goes_away(safe)

    with pytest.raises(Unavailable):
        stage.apply()

    assert not stage.live()


def test_a_fleet_that_names_nothing_there_does_not_know_it_all_the_same(both: tuple[Stage, Emulator]) -> None:
    stage, safe = both
    fleet = stage.root / "reconciler.yaml"
    fleet.write_text(fleet.read_text().replace("    scope: {workspaces: [train-mi300]}\n", ""))
    stage.write(here=a_manifest("one"))
    goes_away(safe)

    planned = stage.plan()

    assert list(planned.plan.unknown) == ["safe:"]
    assert planned.exit_code() is ExitCode.UNOBSERVED


def test_what_needs_something_there_is_held_back(both: tuple[Stage, Emulator]) -> None:
    stage, safe = both
    needs = "[{kind: PyTorchJob, name: prep, workspace: train-mi300}]"
    stage.write(there=a_safe_manifest("prep"), here=a_manifest("train", dependsOn=needs))
    goes_away(safe)

    (held,) = (change for change in stage.plan().plan.changes if change.key.name == "train")

    assert held.action is Action.REFUSED
    assert held.reason == "needs train-mi300/PyTorchJob/prep, which is unknown"


def test_what_something_there_may_need_is_not_replaced_under_it(both: tuple[Stage, Emulator]) -> None:
    stage, safe = both
    needs = "[{kind: Workspace, name: db, project: team-a}]"
    replaces = "{onImmutableChange: Replace, onRemove: Keep}"
    stage.write(
        here=a_manifest(
            "db",
            kind="Workspace",
            spec="{command: sleep, args: infinity, image: 'busybox:1'}",
            lifecycle=replaces,
        )
    )
    stage.write(there=a_safe_manifest("train", spec="env: {EMULATOR_SECONDS: '86400'}", dependsOn=needs))
    stage.apply()
    stage.write(
        here=a_manifest(
            "db",
            kind="Workspace",
            spec="{command: sleep, args: infinity, image: 'busybox:2'}",
            lifecycle=replaces,
        )
    )
    goes_away(safe)

    (held,) = (change for change in stage.plan().plan.changes if change.key.name == "db")

    assert held.action is Action.REFUSED
    assert "train-mi300/PyTorchJob/train needs it and may run" in held.reason


def test_health_shows_what_it_could_read(both: tuple[Stage, Emulator]) -> None:
    stage, safe = both
    stage.write(here=a_manifest("one"), there=a_safe_manifest("one")).apply()
    goes_away(safe)

    levels = {verdict.key.full: verdict.health.level for verdict in stage.health()}

    assert levels == {
        "prod:team-a/Training/one": Level.HEALTHY,
        "safe:train-mi300/PyTorchJob/one": Level.UNKNOWN,
    }


def test_a_run_about_the_other_does_not_ask_it(both: tuple[Stage, Emulator]) -> None:
    stage, safe = both
    stage.write(here=a_manifest("one"), there=a_safe_manifest("two"))
    goes_away(safe)

    planned = stage.plan(inputs=("Training/one",))

    assert [change.action for change in planned.plan.changes] == [Action.CREATE]
    assert planned.exit_code() is ExitCode.IN_ORDER
    assert not safe.ledger.entries


def test_refused_credentials_of_one_say_whose_they_are(both: tuple[Stage, Emulator]) -> None:
    stage, _ = both
    stage.write(here=a_manifest("one"), there=a_safe_manifest("two"))
    stage.environ["SAFE_KEY"] = "not-the-key"

    planned = stage.plan()

    assert planned.exit_code() is ExitCode.DENIED
    assert "SAFE_KEY (11 characters)" in planned.failures[0].hint
    assert [change.key.full for change in planned.plan.writes] == ["prod:team-a/Training/one"]


def test_where_none_can_be_asked_there_is_nothing_to_plan(both: tuple[Stage, Emulator]) -> None:
    stage, safe = both
    stage.write(here=a_manifest("one"), there=a_safe_manifest("two"))
    goes_away(safe)
    stage.emulator.faults.add(Fault("* .*", kind="status", status=503, forever=True))

    with pytest.raises(Unavailable):
        stage.plan(partial=True)
