"""What a plan asks for is told in few lines, the worst first, and to machines in full."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from reconciler.capacity import Chance, Forecast, Outlook, PoolLine, ShareLine
from reconciler.errors import ExitCode
from reconciler.plan.change import Plan
from reconciler.report.capacity import capacity_markdown, capacity_text
from reconciler.report.findings import plan_findings
from reconciler.report.jsonform import plan_document
from reconciler.report.markdown import plan_markdown
from reconciler.report.plan import plan_text
from reconciler.report.planschema import plan_schema
from tests.report.values import (
    CHAT,
    EMBEDDING,
    FIRST,
    IF_REPLACED,
    LORA,
    OLD_RUN,
    PRETRAIN,
    REFUSED,
    REFUSED_LORA,
    a_plan,
    key,
)

Golden = Callable[[str, str], None]
TOLD = Forecast(
    (
        Outlook(CHAT, Chance.STARTS, 0.75, "h100-pool"),
        Outlook(
            EMBEDDING,
            Chance.QUEUES,
            16,
            "h100-pool",
            "NonPreemptibleOverQuota",
            "asks 16 GPUs that cannot be preempted; team-assist may have 8 such of h100-pool and has 4.25",
        ),
        Outlook(LORA, Chance.LATER, 1, "h100-pool", why="when what this plan ends is gone"),
        Outlook(PRETRAIN, Chance.NEVER, 16, "h100-pool", "Unschedulable", "a pod asks 16 GPUs, a node has 8"),
        Outlook(OLD_RUN, Chance.UNKNOWN, 1, why="needs team-forecast/Training/lora, whose start is not sure"),
    ),
    (PoolLine("runai-demo", "h100-pool", 24, 6, 34.75), PoolLine("runai-demo", "", None, None, 1)),
    (
        ShareLine("runai-demo", "team-assist", "h100-pool", 4.25, 20.25, 8),
        ShareLine("runai-demo", "team-forecast", "h100-pool", 0, 17, 24, limit=32),
    ),
    ("runai-demo: the nodes could not be read: forbidden",),
)
PLAN = replace(FIRST, forecast=TOLD)


@pytest.mark.parametrize("width", [80, 120])
def test_a_plan_tells_what_it_asks_as_the_golden_file_has_it(width: int, golden: Golden) -> None:
    golden(f"report/plan-capacity-{width}.txt", plan_text(PLAN, width=width))
    golden("report/plan-capacity.md", plan_markdown(PLAN))


@pytest.mark.parametrize("write", [plan_text, plan_markdown])
def test_of_a_refused_change_it_is_said_whether_it_would_start(write: Callable[[Plan], str]) -> None:
    made = replace(REFUSED_LORA, observed=None, fields=())
    starts = Forecast(supposed=(replace(IF_REPLACED, chance=Chance.STARTS, why=""),))

    assert "if replaced: may queue: others wait for h100-pool as well" in write(REFUSED)
    assert "if created: starts in h100-pool" in write(a_plan(made, forecast=starts))


def test_what_is_only_supposed_is_in_no_sum() -> None:
    assert capacity_text(REFUSED.forecast) == capacity_markdown(REFUSED.forecast, room=1_000) == ""
    document = plan_document(REFUSED, exit_code=ExitCode.IN_ORDER)

    Draft202012Validator(plan_schema()).validate(document)
    assert [each["chance"] for each in document["capacity"]["refused"]] == ["may queue"]
    assert document["capacity"]["pools"] == document["capacity"]["outlooks"] == []


def test_only_a_wide_plan_lists_what_starts_at_once() -> None:
    assert "assist-chat starts" not in capacity_text(TOLD)
    assert "! team-assist/Inference/assist-chat  starts in h100-pool" in capacity_text(TOLD, wide=True)


def test_what_counts_for_a_project_is_said_once_and_only_above_projects() -> None:
    without = replace(TOLD, shares=())

    assert capacity_text(TOLD).count("holds or waits for") == 1
    assert "holds or waits for" not in capacity_text(without) + capacity_markdown(without, room=1_000)


def test_where_nothing_is_asked_nothing_is_told() -> None:
    assert capacity_text(None) == capacity_markdown(None, room=1_000) == ""
    assert plan_document(FIRST, exit_code=ExitCode.IN_ORDER)["capacity"] is None


def test_the_document_keeps_its_schema() -> None:
    document = plan_document(PLAN, exit_code=ExitCode.IN_ORDER)

    Draft202012Validator(plan_schema()).validate(document)
    assert [each["chance"] for each in document["capacity"]["outlooks"]] == [
        "starts", "queues", "starts later", "never fits", "unknown",
    ]  # fmt: skip


def test_thousands_that_wait_are_counted() -> None:
    many = tuple(
        Outlook(key(f"team-a/Training/t{n:05}"), Chance.QUEUES, 1, "p", "Unschedulable", "full")
        for n in range(10_000)
    )
    plan = replace(FIRST, forecast=replace(TOLD, outlooks=many))

    assert "and 9,980 more" in capacity_text(plan.forecast)
    page = plan_markdown(plan)
    assert len(page.encode()) <= 60_000
    assert " more lines of capacity" in page


def test_what_never_fits_is_a_finding_with_its_place() -> None:
    (found,) = plan_findings(PLAN)

    assert (found.code, str(found.severity), str(found.location)) == (
        "RC344",
        "warning",
        "forecast/pretrain.yaml:2",
    )
    assert found.what == "team-forecast/Training/pretrain never fits: a pod asks 16 GPUs, a node has 8"


def test_what_a_note_says_of_a_whole_target_is_not_said_of_each_object() -> None:
    why = "primus-safe does not tell its capacity"
    asks = tuple(Outlook(of, Chance.UNKNOWN, 1, why=why) for of in (CHAT, LORA))
    untold = Forecast(asks, (), (), (f"{CHAT.target}: {why}",))

    assert capacity_text(untold).count(why) == 1
    assert capacity_text(untold, wide=True).count(why) == 3
