"""Write a plan as Markdown for a pull request: riskiest first, counts, digest, the words to paste.

Everything that comes from a manifest or a platform stands inside a code span or a fence that it
cannot leave. The page stays within a number of bytes and counts what it leaves out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.errors import ProviderError
from reconciler.outcome import Applied, Verdict
from reconciler.plan.change import Action, Change, Plan
from reconciler.problem import Problem
from reconciler.report.ends import ending, impact_words, lost_words
from reconciler.report.outcome import summary, verdict_word
from reconciler.report.plan import counts, is_notable, short_digest
from reconciler.report.platform import failure_problems
from reconciler.report.safe import code, cut, fenced, line, short
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
    budget: int = BUDGET,
) -> str:
    """Write the whole page."""
    targets = ", ".join(code(target) for target in plan.targets)
    head = f"### Plan for {targets}\n\n{counts(plan)}.\n\n"
    head += _ends(plan) + problems_list([*refusals, *failure_problems(failures)], budget // 4)
    foot = _foot(plan, refusals)
    changes = sorted(filter(is_notable, plan.changes), key=_risk)
    room = budget - len(head.encode()) - len(foot.encode())
    return head + _table(changes, len(plan.targets), room) + foot


def _risk(change: Change) -> tuple[int, float, str]:
    """Order changes for a reviewer: what ends something costly first."""
    cost = change.impact.gpu_hours if change.impact else 0.0
    return _RISK.index(change.action), -cost, change.key.full


def _ends(plan: Plan) -> str:
    found = ending(plan.changes)
    if not found:
        return ""
    lost = gpu_hours(sum(impact.gpu_hours for _, impact in found))
    return f"**Ends {count(len(found), 'running workload')}, {lost}.**\n\n"


def _table(changes: Sequence[Change], targets: int, room: int) -> str:
    if not changes:
        return ""
    text = "| | object | GPU | what | where |\n|--|--|--|--|--|\n"
    room -= len(text.encode()) + 200
    for number, change in enumerate(changes):
        row = _row(change, targets)
        room -= len(row.encode())
        if room < 0:
            return f"{text}\n{_left_out(changes[number:])}\n"
        text += row
    return text + "\n"


def _row(change: Change, targets: int) -> str:
    where = code(change.source) if change.source else ""
    what = "<br>".join(_what(change))
    key = code(key_text(change.key, targets))
    return f"| {change.action} | {key} | {gpus(change.gpus)} | {what} | {where} |\n"


def _what(change: Change) -> Iterable[str]:
    if change.impact and change.impact.is_running and change.is_destructive:
        yield code(impact_words(change.impact))
    elif lost := lost_words(change.impact):
        yield code(lost)
    if change.action is Action.CREATE and change.resource and (image := change.resource.spec.get("image")):
        yield f"{gpus(change.gpus) or 'no GPU'}, {code(value_text(image, limit=_VALUE))}"
    if change.reason:
        yield code(short(change.reason))
    for field in change.fields[:_FIELDS]:
        before, after = sides(field, limit=_VALUE)
        yield f"{code(field.pointer)} {code(before)} to {code(after)}"
    if len(change.fields) > _FIELDS:
        yield f"and {count(len(change.fields) - _FIELDS, 'more field')}"


def _left_out(changes: Sequence[Change]) -> str:
    actions = [change.action for change in changes]
    told = ", ".join(f"{actions.count(action)} {action}" for action in _RISK if action in actions)
    return (
        f"{count(len(changes), 'more change')} left out for length ({told}); the JSON plan has all of them.\n"
    )


def problems_list(problems: Sequence[Problem], room: int) -> str:
    """List problems, as many as fit into so many bytes."""
    text = ""
    for number, problem in enumerate(problems):
        place = f" {code(problem.location or problem.subject)}" if problem.location or problem.subject else ""
        item = f"- **{problem.severity}[{problem.code}]** {code(cut(problem.what, 300))}{place}\n"
        room -= len(item.encode())
        if room < 0:
            return f"{text}- and {count(len(problems) - number, 'more problem')}\n\n"
        text += item
    return text + "\n" if text else ""


def _foot(plan: Plan, refusals: Sequence[Problem]) -> str:
    unread = [
        f"- not read: {code(scope)}: {code(short(why))}\n" for scope, why in sorted(plan.unknown.items())
    ]
    text = "".join(_within(unread, _CLOSING_ROOM)) + ("\n" if unread else "")
    if plan.strangers:
        text += f"{_strangers(plan)} not ours, not touched.\n\n"
    if not plan.prune.is_on and plan.prune.why:
        text += f"Nothing is pruned: {code(plan.prune.why)}\n\n"
    words = consents(plan, refusals)
    if words:
        shown = list(_within([f"--allow {word}" for word in words], _CLOSING_ROOM))
        text += f"To consent, all or some of:\n\n{fenced(chr(10).join(shown))}\n"
    return text + f"Digest {code(short_digest(plan.digest) or '-')}\n"


def _strangers(plan: Plan) -> str:
    """Name a few objects of others; count more than a few."""
    if len(plan.strangers) > _NAMED:
        return f"{count(len(plan.strangers), 'object')} that are"
    names = ", ".join(code(key_text(each.key, len(plan.targets))) for each in plan.strangers)
    return f"{names} {'is' if len(plan.strangers) == 1 else 'are'}"


def _within(items: Iterable[str], room: int) -> Iterable[str]:
    for item in items:
        room -= len(item.encode()) + 1
        if room < 0:
            return
        yield item


def consents(plan: Plan, refusals: Sequence[Problem]) -> list[str]:
    """List the exact `--allow` words that would let refused changes through, in the order of the plan."""
    words = [change.consent for change in plan.changes if change.consent]
    for problem in refusals:
        _, found, rest = problem.hint.partition("--allow ")
        words += [rest.split()[0].rstrip(".,;")] if found and rest else []
    return list(dict.fromkeys(map(line, words)))


def applied_markdown(applied: Applied, *, targets: int = 1, budget: int = BUDGET) -> str:
    """Write how an apply ended; of a log only the causal line is quoted."""
    bad = [verdict for verdict in applied.verdicts if not verdict.is_good]
    text = f"### Apply\n\n{summary(applied).strip()}\n\n"
    problems = [outcome.problem for outcome in applied.outcomes if outcome.problem]
    text += problems_list(problems, budget // 4)
    for number, verdict in enumerate(bad):
        item = _verdict(verdict, targets)
        if len(text.encode()) + len(item.encode()) > budget - 200:
            return text + f"and {count(len(bad) - number, 'more unhealthy object')}\n"
        text += item
    return text


def _verdict(verdict: Verdict, targets: int) -> str:
    what = verdict.problem.what if verdict.problem else verdict.health.why
    text = f"- {code(key_text(verdict.key, targets))} {verdict_word(verdict)}: {code(short(what))}\n"
    return text + (f"\n{fenced(cut(verdict.cause, 400))}\n" if verdict.cause else "")
