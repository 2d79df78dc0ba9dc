"""Write results as JSON documents: stable keys, sorted lists, the exit by name, and no secret.

Every document starts with `formatVersion` and `document`; a reader may rely on keys never
changing their meaning within one major version of the format.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from reconciler import __version__
from reconciler.errors import ExitCode, ProviderError, ReconcilerError
from reconciler.health import Health
from reconciler.outcome import Applied, Outcome, Verdict
from reconciler.plan.change import Action, Change, Commit, FieldChange, Impact, Plan, Stranger
from reconciler.plan.shown import json_sides, masked
from reconciler.problem import Location, Problem
from reconciler.report.capacityform import capacity_form
from reconciler.report.cause import diagnosis_form
from reconciler.report.platform import failure_problem
from reconciler.report.safe import for_json
from reconciler.resource import ResourceKey

FORMAT = "1.0"
Document = dict[str, Any]


def json_text(document: Mapping[str, Any]) -> str:
    """Write a document as text: two spaces deep, ASCII only, safe in a CI log."""
    return for_json(json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False)) + "\n"


def plan_document(
    plan: Plan,
    *,
    exit_code: ExitCode,
    refusals: Sequence[Problem] = (),
    failures: Sequence[ProviderError] = (),
    warnings: Sequence[Problem] = (),
) -> Document:
    """Give a plan with everything that apply would do, and whether it may."""
    return {
        **head("plan", exit_code),
        "fleet": {"id": plan.fleet_id, "name": plan.fleet},
        "commit": plan.commit or None,
        "uncommitted": plan.is_edited,
        "branch": plan.branch or None,
        "targets": list(plan.targets),
        "digest": plan.digest,
        "applyable": bool(plan.writes) and not refusals and not failures and not plan.unknown,
        "counts": _plan_counts(plan),
        "changes": [_change_form(change) for change in plan.changes if change.action is not Action.KEEP],
        "kept": [_change_form(change) for change in plan.changes if change.action is Action.KEEP],
        "unclaimed": [_stranger(stranger) for stranger in plan.strangers],
        "unknown": dict(sorted(plan.unknown.items())),
        "prune": {"on": plan.prune.is_on, "why": plan.prune.why},
        "capacity": capacity_form(plan.forecast),
        "refusals": [problem_form(problem) for problem in refusals],
        "failures": [failure_form(failure) for failure in failures],
        "warnings": [problem_form(problem) for problem in (*plan.notes, *warnings)],
    }


def _plan_counts(plan: Plan) -> dict[str, int]:
    """Count a plan's changes by action, and what was read."""
    counts = {str(action): len(plan.having(action)) for action in Action}
    return counts | {"declared": plan.declared, "owned": plan.owned, "read": plan.read_count}


def _change_form(change: Change) -> Document:
    """Give one change, with the state it was planned from as `preImage`."""
    return {
        **key_form(change.key),
        "action": str(change.action),
        "reason": change.reason,
        "destructive": change.is_destructive,
        "adopted": change.is_adopted,
        "fields": [field_form(field) for field in change.fields],
        "keptItems": list(change.kept),
        "needs": [str(key) for key in change.needs],
        "gpus": change.gpus,
        "source": place_form(change.source),
        "removedBy": change.removed_by or None,
        "commits": [commit_form(commit) for commit in change.commits],
        "preImage": _pre_image(change),
        "impact": _impact(change.impact),
        "hint": change.hint,
        "consent": change.consent or None,
    }


def field_form(field: FieldChange) -> Document:
    """Give one field change; `before` is live, `after` is git, null where there is no value."""
    before, after = json_sides(field)
    return {
        "pointer": field.pointer,
        "before": before,
        "after": after,
        "sensitive": field.is_sensitive,
        "inPlace": field.in_place,
        "origin": field.origin or None,
        "source": place_form(field.place),
    }


def commit_form(commit: Commit | None) -> Document | None:
    """Give a commit; null where git does not tell."""
    if commit is None:
        return None
    return {"hash": commit.hash, "time": stamp(commit.time), "author": commit.author}


def checked_document(
    problems: Sequence[Problem], *, documents: int, files: int, exit_code: ExitCode
) -> Document:
    """Give the result of a validation."""
    return {
        **head("validation", exit_code),
        "documents": documents,
        "files": files,
        "valid": not any(problem.is_error for problem in problems),
        "problems": [problem_form(problem) for problem in problems],
    }


def applied_document(applied: Applied, *, plan: Plan | None, exit_code: ExitCode) -> Document:
    """Give the end of an apply: outcomes, verdicts, and whether a fresh plan is empty."""
    return {
        **head("apply", exit_code),
        "digest": plan.digest if plan else None,
        "seconds": round(applied.seconds, 3),
        "interrupted": applied.is_interrupted,
        "freshPlanEmpty": applied.is_replan_empty,
        "freshPlanProblem": applied.replan_problem or None,
        "notTaken": list(applied.not_taken),
        "outcomes": [_outcome(outcome) for outcome in applied.outcomes],
        "verdicts": [_verdict_form(verdict) for verdict in applied.verdicts],
    }


def health_document(verdicts: Sequence[Verdict], *, exit_code: ExitCode) -> Document:
    """Give how each declared object is."""
    return {**head("health", exit_code), "objects": [_verdict_form(verdict) for verdict in verdicts]}


def error_document(error: ReconcilerError) -> Document:
    """Give an error that ended a command before it had a result."""
    problems = (failure_problem(error),) if isinstance(error, ProviderError) else error.problems
    return {
        **head("error", error.exit_code),
        "message": str(error),
        "problems": [problem_form(problem) for problem in problems],
    }


def _verdict_form(verdict: Verdict) -> Document:
    """Give how one object settled; log lines stay out, only the causal one is quoted."""
    return {
        **key_form(verdict.key),
        **health_form(verdict.health),
        "good": verdict.is_good,
        "queued": verdict.is_queued,
        "timedOut": verdict.timed_out,
        "cause": verdict.cause or None,
        "diagnosis": diagnosis_form(verdict.diagnosis),
        "steps": [{"phase": phase, "seconds": round(seconds, 3)} for phase, seconds in verdict.steps],
        "problem": problem_form(verdict.problem) if verdict.problem else None,
    }


def problem_form(problem: Problem) -> Document:
    """Give one problem."""
    return {
        "code": problem.code,
        "severity": str(problem.severity),
        "what": problem.what,
        "why": problem.why or None,
        "hint": problem.hint or None,
        "subject": problem.subject or None,
        "pointer": problem.pointer or None,
        "source": place_form(problem.location),
    }


def failure_form(error: ProviderError) -> Document:
    """Give a read that failed, with the platform's own words."""
    told = {"target": error.target, "verb": error.verb, "status": error.status or None, "said": error.said}
    return {**problem_form(failure_problem(error)), **told, "subject": error.subject}


def key_form(key: ResourceKey) -> Document:
    """Give a key whole and in its parts."""
    return {"key": str(key), "target": key.target, "scope": key.scope, "kind": key.kind, "name": key.name}


def place_form(place: Location | None) -> Document | None:
    """Give a place in a file, null where there is none."""
    if place is None:
        return None
    return {"file": place.file, "line": place.line or None, "column": place.column or None}


def _exit_form(code: ExitCode) -> Document:
    """Give an exit code with its name."""
    return {"code": int(code), "name": code.label}


def head(document: str, code: ExitCode) -> Document:
    """Give the keys that every document starts with."""
    return {
        "formatVersion": FORMAT,
        "document": document,
        "toolVersion": __version__,
        "exit": _exit_form(code),
    }


def _stranger(stranger: Stranger) -> Document:
    told = {"owner": stranger.owner, "phase": stranger.phase, "submittedBy": stranger.submitted_by or None}
    return {**key_form(stranger.key), **told}


def _pre_image(change: Change) -> Document | None:
    if change.observed is None:
        return None
    row = change.observed.summary
    return {"id": row.id, "phase": row.phase, "life": str(row.life)}


def _impact(impact: Impact | None) -> Document | None:
    if impact is None:
        return None
    return {
        "phase": impact.phase,
        "since": stamp(impact.since),
        "runningSeconds": round(impact.running_seconds),
        "gpus": impact.gpus,
        "gpuHours": round(impact.gpu_hours, 2),
        "running": impact.is_running,
        "preemptible": impact.preemptible,
        "idleGpus": impact.idle_gpus,
        "lostVolumes": list(impact.lost_volumes),
        "carried": impact.carried,
    }


def stamp(moment: datetime | None) -> str | None:
    """Write a moment in RFC 3339, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None


def _outcome(outcome: Outcome) -> Document:
    return {
        **key_form(outcome.key),
        "action": str(outcome.action),
        "result": str(outcome.result),
        "id": outcome.id or None,
        "leaving": outcome.is_leaving,
        "why": outcome.why or None,
        "problem": problem_form(outcome.problem) if outcome.problem else None,
    }


def health_form(health: Health) -> Document:
    """Give one judgement: its level on the scale, and the platform's own words."""
    return {
        "health": str(health.level),
        "phase": health.phase,
        "reason": health.reason or None,
        "message": health.message or None,
        "stuck": health.is_stuck,
        "source": health.source or None,
        "notes": list(health.notes),
        "pods": [
            masked({"name": p.name, "phase": p.phase, "reason": p.reason, "restarts": p.restarts})
            for p in health.pods
        ],
    }
