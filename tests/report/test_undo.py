"""The last line of a plan: how it is taken back, and what does not come back by that."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.impact import Impact
from reconciler.plan.change import Action, Change
from reconciler.report.undo import undo_words
from reconciler.resource import Lifecycle, StoppedBy
from tests.factories import a_resource
from tests.report.values import ADA, CHAT, FIRST, LORA, NEW_IMAGE, REPLICAS, SECRET, a_plan

KEEP_LIVE = "to keep what is live instead, write it in git"
MADE = Change(CHAT, Action.CREATE, resource=a_resource("chat"))
OLDER, NEWER = (replace(MADE, gone_at=ADA.time + n * timedelta(days=1), commits=(ADA,)) for n in (1, -1))
LIVE = {
    "a field": Change(CHAT, Action.UPDATE, fields=(REPLICAS,)),
    "a field that forces": Change(CHAT, Action.REPLACE, fields=(replace(NEW_IMAGE, origin="live"),)),
    "a stop": Change(CHAT, Action.RESUME, stopped_by=StoppedBy.PERSON),
    "a stop for good": replace(MADE, stopped_by=StoppedBy.PERSON, is_new_run=True),
    "a delete": OLDER,
}


@pytest.mark.parametrize("change", LIVE.values(), ids=LIVE)
def test_of_what_was_done_live_no_commit_is_to_revert(change: Change) -> None:
    assert undo_words(a_plan(change)) == f"To undo it: git did not change: {KEEP_LIVE}."


def test_the_policy_for_a_stop_by_the_platform_may_have_come_with_git() -> None:
    resumed = Change(CHAT, Action.RESUME, stopped_by=StoppedBy.PLATFORM)

    assert undo_words(a_plan(resumed)) == f"To undo it: {KEEP_LIVE}."


@pytest.mark.parametrize("change", [NEWER, replace(OLDER, commits=()), MADE])
def test_what_git_may_have_brought_is_taken_out_of_git(change: Change) -> None:
    plan = a_plan(change, declared=2)

    assert undo_words(plan) == "To undo it: take the manifests out of git again, then apply."


def test_beside_a_change_of_git_what_was_changed_live_has_a_way_of_its_own() -> None:
    both = a_plan(LIVE["a field"], Change(LORA, Action.UPDATE, fields=(NEW_IMAGE,)))

    assert undo_words(both) == (
        "To undo it: git revert the change, then apply; "
        "to keep what was changed live instead, write it in git."
    )


def test_the_value_of_a_secret_is_not_to_be_written_in_git() -> None:
    secret = replace(SECRET, origin="live")

    assert undo_words(a_plan(Change(CHAT, Action.UPDATE, fields=(secret,)))) == ""


KEPT = {
    "kept": (Lifecycle(on_remove="Keep"), "stays", "lifecycle.onRemove: Delete"),
    "stopped": (Lifecycle(on_remove="Stop"), "is only stopped", "lifecycle.onRemove: Delete"),
    "protected": (Lifecycle(protect=True), "stays", "lifecycle.protect: false"),
    "both": (
        Lifecycle(on_remove="Keep", protect=True),
        "stays",
        "lifecycle.onRemove: Delete and lifecycle.protect: false",
    ),
}


@pytest.mark.parametrize(("lifecycle", "what", "fields"), KEPT.values(), ids=KEPT)
def test_what_outlives_its_manifest_says_what_to_commit_first(
    lifecycle: Lifecycle, what: str, fields: str
) -> None:
    kept = replace(MADE, resource=a_resource("chat", lifecycle=lifecycle))

    assert undo_words(a_plan(kept)) == (
        f"To undo it: what is made {what} when its manifest goes; to delete it, commit {fields} first, "
        "then take the manifest out of git, then apply."
    )
    assert undo_words(a_plan(kept, replace(MADE, key=LORA))).endswith("; what is kept or protected stays.")


@pytest.mark.parametrize("action", [Action.DELETE, Action.REPLACE])
def test_the_data_of_a_volume_does_not_come_back(action: Action) -> None:
    impact = Impact("Running", is_running=True, lost_volumes=("scratch", "cache"))
    ended = Change(CHAT, action, fields=(NEW_IMAGE,), impact=impact, is_destructive=True)
    rotated = replace(ended, fields=(replace(SECRET, origin="live"),))
    gone = "the data of 2 lost volumes does not come back."

    assert undo_words(a_plan(ended)).endswith(f"; what was ended starts anew; {gone}")
    assert gone in undo_words(a_plan(rotated))
    assert undo_words(a_plan(replace(ended, action=Action.RERUN))) == f"It cannot all be undone: {gone}"


def test_what_git_never_had_goes_by_its_key_alone() -> None:
    words = "To undo it: take the manifest away, then apply with"
    both = (
        "To undo it: take the manifests away, then apply with --allow delete=KEY for each, and --allow empty."
    )

    assert undo_words(a_plan(MADE, declared=2, commit="")) == f"{words} --allow delete={CHAT}."
    assert undo_words(a_plan(MADE, commit="")) == f"{words} --allow delete={CHAT} --allow empty."
    assert undo_words(a_plan(*FIRST.changes, commit="")) == both


def test_of_what_is_edited_some_may_never_have_been_committed() -> None:
    updated = Change(LORA, Action.UPDATE, fields=(NEW_IMAGE,))
    consent = "what was never committed goes by --allow delete=KEY alone."

    assert undo_words(a_plan(MADE, declared=2, is_edited=True)) == (
        f"To undo it: take the manifests out of git again, then apply; {consent}"
    )
    assert undo_words(a_plan(MADE, updated, is_edited=True)) == (
        f"To undo it: put the files back as they were, then apply; {consent}"
    )
    assert undo_words(a_plan(updated, is_edited=True)).endswith("as they were, then apply.")


def test_where_nothing_would_be_declared_any_more_the_way_back_asks_for_consent() -> None:
    assert undo_words(a_plan(MADE, declared=1)).endswith("then apply, with consent.")
    assert undo_words(a_plan(MADE, declared=2)).endswith("then apply.")


def test_the_way_back_warns_that_what_is_adopted_goes_with_its_manifest() -> None:
    adopted = Change(CHAT, Action.ADOPT, resource=a_resource("chat"))
    kept = replace(adopted, resource=a_resource("chat", lifecycle=Lifecycle(on_remove="Keep")))
    words = "what is adopted is deleted with its manifest, unless lifecycle.onRemove: Keep is applied first."

    assert undo_words(a_plan(adopted)) == f"To undo it: {words}"
    assert undo_words(a_plan(adopted, *FIRST.changes[1:])).endswith(f"; {words}")
    assert undo_words(a_plan(kept)) == ""
