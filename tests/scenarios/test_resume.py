"""What stands still though git wants it to run: who stopped it decides, and what is not known is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from reconciler.emulator.faults import Fault
from reconciler.emulator.runai import acts
from reconciler.errors import ExitCode
from reconciler.outcome import Applied, Result
from reconciler.plan.change import Action
from tests.scenarios.oracle import a_sleeper, effects, image_of, mark, outcome_of
from tests.scenarios.stage import Stage
from tests.scenarios.test_lost_answers import every_loss
from tests.scenarios.test_stop import STOPPABLE, a_stopped, changed, phase_of

RESUME = "POST /api/v1/workloads/.*/resume"
EVENTS = "GET /api/v1/workloads/.*/events.*"
ONE_RESUME = Counter({("resume", "train"): 1})
LATER = {"GIT_AUTHOR_DATE": "2026-03-05T00:00:00Z", "GIT_COMMITTER_DATE": "2026-03-05T00:00:00Z"}


def stop_by_platform(stage: Stage) -> None:
    stage.emulator.world.stop(stage.live()["train"].id, "idle for 30 minutes")


def stop_by_person(stage: Stage) -> None:
    stage.emulator.world.change(stage.live()["train"].id, acts.suspended)
    stage.clock.advance(30)


def stop_unseen(stage: Stage) -> None:
    stop_by_person(stage)
    stage.emulator.faults.add(Fault(EVENTS, kind="no_rows", forever=True))


def stop_unreadable(stage: Stage) -> None:
    stop_by_platform(stage)
    stage.emulator.faults.add(Fault(EVENTS, status=403, forever=True))


def standing_still(stage: Stage, stop: Callable[[Stage], None], **blocks: str) -> int:
    """Set a stage on which one object was stopped outside git; give the mark of the ledger."""
    stage.write(train=a_sleeper(**blocks)).apply()
    stage.clock.advance(600)
    stop(stage)
    return mark(stage)


def write_later(stage: Stage, **manifests: str) -> None:
    """Commit at a time that is later than the emulator's."""
    for name, text in manifests.items():
        (stage.root / "manifests" / f"{name}.yaml").write_text(text)
    stage.git("commit", "-qam", "later", **LATER)


@pytest.mark.parametrize("kind", STOPPABLE)
def test_what_a_person_stopped_is_drift_and_runs_again_by_one_request(kind: str, stage: Stage) -> None:
    before = standing_still(stage, stop_by_person, kind=kind)

    drift = stage.drift()
    change = changed(stage)
    applied = stage.apply()
    stage.apply()

    assert [(item.state, item.reason) for item in drift.items] == [
        ("changed", "stopped by a person; git says Running")
    ]
    assert drift.exit_code() is ExitCode.CHANGES
    assert change.action is Action.RESUME
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert effects(stage, before) == ONE_RESUME
    assert [verdict.health.phase for verdict in applied.verdicts] == ["Running"]


def test_what_the_platform_stopped_is_left_and_no_drift(stage: Stage) -> None:
    before = standing_still(stage, stop_by_platform)

    drift, change = stage.drift(), changed(stage)
    stage.apply()

    assert (change.action, change.reason) == (
        Action.KEEP,
        "stopped by the platform (idle for 30 minutes)",
    )
    assert "lifecycle.onPlatformStop: Resume in manifests/train.yaml:" in change.hint
    assert [item.state for item in drift.items] == ["stopped"]
    assert drift.exit_code() is ExitCode.IN_ORDER
    assert stage.mutations(before) == []


def test_what_the_platform_stopped_runs_again_where_git_says_so(stage: Stage) -> None:
    before = standing_still(stage, stop_by_platform, lifecycle="{onPlatformStop: Resume}")

    drift, applied = stage.drift(), stage.apply()

    assert [item.state for item in drift.items] == ["stopped"]
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert effects(stage, before) == ONE_RESUME


@pytest.mark.parametrize("stop", [stop_unseen, stop_unreadable])
def test_what_nobody_is_known_to_have_stopped_is_left_and_shown(
    stop: Callable[[Stage], None], stage: Stage
) -> None:
    before = standing_still(stage, stop)

    change, drift = changed(stage), stage.drift()
    stage.apply()

    assert change.action is Action.KEEP
    assert change.reason.startswith("stopped, and nobody knows by whom (")
    assert "lifecycle.onPlatformStop: Resume in manifests/train.yaml:" in change.hint
    assert [item.state for item in drift.items] == ["changed"]
    assert stage.mutations(before) == []


@pytest.mark.parametrize("stop", [stop_unseen, stop_unreadable])
def test_whoever_stopped_it_does_not_matter_where_either_stop_is_undone(
    stop: Callable[[Stage], None], stage: Stage
) -> None:
    before = standing_still(stage, stop, lifecycle="{onPlatformStop: Resume}")

    stage.apply()

    assert effects(stage, before) == ONE_RESUME


def test_an_old_stop_of_the_platform_does_not_excuse_a_new_one_of_a_person(stage: Stage) -> None:
    standing_still(stage, stop_by_platform)
    stage.emulator.world.change(stage.live()["train"].id, acts.resumed)
    stage.clock.advance(600)
    stop_by_person(stage)

    assert changed(stage).action is Action.RESUME


def test_what_is_just_being_stopped_is_decided_once_it_has(stage: Stage) -> None:
    stage.write(train=a_sleeper()).apply()
    stage.emulator.world.change(stage.live()["train"].id, acts.suspended)

    change = changed(stage)

    assert (change.action, change.reason) == (
        Action.KEEP,
        "is stopping (Stopping); decided once it has stopped",
    )


def test_git_stops_and_resumes(stage: Stage) -> None:
    stage.write(train=a_sleeper()).apply()
    before = mark(stage)
    for manifest in (a_stopped(), a_sleeper(), a_stopped(), a_sleeper()):
        applied = stage.write(train=manifest).apply()
        assert applied.exit_code() is ExitCode.IN_ORDER

    assert effects(stage, before) == Counter({("suspend", "train"): 2, ("resume", "train"): 2})
    assert phase_of(stage) == "Running"


def test_a_resume_that_git_asked_for_later_than_the_stop_needs_no_events(stage: Stage) -> None:
    stage.write(train=a_sleeper()).apply()
    stage.write(train=a_stopped()).apply()
    stage.emulator.faults.add(Fault(EVENTS, status=403, forever=True))
    before = mark(stage)

    write_later(stage, train=a_sleeper())
    change = changed(stage)
    stage.apply()

    assert (change.action, change.reason) == (Action.RESUME, "git says Running again")
    assert effects(stage, before) == ONE_RESUME


def replaced(stage: Stage, before: int) -> Any:
    return effects(stage, before)


def test_a_new_spec_takes_effect_on_resume_by_one_replacement(stage: Stage) -> None:
    stage.write(train=a_sleeper()).apply()
    stage.write(train=a_stopped()).apply()
    before = mark(stage.write(train=a_stopped(image="busybox:2")))

    write_later(stage, train=a_sleeper(image="busybox:2"))
    change = changed(stage)
    applied = stage.apply()
    stage.apply()

    assert change.action is Action.REPLACE
    assert change.reason.startswith("new spec on resume; ")
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert effects(stage, before) == Counter({("delete", "train"): 1, ("create", "train"): 1})
    assert image_of(stage.live()["train"]) == "busybox:2"
    assert phase_of(stage) == "Running"


def test_a_new_spec_of_what_a_person_stopped_needs_consent(stage: Stage) -> None:
    before = standing_still(stage, stop_by_person)
    write_later(stage, train=a_sleeper(image="busybox:2"))

    change = changed(stage)
    applied = stage.apply()

    assert (change.action, change.consent) == (Action.REFUSED, "replace=team-a/Training/train")
    assert outcome_of(applied, "train").result is Result.REFUSED
    assert stage.mutations(before) == []


def test_a_new_spec_whose_volumes_would_die_needs_consent_on_resume_as_well(stage: Stage) -> None:
    claim = "{path: /data, claimInfo: {size: 1Gi, storageClass: fast, accessModes: {readWriteOnce: true}}"
    spec = "{image: 'busybox:%d', command: sleep infinity, storage: {pvc: [" + claim + ", ephemeral: true}]}}"
    stage.write(train=a_sleeper(spec=spec % 1)).apply()
    stage.write(train=a_stopped(spec=spec % 1)).apply()

    write_later(stage, train=a_sleeper(spec=spec % 2))

    assert changed(stage).action is Action.REFUSED


def test_a_stop_after_git_said_running_is_nobodys_leave_to_replace(stage: Stage) -> None:
    """The turn in history is older than this stop, so it says nothing about it."""
    stage.write(train=a_sleeper()).apply()
    stage.write(train=a_stopped()).apply()
    stage.write(train=a_sleeper()).apply()
    stage.clock.advance(600)
    stop_by_person(stage)

    change = changed(stage.write(train=a_sleeper(image="busybox:2")))

    assert change.action is Action.REFUSED


@every_loss
def test_a_resume_whose_answer_is_lost_is_seen_to_have_taken(stage: Stage, loss: dict[str, Any]) -> None:
    before = standing_still(stage, stop_by_person)
    stage.emulator.faults.add(Fault(RESUME, **loss))

    applied = stage.apply()
    stage.apply()

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert len(stage.mutations(before)) == 1
    assert effects(stage, before) == ONE_RESUME


def test_a_resume_that_never_arrives_is_left_to_the_next_run(stage: Stage) -> None:
    before = standing_still(stage, stop_by_person)
    stage.emulator.faults.add(Fault(RESUME, kind="reset"))

    applied: Applied = stage.apply()
    sent = len(stage.mutations(before))
    again = stage.apply()

    assert applied.exit_code() is ExitCode.UNKNOWN
    assert sent == 1
    assert again.exit_code() is ExitCode.IN_ORDER
    assert effects(stage, before) == ONE_RESUME
