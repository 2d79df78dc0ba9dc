"""How a changed spec reaches the pods: a server rolls to a new run, anything else only notes it."""

from dataclasses import replace
from datetime import datetime

from reconciler.emulator.runai import tales
from reconciler.emulator.runai.crew import roles_of
from reconciler.emulator.runai.records import Workload
from reconciler.emulator.runai.registry import kind_of


def rolled(one: Workload, at: datetime) -> Workload:
    """Make the pods follow the spec; of several updates only the newest counts.

    A run that never served is given up. Its phase has yet to be settled.
    """
    if not kind_of(one.kind).serves or one.pinned or _is_same(one):
        return one
    run = tales.new_run(one, one.spec, at)
    if not one.serving:
        run = replace(run, phase="Pending")
    older = tuple(
        old if old.ended_at or old.id == one.serving else replace(old, phase="Stopped", ended_at=at)
        for old in one.runs
    )
    return replace(one, runs=(*older, run), events=(*one.events, tales.rolling(one, run, at)), refusals=())


def _is_same(one: Workload) -> bool:
    """Tell whether the pods stay as they are; Knative makes a revision of any change."""
    return one.kind != "Inference" and roles_of(one.kind, one.spec, one.master) == one.run.roles
