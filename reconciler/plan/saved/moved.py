"""Compare a saved plan with the plan of now, change by change, and say what moved."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.errors import shortened
from reconciler.mark import canonical_json
from reconciler.plan.change import Action, Change, Plan
from reconciler.plan.digest import fingerprint
from reconciler.plan.saved.value import Saved, SavedChange
from reconciler.plan.shown import json_sides
from reconciler.problem import Problem
from reconciler.resource import Json

_AGAIN = "look at this plan; where it is wanted, save it with plan --out"
_LONGEST = 60
_MOST_FIELDS = 10


def moved(saved: Saved, plan: Plan) -> tuple[Problem, ...]:
    """Report every object for which the plan is not what was saved; none if it does exactly that.

    What both plans keep is not touched and does not count: a job that finishes meanwhile makes no plan
    stale. Everything else counts, also what is refused or deferred. The last one says what to do.
    """
    now = {change.key: change for change in plan.changes}
    found = list(_of_the_whole(saved, plan))
    for key in sorted({*saved.changes, *now}):
        if lines := _difference(saved.changes.get(key), now.get(key)):
            subject = key.full if len(plan.targets) > 1 else str(key)
            found.append(_problem(f"{key.kind} {key.name} is not as the saved plan has it", lines, subject))
    found.sort(key=lambda problem: problem.subject)
    return (*found[:-1], *(replace(last, hint=_AGAIN) for last in found[-1:]))


def _of_the_whole(saved: Saved, plan: Plan) -> Iterator[Problem]:
    if saved.is_pruning != plan.prune.is_on:
        was, is_now = (
            ("pruned", f"does not: {plan.prune.why}") if saved.is_pruning else ("did not prune", "does")
        )
        yield _problem("this run does not prune as the saved plan has it", [f"it {was}; now it {is_now}"])
    for scope in sorted(saved.unread ^ frozenset(plan.unknown)):
        when = "now" if scope in plan.unknown else "when the plan was saved"
        yield _problem(f"{scope} is not known as the saved plan has it", [f"it could not be read {when}"])


def _problem(what: str, lines: list[str], subject: str = "") -> Problem:
    return Problem("RC313", what, why="\n".join(lines), subject=subject)


def _difference(then: SavedChange | None, now: Change | None) -> list[str]:
    """Give a line for each thing that moved; none where the same would be done, or nothing both times."""
    was_kept = then is None or then.action == Action.KEEP
    if was_kept and (now is None or now.action is Action.KEEP):
        return []
    if now is None:
        return ["it is in no plan any more"]
    if then is None:
        return [f"it was not in the plan; now it is, with {now.action}"]
    if then.fingerprint == fingerprint(now):
        return []
    lines = [*_states(then, now), *_fields(then.fields, _shown(now))]
    return lines or ["what git declares for it is another now"]


def _states(then: SavedChange, now: Change) -> Iterator[str]:
    """Say where the action, the live object, or its state is another one."""
    if then.action != now.action:
        yield f"action: the plan has {then.action}, now it is {now.action}"
    live = now.observed
    if then.id != (live.id if live else ""):
        yield f"live object: the plan has {then.id or 'none'}, now it is {live.id if live else 'gone'}"
    elif live and then.life != live.summary.life:
        yield f"state: the plan has {then.life}, now it is {live.summary.life}"


def _shown(change: Change) -> dict[str, tuple[Json, Json]]:
    return {field.pointer: json_sides(field) for field in change.fields}


Fields = Mapping[str, tuple[Json, Json]]


def _fields(then: Fields, now: Fields) -> Iterator[str]:
    """Say of each field on which side its value is another one, or that it no longer or newly differs."""
    pointers = [p for p in sorted({*then, *now}) if _text(then.get(p)) != _text(now.get(p))]
    for pointer in pointers[:_MOST_FIELDS]:
        yield f"{pointer}: {_field(then.get(pointer), now.get(pointer))}"
    if rest := pointers[_MOST_FIELDS:]:
        yield f"and {len(rest)} fields more"


def _field(then: tuple[Json, Json] | None, now: tuple[Json, Json] | None) -> str:
    if then is None or now is None:
        live, git = (_brief(side) for side in (now or then or (None, None)))
        told = "differs now and did not" if then is None else "no longer differs"
        return f"{told} (live {live}, git {git})"
    sides = zip(("live", "git"), then, now, strict=True)
    return ", ".join(
        f"{side} was {_brief(was)} and is {_brief(value)}"
        for side, was, value in sides
        if _text(was) != _text(value)
    )


def _text(value: object) -> str:
    """Write a value so that equal ones are written alike, whatever they were read from."""
    return canonical_json(value)


def _brief(value: Json) -> str:
    return shortened(json.dumps(value, ensure_ascii=False, sort_keys=True), _LONGEST)
