"""Write what the next apply would do if manifests wanted another state, and which line to change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.plan.change import Action, Change
from reconciler.plan.stopped import STATE
from reconciler.problem import Location
from reconciler.report.ends import impact_words
from reconciler.report.plan import APPLY
from reconciler.report.safe import line, short
from reconciler.report.values import key_text
from reconciler.resource import Resource

_LIFECYCLE = "/lifecycle"
_WOULD = {
    Action.CREATE: "create it",
    Action.UPDATE: "change it in place",
    Action.REPLACE: "replace it",
    Action.RERUN: "run it again",
    Action.STOP: "stop it",
    Action.RESUME: "resume it",
    Action.KEEP: "leave it as it is",
    Action.DEFERRED: "wait",
    Action.REFUSED: "refuse",
    Action.UNKNOWN: "do nothing",
}


def wish_text(
    changes: Sequence[Change],
    written: Mapping[Location, Resource],
    state: str,
    *,
    targets: int,
    command: str = APPLY,
) -> str:
    """Write a paragraph for each object. `written` are the manifests as they are, by their places.

    `command` is what the way out says for apply, where git says so already.
    """
    parts = [
        _paragraph(change, written, state, targets, command) for change in changes if change.source in written
    ]
    return "\n".join("".join(f"{each}\n" for each in part) for part in parts)


def _paragraph(
    change: Change, written: Mapping[Location, Resource], state: str, targets: int, command: str
) -> Iterator[str]:
    row = change.observed.summary if change.observed else change.last
    yield f"{key_text(change.key, targets)}   {line(row.phase if row else 'not there')}"
    resource = written[change.source] if change.source else change.resource
    is_said = resource is not None and resource.lifecycle.state == state
    when = f"git says {state}" if is_said else f"if git said {state}"
    said = f"git says {state}"
    reason = "" if change.reason == said else change.reason.removeprefix(f"{said}; ")
    why = f" ({short(reason)})" if reason else ""
    yield f"  {when}, the next apply would {_would(change)}{why}"
    if change.impact and change.impact.is_running and change.is_destructive:
        yield f"  that ends: {impact_words(change.impact)}"
    if resource is not None and not is_said:
        yield f"  to say so: {line(place_to_write(resource, state))}"
    elif change.action.writes:
        yield f"  to do so: {command} {line(change.key)}"
    yield from (f"  {line(part)}" for part in change.hint.split("\n") if part)


def _would(change: Change) -> str:
    is_anew = change.action is Action.CREATE and change.last is not None
    return "create it anew" if is_anew else _WOULD.get(change.action, change.action)


def place_to_write(resource: Resource, state: str) -> str:
    """Say where in a manifest to write a state: `manifests/train.yaml:7: write state: Stopped`."""
    if STATE in resource.places:
        return f"{_at(resource.places[STATE])}: write state: {state}"
    if _LIFECYCLE in resource.places:
        return f"{_at(resource.places[_LIFECYCLE])}: add state: {state} to lifecycle"
    return f"{_at(resource.source)}: add lifecycle: {{state: {state}}} to this manifest, beside spec"


def _at(place: Location) -> str:
    return f"{place.file}:{place.line}"
