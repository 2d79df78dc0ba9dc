"""State the shapes of what `get`, `describe` and `top` write; tests hold real documents against them."""

from __future__ import annotations

from reconciler.report.shapes import (
    Schema,
    closed,
    failure_shape,
    head,
    health_shape,
    key_shape,
    list_of,
    map_of,
    maybe,
    number,
    problem_shape,
    ref,
    source_shape,
    text,
    text_or_null,
)

_OWNERS = {
    "ours": "It carries this fleet's mark, or git adopts it.",
    "unclaimed": "It carries nobody's mark, or one copied from another object.",
    "foreign": "It is another fleet's.",
    "unknown": "Its mark could not be read.",
}
_TIME = "RFC 3339, in UTC; null where the platform does not say."


def get_schema() -> Schema:
    """Give the schema of what `get -o json` and `get -o yaml` write."""
    return _document(
        "get",
        "What is live, whoever made it. What get -o json and get -o yaml write.",
        {"items": list_of(ref("item"), "Live objects, by key.")},
        {"item": closed({**key_shape(), **_item()})},
    )


def describe_schema() -> Schema:
    """Give the schema of what `describe -o json` and `describe -o yaml` write."""
    return _document(
        "describe",
        "All there is about one live object. What describe -o json and describe -o yaml write.",
        {
            "item": {**ref("item"), "description": "The object, as get gives it."},
            "health": {**ref("health"), "description": "How it is; null where it could not be judged."},
            "mark": {**ref("mark"), "description": "What it carries of ours; null for nothing."},
            "sections": list_of(ref("section"), "What the platform knows beside it, in its own order."),
        },
        {
            "item": closed({**key_shape(), **_item()}),
            "health": maybe(closed(health_shape())),
            "mark": maybe(closed(_mark())),
            "section": closed(_section()),
        },
    )


def top_schema() -> Schema:
    """Give the schema of what `top -o json` writes."""
    held = map_of(number("GPUs.")) | {
        "description": "GPUs that are allocated by project, as the platform counts."
    }
    return _document(
        "top",
        "What live objects use. What top -o json writes.",
        {"gpusAllocated": held, "items": list_of(ref("item"), "Active objects, by key.")},
        {
            "item": closed(
                {
                    **key_shape(),
                    "gpus": number("GPUs it holds."),
                    "series": list_of(ref("series"), "Its metrics."),
                }
            ),
            "series": closed(_series()),
        },
    )


def _document(name: str, description: str, contents: dict[str, Schema], parts: dict[str, Schema]) -> Schema:
    failures = list_of(ref("failure"), "Reads that the platform refused or did not answer.")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"reconciler {name}",
        "description": description,
        **closed({**head(name), **contents, "failures": failures}),
        "$defs": {
            **parts,
            "failure": closed(problem_shape() | failure_shape()),
            "source": maybe(closed(source_shape())),
        },
    }


def _item() -> dict[str, Schema]:
    return {
        "id": text("The platform's id."),
        "owner": {
            "enum": list(_OWNERS),
            "enumDescriptions": list(_OWNERS.values()),
            "description": "Whose it is.",
        },
        "phase": text("The platform's word for its state."),
        "reason": text_or_null("The platform's word for why."),
        "message": text_or_null("The platform's sentence about it."),
        "gpus": number("GPUs it holds."),
        "submittedBy": text_or_null("Who made it, as the platform names people."),
        "createdAt": text_or_null(f"When it was made. {_TIME}"),
        "since": text_or_null(f"When its phase began. {_TIME}"),
        "completedAt": text_or_null(f"When it ended. {_TIME}"),
        "manifest": text_or_null("The manifest that declares it, or that its mark names."),
        "spec": {
            "description": "Its spec in the platform's field names; a value that git does not declare, or "
            "that may be a credential, is (sensitive). Null where it was not read."
        },
    }


def _mark() -> dict[str, Schema]:
    return {
        "fleet": {**closed({"id": text("Its id."), "name": text("Its name.")}), "description": "The fleet."},
        "commit": text_or_null("The commit that it was last written from."),
        "path": text_or_null("The manifest that it was last written from."),
        "runId": text_or_null("The run of a job; null or empty where none was named."),
    }


def _section() -> dict[str, Schema]:
    cell = {"type": ["string", "number", "null"]}
    return {
        "name": text("Which section, such as pods or events."),
        "note": text_or_null("Why there are no rows, or that some were left out."),
        "rows": list_of(map_of(cell), "Its rows, as maps by column."),
    }


def _series() -> dict[str, Schema]:
    sample = closed(
        {"time": text("RFC 3339, in UTC."), "value": {"type": "number", "description": "The value."}}
    )
    return {
        "pod": text_or_null("The pod; null for the whole workload."),
        "metric": text("What is measured, such as gpu or latency."),
        "unit": text("What it is measured in, such as %, bytes, cores or ms."),
        "samples": list_of(sample, "The samples, oldest first."),
    }
