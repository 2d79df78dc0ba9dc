"""Write drift as a JSON document; apart from the others because only one command needs it."""

from __future__ import annotations

from reconciler.drift import Drift, DriftItem
from reconciler.report.cause import diagnosis_form
from reconciler.report.jsonform import (
    Document,
    commit_form,
    failure_form,
    field_form,
    head,
    key_form,
    place_form,
    stamp,
)


def drift_document(drift: Drift) -> Document:
    """Give every object that is not as git says, and what could not be read."""
    states = [item.state for item in drift.items]
    return {
        **head("drift", drift.exit_code()),
        "fleet": drift.fleet,
        "targets": list(drift.targets),
        "only": list(drift.only),
        "declared": drift.declared,
        "counts": {state: states.count(state) for state in sorted(set(states))},
        "unread": drift.unread,
        "items": [_item(item) for item in drift.items],
        "unknown": dict(sorted(drift.unknown.items())),
        "failures": [failure_form(failure) for failure in drift.failures],
    }


def _item(item: DriftItem) -> Document:
    return {
        **key_form(item.key),
        "state": item.state,
        "since": stamp(item.since),
        "by": item.by or None,
        "reason": item.reason or None,
        "cause": item.cause or None,
        "diagnosis": diagnosis_form(item.diagnosis),
        "hint": item.hint or None,
        "source": place_form(item.source),
        "commit": commit_form(item.commit),
        "fields": [
            {**field_form(field), "commit": commit_form(item.commits.get(field.pointer))}
            for field in item.fields
        ],
    }
