"""Write drift as a JSON document; apart from the others because only one command needs it."""

from __future__ import annotations

from reconciler.drift import Drift, DriftItem
from reconciler.report.jsonform import Document, failure_form, field_form, head, key_form, place_form


def drift_document(drift: Drift) -> Document:
    """Give every object that is not as git says, and what could not be read."""
    states = [item.state for item in drift.items]
    return {
        **head("drift", drift.exit_code()),
        "fleet": drift.fleet,
        "targets": list(drift.targets),
        "declared": drift.declared,
        "counts": {state: states.count(state) for state in sorted(set(states))},
        "items": [_item(item) for item in drift.items],
        "unknown": dict(sorted(drift.unknown.items())),
        "failures": [failure_form(failure) for failure in drift.failures],
    }


def _item(item: DriftItem) -> Document:
    return {
        **key_form(item.key),
        "state": item.state,
        "reason": item.reason or None,
        "hint": item.hint or None,
        "source": place_form(item.source),
        "fields": [field_form(field) for field in item.fields],
    }
