"""What is said is true: of uncommitted work, fresh plans, jobs long gone, words that match nothing."""

from __future__ import annotations

import pytest

from reconciler.emulator.faults import Fault
from reconciler.errors import ExitCode, FleetError, UsageError
from reconciler.health import Level
from reconciler.reconcile import Stop
from tests.scenarios.stage import Stage, a_manifest


def test_uncommitted_manifests_are_told_apart_from_what_git_has(stage: Stage) -> None:
    stage.write(web=a_manifest("web", "Workspace"))
    assert not stage.plan().plan.is_edited

    (stage.root / "manifests/more.yaml").write_text(a_manifest("more", "Workspace"))

    assert stage.plan().plan.is_edited


def test_a_deletion_that_is_not_committed_prunes_nothing(stage: Stage) -> None:
    stage.write(web=a_manifest("web", "Workspace"), more=a_manifest("more", "Workspace")).apply()
    stage.git("rm", "-q", "manifests/more.yaml")

    plan = stage.plan().plan

    assert not plan.writes
    assert not plan.prune.is_on


def test_a_fresh_plan_is_empty_only_if_it_is(stage: Stage) -> None:
    stage.write(web=a_manifest("web", "Workspace"), more=a_manifest("more", "Workspace"))
    stage.emulator.faults.add(Fault("POST /api/v1/workloads/workspaces", status=400))

    applied = stage.apply()

    assert applied.exit_code() is ExitCode.PARTIAL
    assert not applied.is_replan_empty


def test_a_job_that_finished_and_is_gone_is_healthy(stage: Stage) -> None:
    spec = "{image: busybox, command: sleep, args: '30', autoDeletionTimeAfterCompletionSeconds: 60}"
    stage.write(job=a_manifest("job", spec=spec)).apply()
    stage.clock.advance(600)

    (verdict,) = stage.health()

    assert verdict.health.level is Level.HEALTHY
    assert "gone since" in verdict.health.message


def test_what_is_not_ours_is_missing_in_health_however_well_it_runs(stage: Stage) -> None:
    world = stage.emulator.world
    world.add_workload(kind="Workspace", project="team-a", name="web", spec={"image": "x"}, created_by="mina")
    stage.clock.advance(60)

    (verdict,) = stage.write(web=a_manifest("web", "Workspace")).health()

    assert verdict.health.level is Level.MISSING
    assert "mina" in verdict.health.message


@pytest.mark.parametrize("words", [{"projects": ("nope",)}, {"selector": "team=nope"}])
def test_words_that_match_no_manifest_are_a_wrong_command_line(
    stage: Stage, words: dict[str, object]
) -> None:
    stage.write(web=a_manifest("web", "Workspace"))

    with pytest.raises(UsageError, match="matches none of the 1 manifests"):
        stage.plan(**words)


def test_an_empty_secret_is_named(stage: Stage) -> None:
    stage.write(web=a_manifest("web", "Workspace"))
    stage.environ["RUNAI_CLIENT_SECRET"] = ""

    with pytest.raises(FleetError, match="RUNAI_CLIENT_SECRET is empty"):
        stage.plan()


def test_an_object_kept_for_want_of_proof_is_drift(stage: Stage) -> None:
    stage.write(web=a_manifest("web", "Workspace"), more=a_manifest("more", "Workspace")).apply()
    stage.git("checkout", "-q", "--orphan", "other")
    stage.remove("more")

    items = {item.key.name: item for item in stage.drift().items}

    assert items["more"].state == "orphaned"
    assert items["more"].consent == "delete=team-a/Workspace/more"


def test_an_outage_while_settling_is_waited_out(stage: Stage) -> None:
    stage.write(web=a_manifest("web", "Workspace"))
    stage.emulator.faults.add(
        Fault("GET /api/v1/workloads/[0-9a-f-]{36}", status=503, count=12, nth=2, name="outage")
    )

    assert stage.apply().exit_code() is ExitCode.IN_ORDER


def test_a_stopped_wait_says_nothing_about_health(stage: Stage) -> None:
    stage.write(web=a_manifest("web", "Workspace", spec="{image: busybox}", health="{hold: 10m}"))
    stop = Stop()

    class Steps(list):  # type: ignore[type-arg]  # it only watches what is appended
        def append(self, step: object) -> None:
            stop.requested = getattr(step, "state", "") == "state"

    stage.steps = Steps()
    applied = stage.apply(stop=stop)

    (verdict,) = applied.verdicts
    assert verdict.is_cut_short
    assert applied.exit_code() is ExitCode.INTERRUPTED
