"""Planning: one decision for each object, and nothing is ended without ownership and consent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.plan import Action, Change, Plan, Prune, make_plan
from reconciler.plan.consent import Consents
from reconciler.plan.known import Known, Policy
from reconciler.plan.make import newer_work
from reconciler.resource import Deleted, Life, Lifecycle, Live, Resource
from reconciler.secret import Secret
from tests.factories import HEAD, TARGET, a_key, a_kind, a_live, a_mark, a_resource, a_row, known, observed


def plan(desired: list[Resource], live: Live, facts: Known | None = None) -> Plan:
    return make_plan(desired, {TARGET: live}, facts or known())


def only(made: Plan) -> Change:
    (change,) = made.changes
    return change


def decide(resource: Resource, live: Live, **facts: Any) -> Change:
    return only(plan([resource], live, known(**facts)))


def test_what_is_not_there_is_created() -> None:
    assert decide(a_resource(), a_live()).action is Action.CREATE


def test_what_is_as_declared_is_kept_and_the_plan_is_empty() -> None:
    made = plan([a_resource()], a_live(observed(a_resource())))

    assert only(made).action is Action.KEEP
    assert made.is_empty


def test_an_unknown_scope_creates_nothing() -> None:
    change = decide(a_resource(), a_live(unknown="403: may not list"))

    assert change.action is Action.UNKNOWN
    assert "403" in change.reason


def test_a_doubtful_object_is_unknown_while_its_scope_is_known() -> None:
    live = a_live()
    read = replace(live.scopes["team-a"], doubtful={str(a_key()): "a row of type Strange holds its name"})

    assert decide(a_resource(), replace(live, scopes={"team-a": read})).action is Action.UNKNOWN


def test_a_change_of_a_training_is_refused_with_the_words_of_consent() -> None:
    change = decide(a_resource(spec={"image": "b"}), a_live(observed(a_resource())))

    assert change.action is Action.REFUSED
    assert "--allow replace=team-a/Training/train" in change.hint
    assert change.fields[0].pointer == "/spec/image"


@pytest.mark.parametrize("word", ["team-a/Training/train", "training/TRAIN", "prod:team-a/Training/train"])
def test_consent_by_key_replaces_once(word: str) -> None:
    resource = a_resource(spec={"image": "b"})

    change = decide(resource, a_live(observed(a_resource())), consents=Consents(replace=(word,)))

    assert change.action is Action.REPLACE
    assert change.is_destructive


def test_replace_in_git_is_consent() -> None:
    resource = a_resource(spec={"image": "b"}, lifecycle=Lifecycle(on_immutable_change="Replace"))

    assert decide(resource, a_live(observed(a_resource()))).action is Action.REPLACE


def test_what_is_protected_is_never_replaced() -> None:
    lifecycle = Lifecycle(on_immutable_change="Replace", protect=True)

    change = decide(
        a_resource(spec={"image": "b"}, lifecycle=lifecycle),
        a_live(observed(a_resource())),
        consents=Consents(replace=("Training/train",)),
    )

    assert change.action is Action.REFUSED


def test_an_inference_changes_in_place_what_the_platform_patches() -> None:
    resource = a_resource("chat", "Inference", spec={"image": "b"})
    live = a_live(observed(resource, live={"image": "a"}, record={"image": "a"}))

    change = decide(resource, live)

    assert change.action is Action.UPDATE
    assert change.reason == "changed in git"


def test_one_field_that_cannot_change_in_place_refuses_the_whole() -> None:
    resource = a_resource("chat", "Inference", spec={"image": "b", "ports": 2})

    change = decide(resource, a_live(observed(resource, live={"image": "a", "ports": 1})))

    assert change.action is Action.REFUSED
    assert "/spec/ports" in change.reason
    assert "/spec/image" not in change.reason


def test_a_finished_job_is_in_its_desired_state() -> None:
    live = a_live(observed(a_resource(), life=Life.FINISHED, phase="Completed"))

    change = decide(a_resource(), live)

    assert (change.action, change.reason) == (Action.KEEP, "finished")


def test_a_finished_job_whose_spec_changed_is_not_run_again() -> None:
    live = a_live(observed(a_resource(), life=Life.FINISHED, phase="Completed"))

    change = decide(a_resource(spec={"image": "b"}), live)

    assert change.action is Action.KEEP
    assert "raise runId" in change.reason


def test_a_failed_job_is_replaced_by_a_changed_spec_without_consent() -> None:
    live = a_live(observed(a_resource(), life=Life.FAILED, phase="Failed"))

    change = decide(a_resource(spec={"image": "b"}), live)

    assert change.action is Action.REPLACE
    assert not change.is_destructive


def test_a_failed_job_as_declared_is_not_run_again() -> None:
    assert decide(a_resource(), a_live(observed(a_resource(), life=Life.FAILED))).action is Action.KEEP


def _gone(*, completed: bool, mark: bool = True, fleet: str = "", day: int = 1, by: str = "demo") -> Deleted:
    own = a_mark() if not fleet else a_mark(fleet_id=fleet)
    when = datetime(2026, 11, day, tzinfo=UTC)
    return Deleted(
        a_key(),
        f"old-{day}",
        deleted_at=when,
        completed_at=when if completed else None,
        mark=own if mark else None,
        submitted_by=by,
    )


def test_a_job_the_deleted_list_proves_finished_is_kept() -> None:
    change = decide(a_resource(), a_live(deleted=(_gone(completed=True),)))

    assert change.action is Action.KEEP
    assert change.reason.startswith("finished")


def test_a_job_deleted_before_it_finished_is_created_again() -> None:
    assert decide(a_resource(), a_live(deleted=(_gone(completed=False),))).action is Action.CREATE


def test_only_the_newest_deleted_run_counts() -> None:
    rows = (_gone(completed=True, day=1), _gone(completed=False, day=2))

    assert decide(a_resource(), a_live(deleted=rows)).action is Action.CREATE


def test_another_fleets_finished_run_proves_nothing() -> None:
    change = decide(a_resource(), a_live(deleted=(_gone(completed=True, fleet="ff" * 8),)))

    assert change.action is Action.CREATE


def test_a_service_that_is_gone_is_created_whatever_the_deleted_list_says() -> None:
    gone = replace(_gone(completed=True), key=a_key("web", "Workspace"))

    assert decide(a_resource("web", "Workspace"), a_live(deleted=(gone,))).action is Action.CREATE


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        (None, "carries no mark"),
        (a_mark(fleet_id="ff" * 8, fleet="other"), "belongs to fleet other"),
        (a_mark(a_key("original")), "copied"),
    ],
    ids=["unclaimed", "foreign", "copied"],
)
def test_what_is_not_ours_is_refused_whatever_is_consented(mark: Any, words: str) -> None:
    live = a_live(observed(a_resource(), row=a_row(mark=mark)))

    change = decide(a_resource(spec={"image": "b"}), live, consents=Consents(replace=("Training/train",)))

    assert change.action is Action.REFUSED
    assert words in change.reason


def test_two_live_objects_with_one_key_are_both_left_alone() -> None:
    one, two = observed(a_resource()), observed(a_resource(), row=replace(a_row(), id="id-2"))

    change = decide(a_resource(), a_live(one, two))

    assert change.action is Action.REFUSED
    assert "neither is touched" in change.reason


def test_a_name_held_by_another_kind_is_refused() -> None:
    held = observed(a_resource("train", "Workspace"))

    made = plan([a_resource()], a_live(held))

    assert {c.key.kind: c.action for c in made.changes}["Training"] is Action.REFUSED


def test_a_name_held_by_something_on_its_way_out_is_created_after_it() -> None:
    change = decide(a_resource(), a_live(observed(a_resource(), life=Life.LEAVING, phase="Deleting")))

    assert change.action is Action.CREATE
    assert "gone" in change.reason


def test_a_phase_we_do_not_know_decides_nothing() -> None:
    live = a_live(observed(a_resource(), life=Life.UNKNOWN, phase="Strange"))

    assert decide(a_resource(spec={"image": "b"}), live).action is Action.UNKNOWN


def _secret(value: str) -> dict[str, Any]:
    return {"environmentVariables": [{"name": "T", "value": Secret("secret:T", value)}]}


def _with_old_secret(resource: Resource) -> Live:
    env = [{"name": "T", "value": "old-value"}]
    record = {"environmentVariables": [{"name": "T", "value": "secret:T"}]}
    return a_live(observed(resource, live={"environmentVariables": env}, record=record))


def test_a_rotated_secret_waits_for_the_next_run_where_it_cannot_be_patched() -> None:
    resource = a_resource(spec=_secret("new-value"))

    change = decide(resource, _with_old_secret(resource))

    assert change.action is Action.KEEP
    assert "next run" in change.reason


def test_a_rotated_secret_replaces_where_git_says_so() -> None:
    resource = a_resource(spec=_secret("new-value"), lifecycle=Lifecycle(on_secret_change="Replace"))

    assert decide(resource, _with_old_secret(resource)).action is Action.REPLACE


def test_a_rotated_secret_is_patched_where_the_platform_can() -> None:
    resource = a_resource("chat", "Inference", spec=_secret("new-value"))

    assert decide(resource, _with_old_secret(resource)).action is Action.UPDATE


def test_what_needs_a_job_is_put_off_until_it_finished() -> None:
    job, after = a_resource("job"), a_resource("after", depends_on=(a_key("job"),))

    made = {c.key.name: c.action for c in plan([job, after], a_live()).changes}

    assert made == {"job": Action.CREATE, "after": Action.DEFERRED}


def test_what_needs_a_finished_job_is_created() -> None:
    job, after = a_resource("job"), a_resource("after", depends_on=(a_key("job"),))

    made = plan([job, after], a_live(observed(job, life=Life.FINISHED)))

    assert {c.key.name: c.action for c in made.changes} == {"job": Action.KEEP, "after": Action.CREATE}


BY_SPEC = a_kind(finishes=False, finishes_with=lambda spec: spec.get("ends") is True)
"""A kind of whose objects only some finish."""


@pytest.mark.parametrize(("ends", "dependant"), [(True, Action.DEFERRED), (False, Action.CREATE)])
def test_where_a_spec_decides_what_needs_it_waits_for_what_finishes(ends: bool, dependant: Action) -> None:
    job = a_resource("job", spec={"ends": ends})
    after = a_resource("after", depends_on=(a_key("job"),), spec={"ends": False})

    made = plan([job, after], a_live(), known(kinds={(TARGET, "Training"): BY_SPEC}))

    assert {c.key.name: c.action for c in made.changes}["after"] is dependant


@pytest.mark.parametrize(("ends", "reason"), [(True, "finished"), (False, "")])
def test_where_a_spec_decides_only_what_finishes_is_called_finished(ends: bool, reason: str) -> None:
    job = a_resource(spec={"ends": ends})

    change = decide(job, a_live(observed(job, life=Life.FINISHED)), kinds={(TARGET, "Training"): BY_SPEC})

    assert (change.action, change.reason) == (Action.KEEP, reason)


def test_deferred_work_leaves_a_plan_empty() -> None:
    job, after = a_resource("job"), a_resource("after", depends_on=(a_key("job"),))

    assert plan([job, after], a_live(observed(job))).is_empty


def test_a_refused_change_holds_back_what_needs_it() -> None:
    web = a_resource("web", "Workspace", spec={"image": "b"})
    after = a_resource("after", "Workspace", depends_on=(web.key,))

    made = plan([web, after], a_live(observed(web, live={"image": "a"})))

    assert [c.action for c in made.changes] == [Action.REFUSED, Action.REFUSED]
    assert "needs team-a/Workspace/web" in made.changes[0].reason


def _pruned(row_changes: dict[str, Any] | None = None, **facts: Any) -> Change:
    facts.setdefault("last_policies", {a_key(): Policy()})
    live = a_live(observed(a_resource(), **(row_changes or {})))
    return only(plan([], live, known(**facts)))


def test_a_removed_manifest_deletes_what_it_declared() -> None:
    change = _pruned()

    assert change.action is Action.DELETE
    assert change.is_destructive
    assert change.impact is not None


def test_an_unknown_scope_deletes_nothing() -> None:
    made = plan([], a_live(observed(a_resource()), unknown="the list broke off"))

    assert not made.changes
    assert made.owned == 0


def test_a_phase_we_do_not_know_is_never_pruned() -> None:
    assert _pruned({"life": Life.UNKNOWN, "phase": "Strange"}).action is Action.KEEP


@pytest.mark.parametrize("policy", [Policy(on_remove="Keep"), Policy(protect=True)])
def test_the_last_version_in_git_decides_the_policy(policy: Policy) -> None:
    assert _pruned(last_policies={a_key(): policy}).action is Action.KEEP


def test_without_git_a_running_object_is_kept() -> None:
    assert _pruned(has_history=False, last_policies={}).action is Action.KEEP


def test_without_git_a_finished_object_is_deleted() -> None:
    change = _pruned({"life": Life.FINISHED}, has_history=False, last_policies={})

    assert change.action is Action.DELETE
    assert not change.is_destructive


def test_without_git_the_more_protective_of_mark_and_default_counts() -> None:
    change = _pruned({"life": Life.FINISHED}, has_history=False, last_policies={}, default_on_remove="Keep")

    assert change.action is Action.KEEP


def test_what_a_commit_made_that_heads_history_lacks_is_kept() -> None:
    change = _pruned(ancestors={HEAD: False})

    assert change.action is Action.KEEP
    assert change.reason == f"made by commit {HEAD[:7]}, which is not in HEAD's history"
    assert change.consent == "delete=team-a/Training/train"


def test_what_was_made_outside_git_is_kept_and_said_to_be() -> None:
    change = only(
        plan(
            [],
            a_live(
                observed(a_resource(), row=a_row(mark=a_mark(commit=""))),
            ),
            known(last_policies={a_key(): Policy()}),
        )
    )

    assert change.action is Action.KEEP
    assert change.reason == "made outside git, so that HEAD's history does not tell of it"


def test_a_key_can_be_deleted_by_consent() -> None:
    consents = Consents(delete=("Training/train",))

    assert _pruned(ancestors={HEAD: False}, consents=consents).action is Action.DELETE


def test_with_prune_off_nothing_is_deleted_and_the_plan_says_so() -> None:
    live = a_live(observed(a_resource()))

    made = plan(
        [], live, known(prune=Prune(is_on=False, why="--no-prune"), last_policies={a_key(): Policy()})
    )

    assert only(made).action is Action.KEEP
    assert [note.code for note in made.notes] == ["RC301"]


@pytest.mark.parametrize("mark", [None, a_mark(fleet_id="ff" * 8), a_mark(a_key("original"))])
def test_what_is_not_ours_is_never_pruned(mark: Any) -> None:
    made = plan([], a_live(observed(a_resource(), row=a_row(mark=mark))))

    assert not made.changes
    assert [s.key for s in made.strangers] == [a_key()]


def test_newer_work_is_not_undone_by_an_old_commit() -> None:
    other = "d" * 40
    row = a_row(mark=a_mark(commit=other, commit_time="2026-12-01T00:00:00Z"))
    facts = known(ancestors={other: False})

    (problem,) = newer_work({TARGET: a_live(observed(a_resource(), row=row))}, facts)

    assert problem.code == "RC307"
    assert (
        newer_work(
            {TARGET: a_live(observed(a_resource(), row=row))},
            replace(facts, consents=Consents(flags=frozenset({"older-commit"}))),
        )
        == ()
    )


def test_a_commit_we_lack_that_is_older_is_only_noted() -> None:
    other = "d" * 40
    row = a_row(mark=a_mark(commit=other, commit_time="2026-01-01T00:00:00Z"))
    facts = known(ancestors={other: False})
    live = a_live(observed(a_resource(), row=row))

    assert newer_work({TARGET: live}, facts) == ()
    (note,) = plan([a_resource()], live, facts).notes
    assert note.what == "a live mark names commit ddddddd, which is not in HEAD's history"


@pytest.mark.parametrize(
    ("branches", "way_out"),
    [
        ({}, ""),
        (
            {"d" * 40: None},
            "this clone does not have it: fetch all branches (git fetch --all); until then what it made is "
            "not pruned",
        ),
        (
            {"d" * 40: "side"},
            'branch "side" has it: merge that, or plan from there; until then what it made is not pruned',
        ),
        (
            {"d" * 40: ""},
            "no branch has it any more (amended, or rebased away): --allow delete=KEY prunes what it made",
        ),
    ],
)
def test_the_way_out_of_a_commit_we_lack_is_by_where_it_is(
    branches: dict[str, str | None], way_out: str
) -> None:
    row = a_row(mark=a_mark(commit="d" * 40, commit_time="2026-01-01T00:00:00Z"))
    facts = known(ancestors={"d" * 40: False}, branches=branches)

    (note,) = plan([a_resource()], a_live(observed(a_resource(), row=row)), facts).notes

    assert note.hint == way_out


def test_the_same_input_gives_the_same_digest_in_any_order() -> None:
    resources = [a_resource(f"job-{n}") for n in range(5)]

    assert plan(resources, a_live()).digest == plan(resources[::-1], a_live()).digest


def test_the_digest_moves_with_the_spec_and_not_with_time() -> None:
    first = plan([a_resource()], a_live())

    assert first.digest != plan([a_resource(spec={"image": "b"})], a_live()).digest
    assert first.digest == plan([a_resource()], a_live(), known(commit_time="2027-01-01T00:00:00Z")).digest


def test_the_digest_moves_with_the_life_of_an_object_and_not_with_its_phase() -> None:
    running = plan([a_resource()], a_live(observed(a_resource())))
    starting = plan([a_resource()], a_live(observed(a_resource(), phase="Initializing")))
    ended = plan([a_resource()], a_live(observed(a_resource(), life=Life.FINISHED)))

    assert running.digest == starting.digest != ended.digest


def test_the_digest_moves_with_what_could_not_be_read_and_with_prune() -> None:
    whole = plan([], a_live())

    assert whole.digest != plan([], a_live(unknown="the list broke off")).digest
    assert whole.digest != plan([], a_live(), known(prune=Prune(is_on=False))).digest


def test_a_secrets_value_is_nowhere_in_a_plan() -> None:
    resource = a_resource(spec=_secret("hunter2-hunter2"))

    assert "hunter2" not in repr(plan([resource], _with_old_secret(resource)))


# jobs that have ended


def an_ended(
    *, run: str = "Once", run_id: str = "", mark_digest: str = "1:0", life: Life = Life.FINISHED
) -> Change:
    """Plan a job whose live spec is not the declared one, of which a run has ended."""
    wanted = a_resource(spec={"image": "busybox:2"}, lifecycle=Lifecycle(run=run, run_id=run_id))
    row = a_row(life=life, phase="Completed", mark=a_mark(digest=mark_digest))
    seen = observed(a_resource(), row=row)
    return only(plan([wanted], a_live(seen)))


def test_a_digest_of_another_canonical_form_is_no_reason_to_run() -> None:
    assert an_ended(run="OnChange", mark_digest="1:0").action is Action.RERUN
    assert an_ended(run="OnChange", mark_digest="99:0").action is Action.KEEP


def test_a_spec_that_only_live_moved_is_no_reason_to_run() -> None:
    digest = an_ended().mark
    assert digest is not None
    assert an_ended(run="OnChange", mark_digest=digest.digest).action is Action.KEEP


def test_a_run_that_starts_over_ends_nothing_and_holds_back_what_needs_it() -> None:
    wanted = a_resource(lifecycle=Lifecycle(run_id="2"))
    needing = a_resource("next", depends_on=(wanted.key,))
    seen = observed(wanted, row=a_row(life=Life.FINISHED, phase="Completed"))

    made = plan([wanted, needing], a_live(seen))
    by_name = {change.key.name: change for change in made.changes}

    assert by_name["train"].action is Action.RERUN
    assert not by_name["train"].is_destructive
    assert by_name["train"].impact is not None
    assert not by_name["train"].impact.is_running
    assert by_name["next"].action is Action.DEFERRED
