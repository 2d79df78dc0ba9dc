"""JSON documents and the Markdown page."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from reconciler.errors import ExitCode
from reconciler.plan.change import Action, Change, Plan, Stranger
from reconciler.problem import Problem
from reconciler.report.appliedmarkdown import applied_markdown
from reconciler.report.driftform import drift_document
from reconciler.report.jsonform import (
    applied_document,
    checked_document,
    error_document,
    health_document,
    json_text,
    plan_document,
)
from reconciler.report.markdown import consents, plan_markdown
from reconciler.report.planschema import plan_schema
from tests.factories import a_resource
from tests.report.values import (
    APPLIED,
    CANARY,
    DRIFT,
    FIRST,
    LORA,
    MIXED,
    QUANTITY,
    REFUSED,
    TROUBLED,
    TYPO,
    UNREACHABLE,
    a_plan,
    key,
)

Golden = Callable[[str, str], None]
GUARD = Problem("RC302", "the plan ends 6 of 8", hint="check the path, or consent with --allow destroy=6")


@pytest.mark.parametrize("plan", [FIRST, REFUSED, MIXED], ids=["first", "refused", "mixed"])
def test_a_plan_document_keeps_its_schema(plan: Plan) -> None:
    text = json_text(
        plan_document(
            plan, exit_code=ExitCode.REFUSED, refusals=[GUARD], failures=[UNREACHABLE], warnings=[TYPO]
        )
    )

    Draft202012Validator.check_schema(plan_schema())
    Draft202012Validator(plan_schema()).validate(json.loads(text))


def test_a_plan_document_reads_as_the_golden_file_has_it(golden: Golden) -> None:
    text = json_text(plan_document(MIXED, exit_code=ExitCode.CHANGES))

    golden("report/plan-mixed.json", text)
    assert CANARY not in text


def test_a_plan_that_a_guard_refused_is_not_applyable() -> None:
    assert plan_document(FIRST, exit_code=ExitCode.IN_ORDER)["applyable"]
    assert not plan_document(FIRST, exit_code=ExitCode.REFUSED, refusals=[GUARD])["applyable"]


def test_every_document_names_its_format_and_its_exit() -> None:
    documents = [
        plan_document(FIRST, exit_code=ExitCode.IN_ORDER),
        checked_document([TYPO, QUANTITY], documents=5, files=5, exit_code=ExitCode.REJECTED),
        applied_document(TROUBLED, plan=FIRST, exit_code=ExitCode.INTERRUPTED),
        health_document(APPLIED.verdicts, exit_code=ExitCode.IN_ORDER),
        drift_document(DRIFT),
        error_document(UNREACHABLE),
    ]

    assert all(document["formatVersion"] == "1.0" for document in documents)
    assert [document["exit"]["name"] for document in documents] == [
        "in-order", "rejected", "interrupted", "in-order", "changes", "unobserved",
    ]  # fmt: skip
    assert all(json.loads(json_text(document)) == document for document in documents)


def test_the_markdown_reads_as_the_golden_file_has_it(golden: Golden) -> None:
    golden("report/plan-mixed.md", plan_markdown(MIXED, refusals=[GUARD], failures=[UNREACHABLE]))
    golden("report/plan-refused.md", plan_markdown(REFUSED))
    golden("report/apply-troubled.md", applied_markdown(TROUBLED))


def test_the_words_to_paste_come_from_the_plan_and_the_guards() -> None:
    assert consents(REFUSED, [GUARD]) == [f"replace={LORA}", "destroy=6"]


@pytest.mark.parametrize("number", [1_000, 10_000])
def test_a_page_stays_within_its_bytes_and_counts_the_rest(number: int) -> None:
    names = [key(f"team-a/Training/t{n:05}") for n in range(number)]
    plan = a_plan(*(Change(name, Action.CREATE, reason="`" * 40, gpus=1) for name in names))

    page = plan_markdown(plan)

    assert len(page.encode()) <= 60_000
    shown = page.count("| create |")
    assert f"{number - shown:,} more changes left out" in page
    assert "Digest `7d1f0a92`" in page


def test_the_costliest_comes_first() -> None:
    page = plan_markdown(MIXED)

    order = [page.index(f"| {action} |") for action in ("delete", "replace", "update", "deferred")]
    assert order == sorted(order)


def test_hostile_words_stay_inside_their_span() -> None:
    evil = "x` | <img src=x onerror=y> [a](http://b) @everyone\n## owned"
    change = Change(LORA, Action.REFUSED, reason=evil, hint=evil)

    page = plan_markdown(a_plan(change, unknown={"t:s": evil}), refusals=[Problem("RC302", evil)])

    assert "\n## owned" not in page
    assert "``x` \\|" in page


def test_a_document_holds_no_command_for_a_runner() -> None:
    document = plan_document(replace(FIRST, branch="##[group]x"), exit_code=ExitCode.IN_ORDER)

    text = json_text(document)

    assert "##[" not in text
    assert json.loads(text)["branch"] == "##[group]x"


def test_a_create_says_in_markdown_what_will_run_and_a_few_strangers_are_named() -> None:
    change = Change(LORA, Action.CREATE, resource=a_resource("lora"), gpus=1)
    strangers = tuple(Stranger(key(f"team-a/Training/old-{n}"), "unclaimed", "Running") for n in range(4))

    few = plan_markdown(a_plan(change, strangers=strangers[:2]))
    many = plan_markdown(a_plan(change, strangers=strangers))

    assert "| 1 GPU | `busybox:1` |" in few
    assert "`team-a/Training/old-0`, `team-a/Training/old-1` are not ours, not touched." in few
    assert "4 objects that are not ours, not touched." in many
