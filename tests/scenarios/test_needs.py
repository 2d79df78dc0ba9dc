"""Needs across kinds: services first and healthy, jobs first and finished, and the next apply goes on."""

from __future__ import annotations

from reconciler.errors import ExitCode
from reconciler.outcome import Result
from reconciler.plan import Action
from tests.scenarios.oracle import a_sleeper, mark
from tests.scenarios.stage import Stage, a_manifest

SHORT = "{image: 'busybox:1', command: sleep, args: '30'}"
FAILING = "{image: 'busybox:1', command: crash, backoffLimit: 0}"


def needing(*keys: str) -> str:
    pairs = [key.split("/") for key in keys]
    return f"[{', '.join(f'{{kind: {kind}, name: {name}}}' for kind, name in pairs)}]"


def a_chain(stage: Stage, job: str = SHORT) -> Stage:
    """Declare a model server, a job that asks it, what shows the job's results, and who looks at that."""
    return stage.write(
        nim=a_sleeper("nim", "NimService"),
        job=a_manifest("job", spec=job, dependsOn=needing("NimService/nim")),
        app=a_sleeper("app", "ExternalWorkload", dependsOn=needing("Training/job", "NimService/nim")),
        chat=a_sleeper("chat", "Inference", dependsOn=needing("ExternalWorkload/app")),
    )


def created(stage: Stage, since: int) -> list[str]:
    return [e.name for entry in stage.mutations(since) for e in entry.effects if e.verb == "create"]


def actions(stage: Stage) -> dict[str, Action]:
    return {change.key.name: change.action for change in stage.plan().plan.changes}


def test_each_apply_starts_what_has_all_it_needs(stage: Stage) -> None:
    a_chain(stage)
    before = mark(stage)

    first = stage.apply()
    once = created(stage, before)
    waiting = actions(stage)
    stage.clock.advance(120)
    second = stage.apply()
    third = stage.apply()

    assert once == ["nim", "job"]
    assert waiting["app"] is waiting["chat"] is Action.DEFERRED
    assert created(stage, before) == ["nim", "job", "app", "chat"]
    assert [applied.exit_code() for applied in (first, second, third)] == [ExitCode.IN_ORDER] * 3
    assert third.outcomes == ()


def test_what_needs_a_failed_job_waits_until_that_has_run_well(stage: Stage) -> None:
    a_chain(stage, FAILING).apply()
    stage.clock.advance(600)
    before = mark(stage)
    reasons = {change.key.name: change.reason for change in stage.plan().plan.changes}

    stage.apply()
    assert created(stage, before) == []
    a_chain(stage).apply()
    stage.clock.advance(120)
    stage.apply()

    assert reasons["app"] == "needs team-a/Training/job, which failed"
    assert reasons["chat"] == "needs team-a/ExternalWorkload/app, which is deferred"
    assert created(stage, before) == ["job", "app", "chat"]


def test_what_needs_a_service_that_cannot_be_made_is_skipped_and_the_rest_is_not(stage: Stage) -> None:
    a_chain(stage).write(
        other=a_sleeper("other"), nim=a_sleeper("nim", "NimService", image="no-such-image:1")
    )
    before = mark(stage)

    applied = stage.apply()

    results = {outcome.key.name: outcome.result for outcome in applied.outcomes}
    assert results["job"] is Result.SKIPPED
    assert results["app"] is results["chat"] is Result.DEFERRED
    assert sorted(created(stage, before)) == ["nim", "other"]
    assert applied.exit_code() is ExitCode.PARTIAL
