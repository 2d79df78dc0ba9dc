"""Write the document of a saved plan: what `plan -o json` writes, and what binds it."""

from __future__ import annotations

from dataclasses import asdict

from reconciler.plan.change import Action, Plan
from reconciler.plan.digest import fingerprint
from reconciler.plan.saved import UNSEALED, Issued
from reconciler.report.jsonform import Document, stamp


def saved_document(document: Document, plan: Plan, issued: Issued) -> Document:
    """Give a plan's document with its `saved` block at the end, the seal not yet filled in.

    The fingerprints are of all but what is kept; they tell two values apart that the document hides.
    """
    bound = (change for change in plan.changes if change.action is not Action.KEEP)
    return {
        **document,
        "saved": {
            "created": stamp(issued.created),
            "expires": stamp(issued.expires),
            "nonce": issued.nonce,
            "request": asdict(issued.asked),
            "urls": dict(sorted(issued.urls.items())),
            "fingerprints": {change.key.full: fingerprint(change) for change in bound},
            "seal": UNSEALED,
        },
    }
