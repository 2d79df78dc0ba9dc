"""Write a plan as Markdown for a pull request: riskiest first, counts, digest, the words to paste.

Everything that comes from a manifest or a platform stands inside a code span or a fence that it
cannot leave. The page stays within a number of bytes and counts what it leaves out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reconciler.errors import ProviderError
from reconciler.plan.change import Action, Change, Plan
from reconciler.problem import Problem
from reconciler.report.capacity import capacity_markdown, supposed_words
from reconciler.report.ends import cost_words, ending, ends_head, lost_words
from reconciler.report.plan import (
    brought_words,
    counts,
    git_place,
    is_notable,
    place_of,
    read_words,
    reason_words,
    short_digest,
)
from reconciler.report.platform import failure_problems
from reconciler.report.room import fits, fitting, listed, names_of
from reconciler.report.safe import code, cut, fenced, line, short
from reconciler.report.undo import undo_words
from reconciler.report.units import count, gpu_hours, gpus
from reconciler.report.values import key_text, sides, value_text

BUDGET = 60_000
_RISK = (
    Action.DELETE,
    Action.REPLACE,
    Action.STOP,
    Action.REFUSED,
    Action.UNKNOWN,
    Action.ADOPT,
    Action.UPDATE,
    Action.RERUN,
    Action.RESUME,
    Action.CREATE,
    Action.DEFERRED,
    Action.KEEP,
)
_FIELDS, _VALUE, _NAMED = 8, 120, 3
_CLOSING_ROOM = 4_000


def plan_markdown(
    plan: Plan,
    *,
    refusals: Sequence[Problem] = (),
    failures: Sequence[ProviderError] = (),
    warnings: Sequence[Problem] = (),
    budget: int = BUDGET,
) -> str:
    """Write the whole page."""
    head = f"### Plan for {names_of(plan.targets)}\n\n{counts(plan)}.\n\n"
    told = [*refusals, *failure_problems(failures), *plan.notes, *warnings]
    head += _ends(plan) + problems_list(told, budget // 4)
    head += capacity_markdown(plan.forecast, targets=len(plan.targets), room=budget // 6)
    foot = _foot(plan, refusals)
    changes = sorted(filter(is_notable, plan.changes), key=_risk)
    room = budget - len(head.encode()) - len(foot.encode())
    return head + _table(changes, plan, room) + foot


def _risk(change: Change) -> tuple[int, float, str]:
    """Order changes for a reviewer: what ends something costly first."""
    cost = change.impact.gpu_hours if change.impact else 0.0
    return _RISK.index(change.action), -cost, change.key.full


def _ends(plan: Plan) -> str:
    found = ending(plan.changes)
    if not found:
        return ""
    head, held, lost, more = ends_head(found)
    words = f"{head[0].upper()}{head[1:]}"
    return f"**{words}: {gpus(held) or 'no GPU'}, {gpu_hours(lost)}.**{more}\n\n"


def _table(changes: Sequence[Change], plan: Plan, room: int) -> str:
    if not changes:
        return ""
    head = "| | object | GPU | what | where |\n|--|--|--|--|--|\n"
    rows = (_row(change, plan) for change in changes)
    room -= len(head.encode()) + 1
    return head + fitting(rows, len(changes), room, lambda shown: f"\n{_left_out(changes[shown:])}") + "\n"


def _row(change: Change, plan: Plan) -> str:
    place = place_of(change)
    where = code(short(place)) if place else ""
    what = "<br>".join(_what(change, plan))
    key = code(key_text(change.key, len(plan.targets)))
    return f"| {change.action} | {key} | {gpus(change.gpus)} | {what} | {where} |\n"


def _what(change: Change, plan: Plan) -> Iterable[str]:
    if change.impact and change.impact.is_running and change.is_destructive:
        yield code(cost_words(change, change.impact))
    elif lost := lost_words(change.impact):
        yield code(lost)
    if change.action is Action.CREATE and change.resource and (image := change.resource.spec.get("image")):
        yield code(value_text(image, limit=_VALUE))
    if change.reason:
        yield code(short(reason_words(change)))
    for field in change.fields[:_FIELDS]:
        before, after = sides(field, limit=_VALUE)
        yield f"{code(short(field.pointer))} {code(before)} to {code(after)}"
    if len(change.fields) > _FIELDS:
        yield f"and {count(len(change.fields) - _FIELDS, 'more field')}"
    if brought := brought_words(change):
        yield code(short(brought))
    if supposed := supposed_words(change, plan.forecast):
        yield code(short(supposed))
    if change.hint:
        yield code(short(change.hint.replace("\n", " ")))


def _left_out(changes: Sequence[Change]) -> str:
    actions = [change.action for change in changes]
    told = ", ".join(f"{actions.count(action)} {action}" for action in _RISK if action in actions)
    return (
        f"{count(len(changes), 'more change')} left out for length ({told}); the JSON plan has all of them.\n"
    )


def problems_list(problems: Sequence[Problem], room: int) -> str:
    """List problems, as many as fit into so many bytes."""
    return listed([problem_item(each) for each in problems], room - 1, "problem") + "\n" if problems else ""


def problem_item(problem: Problem) -> str:
    """Write one problem on a line: how bad, its code, what it is, and where."""
    where = problem.location or problem.subject
    place = f" {code(short(where))}" if where else ""
    return f"**{problem.severity}[{problem.code}]** {code(cut(problem.what, 300))}{place}"


def unread_list(unknown: Mapping[str, str], room: int) -> str:
    """List the scopes that could not be read, with why, as many as fit into so many bytes."""
    items = [f"not read: {code(short(scope))}: {code(short(why))}" for scope, why in sorted(unknown.items())]
    return listed(items, room - 1, "scope") + "\n" if items else ""


def _foot(plan: Plan, refusals: Sequence[Problem]) -> str:
    text = unread_list(plan.unknown, _CLOSING_ROOM)
    if plan.strangers:
        text += f"{_strangers(plan)} not ours, not touched.\n\n"
    if not plan.prune.is_on and plan.prune.why:
        text += f"Nothing is pruned: {code(short(plan.prune.why))}\n\n"
    text += _consents(consents(plan, refusals))
    told = f"Digest {code(short_digest(plan.digest) or '-')} of {code(git_place(plan))}, {read_words(plan)}."
    refused = ", ".join(dict.fromkeys(problem.code for problem in refusals))
    last = f"All of it is refused: {refused}." if refused else undo_words(plan)
    return text + " ".join(part for part in (told, last) if part) + "\n"


def _consents(words: Sequence[str]) -> str:
    """Write the words to paste; those for which there is no room are counted outside the fence."""
    if not words:
        return ""
    shown = fits((f"--allow {word}\n" for word in words), _CLOSING_ROOM)
    pasted, left = "".join(shown), len(words) - len(shown)
    rest = f"and {count(left, 'more word')} of consent; the JSON plan has all of them.\n\n" if left else ""
    return f"To consent, all or some of:\n\n{fenced(pasted) if pasted else ''}\n{rest}"


def _strangers(plan: Plan) -> str:
    """Name a few objects of others; count more than a few."""
    if len(plan.strangers) > _NAMED:
        return f"{count(len(plan.strangers), 'object')} that are"
    names = ", ".join(code(short(key_text(each.key, len(plan.targets)))) for each in plan.strangers)
    return f"{names} {'is' if len(plan.strangers) == 1 else 'are'}"


def consents(plan: Plan, refusals: Sequence[Problem]) -> list[str]:
    """List the exact `--allow` words that would let refused changes through, in the order of the plan."""
    words = [change.consent for change in plan.changes if change.consent]
    for problem in refusals:
        _, found, rest = problem.hint.partition("--allow ")
        words += [rest.split()[0].rstrip(".,;")] if found and rest else []
    return list(dict.fromkeys(map(line, words)))
