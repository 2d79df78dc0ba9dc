"""Ages: what git remembers of jobs that are not there, and that nothing else proves to have run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reconciler.declare import Declared
from reconciler.errors import ManifestError
from reconciler.history import History, Wanted, rfc3339
from reconciler.history.entered import Entered, Sought, entered, origin_of
from reconciler.history.remember import declares, folders_of
from reconciler.kind import Kind
from reconciler.mark import digest_of
from reconciler.plan.declared import asks_git
from reconciler.plan.finished import DEEPEN
from reconciler.plan.gone import has_left_traces
from reconciler.plan.known import Age, Known
from reconciler.problem import Problem
from reconciler.resource import Live, Resource, ResourceKey


@dataclass(frozen=True, slots=True)
class Asked:
    """Hold what a run looks at. `now` is each platform's own time, by target.

    `has_applied`: the journal knows of an earlier apply.
    """

    declared: Declared
    lives: Mapping[str, Live]
    desired: Sequence[Resource]
    now: Mapping[str, datetime]
    has_applied: bool = False


def with_ages(known: Known, asked: Asked, *, is_reading: bool = False) -> Known:
    """Add the age of every job about which git's memory decides.

    A fleet of which no trace is found, in a run that looks everywhere, is new: all is created, and git is
    not asked. Raises ManifestError (exit 4) where git is asked and the clone is shallow, unless the run only
    reads, and FleetError where git fails.
    """
    lives = asked.lives
    jobs = [one for one in asked.desired if asks_git(one, lives[one.key.target], known)]
    if not jobs or not _may_have_applied(asked, known):
        return known
    history = History.open(Path(asked.declared.fleet.root))
    if history is None:
        ages = {one.key: Age(has_git=False) for one in jobs}
    elif not history.is_shallow:
        ages = _ages(jobs, asked.declared, history, known)
    elif is_reading:
        ages = {one.key: Age(is_shallow=True) for one in jobs}
    else:
        raise ManifestError(problems=[_shallow(jobs)])
    now = {target: _utc(time) for target, time in asked.now.items()}
    return replace(known, ages={key: replace(age, now=now[key.target]) for key, age in ages.items()})


def _may_have_applied(asked: Asked, known: Known) -> bool:
    """Tell whether a fleet has applied before, or this run does not see all that could say so."""
    reads = (read for live in asked.lives.values() for read in live.scopes.values())
    is_partial = bool(asked.declared.narrowing.why) or any(read.unknown for read in reads)
    return asked.has_applied or is_partial or has_left_traces(asked.lives, known)


def _ages(
    jobs: Sequence[Resource], declared: Declared, history: History, known: Known
) -> dict[ResourceKey, Age]:
    fleet = declared.fleet
    file = history.path_of(Path(fleet.root) / Path(fleet.file).name)
    origin = origin_of(history, file, fleet.id, fleet.default_lifecycle.run_id)
    loaded = [declared.loaded.path_of(one.source.file) for one in jobs if _is_file(one, declared)]
    paths = [history.path_of(path) for path in (*folders_of(declared), *loaded)]
    written = {_place(one): one for one in declared.resources}
    sought = {
        one.key: _sought(one, written[_place(one)], known.kinds[one.key.target, one.key.kind]) for one in jobs
    }
    found = entered(history, sought, list(dict.fromkeys((*paths, *origin.folders))), origin)
    return {one.key: _age(found[one.key], one, declared, history) for one in jobs}


def _sought(resource: Resource, written: Resource, kind: Kind) -> Sought:
    """Describe a job by its manifest as written, before interpolation."""
    return Sought(
        name=resource.key.name,
        is_it=_declares_here(resource, kind),
        kind=kind,
        digest=digest_of(kind.canonical(written.spec)),
        run_id=resource.lifecycle.run_id,
    )


def _declares_here(resource: Resource, kind: Kind) -> Wanted:
    """Recognise a job's documents; one that states no target or cluster may be of any."""
    is_named = declares(resource.key, kind)

    def test(document: Mapping[str, Any]) -> bool:
        if not is_named(document):
            return False
        target, cluster = (document["metadata"].get(word) for word in ("target", "cluster"))
        is_here = not cluster or not resource.cluster or cluster == resource.cluster
        return is_here and (not target or target == resource.key.target)

    return test


def _place(resource: Resource) -> tuple[str, int]:
    return resource.source.file, resource.source.line


def _is_file(resource: Resource, declared: Declared) -> bool:
    return resource.source.file in declared.loaded.paths


def _age(found: Entered, resource: Resource, declared: Declared, history: History) -> Age:
    """Turn what git says into an age. What git never had is new, or lies where no git keeps it."""
    path = declared.loaded.path_of(resource.source.file) if _is_file(resource, declared) else Path("/")
    return Age(
        entered="" if found.run is None else rfc3339(found.run),
        run_id_entered="" if found.run_id is None else rfc3339(found.run_id),
        has_git=found.run is not None or not history.path_of(path).startswith("/"),
    )


def _utc(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _shallow(jobs: Sequence[Resource]) -> Problem:
    some = ", ".join(str(one.key) for one in jobs[:3]) + (", ..." if len(jobs) > 3 else "")
    return Problem(
        "RC306",
        f"{len(jobs)} jobs are not there; this clone is too shallow to know if they have run: {some}",
        hint=f"{DEEPEN}, or name what shall run: --run KIND/NAME",
    )
