"""Write the question that apply asks, as strong as what it is about to do."""

from __future__ import annotations

from reconciler.plan.change import Action, Plan
from reconciler.report.ends import ending
from reconciler.report.safe import line
from reconciler.report.units import count

_VERBS = {
    Action.CREATE: "create {}",
    Action.ADOPT: "adopt {}",
    Action.UPDATE: "change {}",
    Action.REPLACE: "replace {}",
    Action.RERUN: "run {} again",
    Action.STOP: "stop {}",
    Action.RESUME: "resume {}",
    Action.DELETE: "delete {}",
}


def question(plan: Plan) -> tuple[str, frozenset[str]]:
    """Give the question and the answers that mean yes."""
    counts = [(verb, n) for action, verb in _VERBS.items() if (n := len(plan.having(action)))]
    first, *rest = counts
    parts = [first[0].capitalize().format(count(first[1], "workload"))]
    parts += [verb.format(n) for verb, n in rest]
    touched = {change.key.target for change in plan.writes}
    places = (line(target) for target in plan.targets if target in touched)
    words = f"{_listed(parts)} in {', '.join(places)}"
    if not plan.having(Action.REPLACE, Action.RERUN, Action.STOP, Action.DELETE):
        return f"{words}? [y/N] ", frozenset({"y", "yes"})
    ends = [change for change, _ in ending(plan.changes) if change.action is not Action.REFUSED]
    what = f", ending {count(len(ends), 'running workload')}" if ends else ""
    return f'{words}{what}? Type "yes" to do it: ', frozenset({"yes"})


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
