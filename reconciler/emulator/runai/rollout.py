"""How a changed spec reaches the pods: replicas come and go, a server rolls to new pods.

Anything that does not serve only notes the change: its pods stay as they were made.
"""

from dataclasses import replace
from datetime import datetime

from reconciler.emulator.runai import tales
from reconciler.emulator.runai.crew import parts, roles_of
from reconciler.emulator.runai.records import Role, Run, Workload
from reconciler.emulator.runai.registry import kind_of


def rolled(one: Workload, at: datetime) -> Workload:
    """Make the pods follow the spec; the workload's phase has yet to be settled."""
    if not kind_of(one.kind).serves or one.pinned:
        return one
    roles = roles_of(one.kind, one.spec, one.master)
    # Knative makes a revision of any change, be it only in numbers.
    if one.kind == "Inference" or _shapes(roles) != _shapes(one.run.roles):
        return _replaced(one, at)
    return _scaled(one, roles, at)


def _shapes(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    return tuple(replace(role, groups=1) for role in roles)


def _replaced(one: Workload, at: datetime) -> Workload:
    """Roll to a new run; of several updates only the newest counts."""
    run = tales.new_run(one, one.spec, at)
    if not one.serving:
        run = replace(run, phase="Pending")
    kept = {each.id for each in one.runs if one.serving in (each.id, each.part_of)}
    older = tuple(
        old if old.ended_at or old.id in kept else replace(old, phase="Stopped", ended_at=at)
        for old in one.runs
    )
    return replace(one, runs=(*older, run), events=(*one.events, tales.rolling(one, run, at)), refusals=())


def _scaled(one: Workload, roles: tuple[Role, ...], at: datetime) -> Workload:
    """Add a run with the replicas that are new, or take replicas away from the newest runs."""
    run = replace(one.run, spec=one.spec)
    one = replace(one, runs=tuple(run if each.id == run.id else each for each in one.runs))
    old, new = sum(each.groups for each in parts(one, run)), roles[0].groups if roles else 0
    if old == new:
        return one
    told = replace(one, events=(*one.events, tales.scaling(one, run, old, new, at)))
    if new > old and run.phase not in {"Creating", "Pending"}:
        fresh = tales.new_run(told, told.spec, at)
        added = replace(fresh, roles=_grouped(roles, new - old), phase="Pending", part_of=run.id, first=old)
        return replace(told, runs=(*told.runs, added))
    return _shrunk(told, run, new, at) if new < old else _resized(told, run, new)


def _grouped(roles: tuple[Role, ...], groups: int) -> tuple[Role, ...]:
    return tuple(replace(role, groups=groups) for role in roles)


def _resized(one: Workload, run: Run, groups: int) -> Workload:
    grown = replace(run, roles=_grouped(run.roles, groups))
    return replace(one, runs=tuple(grown if each.id == run.id else each for each in one.runs))


def _shrunk(one: Workload, run: Run, groups: int, at: datetime) -> Workload:
    for each in reversed(parts(one, run)):
        left = max(groups - each.first, 0)
        if left == 0 and each.part_of:
            ended = replace(each, phase="Stopped", ended_at=at)
            one = replace(one, runs=tuple(ended if old.id == each.id else old for old in one.runs))
        elif left < each.groups:
            one = _resized(one, each, left)
    return one
