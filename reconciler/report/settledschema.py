"""State the shapes of what `health` and `apply` write, draft 2020-12; a test holds real ones against them."""

from __future__ import annotations

from reconciler.outcome import Result
from reconciler.plan.change import Action
from reconciler.report.shapes import (
    Schema,
    closed,
    diagnosis_shape,
    head,
    health_shape,
    key_shape,
    list_of,
    maybe,
    number,
    problem_shape,
    ref,
    source_shape,
    text,
    text_or_null,
    truth,
)


def health_schema() -> Schema:
    """Give the schema of what `health -o json` writes; lines of type `object` are its objects."""
    return _document(
        "health", "How each declared object is.", {"objects": list_of(ref("verdict"), "By key.")}
    )


def apply_schema() -> Schema:
    """Give the schema of what `apply -o json` writes."""
    contents = {
        "digest": text_or_null("Digest of the plan that was carried out; null where there was none."),
        "seconds": number("How long it took."),
        "interrupted": truth("Whether it was stopped before its end."),
        "freshPlanEmpty": truth("Whether a plan made afterwards found nothing to do."),
        "freshPlanProblem": text_or_null("Why that plan could not be made."),
        "notTaken": list_of(text("A path."), "Fields that the platform accepted and that did not take."),
        "outcomes": list_of(ref("outcome"), "What became of each change."),
        "verdicts": list_of(ref("verdict"), "How each object settled."),
    }
    return _document("apply", "How an apply ended.", contents, {"outcome": closed(_outcome())})


def _document(
    name: str, description: str, contents: dict[str, Schema], more: dict[str, Schema] | None = None
) -> Schema:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"reconciler {name}",
        "description": f"{description} What {name} -o json writes.",
        **closed({**head(name), **contents}),
        "$defs": {
            "verdict": closed(_verdict()),
            **(more or {}),
            "problem": maybe(closed(problem_shape())),
            "diagnosis": maybe(closed(diagnosis_shape())),
            "source": maybe(closed(source_shape())),
        },
    }


def _verdict() -> dict[str, Schema]:
    step = {"phase": text("The phase, with its reason."), "seconds": number("Since the wait began.")}
    return {
        **key_shape(),
        **health_shape(),
        "good": truth("Whether it is well, or waits for capacity."),
        "queued": truth("Whether it waits for capacity, or for somebody's step outside."),
        "timedOut": truth("Whether health.timeout ended the wait."),
        "cause": text_or_null("The first line of its log that says why; null where none does."),
        "diagnosis": {**ref("diagnosis"), "description": "What kind of cause that is; null where unknown."},
        "steps": list_of(closed(step), "The phases it went through."),
        "problem": {**ref("problem"), "description": "What is wrong; null where it is well."},
    }


def _outcome() -> dict[str, Schema]:
    return {
        **key_shape(),
        "action": {"enum": [str(action) for action in Action], "description": "What was to be done."},
        "result": {"enum": [str(result) for result in Result], "description": "What became of it."},
        "id": text_or_null("The platform's id after it."),
        "leaving": truth("Whether a delete was accepted, and reads still show the object on its way out."),
        "why": text_or_null("Why it was not done."),
        "problem": {**ref("problem"), "description": "What went wrong; null where nothing did."},
    }
