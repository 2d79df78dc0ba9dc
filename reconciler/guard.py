"""Guards: look at the whole plan before the first write, and refuse what nobody consented to."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.fleet import Limits
from reconciler.plan.change import Action, Change, Plan
from reconciler.plan.consent import Consents
from reconciler.problem import Problem
from reconciler.resource import EMPTY

FLOOR = 3
"""A percentage never lowers the destroy limit below this many."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """Hold what this machine saw at the end of the last clean apply: owned live objects per target."""

    owned: Mapping[str, int] = EMPTY
    declared: int = 0


def check_guards(
    plan: Plan,
    limits: Limits,
    consents: Consents,
    *,
    remembered: Remembered | None = None,
    present: Mapping[str, int] = EMPTY,
    is_whole: bool = True,
) -> tuple[Problem, ...]:
    """Find every reason why this plan may not be applied as it stands.

    `present` counts, per target, the owned objects that are live or known to be deleted; `is_whole`
    is False for a narrowed run, which may well declare nothing. Every problem names its consent.
    """
    found = [*_destroy(plan, limits, consents), *_create(plan, limits, consents)]
    found += [*_gpu_hours(plan, limits, consents), *_disowned(plan, consents)]
    if is_whole:
        found += _empty(plan, consents)
        found += _shrunk(plan, consents, remembered or Remembered(), present)
    return tuple(found)


def destroy_limit(limits: Limits, owned: int) -> int:
    """Give how many live objects one plan may end: min(count, max(3, percent of owned))."""
    return min(limits.destroy_count, max(FLOOR, math.floor(owned * limits.destroy_percent / 100)))


def create_limit(limits: Limits, owned: int) -> int:
    """Give how many objects one plan may create: max(count, percent of owned)."""
    return max(limits.create_count, math.floor(owned * limits.create_percent / 100))


def _ends(plan: Plan) -> list[Change]:
    return [c for c in plan.changes if c.action.destroys and c.impact is not None and c.impact.is_running]


def _destroy(plan: Plan, limits: Limits, consents: Consents) -> Iterator[Problem]:
    count = sum(change.impact.ends for change in _ends(plan) if change.impact)
    limit = destroy_limit(limits, plan.owned) if consents.destroy is None else consents.destroy
    if count > limit:
        yield Problem(
            "RC302",
            f"plan ends {count} of {plan.owned} live workloads (limit {limit})",
            hint=f"check the path and the commit, or consent with --allow destroy={count}",
        )


def _create(plan: Plan, limits: Limits, consents: Consents) -> Iterator[Problem]:
    count = len(plan.having(Action.CREATE, Action.RERUN))
    limit = create_limit(limits, plan.owned) if consents.create is None else consents.create
    if count > limit:
        yield Problem(
            "RC303",
            f"plan creates {count} workloads (limit {limit})",
            hint=f"check the path and the target, or consent with --allow create={count}",
        )


def _gpu_hours(plan: Plan, limits: Limits, consents: Consents) -> Iterator[Problem]:
    hours = sum(change.impact.gpu_hours for change in _ends(plan) if change.impact)
    limit = limits.gpu_hours if consents.gpu_hours is None else consents.gpu_hours
    if hours > limit:
        yield Problem(
            "RC305",
            f"plan loses {hours:.0f} GPU-hours of running work (limit {limit:.0f})",
            hint=f"consent with --allow gpu-hours={math.ceil(hours)}",
        )


def _disowned(plan: Plan, consents: Consents) -> Iterator[Problem]:
    """Refuse to make anew what seems to be there, made by another user than we sign in as."""
    making = {change.key.target for change in plan.having(Action.CREATE)}
    for target, count in sorted(plan.disowned.items()):
        if target in making and "shrunk" not in consents.flags:
            yield Problem(
                "RC308",
                f"{target} runs {count} with this fleet's mark, all submitted by another user",
                why="if these are not the credentials that made them, all would be made twice",
                hint="sign in as the user that made them; if they are copies, consent with --allow shrunk",
            )


def _empty(plan: Plan, consents: Consents) -> Iterator[Problem]:
    if plan.declared == 0 and "empty" not in consents.flags:
        yield Problem(
            "RC304",
            f"no manifest declares anything, and the fleet owns {plan.owned} live workloads",
            hint="check the path and the checkout, or consent with --allow empty",
        )


def _shrunk(
    plan: Plan, consents: Consents, remembered: Remembered, present: Mapping[str, int]
) -> Iterator[Problem]:
    if "shrunk" in consents.flags:
        return
    for target, before in sorted(remembered.owned.items()):
        now = present.get(target, 0)
        known = target in plan.targets and not any(u.startswith(f"{target}:") for u in plan.unknown)
        if known and (before - now > max(FLOOR, before * 0.2) or (before and not now)):
            yield Problem(
                "RC308",
                f"{target} shows {now} of the {before} workloads this fleet left there",
                why="an empty or short answer is not proof that they are gone",
                hint="look at the platform; if they are really gone, consent with --allow shrunk",
            )
    if plan.declared and remembered.declared - plan.declared > max(FLOOR, remembered.declared * 0.5):
        yield Problem(
            "RC308",
            f"{plan.declared} manifests are declared where the last apply had {remembered.declared}",
            hint="check the checkout, or consent with --allow shrunk",
        )
