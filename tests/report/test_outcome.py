"""The end of an apply, and the table of health."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from jsonschema import Draft202012Validator

from reconciler.cause import Cause, Diagnosis
from reconciler.errors import ExitCode
from reconciler.health import Health, Level
from reconciler.outcome import Applied, Verdict
from reconciler.plan.change import Action, Change
from reconciler.report.appliedmarkdown import applied_markdown
from reconciler.report.ask import question
from reconciler.report.health import health_text, unhealthy
from reconciler.report.jsonform import applied_document, health_document, json_text
from reconciler.report.outcome import applied_text
from reconciler.report.settledschema import apply_schema, health_schema
from tests.report.values import (
    APPLIED,
    BROKEN,
    CHAT,
    FIRST,
    HEALTHY,
    LORA,
    MIXED,
    PRETRAIN,
    QUEUED,
    TROUBLED,
    a_plan,
)

Golden = Callable[[str, str], None]
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TABLE = (
    Verdict(CHAT, HEALTHY, gpus_held=0.75, gpus_asked=0.75, began=NOW - timedelta(minutes=3)),
    Verdict(PRETRAIN, QUEUED, is_queued=True, gpus_asked=8.0),
    Verdict(LORA, BROKEN, gpus_held=1.0, gpus_asked=1.0),
)


def test_an_apply_that_went_well_is_one_line_and_what_waits_for_gpus() -> None:
    text = applied_text(APPLIED)

    assert text == (
        "queued: 1\n  team-forecast/Training/pretrain   4 of 6 GPUs free in h100-pool\n"
        "Applied 4 of 4: 3 healthy, 1 queued, in 9.9s. A fresh plan is empty.\n"
    )


def test_an_apply_that_did_not_lists_why(golden: Golden) -> None:
    golden("report/apply-troubled.txt", applied_text(TROUBLED))


@pytest.mark.parametrize("width", [80, 120])
def test_health_is_a_table(width: int, golden: Golden) -> None:
    golden(f"report/health-{width}.txt", health_text(TABLE, width=width, now=NOW))


CAUSE = "torch.OutOfMemoryError: CUDA out of memory"
LOG = {"lora-0": (*(f"step {n}" for n in range(40)), CAUSE, "bye"), "lora-1": ("step 9",)}
DIAGNOSED = Verdict(
    LORA,
    BROKEN,
    cause=CAUSE,
    diagnosis=Diagnosis(Cause.GPU_MEMORY, CAUSE, 41, "lora-0", 5, ("step 38", "step 39", CAUSE, "bye")),
    log=LOG,
)


def test_health_says_the_cause_below_its_table() -> None:
    text = health_text((DIAGNOSED, TABLE[0]), now=NOW)

    assert text.partition("\n\n")[2] == (
        "team-forecast/Training/lora ran out of GPU memory\n"
        f"  pod lora-0, rank 5: {CAUSE}\n"
        "  use a smaller batch or sequence, shard or offload the model, or ask for more or larger GPUs\n"
    )


def test_the_lines_around_a_cause_are_shown_where_the_tail_does_not_reach() -> None:
    applied = Applied(verdicts=(DIAGNOSED,))

    assert "around the cause" not in applied_text(applied, log_lines=2)
    assert applied_text(applied, log_lines=1).startswith(
        "error: team-forecast/Training/lora is not healthy (degraded): exit 137 (OOMKilled), asked 8Gi\n"
        f"  its log says: {CAUSE}\n"
        "  around the cause (pod lora-0, rank 5):\n"
        f"    | step 38\n    | step 39\n    | {CAUSE}\n    | bye\n"
    )


def test_markdown_names_the_first_rank_and_the_way_out_and_quotes_one_line() -> None:
    text = applied_markdown(Applied(verdicts=(DIAGNOSED,)))

    assert "(`pod lora-0, rank 5`); use a smaller batch" in text
    assert CAUSE in text
    assert "step 39" not in text


def test_documents_carry_the_class_of_the_cause() -> None:
    verdict = health_document((DIAGNOSED,), exit_code=ExitCode.UNHEALTHY)["objects"][0]

    assert verdict["diagnosis"] == {
        "cause": "gpu-memory",
        "words": "ran out of GPU memory",
        "hint": "use a smaller batch or sequence, shard or offload the model, or ask for more or larger GPUs",
        "line": CAUSE,
        "pod": "lora-0",
        "lineNumber": 41,
        "rank": 5,
    }
    assert "step 39" not in str(verdict)


@pytest.mark.parametrize("applied", [APPLIED, TROUBLED, Applied(verdicts=(DIAGNOSED,))])
def test_the_documents_have_the_shapes_that_the_schemas_state(applied: Applied) -> None:
    done = applied_document(applied, plan=None, exit_code=applied.exit_code())
    seen = health_document(applied.verdicts, exit_code=ExitCode.IN_ORDER)

    for schema, document in ((apply_schema(), done), (health_schema(), seen)):
        Draft202012Validator.check_schema(schema)
        Draft202012Validator(schema).validate(json.loads(json_text(document)))


@pytest.mark.parametrize(
    ("health", "bad"),
    [
        (HEALTHY, False),
        (QUEUED, False),
        (BROKEN, True),
        (Health(Level.PROGRESSING), False),
        (Health(Level.PROGRESSING, is_stuck=True), True),
        (Health(Level.MISSING), True),
        (Health(Level.UNKNOWN), True),
        (Health(Level.SUSPENDED), False),
    ],
)
def test_what_starts_or_waits_for_gpus_is_not_unhealthy(health: Health, bad: bool) -> None:
    assert bool(unhealthy([Verdict(CHAT, health, is_queued=health.is_queued)])) is bad


def test_creating_is_confirmed_by_a_letter() -> None:
    assert question(FIRST) == ("Create 4 workloads in runai-demo? [y/N] ", frozenset({"y", "yes"}))


def test_ending_something_is_confirmed_by_the_whole_word() -> None:
    words, answers = question(MIXED)

    assert words == (
        "Change 1 workload, replace 1 and delete 1 in runai-demo, ending 2 running workloads? "
        'Type "yes" to do it: '
    )
    assert answers == {"yes"}


def test_only_targets_where_something_is_done_are_named() -> None:
    words, _ = question(a_plan(Change(CHAT, Action.CREATE), targets=("runai-demo", "safe")))

    assert words == "Create 1 workload in runai-demo? [y/N] "


def test_deleting_what_is_over_needs_the_whole_word_too() -> None:
    words, answers = question(a_plan(Change(LORA, Action.DELETE)))

    assert words.startswith("Delete 1 workload in runai-demo?")
    assert answers == {"yes"}


def test_running_again_deletes_what_ended_and_needs_the_whole_word() -> None:
    words, answers = question(a_plan(Change(CHAT, Action.CREATE), Change(LORA, Action.RERUN)))

    assert words.startswith("Create 1 workload and run 1 again in ")
    assert answers == {"yes"}
