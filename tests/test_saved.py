"""Saved plans: sealed to the byte, bound to here and now, and compared change by change."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reconciler.declare import Request
from reconciler.errors import ExitCode
from reconciler.plan import Action, Change, FieldChange, Plan, Prune, make_plan
from reconciler.plan.consent import Consents
from reconciler.plan.known import Policy
from reconciler.plan.saved import (
    UNSEALED,
    Asked,
    Here,
    Issued,
    Saved,
    check_seal,
    moved,
    not_for_here,
    read_saved,
    sealed,
)
from reconciler.problem import Problem
from reconciler.report.jsonform import json_text, plan_document
from reconciler.report.planschema import plan_schema
from reconciler.report.savedform import saved_document
from reconciler.resource import Life, Live, Observed, Resource
from reconciler.secret import Secret
from tests.factories import FLEET, HEAD, TARGET, a_live, a_resource, a_row, known, observed

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
URLS = {TARGET: "https://acme.run.ai"}
ISSUED = Issued(NOON, NOON + timedelta(hours=24), "ab" * 16, Asked(), URLS)
SERVING = {"image": "a", "ports": 1}


def a_plan(desired: Sequence[Resource], *seen: Observed, **facts: Any) -> Plan:
    return make_plan(desired, {TARGET: a_live(*seen)}, known(**facts))


def chat(image: str = "a", **changes: Any) -> Resource:
    return a_resource("chat", "Inference", spec={**SERVING, "image": image}, **changes)


def document_of(plan: Plan, issued: Issued = ISSUED) -> dict[str, Any]:
    return saved_document(plan_document(plan, exit_code=ExitCode.IN_ORDER), plan, issued)


def saved_of(plan: Plan, issued: Issued = ISSUED) -> Saved:
    """Save a plan and read it again, as text in between."""
    text = sealed(json_text(document_of(plan, issued)))
    check_seal(text.encode())
    return read_saved(json.loads(text))


WANTED = [chat("b"), a_resource("new")]
OLD = a_resource("old")
PLAN = a_plan(WANTED, observed(chat()))
SAVED = saved_of(PLAN)
FILE = sealed(json_text(document_of(PLAN))).encode()


# -- the seal ----------------------------------------------------------------------------------------


def is_sealed(data: bytes) -> bool:
    try:
        check_seal(data)
    except ValueError:
        return False
    return True


def test_a_sealed_document_is_whole_and_keeps_its_schema() -> None:
    assert is_sealed(FILE)
    Draft202012Validator(plan_schema()).validate(json.loads(FILE))


@pytest.mark.parametrize("bit", [0x01, 0x20, 0x80, 0xFF])
def test_no_byte_can_change(bit: int) -> None:
    broken = (FILE[:at] + bytes([FILE[at] ^ bit]) + FILE[at + 1 :] for at in range(len(FILE)))

    assert not any(map(is_sealed, broken))


def test_no_byte_can_be_lost_at_the_end_or_the_beginning_or_be_added() -> None:
    assert not any(is_sealed(FILE[:end]) for end in range(len(FILE)))
    assert not any(is_sealed(FILE[start:]) for start in range(1, len(FILE)))
    assert not any(is_sealed(data) for data in (FILE + b"\n", b" " + FILE, FILE + FILE, b""))


def test_another_seal_is_no_seal_of_this_document() -> None:
    for digit in b"0123456789abcdefABCDEF":
        assert not is_sealed(FILE.replace(FILE[-71:-7], bytes([digit]) * 64))


@given(st.binary(max_size=300))
def test_any_bytes_are_judged_without_fear(data: bytes) -> None:
    assert not is_sealed(data)


def test_a_value_that_looks_like_a_seal_does_not_confuse_it() -> None:
    spec = {"image": "a", "seal": UNSEALED}
    wanted = a_resource("chat", "Inference", spec={**spec, "image": {"seal": "f" * 64}})

    saved_of(a_plan([wanted], observed(a_resource("chat", "Inference", spec=spec))))


def test_what_does_not_end_with_an_empty_seal_is_not_sealed() -> None:
    for text in (json_text({"a": 1}), FILE.decode()):
        with pytest.raises(ValueError, match="seal to fill in"):
            sealed(text)


# -- reading -----------------------------------------------------------------------------------------


def test_what_was_saved_is_read_as_it_was() -> None:
    asked = Asked(("a", "b"), "x=y", (TARGET,), ("team-a",), False, True, ("destroy=9",), True)

    saved = saved_of(PLAN, replace(ISSUED, asked=asked))

    assert saved.issued == replace(ISSUED, asked=asked)
    assert (saved.fleet_id, saved.commit, saved.is_pruning) == (FLEET, HEAD, True)
    assert {key.name: change.action for key, change in saved.changes.items()} == {
        "chat": "update",
        "new": "create",
    }


def test_every_word_of_a_request_is_repeated_but_where_it_is_and_what_it_must_give() -> None:
    beside = {"fleet", "expect_digest", "saved", "state"}

    assert {field.name for field in fields(Request)} - beside == {field.name for field in fields(Asked)}


@pytest.mark.parametrize(
    "pointer",
    [
        "document", "formatVersion", "toolVersion", "fleet", "fleet/id", "prune/on", "unknown", "kept",
        "changes", "changes/0/name", "changes/0/action", "changes/0/fields", "changes/0/preImage/id",
        "changes/0/fields/0/pointer", "saved", "saved/created", "saved/expires", "saved/nonce",
        "saved/request", "saved/request/inputs", "saved/request/prune", "saved/urls", "saved/fingerprints",
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", [None, 7, "x", [3], {"a": 1}], ids=["null", "7", "x", "list", "object"])
def test_a_document_of_another_shape_is_refused_and_breaks_nothing(pointer: str, value: Any) -> None:
    document = json.loads(FILE)
    *way, last = [int(part) if part.isdigit() else part for part in pointer.split("/")]
    place = document
    for part in way:
        place = place[part]
    place[last] = value

    saved = None
    with suppress(ValueError):
        saved = read_saved(document)

    assert saved is None or (saved != SAVED and value == "x")


@pytest.mark.parametrize("document", [None, [], "x", 7, {}, {"document": "plan"}])
def test_what_is_no_document_of_ours_is_refused(document: Any) -> None:
    with pytest.raises(ValueError, match="not a document that plan --out wrote"):
        read_saved(document)


def test_a_later_format_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="formatVersion"):
        read_saved({**json.loads(FILE), "formatVersion": "2.0"})


# -- here and now ------------------------------------------------------------------------------------

HERE = Here(now=NOON, tool=SAVED.tool, fleet_id=FLEET, urls=URLS, commit=HEAD)
OTHER = "b" * 40


def test_where_nothing_is_other_it_may_be_carried_out() -> None:
    assert not_for_here(SAVED, HERE) == ()
    assert not_for_here(SAVED, replace(HERE, now=ISSUED.expires - timedelta(seconds=1))) == ()
    assert not_for_here(SAVED, replace(HERE, used={"cd" * 16: "x"})) == ()


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"now": ISSUED.expires}, "RC311", "has expired: it was good until 2026-11-03T12:00:00Z"),
        ({"tool": "9.9.9"}, "RC311", "this is 9.9.9"),
        ({"fleet_id": "0" * 16}, "RC311", f"is of fleet {FLEET}; this is fleet 0000000000000000"),
        ({"urls": {TARGET: "https://other.run.ai"}}, "RC311", "now it is https://other.run.ai"),
        ({"urls": {}}, "RC311", "the fleet file has no such target"),
        ({"commit": OTHER}, "RC311", "is of commit c0ffee100000; HEAD is bbbbbbbbbbbb"),
        ({"commit": OTHER, "has_its_commit": True}, "RC311", "of an older commit: c0ffee100000"),
        ({"commit": ""}, "RC311", "here is no git history"),
        ({"used": {"ab" * 16: "2026-11-02"}}, "RC312", "was applied already, on 2026-11-02"),
    ],
)
def test_what_is_other_is_named(change: dict[str, Any], code: str, said: str) -> None:
    (problem,) = not_for_here(SAVED, replace(HERE, **change))

    assert problem.code == code
    assert said in problem.what


def test_all_that_is_other_is_named_at_once() -> None:
    found = not_for_here(SAVED, replace(HERE, now=ISSUED.expires, tool="9", commit=OTHER))

    assert len(found) == 3


# -- compared ----------------------------------------------------------------------------------------


def told(problems: Sequence[Problem]) -> list[str]:
    assert all(problem.code == "RC313" for problem in problems)
    return [f"{problem.subject}: {problem.why}" for problem in problems]


def test_the_same_plan_is_the_same() -> None:
    again = a_plan([a_resource("new"), chat("b")], observed(chat()))

    assert moved(SAVED, again) == ()
    assert again.digest == PLAN.digest


def live_chat(image: str = "a", **row: Any) -> Observed:
    return observed(chat(), live={**SERVING, "image": image}, row=a_row(chat().key, **row))


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (
            lambda: a_plan(WANTED, live_chat("z")),
            ['team-a/Inference/chat: /spec/image: live was "a" and is "z"'],
        ),
        (
            lambda: a_plan([chat("c"), a_resource("new")], observed(chat())),
            ['team-a/Inference/chat: /spec/image: git was "b" and is "c"'],
        ),
        (
            lambda: a_plan(WANTED, live_chat(id="id-2")),
            ["team-a/Inference/chat: live object: the plan has id-Inference-chat, now it is id-2"],
        ),
        (
            lambda: a_plan(WANTED, live_chat(life=Life.STOPPED)),
            [
                "team-a/Inference/chat: action: the plan has update, now it is keep\n"
                "state: the plan has active, now it is stopped"
            ],
        ),
        (
            lambda: a_plan(WANTED),
            [
                "team-a/Inference/chat: action: the plan has update, now it is create\n"
                "live object: the plan has id-Inference-chat, now it is gone\n"
                '/spec/image: no longer differs (live "a", git "b")'
            ],
        ),
        (
            lambda: a_plan(WANTED, observed(chat("b"))),
            [
                "team-a/Inference/chat: action: the plan has update, now it is keep\n"
                '/spec/image: no longer differs (live "a", git "b")'
            ],
        ),
        (
            lambda: a_plan([chat("b"), a_resource("new", spec={"image": "x"})], observed(chat())),
            ["team-a/Training/new: what git declares for it is another now"],
        ),
        (
            lambda: a_plan([chat("b")], observed(chat())),
            ["team-a/Training/new: it is in no plan any more"],
        ),
        (
            lambda: a_plan([chat("b"), a_resource("new"), a_resource("more")], observed(chat())),
            ["team-a/Training/more: it was not in the plan; now it is, with create"],
        ),
        (
            lambda: a_plan(WANTED, observed(chat()), observed(OLD), last_policies={OLD.key: Policy()}),
            ["team-a/Training/old: it was not in the plan; now it is, with delete"],
        ),
        (
            lambda: a_plan(WANTED, observed(chat()), prune=Prune(is_on=False, why="x")),
            [": it pruned; now it does not: x"],
        ),
    ],
    ids=[
        "live field", "git field", "another object", "state", "gone", "done already", "spec of a create",
        "manifest gone", "manifest more", "orphan more", "prune",
    ],
)  # fmt: skip
def test_whatever_moved_is_named_with_what_it_was(now: Callable[[], Plan], said: list[str]) -> None:
    assert told(moved(SAVED, now())) == said


def test_a_scope_that_cannot_be_read_now_or_could_not_be_then_is_named() -> None:
    blind = make_plan([], {TARGET: Live(TARGET, a_live(unknown="403").scopes)}, known())
    seeing = make_plan([], {TARGET: a_live()}, known())

    assert told(moved(saved_of(seeing), blind)) == [": it could not be read now"]
    assert told(moved(saved_of(blind), seeing)) == [": it could not be read when the plan was saved"]


def test_what_is_kept_both_times_is_not_touched_and_may_move() -> None:
    job = a_resource("job")
    running, done = (observed(job, row=a_row(job.key, life=life)) for life in (Life.ACTIVE, Life.FINISHED))
    saved = saved_of(a_plan([job, a_resource("new")], running))

    assert moved(saved, a_plan([job, a_resource("new")], done)) == ()
    assert moved(saved, a_plan([job, a_resource("new")], running)) == ()


def test_what_was_kept_and_would_be_changed_is_named() -> None:
    saved = saved_of(a_plan([chat()], observed(chat())))

    (line,) = told(moved(saved, a_plan([chat()], live_chat("z"))))

    assert "action: the plan has keep, now it is update" in line
    assert '/spec/image: differs now and did not (live "z", git "a")' in line


def test_a_refusal_that_a_consent_would_lift_is_another_plan() -> None:
    wanted, live = a_resource(spec={"image": "b"}), observed(a_resource())
    refused, allowed = (
        a_plan([wanted], live, consents=consents)
        for consents in (Consents(), Consents(replace=("Training/train",)))
    )

    assert "the plan has refused, now it is replace" in told(moved(saved_of(refused), allowed))[0]


def test_a_hidden_value_that_moves_is_noticed_and_stays_hidden() -> None:
    def hidden(before: str, after: Any) -> Plan:
        field = FieldChange("/spec/token", before, after, in_place=True, is_sensitive=True)
        change = Change(chat().key, Action.UPDATE, fields=(field,), observed=observed(chat()))
        return Plan(FLEET, "ml", (change,), targets=(TARGET,))

    saved = saved_of(hidden("(sensitive)", Secret("secret:A", "canary-1")))

    assert moved(saved, hidden("(sensitive)", Secret("secret:A", "canary-2"))) == ()
    found = moved(saved, hidden("(sensitive)", Secret("secret:B", "canary-1")))
    assert len(found) == 1
    assert "canary" not in str(found) + json_text(document_of(hidden("x", Secret("secret:A", "canary-1"))))


def test_of_several_the_last_says_what_to_do_and_of_several_targets_the_target_is_named() -> None:
    now = replace(a_plan([chat("c")], live_chat("z")), targets=("other", TARGET))

    found = moved(SAVED, now)

    assert [problem.subject for problem in found] == [
        "prod:team-a/Inference/chat",
        "prod:team-a/Training/new",
    ]
    assert [bool(problem.hint) for problem in found] == [False, True]


def test_many_moved_fields_of_one_object_are_counted() -> None:
    names = [f"f{number:02}" for number in range(30)]
    kind = {"image": "a", **dict.fromkeys(names, 1)}
    wanted = a_resource("chat", "Inference", spec={**kind, "image": "b"})
    live = {"image": "a", **dict.fromkeys(names, 2)}
    saved = saved_of(a_plan([wanted], observed(wanted, live={**kind, "image": "a"})))

    (line,) = told(moved(saved, a_plan([wanted], observed(wanted, live=live))))

    assert line.endswith("and 20 fields more")
