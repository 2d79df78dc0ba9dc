"""Every form of every result, made as the commands make them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from reconciler.cli.voice import Voice
from reconciler.drift import Drift
from reconciler.errors import ExitCode, ProviderError, ReconcilerError
from reconciler.outcome import Applied, Verdict
from reconciler.plan.change import Plan
from reconciler.problem import Problem
from reconciler.report.annotations import annotations_text
from reconciler.report.appliedmarkdown import applied_markdown
from reconciler.report.cases import applied_cases, checked_cases, drift_cases, health_cases, plan_cases
from reconciler.report.drift import drift_text
from reconciler.report.driftform import drift_document
from reconciler.report.driftmarkdown import drift_markdown
from reconciler.report.errors import error_forms, error_text
from reconciler.report.findings import applied_findings, drift_findings, plan_findings, verdict_findings
from reconciler.report.forms import machine_forms
from reconciler.report.health import health_text
from reconciler.report.jsonform import applied_document, checked_document, health_document, plan_document
from reconciler.report.markdown import plan_markdown
from reconciler.report.outcome import applied_text
from reconciler.report.plan import plan_text
from reconciler.report.problems import checked_text, problems_text
from tests.report.values import NOW

Forms = Mapping[str, Callable[[], str]]
BUDGET = 60_000


def plan_forms(
    plan: Plan,
    refusals: Sequence[Problem] = (),
    failures: Sequence[ProviderError] = (),
    *,
    width: int = 120,
    budget: int = BUDGET,
) -> Forms:
    found = plan_findings(plan, refusals=refusals, failures=failures)
    return {
        "table": lambda: plan_text(plan, width=width),
        "wide": lambda: plan_text(plan, width=width, wide=True),
        "markdown": lambda: plan_markdown(plan, refusals=refusals, failures=failures, budget=budget),
        "annotations": lambda: annotations_text(found),
        **machine_forms(
            lambda: plan_document(
                plan, exit_code=ExitCode.IN_ORDER, refusals=refusals, failures=failures
            ),
            lambda: plan_cases(plan, refusals=refusals, failures=failures),
            lambda: found,
        ),
    }  # fmt: skip


def drift_forms(drift: Drift, *, width: int = 120, budget: int = BUDGET) -> Forms:
    return {
        "table": lambda: drift_text(drift, now=NOW, width=width),
        "wide": lambda: drift_text(drift, now=NOW, width=width, wide=True),
        "markdown": lambda: drift_markdown(drift, now=NOW, budget=budget),
        "annotations": lambda: annotations_text(drift_findings(drift)),
        **machine_forms(
            lambda: drift_document(drift), lambda: drift_cases(drift), lambda: drift_findings(drift)
        ),
    }


def applied_forms(applied: Applied, plan: Plan | None = None, *, budget: int = BUDGET) -> Forms:
    return {
        "table": lambda: applied_text(applied),
        "markdown": lambda: applied_markdown(applied, budget=budget),
        "annotations": lambda: annotations_text(applied_findings(applied, plan)),
        **machine_forms(
            lambda: applied_document(applied, plan=plan, exit_code=applied.exit_code()),
            lambda: applied_cases(applied),
            lambda: applied_findings(applied, plan),
        ),
    }


def health_forms(verdicts: Sequence[Verdict], *, width: int = 120) -> Forms:
    code = ExitCode.UNHEALTHY
    return {
        "table": lambda: health_text(verdicts, width=width),
        **machine_forms(
            lambda: health_document(verdicts, exit_code=code),
            lambda: health_cases(verdicts),
            lambda: verdict_findings(verdicts),
        ),
    }


def checked_forms(problems: Sequence[Problem], documents: int = 5, files: int = 5) -> Forms:
    read: dict[str, Any] = {"documents": documents, "files": files}
    return {
        "table": lambda: problems_text(problems) + checked_text(problems, **read),
        "annotations": lambda: annotations_text(problems),
        **machine_forms(
            lambda: checked_document(problems, exit_code=ExitCode.REJECTED, **read),
            lambda: checked_cases(problems, **read),
            lambda: problems,
        ),
    }


def failed_forms(error: ReconcilerError) -> Forms:
    return {"table": lambda: error_text(error), **error_forms(error)}


def said(
    text: str, *, form: str, environ: Mapping[str, str], encoding: str = "utf-8", secrets: Iterable[str] = ()
) -> str:
    """Give what stands on stdout after a command has said a text in some form."""
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding=encoding, newline="")
    voice = Voice(out=out, err=out, environ=environ)
    for secret in secrets:
        voice.scrubber.learn(secret)
    if form in ("table", "wide", "markdown"):
        voice.result(text)
    elif form == "annotations":
        voice.command(text)
    else:
        voice.document(text)
    return raw.getvalue().decode(encoding)
