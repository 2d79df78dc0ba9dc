"""State the shape of the drift document, draft 2020-12; a test holds real drift against it."""

from __future__ import annotations

from reconciler.drift import STATES
from reconciler.report.shapes import (
    Schema,
    closed,
    commit_shape,
    diagnosis_shape,
    failure_shape,
    field_shape,
    head,
    key_shape,
    list_of,
    maybe,
    problem_shape,
    ref,
    source_shape,
    text,
    text_or_null,
    whole_number,
)

_STATES = {
    "changed": "A field is not what git says.",
    "missing": "It is declared and not there.",
    "degraded": "It is there as declared and not well.",
    "unclaimed": "Something nobody of this fleet made holds its name.",
    "orphaned": "It is of this fleet, and git does not want it.",
    "refused": "It cannot be made as declared without a consent or a change in git.",
    "stopped": "It is stopped.",
    "finished": "It ran to its end.",
    "unknown": "It could not be read.",
}


def drift_schema() -> Schema:
    """Give the schema of what `drift -o json` writes; lines of type `drift` are its items."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "reconciler drift",
        "description": "What is live and not as git says. What drift -o json writes; the lines of type "
        "drift of -o jsonl are its items.",
        **closed({**head("drift"), **_contents()}),
        "$defs": {
            "item": closed({**key_shape(), **_item()}),
            "field": closed({**field_shape(), "commit": _commit("Last changed git's value in its file.")}),
            "failure": closed(problem_shape() | failure_shape()),
            "source": maybe(closed(source_shape())),
            "diagnosis": maybe(closed(diagnosis_shape())),
            "commit": maybe(closed(commit_shape())),
        },
    }


def _contents() -> dict[str, Schema]:
    return {
        "fleet": text("Name of the fleet."),
        "targets": list_of(text("Name of a target."), "Targets that were looked at."),
        "only": list_of(_state(), "States that this document is narrowed to; none for all."),
        "declared": whole_number("Objects that git declares."),
        "counts": {
            "type": "object",
            "propertyNames": {"enum": list(STATES)},
            "additionalProperties": whole_number("How many."),
            "description": "How many items are in each state; states without any are left out.",
        },
        "unread": whole_number("Objects that could not be read, among the items or not."),
        "items": list_of(ref("item"), "Objects that are not as declared, by key."),
        "unknown": {
            "type": "object",
            "additionalProperties": text("Why it could not be read."),
            "description": "Scopes that could not be read whole, as TARGET:SCOPE.",
        },
        "failures": list_of(ref("failure"), "Reads that the platform refused or did not answer."),
    }


def _item() -> dict[str, Schema]:
    return {
        "state": _state(),
        "since": text_or_null(
            "RFC 3339, in UTC; null where the platform does not say. Of missing objects the delete, of "
            "changed ones the last update of any sort, so that the change is not later, of unclaimed and "
            "foreign ones the making, else when the phase began."
        ),
        "by": text_or_null("Who did that, as the platform names people; null where it does not say."),
        "reason": text_or_null("What is the matter."),
        "cause": text_or_null("What led to it, in the platform's words; null where it does not say."),
        "diagnosis": {**ref("diagnosis"), "description": "What kind of cause that is; null where unknown."},
        "hint": text_or_null("What the reader may do about it."),
        "source": {**ref("source"), "description": "Where git declares it."},
        "commit": _commit("Brought the manifest of a missing object into git, or took an orphan's out."),
        "fields": list_of(ref("field"), "Fields that differ, by pointer."),
    }


def _state() -> Schema:
    return {
        "enum": list(STATES),
        "enumDescriptions": [_STATES[state] for state in STATES],
        "description": "How it differs.",
    }


def _commit(description: str) -> Schema:
    return {**ref("commit"), "description": f"{description} Null where git does not tell."}
