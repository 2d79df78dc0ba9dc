"""What running objects need is replaced only with consent, whatever git allows for itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.plan import Action, Change, make_plan
from reconciler.plan.consent import Consents, parse_consents
from reconciler.plan.known import Policy
from reconciler.resource import Life, Lifecycle, Observed, Resource, ResourceKey
from tests.factories import TARGET, a_key, a_live, a_resource, a_row, known, observed

ALLOWED = Lifecycle(on_immutable_change="Replace")
STORE, WEB = a_key("store", "Workspace"), a_key("web", "Workspace")
Facts = tuple[Resource, Observed]


def a_user(name: str = "web", **changes: Any) -> Resource:
    return a_resource(name, "Workspace", depends_on=(STORE,), **changes)


def planned(
    *users: Facts, allow: tuple[str, ...] = (), lifecycle: Lifecycle = ALLOWED, **row: Any
) -> dict[ResourceKey, Change]:
    """Plan a changed store below those that need it."""
    store = a_resource("store", "Workspace", lifecycle=lifecycle)
    live = observed(replace(store, spec={"image": "busybox:0"}), row=a_row(STORE, **row))
    every = {TARGET: a_live(live, *(seen for _, seen in users))}
    made = make_plan([store, *(user for user, _ in users)], every, known(consents=Consents(replace=allow)))
    return {change.key: change for change in made.changes}


def decided(*users: Facts, **facts: Any) -> Change:
    return planned(*users, **facts)[STORE]


def running(name: str = "web", **changes: Any) -> Facts:
    return a_user(name, **changes), observed(a_user(name))


def test_without_users_git_alone_consents() -> None:
    assert decided().action is Action.REPLACE


def test_what_a_running_object_needs_is_refused_and_the_words_are_told() -> None:
    change = decided(running())

    assert change.action is Action.REFUSED
    assert change.reason.endswith("; team-a/Workspace/web needs it and runs")
    assert change.consent == "replace=team-a/Workspace/web"
    assert change.hint.endswith("reconciler apply --allow replace=team-a/Workspace/web")


def test_of_many_users_some_are_named_all_are_counted_and_the_words_are_for_all() -> None:
    change = decided(*(running(f"web-{n}") for n in range(5)))

    assert "Workspace/web-2 and 2 more need it" in change.reason
    assert change.consent.split(",") == [f"replace=team-a/Workspace/web-{n}" for n in range(5)]


def test_consent_to_replace_it_is_none_to_take_it_from_others() -> None:
    asked = decided(running(), lifecycle=Lifecycle())
    half = decided(running(), lifecycle=Lifecycle(), allow=("Workspace/store",))

    assert asked.consent == half.consent == "replace=team-a/Workspace/store,replace=team-a/Workspace/web"
    assert half.action is Action.REFUSED


def test_the_words_let_it_through_and_replace_nothing_that_is_as_declared() -> None:
    words = decided(running(), lifecycle=Lifecycle()).consent

    changes = planned(running(), lifecycle=Lifecycle(), allow=parse_consents([words]).replace)

    assert (changes[STORE].action, changes[WEB].action) == (Action.REPLACE, Action.KEEP)


def test_users_that_are_replaced_as_well_are_no_bar() -> None:
    user = running(spec={"image": "busybox:9"}, lifecycle=ALLOWED)

    assert decided(user).action is Action.REPLACE


def test_a_user_that_would_be_replaced_and_is_held_back_is_a_bar() -> None:
    absent = a_key("never", "Workspace")
    user = replace(running(spec={"image": "busybox:9"}, lifecycle=ALLOWED)[0], depends_on=(absent, STORE))
    other = a_resource("never", "Workspace")
    unclaimed = observed(other, row=a_row(absent, mark=None))

    changes = planned((user, observed(a_user())), (other, unclaimed))

    assert changes[WEB].reason == "needs team-a/Workspace/never, which is refused"
    assert changes[STORE].action is Action.REFUSED


def test_users_of_users_count_as_well() -> None:
    """The web is replaced with the store, but for what needs the web: then it runs on."""
    web = running(spec={"image": "busybox:9"}, lifecycle=ALLOWED)
    front = a_resource("front", "Workspace", depends_on=(WEB,))

    changes = planned(web, (front, observed(front)))

    assert changes[WEB].consent == "replace=team-a/Workspace/front"
    assert (changes[WEB].action, changes[STORE].action) == (Action.REFUSED, Action.REFUSED)


@pytest.mark.parametrize("life", [Life.STOPPED, Life.FAILED, Life.FINISHED])
def test_users_that_do_not_run_are_no_bar(life: Life) -> None:
    user = a_user()

    assert decided((user, observed(user, row=a_row(user.key, life=life)))).action is Action.REPLACE


def test_users_that_are_not_ours_are_no_bar() -> None:
    user = a_user()

    assert decided((user, observed(user, row=a_row(user.key, mark=None)))).action is Action.REPLACE


def test_what_has_failed_is_taken_from_nobody() -> None:
    assert decided(running(), life=Life.FAILED).action is Action.REPLACE


# what lost its manifest


def pruned(*, kept: str, allow: tuple[str, ...] = (), life: Life = Life.ACTIVE) -> dict[str, Change]:
    """Plan the end of front, web and store, each of which needs the next, where one says Keep."""
    needs = {"front": (WEB,), "web": (STORE,), "store": ()}
    keys = {name: a_key(name, "Workspace") for name in needs}
    policies = {
        keys[name]: Policy(on_remove="Keep" if name == kept else "Delete", needs=needed)
        for name, needed in needs.items()
    }
    rows = [a_row(key, life=life if name == kept else Life.ACTIVE) for name, key in keys.items()]
    live = a_live(*(observed(a_resource(row.key.name, "Workspace"), row=row) for row in rows))
    facts = known(last_policies=policies, consents=Consents(delete=allow))
    return {change.key.name: change for change in make_plan([], {TARGET: live}, facts).changes}


def test_what_a_kept_one_needs_is_kept_and_so_is_what_that_needs() -> None:
    changes = pruned(kept="front")

    assert {change.action for change in changes.values()} == {Action.KEEP}
    assert changes["web"].reason == "team-a/Workspace/front needs it, stays and runs"
    assert changes["store"].reason == "team-a/Workspace/web needs it, stays and runs"
    assert changes["store"].consent == "delete=team-a/Workspace/store"


def test_what_needs_a_kept_one_is_deleted_all_the_same() -> None:
    actions = {name: change.action for name, change in pruned(kept="web").items()}

    assert actions == {"front": Action.DELETE, "web": Action.KEEP, "store": Action.KEEP}


def test_consent_deletes_what_a_kept_one_needs() -> None:
    changes = pruned(kept="front", allow=("Workspace/web", "Workspace/store"))

    assert {name for name, change in changes.items() if change.action is Action.DELETE} == {"web", "store"}


def test_a_kept_one_that_does_not_run_needs_nothing() -> None:
    changes = pruned(kept="front", life=Life.FINISHED)

    assert {name for name, change in changes.items() if change.action is Action.DELETE} == {"web", "store"}
