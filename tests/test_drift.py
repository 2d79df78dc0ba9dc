"""Drift: the plan read the other way."""

from __future__ import annotations

import pytest

from reconciler.drift import drift_of
from reconciler.errors import ExitCode, Forbidden
from reconciler.health import Level
from reconciler.plan import make_plan
from reconciler.plan.known import Policy
from reconciler.resource import Life, Live, Resource
from tests.factories import TARGET, a_key, a_live, a_resource, a_row, known, observed


def states(desired: list[Resource], live: Live) -> dict[str, str]:
    plan = make_plan(desired, {TARGET: live}, known(last_policies={a_key(): Policy()}))
    return {item.key.name: item.state for item in drift_of(plan).items}


def code(desired: list[Resource], live: Live) -> ExitCode:
    return drift_of(make_plan(desired, {TARGET: live}, known())).exit_code()


def test_what_is_as_declared_is_no_drift() -> None:
    assert states([a_resource()], a_live(observed(a_resource()))) == {}
    assert code([a_resource()], a_live(observed(a_resource()))) is ExitCode.IN_ORDER


def test_a_changed_field_is_drift_with_git_after_and_live_before() -> None:
    live = a_live(observed(a_resource(), live={"image": "b"}))

    (item,) = drift_of(make_plan([a_resource()], {TARGET: live}, known())).items

    assert (item.state, item.fields[0].after, item.fields[0].before) == ("changed", "busybox:1", "b")


@pytest.mark.parametrize(
    ("live", "state", "expected"),
    [
        (a_live(), "missing", ExitCode.CHANGES),
        (a_live(observed(a_resource(), row=a_row(mark=None))), "unclaimed", ExitCode.CHANGES),
        (a_live(observed(a_resource(), life=Life.FAILED)), "degraded", ExitCode.CHANGES),
        (a_live(observed(a_resource(), level=Level.DEGRADED)), "degraded", ExitCode.CHANGES),
        (a_live(observed(a_resource(), life=Life.FINISHED)), "finished", ExitCode.IN_ORDER),
        (a_live(observed(a_resource(), life=Life.STOPPED)), "stopped", ExitCode.IN_ORDER),
        (a_live(unknown="no answer"), "unknown", ExitCode.UNOBSERVED),
    ],
)
def test_each_state_has_its_name_and_exit_code(live: Live, state: str, expected: ExitCode) -> None:
    assert states([a_resource()], live) == {"train": state}
    assert code([a_resource()], live) is expected


def test_an_object_without_a_manifest_is_orphaned() -> None:
    assert states([], a_live(observed(a_resource()))) == {"train": "orphaned"}


def test_a_scope_that_may_not_be_read_is_denied_and_no_drift() -> None:
    plan = make_plan([a_resource()], {TARGET: a_live(unknown="403")}, known())

    assert drift_of(plan, (Forbidden("prod", "list", "team-a"),)).exit_code() is ExitCode.DENIED
