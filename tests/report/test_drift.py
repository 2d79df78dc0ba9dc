"""Drift as people and machines read it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from reconciler.diff import FieldChange
from reconciler.drift import Drift, DriftItem
from reconciler.plan import Action
from reconciler.plan.stopped import STATE
from reconciler.report.drift import drift_text
from reconciler.report.driftform import drift_document
from reconciler.report.driftmarkdown import drift_markdown
from reconciler.report.driftschema import drift_schema
from reconciler.report.jsonform import json_text
from tests.report.forms import drift_forms
from tests.report.values import (
    ADA,
    CANARY,
    CHAT,
    DRIFT,
    EDITED,
    LORA,
    NOW,
    PRETRAIN,
    SECRET,
    TOLD,
    UNREACHABLE,
)

Golden = Callable[[str, str], None]


def test_one_changed_field_names_the_three_ways_out(golden: Golden) -> None:
    golden("report/drift-changed.txt", drift_text(DRIFT, now=NOW))


def test_several_drifts_are_counted_and_listed(golden: Golden) -> None:
    items = (
        *DRIFT.items,
        DriftItem(LORA, "missing", action=Action.CREATE),
        DriftItem(PRETRAIN, "degraded", reason="failed: OOMKilled"),
    )

    golden(
        "report/drift-several.txt",
        drift_text(replace(DRIFT, items=items, unknown={"runai-demo:x": "500"}), now=NOW),
    )


def test_states_alone_are_not_to_be_ignored_for_no_pointer_does_that() -> None:
    stopped = FieldChange(STATE, "Stopped", "Running")
    items = [DriftItem(key, "changed", (stopped,), action=Action.CREATE) for key in (LORA, PRETRAIN)]

    text = drift_text(replace(DRIFT, items=tuple(items)), now=NOW)

    assert text.endswith("\nPut it back:    reconciler apply\nKeep it:        write the live values in git\n")


def test_no_drift_says_so_in_one_line() -> None:
    text = drift_text(Drift("demo", ("runai-demo",), 5, ()), now=NOW)

    assert text == "drift  runai-demo   5 declared: 0 changed, 0 missing, 0 unknown\n"


def test_a_sensitive_field_says_only_that_it_differs() -> None:
    text = drift_text(replace(DRIFT, items=(DriftItem(CHAT, "changed", (SECRET,)),)), now=NOW)

    assert "(sensitive, differs)" in text
    assert CANARY not in text


def test_what_apply_cannot_mend_is_not_offered_to_it() -> None:
    items = (DriftItem(PRETRAIN, "degraded", reason="OOMKilled"), DriftItem(LORA, "stopped"))

    text = drift_text(replace(DRIFT, items=items), now=NOW)

    assert "Put it back" not in text
    assert "1 degraded, 1 stopped" in text
    assert "= stopped" not in text
    assert "= stopped" in drift_text(replace(DRIFT, items=items), now=NOW, wide=True)


def test_a_long_sentence_of_the_platform_is_cut_with_an_ellipsis() -> None:
    text = drift_text(replace(DRIFT, items=(DriftItem(PRETRAIN, "degraded", reason="x" * 300),)), now=NOW)

    assert f"{'x' * 255}…\n" in text


@pytest.mark.parametrize("width", [80, 120])
def test_a_sentence_of_words_keeps_to_the_width(width: int) -> None:
    items = (DriftItem(PRETRAIN, "degraded", reason="its image " * 20, cause="the registry " * 15),)

    text = drift_text(replace(DRIFT, items=items), now=NOW, width=width)

    assert max(map(len, text.splitlines())) <= width
    assert text.count("registry") == 15


def test_drift_tells_since_when_by_whom_and_which_commit(golden: Golden) -> None:
    golden("report/drift-told.txt", drift_text(TOLD, now=NOW))


def test_a_commit_goes_to_a_line_of_its_own_where_it_does_not_fit() -> None:
    text = drift_text(replace(DRIFT, items=(EDITED,)), now=NOW, width=70)

    assert "        git   2 (line 17; a1b2c3d Ada, 3d ago)\n        live  5\n" in text


def test_who_the_reason_names_already_is_not_named_again() -> None:
    text = drift_text(TOLD, now=NOW)

    assert text.count("made by mina@acme.com") == 1
    assert "      made 6d ago\n" in text


def test_where_nobody_says_nothing_is_shown() -> None:
    text = drift_text(replace(DRIFT, items=(DriftItem(LORA, "missing"),)), now=NOW)

    assert not [word for word in ("ago", " by ", "since", "None") if word in text]


def test_narrowed_drift_counts_and_shows_what_was_asked_for_and_what_is_unread() -> None:
    text = drift_text(TOLD.narrowed(["stopped", "finished"]), now=NOW)

    assert text.splitlines()[0].endswith("7 declared: 2 unknown, 1 stopped, 0 finished")
    assert "= stopped  team-forecast/Workspace/paused" in text
    assert "missing" not in text


@pytest.mark.parametrize("drift", [DRIFT, TOLD, TOLD.narrowed(["changed"])], ids=["one", "all", "narrowed"])
def test_a_drift_document_keeps_its_schema(drift: Drift) -> None:
    text = json_text(drift_document(replace(drift, failures=(UNREACHABLE,))))

    Draft202012Validator.check_schema(drift_schema())
    Draft202012Validator(drift_schema()).validate(json.loads(text))


def test_a_drift_document_reads_as_the_golden_file_has_it(golden: Golden) -> None:
    golden("report/drift-told.json", json_text(drift_document(TOLD)))


def test_no_secret_is_in_any_form_of_drift() -> None:
    drift = replace(DRIFT, items=(DriftItem(CHAT, "changed", (SECRET,)),))

    forms = [make() for make in drift_forms(drift).values()]

    assert not [form for form in forms if CANARY in form]


def test_the_page_of_a_scheduled_run(golden: Golden) -> None:
    golden("report/drift-told.md", drift_markdown(TOLD, now=NOW))


def test_no_drift_is_a_page_of_counts() -> None:
    text = drift_markdown(Drift("demo", ("runai-demo",), 5, ()), now=NOW)

    assert text == "### Drift of `runai-demo`\n\n5 declared: 0 changed, 0 missing, 0 unknown.\n\n"


def test_hostile_names_stay_names_in_every_form() -> None:
    name = "```\n# pwned | <img src=x> \x1b[31m::error::"
    commit = replace(ADA, author=name)
    field = replace(EDITED.fields[0], before=name, pointer=f"/spec/{name}")
    item = replace(
        EDITED,
        fields=(field,),
        commits={field.pointer: commit},
        commit=commit,
        by=name,
        cause=name,
        reason=name,
    )
    drift = replace(DRIFT, items=(item,), targets=(name,), unknown={name: name})

    page, text = drift_markdown(drift, now=NOW), drift_text(drift, now=NOW)

    assert "\x1b" not in page + text
    assert not [each for each in (page + text).splitlines() if each.startswith(("# pwned", "::error"))]
    fences = [each for each in page.splitlines() if set(each.removesuffix("text")) == {"`"}]
    assert len(fences) == 4


def test_a_page_stays_within_its_room_and_counts_what_it_leaves_out() -> None:
    drift = replace(
        DRIFT, items=tuple(replace(EDITED, key=replace(CHAT, name=f"chat-{n}")) for n in range(900))
    )

    page = drift_markdown(drift, now=NOW)

    assert len(page.encode()) <= 60_000
    assert "more lines left out for length" in page
    assert page.count("```") % 2 == 0
    assert "Put it back" in page


def test_what_the_cause_says_already_is_not_said_again() -> None:
    item = DriftItem(PRETRAIN, "degraded", reason="out of memory", cause="OOMKilled: out of memory")

    assert drift_text(replace(DRIFT, items=(item,)), now=NOW).count("out of memory") == 1
