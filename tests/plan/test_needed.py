"""What running objects need is replaced only with consent, whatever git allows for itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.plan import Action, Change, make_plan
from reconciler.plan.consent import Consents
from reconciler.resource import Life, Lifecycle, Observed, Resource
from tests.factories import TARGET, a_key, a_live, a_resource, a_row, known, observed

ALLOWED = Lifecycle(on_immutable_change="Replace")
STORE = a_key("store", "Workspace")


def a_user(name: str = "web", **changes: Any) -> Resource:
    return a_resource(name, "Workspace", depends_on=(STORE,), **changes)


def decided(*users: tuple[Resource, Observed], consents: Consents | None = None) -> Change:
    """Plan a changed store, which git allows to be replaced, below those that need it."""
    store = a_resource("store", "Workspace", lifecycle=ALLOWED)
    live = observed(replace(store, spec={"image": "busybox:0"}))
    facts = known(consents=consents or Consents())
    every = {TARGET: a_live(live, *(seen for _, seen in users))}
    changes = make_plan([store, *(user for user, _ in users)], every, facts).changes
    return next(change for change in changes if change.key == STORE)


def running(name: str = "web", **changes: Any) -> tuple[Resource, Observed]:
    return a_user(name, **changes), observed(a_user(name))


def test_without_users_git_alone_consents() -> None:
    assert decided().action is Action.REPLACE


def test_what_a_running_object_needs_is_refused_and_the_words_are_told() -> None:
    change = decided(running())

    assert change.action is Action.REFUSED
    assert "team-a/Workspace/web need it and run" in change.reason
    assert change.consent == "replace=team-a/Workspace/store"
    assert change.hint.endswith("reconciler apply --allow replace=team-a/Workspace/store")


def test_of_many_users_some_are_named_and_all_counted() -> None:
    reason = decided(*(running(f"web-{n}") for n in range(5))).reason

    assert "Workspace/web-2 and 2 more need it" in reason


def test_the_words_let_it_through() -> None:
    assert decided(running(), consents=Consents(replace=("Workspace/store",))).action is Action.REPLACE


def test_users_that_are_replaced_as_well_are_no_bar() -> None:
    user = running(spec={"image": "busybox:9"}, lifecycle=ALLOWED)

    assert decided(user).action is Action.REPLACE


@pytest.mark.parametrize("life", [Life.STOPPED, Life.FAILED, Life.FINISHED])
def test_users_that_do_not_run_are_no_bar(life: Life) -> None:
    user = a_user()

    assert decided((user, observed(user, row=a_row(user.key, life=life)))).action is Action.REPLACE
