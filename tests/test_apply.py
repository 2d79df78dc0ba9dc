"""Applying: needs first, deletes last, one object per key whatever is lost, and nothing of others touched."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.apply import apply_plan
from reconciler.diff import FieldChange
from reconciler.errors import (
    Forbidden,
    NoStore,
    ProviderError,
    ReconcilerError,
    Rejected,
    StalePlan,
    Unauthenticated,
    Unavailable,
)
from reconciler.outcome import Outcome, Result
from reconciler.plan.change import Action, Change
from reconciler.problem import Problem
from reconciler.provider import Provider
from reconciler.resource import Life, Resource
from tests.factories import KINDS, SCOPE, TARGET, a_key, a_kind, a_mark, a_resource
from tests.fakes import (
    LOST,
    VANISH,
    FakeClock,
    FakePlatform,
    FakeStop,
    Heard,
    a_create,
    a_delete,
    a_plan,
    a_replace,
    an_update,
)

OVERLOADED = Unavailable(TARGET, "create", "train", status=503)
LOST_LEASE = StalePlan(problems=[Problem("RC322", "the lease was taken", hint="look")])
AWAY = NoStore(problems=[Problem("RC321", "the remote is away")])
FULL = Rejected(TARGET, "create", "train", status=400, said="no")


class Notes:
    """A journal in memory, beside the platform's own list of calls."""

    def __init__(self, platform: FakePlatform) -> None:
        self.platform, self.results = platform, list[tuple[str, str]]()
        self.is_full = False
        self.doubts: list[ReconcilerError | None] = []

    async def confirm(self) -> None:
        if self.doubts and (doubt := self.doubts.pop(0)):
            raise doubt

    def intent(self, key: str, action: str, *, digest: str = "", object_id: str = "") -> str:
        if self.is_full:
            raise OSError(28, "No space left on device")
        self.platform.calls.append((f"intent {action}", key.rpartition("/")[2]))
        return key

    def result(self, op: str, state: str, *, object_id: str = "") -> None:
        self.results.append((op.rpartition("/")[2], state))


class World:
    def __init__(self, platform: FakePlatform | None = None) -> None:
        self.platform = platform or FakePlatform()
        self.clock, self.stop, self.heard = FakeClock(), FakeStop(), Heard()
        self.journal = Notes(self.platform)

    def apply(self, *changes: Change, concurrency: int = 8) -> dict[str, Outcome]:
        providers: dict[str, Provider] = {TARGET: self.platform}
        outcomes = asyncio.run(
            apply_plan(
                a_plan(*changes),
                providers,
                journal=self.journal,
                clock=self.clock,
                listen=self.heard,
                stop=self.stop,
                concurrency=concurrency,
            )
        )
        return {outcome.key.name: outcome for outcome in outcomes}

    def one(self, change: Change) -> Outcome:
        return self.apply(change)[change.key.name]


def image(before: str, after: str) -> FieldChange:
    return FieldChange("/spec/image", before, after, origin="git", in_place=True)


def chat(tag: str = "chat:2") -> Resource:
    return a_resource("chat", "Inference", spec={"image": tag})


def code_of(outcome: Outcome) -> str:
    return outcome.problem.code if outcome.problem else ""


# creating


def test_a_create_is_noted_sent_once_and_read_back() -> None:
    world = World()

    outcome = world.one(a_create(a_resource()))

    assert (outcome.result, outcome.id) == (Result.DONE, "new-1")
    assert world.platform.calls == [("intent create", "train"), ("create", "train"), ("find", "train")]
    assert world.heard.states == [("creating", "sent"), ("created", "done")]


def test_a_lost_answer_is_looked_up_and_not_sent_again() -> None:
    world = World()
    world.platform.fault("create", LOST)

    outcome = world.one(a_create(a_resource()))

    assert (outcome.result, outcome.id) == (Result.DONE, "new-1")
    assert world.platform.sent("create") == ["train"]
    assert world.journal.results == [("train", "ok")]


def test_a_lost_request_is_sent_once_more_where_the_name_is_unique() -> None:
    world = World()
    world.platform.fault("create", VANISH)

    outcome = world.one(a_create(a_resource()))

    assert outcome.result is Result.DONE
    assert world.platform.sent("create") == ["train", "train"]
    assert len(world.platform.objects) == 1
    assert world.clock.seconds >= 60


def test_a_lost_request_is_never_sent_again_where_names_may_repeat() -> None:
    world = World()
    world.platform.kinds = {"Training": a_kind(name_space="")}
    world.platform.fault("create", VANISH)

    outcome = world.one(a_create(a_resource(), kind=a_kind(name_space="")))

    assert (outcome.result, code_of(outcome)) == (Result.UNRESOLVED, "RC431")
    assert world.platform.sent("create") == ["train"]
    assert world.journal.results == [("train", "unknown")]


def test_two_lost_requests_are_left_unresolved() -> None:
    world = World()
    world.platform.fault("create", VANISH, VANISH)

    outcome = world.one(a_create(a_resource()))

    assert outcome.result is Result.UNRESOLVED
    assert len(world.platform.sent("create")) == 2


def test_an_answer_lost_until_reads_catch_up_is_still_one_object() -> None:
    world = World()
    world.platform.fault("create", LOST)
    world.platform.hidden.add("new-1")
    world.clock.on_sleep = lambda now: world.platform.hidden.clear() if now > 90 else None

    outcome = world.one(a_create(a_resource()))

    assert (outcome.result, outcome.id) == (Result.DONE, "new-1")
    assert len(world.platform.objects) == 1


def test_an_object_that_no_read_shows_is_unresolved() -> None:
    world = World()
    world.platform.hidden.add("new-1")

    outcome = world.one(a_create(a_resource()))

    assert (outcome.result, outcome.id) == (Result.UNRESOLVED, "new-1")
    assert world.journal.results == [("train", "ok"), ("train", "unknown")]


def test_an_older_twin_is_not_taken_for_the_new_object() -> None:
    world = World()
    kind = a_kind(name_space="")
    world.platform.kinds = {"Training": kind}
    change = a_create(a_resource(), kind=kind)
    world.platform.put(
        a_resource(), mark=replace(change.mark or a_mark(), key="uuid-1/team-a/Training/train")
    )

    outcome = world.one(change)

    assert "it exists already" in outcome.why
    assert not world.platform.sent()


def test_a_taken_name_is_not_ours_to_touch() -> None:
    world = World()
    world.platform.put(a_resource(), mark=None, submitted_by="mina", source="UI")

    outcome = world.one(a_create(a_resource()))

    assert (outcome.result, code_of(outcome)) == (Result.FAILED, "RC430")
    assert "made by mina, UI" in outcome.why
    assert world.platform.sent() == ["train"]


def test_a_name_taken_under_another_kind_is_named() -> None:
    world = World()
    world.platform.put(a_resource(kind="Workspace"), mark=None)

    outcome = world.one(a_create(a_resource()))

    assert "team-a/Workspace/train exists but is not ours" in outcome.why


def test_a_conflict_with_what_we_would_make_is_done() -> None:
    world = World()
    change = a_create(a_resource())
    world.platform.put(
        a_resource(), mark=replace(change.mark or a_mark(), key="uuid-1/team-a/Training/train")
    )

    outcome = world.one(change)

    assert (outcome.result, outcome.why) == (Result.DONE, "it was there already")


def test_a_create_waits_until_the_old_one_is_gone() -> None:
    world = World()
    old = world.platform.put(a_resource(), life=Life.LEAVING)
    world.platform._leaving[old.id] = 3

    outcome = world.one(a_create(a_resource()))

    assert (outcome.result, outcome.id) == (Result.DONE, "new-1")
    assert ("waiting until the old one is gone", "state") in world.heard.states


def test_a_create_that_lost_a_field_is_named() -> None:
    world = World()
    world.platform.drops = {"image"}

    outcome = world.one(a_create(a_resource()))

    assert (outcome.result, code_of(outcome)) == (Result.FAILED, "RC432")
    assert "/spec/image" in outcome.why


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Forbidden(TARGET, "create", "train", status=403), "RC420"),
        (Rejected(TARGET, "create", "train", status=400, said="no GPU quota"), "RC421"),
        (Unavailable(TARGET, "create", "train"), "RC410"),
        (Unauthenticated(TARGET, "create", "train", status=401), "RC401"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_refusal_is_final_and_quotes_the_platform(error: ProviderError, code: str) -> None:
    world = World()
    world.platform.fault("create", error)

    outcome = world.one(a_create(a_resource()))

    assert (outcome.result, code_of(outcome)) == (Result.FAILED, code)
    assert error.said in outcome.why
    assert world.journal.results == [("train", "failed")]


def test_a_5xx_after_a_create_may_hide_an_object() -> None:
    world = World()
    world.platform.fault("create", Unavailable(TARGET, "create", "train", status=503))

    world.one(a_create(a_resource()))

    assert ("the answer was lost; looking whether it was created", "note") in world.heard.states


def test_nothing_is_sent_that_cannot_be_noted_first() -> None:
    world = World()
    world.journal.is_full = True

    outcome = world.one(a_create(a_resource()))

    assert "so it was not sent" in outcome.why
    assert not world.platform.sent()


def test_once_the_lease_is_lost_nothing_more_is_sent() -> None:
    world = World()
    world.journal.doubts = [None, LOST_LEASE]

    outcomes = world.apply(*(a_create(a_resource(name)) for name in "abc"), concurrency=1)

    assert world.platform.sent() == ["a"]
    assert [outcome.result for outcome in outcomes.values()] == [
        Result.DONE,
        Result.FAILED,
        Result.NOT_ATTEMPTED,
    ]
    assert (code_of(outcomes["b"]), "the lease was taken" in outcomes["b"].why) == ("RC322", True)


def test_a_lease_that_cannot_be_asked_about_holds_back_one_write_and_the_next_asks_again() -> None:
    world = World()
    world.journal.doubts = [AWAY, None]

    outcomes = world.apply(*(a_create(a_resource(name)) for name in "ab"), concurrency=1)

    assert world.platform.sent() == ["b"]
    assert (outcomes["a"].result, code_of(outcomes["a"])) == (Result.FAILED, "RC321")


def test_a_lease_lost_between_the_halves_of_a_replacement_is_told_as_such() -> None:
    world = World()
    seen = world.platform.put(a_resource(spec={"image": "busybox:0"}))
    world.journal.doubts = [None, LOST_LEASE]

    outcome = world.one(a_replace(a_resource(), seen, image("busybox:0", "busybox:1")))

    assert world.platform.sent() == ["train"]
    assert "deleted, but not created again" in outcome.why


def test_a_lease_lost_before_the_second_try_leaves_the_first_in_doubt() -> None:
    world = World()
    world.platform.fault("create", VANISH)
    world.journal.doubts = [None, LOST_LEASE]

    outcome = world.one(a_create(a_resource()))

    assert world.platform.sent("create") == ["train"]
    assert outcome.result is Result.UNRESOLVED


# updating


def test_an_update_sends_what_changed_and_is_read_back() -> None:
    world = World()
    seen = world.platform.put(chat("chat:1"))

    outcome = world.one(an_update(chat(), seen, image("chat:1", "chat:2")))

    assert outcome.result is Result.DONE
    assert world.platform.objects[seen.id].spec == {"image": "chat:2"}


def test_an_update_that_was_accepted_and_dropped_names_its_fields() -> None:
    world = World()
    world.platform.drops = {"image"}
    seen = world.platform.put(chat("chat:1"))

    outcome = world.one(an_update(chat(), seen, image("chat:1", "chat:2")))

    assert (outcome.result, code_of(outcome)) == (Result.FAILED, "RC432")
    assert "/spec/image" in outcome.why


@pytest.mark.parametrize(("fault", "result"), [(LOST, Result.DONE), (VANISH, Result.UNRESOLVED)])
def test_a_lost_update_is_resolved_by_reading(fault: Any, result: Result) -> None:
    world = World()
    seen = world.platform.put(chat("chat:1"))
    world.platform.fault("update", fault)

    outcome = world.one(an_update(chat(), seen, image("chat:1", "chat:2")))

    assert outcome.result is result
    assert world.platform.sent("update") == ["chat"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mark": None}, "unclaimed"),
        ({"mark": a_mark(a_key("elsewhere"))}, "copied mark"),
        ({"mark": a_mark(chat().key, fleet_id="other")}, "foreign"),
        ({"life": Life.STOPPED}, "was active and is stopped"),
        ({"live": {"image": "chat:9"}}, "/spec/image"),
    ],
    ids=["mark taken off", "mark copied", "another fleet", "stopped", "edited"],
)
@pytest.mark.parametrize("action", [Action.UPDATE, Action.REPLACE])
def test_what_moved_since_the_plan_is_not_touched(action: Action, change: dict[str, Any], words: str) -> None:
    world = World()
    seen = world.platform.put(chat("chat:1"))
    world.platform.put(chat("chat:1"), **change)

    outcome = world.one(replace(an_update(chat(), seen, image("chat:1", "chat:2")), action=action))

    assert "changed since the plan" in outcome.why
    assert words in outcome.why
    assert not world.platform.sent()


@pytest.mark.parametrize("action", [Action.UPDATE, Action.REPLACE, Action.DELETE])
def test_a_read_that_answers_with_another_object_lets_nothing_be_sent(action: Action) -> None:
    world = World()
    seen = world.platform.put(chat("chat:1"))
    world.platform.objects[seen.id] = replace(seen, summary=replace(seen.summary, id="another"))

    outcome = world.one(replace(an_update(chat(), seen, image("chat:1", "chat:2")), action=action))

    assert outcome.why == "changed since the plan: it is another object now"
    assert not world.platform.sent()


def test_a_field_that_git_does_not_state_may_move() -> None:
    world = World()
    seen = world.platform.put(chat("chat:1"))
    world.platform.put(chat("chat:1"), live={"image": "chat:1", "replicas": 3})

    assert world.one(an_update(chat(), seen, image("chat:1", "chat:2"))).result is Result.DONE


# deleting and replacing


def test_a_delete_is_done_when_reads_say_so() -> None:
    world = World()
    seen = world.platform.put(a_resource())

    outcome = world.one(a_delete(seen))

    assert outcome.result is Result.DONE
    assert world.journal.results[-1] == ("train", "ok")


@pytest.mark.parametrize(("leaves_for", "words"), [(0, "deleted"), (1, "delete accepted, it is going away")])
def test_deleted_is_said_only_of_what_reads_no_longer_show(leaves_for: int, words: str) -> None:
    world = World()
    world.platform.leaves_for = leaves_for
    seen = world.platform.put(a_resource())

    outcome = world.one(a_delete(seen))

    assert world.heard.states == [("deleting", "sent"), (words, "done")]
    assert outcome.is_leaving == bool(leaves_for)


def test_what_is_going_away_already_needs_no_delete_and_is_not_called_gone() -> None:
    world = World()
    seen = world.platform.put(a_resource())
    world.platform.put(a_resource(), live=None, life=Life.LEAVING)

    outcome = world.one(a_delete(seen))

    assert (outcome.result, outcome.is_leaving) == (Result.DONE, True)
    assert outcome.why == "it was going away already"
    assert not world.platform.sent()


def test_what_is_gone_already_needs_no_delete() -> None:
    world = World()
    seen = world.platform.put(a_resource())
    world.platform.objects.clear()

    assert world.one(a_delete(seen)).result is Result.DONE
    assert not world.platform.sent()


@pytest.mark.parametrize(("fault", "result"), [(LOST, Result.DONE), (VANISH, Result.UNRESOLVED)])
def test_a_lost_delete_is_resolved_by_reading(fault: Any, result: Result) -> None:
    world = World()
    seen = world.platform.put(a_resource())
    world.platform.fault("delete", fault)

    assert world.one(a_delete(seen)).result is result
    assert world.platform.sent("delete") == ["train"]


def test_a_delete_needs_the_mark_it_was_planned_with() -> None:
    world = World()
    seen = world.platform.put(a_resource())
    world.platform.put(a_resource(), mark=a_mark(digest="1:other"))

    assert "another apply changed it" in world.one(a_delete(seen)).why
    assert not world.platform.sent()


def test_deletes_come_last_in_reverse_and_one_at_a_time() -> None:
    world = World()
    gone = [world.platform.put(a_resource(name)) for name in ("a", "b", "c")]

    world.apply(*(a_delete(seen) for seen in gone), a_create(a_resource("z")))

    assert world.platform.sent() == ["z", "c", "b", "a"]
    assert world.platform.most_in_flight == 1


def test_a_delete_that_frees_a_name_comes_before_the_create() -> None:
    world = World()
    seen = world.platform.put(a_resource("x", "Workspace"))

    outcome = world.apply(a_delete(seen), a_create(a_resource("x")))

    assert outcome["x"].result is Result.DONE
    assert next(verb for verb, _ in world.platform.calls if verb in ("create", "delete")) == "delete"


def test_a_replacement_deletes_waits_and_creates() -> None:
    world = World()
    world.platform.leaves_for = 3
    seen = world.platform.put(a_resource(spec={"image": "busybox:0"}))

    outcome = world.one(a_replace(a_resource(), seen, image("busybox:0", "busybox:1")))

    assert (outcome.result, outcome.id) == (Result.DONE, "new-1")
    assert [verb for verb, _ in world.platform.calls if verb in ("create", "delete")] == ["delete", "create"]


def test_a_replacement_that_cannot_create_says_what_is_left() -> None:
    world = World()
    seen = world.platform.put(a_resource(spec={"image": "busybox:0"}))
    world.platform.fault("create", Rejected(TARGET, "create", "train", status=400, said="no"))

    outcome = world.one(a_replace(a_resource(), seen, image("busybox:0", "busybox:1")))

    assert outcome.result is Result.FAILED
    assert "deleted, but not created again; the next apply creates it" in outcome.why


def test_a_replacement_stopped_between_its_halves_says_so() -> None:
    world = World()
    world.platform.leaves_for = 100
    seen = world.platform.put(a_resource(spec={"image": "busybox:0"}))
    world.clock.on_sleep = lambda _now: setattr(world.stop, "requested", True)

    outcome = world.one(a_replace(a_resource(), seen, image("busybox:0", "busybox:1")))

    assert "deleted, but not created again" in outcome.why
    assert not world.platform.sent("create")


# order, failures, stopping


def test_a_change_begins_when_its_needs_are_done() -> None:
    world = World()
    base = a_resource("z-base", "Workspace")

    world.apply(a_create(a_resource("a-top", "Workspace", depends_on=(base.key,))), a_create(base))

    assert world.platform.sent("create") == ["z-base", "a-top"]


def test_a_failure_blocks_only_what_needs_it() -> None:
    world = World()
    base = a_resource("base", "Workspace")
    world.platform.fault("create", Rejected(TARGET, "create", "base", status=400))

    outcomes = world.apply(
        a_create(base),
        a_create(a_resource("top", "Workspace", depends_on=(base.key,))),
        a_create(a_resource("tower", "Workspace", depends_on=(a_resource("top", "Workspace").key,))),
        a_create(a_resource("other", "Workspace")),
        concurrency=1,
    )

    assert {name: outcome.result.value for name, outcome in outcomes.items()} == {
        "base": "failed",
        "top": "skipped",
        "tower": "skipped",
        "other": "done",
    }
    assert outcomes["top"].why == f"needs {SCOPE}/Workspace/base (failed)"


def test_nothing_begins_after_a_stop() -> None:
    world = World()
    world.platform.on_write = lambda _verb: setattr(world.stop, "requested", True)

    outcomes = world.apply(*(a_create(a_resource(name)) for name in "abc"), concurrency=1)

    assert [o.result.value for o in outcomes.values()] == ["done", "not attempted", "not attempted"]
    assert len(world.platform.sent()) == 1


def test_nothing_more_is_sent_once_the_credentials_are_refused() -> None:
    world = World()
    world.platform.fault("create", Unauthenticated(TARGET, "create", "a", status=401))

    outcomes = world.apply(*(a_create(a_resource(name)) for name in "abc"), concurrency=1)

    assert [o.result.value for o in outcomes.values()] == ["failed", "not attempted", "not attempted"]


def test_concurrency_is_bounded() -> None:
    world = World()

    world.apply(*(a_create(a_resource(f"job-{n}")) for n in range(20)), concurrency=3)

    assert world.platform.most_in_flight == 3
    assert len(world.platform.objects) == 20


def test_what_is_not_sent_is_told_all_the_same() -> None:
    world = World()
    refused = a_create(a_resource("refused"), action=Action.REFUSED, reason="protected")
    deferred = a_create(a_resource("deferred"), action=Action.DEFERRED, reason="needs x to finish first")
    kept = a_create(a_resource("kept"), action=Action.KEEP)
    needs_it = a_create(a_resource("needs-it"), needs=(refused.key,))

    outcomes = world.apply(refused, deferred, kept, needs_it)

    assert {name: outcome.result.value for name, outcome in outcomes.items()} == {
        "refused": "refused",
        "deferred": "deferred",
        "needs-it": "skipped",
    }


@given(st.lists(st.sampled_from([None, LOST, VANISH, OVERLOADED, FULL]), max_size=4), st.integers(0, 90))
def test_whatever_is_lost_there_is_one_object_and_the_outcome_tells_the_truth(
    faults: list[Any], lag: int
) -> None:
    world = World()
    world.platform.fault("create", *faults)
    world.platform.hidden |= {"new-1"} if lag else set()
    world.clock.on_sleep = lambda now: world.platform.hidden.clear() if now >= lag else None

    outcome = world.one(a_create(a_resource()))

    assert len(world.platform.objects) <= 1
    assert len(world.platform.sent("create")) <= 2
    assert outcome.result is not Result.DONE or len(world.platform.objects) == 1
    assert outcome.result is not Result.FAILED or not world.platform.objects


def test_every_kind_of_the_factories_is_known_to_the_platform() -> None:
    assert {name for _, name in KINDS} == set(FakePlatform().kinds)
