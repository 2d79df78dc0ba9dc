"""A time that is past is an error only where it would be sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.plan import Action, Change, make_plan
from reconciler.providers.primus_safe.kinds import PYTORCH_JOB
from reconciler.resource import Life, Lifecycle, Live, Observed, Resource
from tests.factories import TARGET, a_key, a_live, a_mark, a_resource, a_row, known

KNOWN = known(
    kinds={(TARGET, "PyTorchJob"): PYTORCH_JOB},
    times={TARGET: datetime(2026, 3, 2, 9, 0, 30, tzinfo=UTC)},
)
PAST, SOON, FAR = "2026-03-02T03:00:00Z", "2026-03-03T03:00:00Z", "2027-03-02T09:00:00Z"


def job(*times: str, image: str = "a:1", **lifecycle: Any) -> Resource:
    spec = {
        "image": image,
        "entryPoint": "python train.py",
        "resource": {"replica": 1, "cpu": "8", "memory": "64Gi"},
        "cronJobs": [{"schedule": time} for time in times],
    }
    return a_resource(kind="PyTorchJob", spec=spec, lifecycle=Lifecycle(**lifecycle))


def live(resource: Resource, life: Life = Life.ACTIVE, stage: str = "1 queued") -> Observed:
    key = a_key(kind="PyTorchJob")
    return Observed(
        a_row(key, life=life, mark=a_mark(key)), dict(resource.spec), mark=a_mark(key), stage=stage
    )


def decide(resource: Resource, *seen: Observed) -> Change:
    lives: Live = a_live(*seen)
    (change,) = make_plan([resource], {TARGET: lives}, KNOWN).changes
    return change


@pytest.mark.parametrize(
    ("times", "reason"),
    [
        ([PAST], f"spec.cronJobs[0].schedule is {PAST}, which is past"),
        (["2026-03-02T09:00:59"], "spec.cronJobs[0].schedule is 2026-03-02T09:00:59, which is past"),
        ([SOON, FAR], f"spec.cronJobs[1].schedule is {FAR}, more than a year away"),
    ],
)
def test_a_new_job_whose_time_the_server_would_refuse_is_refused(times: list[str], reason: str) -> None:
    change = decide(job(*times))

    assert (change.action, change.reason) == (Action.REFUSED, reason)
    assert change.hint


def test_a_time_to_come_is_sent() -> None:
    assert decide(job(SOON)).action is Action.CREATE


def test_a_time_that_has_come_is_let_be_where_the_job_is() -> None:
    assert decide(job(PAST), live(job(PAST))).action is Action.KEEP
    assert decide(job(PAST), live(job(PAST), Life.FINISHED, "1 started")).action is Action.KEEP


def test_an_update_of_something_else_does_not_send_the_time() -> None:
    assert decide(job(PAST, image="a:2"), live(job(PAST))).action is Action.UPDATE


def test_an_update_to_a_time_that_is_past_is_refused() -> None:
    assert decide(job(PAST), live(job(SOON))).action is Action.REFUSED


def test_what_runs_again_sends_the_time_again() -> None:
    change = decide(job(PAST, run="Always"), live(job(PAST), Life.FINISHED, "1 started"))

    assert change.action is Action.REFUSED
    assert not change.is_destructive
