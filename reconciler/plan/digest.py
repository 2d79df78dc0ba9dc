"""The plan's digest: what a reviewer approved, in one line that a later run can recompute."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from reconciler.mark import canonical_json
from reconciler.plan.change import ABSENT, Change, Plan
from reconciler.problem import Problem
from reconciler.resource import Observed
from reconciler.secret import referenced


def digest_plan(plan: Plan) -> str:
    """Digest actions, field changes and pre-images: 64 hex digits. Impact and times lie outside.

    Same input, same digest: nothing here depends on order of files, hash seed, zone or locale.
    """
    body = {
        "fleet": plan.fleet_id,
        "changes": [_of_change(change) for change in plan.changes],
        "unknown": dict(plan.unknown),
        "prune": plan.prune.is_on,
    }
    return hashlib.sha256(canonical_json(body).encode()).hexdigest()


def fingerprint(change: Change) -> str:
    """Digest one change alone, by what the digest of a plan covers of it: 64 hex digits."""
    return hashlib.sha256(canonical_json(_of_change(change)).encode()).hexdigest()


def not_expected(plan: Plan, expected: str) -> tuple[Problem, ...]:
    """Report a plan whose digest does not begin as expected: what was reviewed is not what would be done."""
    if plan.digest.startswith(expected):
        return ()
    return (
        Problem(
            "RC309",
            f"the plan is not the one that was expected: its digest begins {plan.digest[: len(expected)]}",
            why=f"expected was {expected}; git or what is live moved since",
            hint="look at this plan, then expect its digest",
        ),
    )


def _of_change(change: Change) -> Mapping[str, Any]:
    return {
        "key": change.key.full,
        "action": change.action.value,
        "fields": [[f.pointer, _plain(f.before), _plain(f.after), f.in_place] for f in change.fields],
        "spec": change.mark.digest if change.mark else "",
        "pre": _pre_image(change.observed),
        **({"adopted": True} if change.is_adopted else {}),
    }


def _pre_image(observed: Observed | None) -> Mapping[str, Any]:
    """Give what is bound of a live object: its id and whether it is active, stopped or finished."""
    if observed is None:
        return {}
    return {"id": observed.id, "life": observed.summary.life.value}


def _plain(value: Any) -> Any:
    return {"absent": True} if value is ABSENT else referenced(value)
