"""An update that the server accepts and drops is told as unhealthy, while the old revision serves on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from reconciler.emulator.faults import Fault
from reconciler.emulator.runai.records import Workload
from reconciler.errors import ExitCode
from reconciler.health import Level
from reconciler.outcome import Result
from tests.scenarios.oracle import an_inference, effects, mark, outcome_of
from tests.scenarios.stage import Stage

GONE = "busybox:does-not-exist"
EIGHT = ", compute: {gpuDevicesRequest: 8}, nodePools: [h100-pool]"


def with_gpus(image: str) -> str:
    """Write a server that fills the quota of its project, so that a second revision finds no place."""
    return an_inference(image=image, project="team-b", more=EIGHT)


DROPPED: Mapping[str, tuple[Callable[[], str], Callable[[], str], str]] = {
    "its image does not exist": (an_inference, lambda: an_inference(image=GONE), "RC501"),
    "the quota has no room for old and new": (
        lambda: with_gpus("busybox:1"),
        lambda: with_gpus("busybox:2"),
        "RC506",
    ),
}
NO_REVISIONS = Fault("GET /api/v1/workloads/inferences/.*/revisions", status=404, forever=True)


def serving_image(one: Workload) -> str:
    run = one.serving_run()
    assert run is not None
    assert run.phase == "Running"
    return str(run.spec["image"])


def chat(stage: Stage) -> Workload:
    live: Workload = {**stage.live("team-a"), **stage.live("team-b")}["chat"]
    return live


@pytest.mark.parametrize("shows_revisions", [True, False], ids=["revisions", "pods alone"])
@pytest.mark.parametrize(("before", "after", "code"), DROPPED.values(), ids=DROPPED)
def test_a_dropped_update_is_unhealthy_and_the_old_revision_serves_on(
    stage: Stage, before: Callable[[], str], after: Callable[[], str], code: str, shows_revisions: bool
) -> None:
    assert stage.write(chat=before()).apply().exit_code() is ExitCode.IN_ORDER
    if not shows_revisions:
        stage.emulator.faults.add(NO_REVISIONS)
    sent = mark(stage.write(chat=after()))

    applied = stage.apply()

    (verdict,) = applied.verdicts
    assert applied.exit_code() is ExitCode.UNHEALTHY
    assert outcome_of(applied, "chat").result is Result.DONE
    assert verdict.problem is not None
    assert verdict.problem.code == code
    assert serving_image(chat(stage)) == "busybox:1"
    assert chat(stage).spec["image"] != "busybox:1"
    assert effects(stage, sent) == {("update", "chat"): 1}


@pytest.mark.parametrize("shows_revisions", [True, False], ids=["revisions", "pods alone"])
def test_an_update_that_takes_is_healthy_once_the_new_revision_serves(
    stage: Stage, shows_revisions: bool
) -> None:
    stage.write(chat=an_inference()).apply()
    if not shows_revisions:
        stage.emulator.faults.add(NO_REVISIONS)
    stage.write(chat=an_inference(image="busybox:2"))

    applied = stage.apply()

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert serving_image(chat(stage)) == "busybox:2"


def test_the_health_of_a_dropped_update_stays_degraded_in_every_later_run(stage: Stage) -> None:
    stage.write(chat=an_inference()).apply()
    stage.write(chat=an_inference(image=GONE)).apply()
    (failing,) = stage.health()
    stage.clock.advance(900)

    (dropped,) = stage.health()

    assert (failing.health.level, failing.health.reason) == (Level.DEGRADED, "ErrImagePull")
    assert (dropped.health.level, dropped.health.reason) == (Level.DEGRADED, "UpdateDropped")
    assert serving_image(chat(stage)) == "busybox:1"


def test_a_later_update_that_takes_mends_a_dropped_one(stage: Stage) -> None:
    stage.write(chat=an_inference()).apply()
    dropped = stage.write(chat=an_inference(image=GONE)).apply()

    mended = stage.write(chat=an_inference(image="busybox:3")).apply()

    assert (dropped.exit_code(), mended.exit_code()) == (ExitCode.UNHEALTHY, ExitCode.IN_ORDER)
    assert serving_image(chat(stage)) == "busybox:3"


def test_an_update_that_is_not_acted_on_at_all_is_reported_as_not_taken(stage: Stage) -> None:
    stage.write(chat=an_inference()).apply()
    sent = mark(stage.write(chat=an_inference(image="busybox:2")))
    stage.emulator.faults.add(Fault("PATCH .*", status=202, json={}))

    applied = stage.apply()

    problem = outcome_of(applied, "chat").problem
    assert applied.exit_code() is ExitCode.PARTIAL
    assert problem is not None
    assert problem.code == "RC432"
    assert "/spec/image" in problem.what
    assert effects(stage, sent) == {}


def test_a_dropped_update_is_drift_as_long_as_the_old_revision_serves(stage: Stage) -> None:
    stage.write(chat=with_gpus("busybox:1")).apply()
    stage.write(chat=with_gpus("busybox:2")).apply()

    found = stage.drift()

    assert [(item.key.name, item.state) for item in found.items] == [("chat", "degraded")]
    assert found.exit_code() is ExitCode.CHANGES
