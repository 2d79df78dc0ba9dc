"""Remember: what git's history and this machine know that neither manifests nor the platform say."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from graphlib import CycleError
from pathlib import Path
from typing import Any

from reconciler.declare import Declared
from reconciler.errors import ManifestError
from reconciler.history import History, Wanted
from reconciler.kind import Kind
from reconciler.mark import Owner, owner_of
from reconciler.order import waves
from reconciler.plan.change import Action, Plan, Prune
from reconciler.plan.known import Known, Policy, Ran
from reconciler.plan.removed import owned_rows, removed
from reconciler.problem import Problem
from reconciler.resource import EMPTY, Deleted, Life, Live, Resource, ResourceKey, Summary
from reconciler.validate.places import value_at

_LOOKED_FOR = 20
"""So many commits are looked for on other branches: of more, the plan says only that HEAD lacks them."""


def known_for(
    declared: Declared,
    lives: Mapping[str, Live],
    desired: Sequence[Resource],
    kinds: Mapping[tuple[str, str], Kind],
    *,
    is_reading: bool = False,
) -> Known:
    """Gather what planning needs of git: HEAD, ancestry of the marks seen, policies of what was removed.

    Raises ManifestError (exit 4) when something would be pruned and the clone is shallow, unless the run
    only reads.
    """
    fleet = declared.fleet
    history = History.open(Path(fleet.root))
    prune = _prune(declared, history)
    base = Known(
        fleet_id=fleet.id,
        fleet=fleet.name,
        kinds=kinds,
        consents=declared.consents,
        prune=prune,
        default_on_remove=fleet.default_lifecycle.on_remove,
        runs=declared.request.run,
        adopts=declared.request.adopt,
    )
    if history is None:
        return base
    gone = list(removed(lives, frozenset(resource.key for resource in desired), base))
    if history.is_shallow and gone and prune.is_on:
        if not is_reading:
            raise ManifestError(problems=[_shallow(gone)])
        base = replace(base, prune=Prune(is_on=False, why="this clone is shallow: git cannot tell"))
    return _with_history(base, history, declared, gone, lives)


def _with_history(
    base: Known,
    history: History,
    declared: Declared,
    gone: Sequence[Summary],
    lives: Mapping[str, Live],
) -> Known:
    """Add what git says about HEAD, the commits in marks, and manifests that were removed."""
    commits = {row.mark.commit for row in owned_rows(lives, base) if row.mark and row.mark.commit}
    files, ancestors = declared.loaded.files, {each: history.is_ancestor(each) for each in sorted(commits)}
    return replace(
        base,
        commit=history.head.commit,
        commit_time=history.head.time,
        branch=history.head.branch,
        is_edited=history.is_edited([*folders_of(declared), declared.cwd / declared.fleet.file]),
        has_history=not history.is_shallow,
        ancestors=ancestors,
        branches={} if history.is_shallow else _elsewhere(ancestors, history),
        last_policies={} if history.is_shallow else _last_policies(gone, history, declared, base.kinds),
        paths={file: history.path_of(declared.loaded.path_of(file)) for file in files},
        shown=dict(_shown(gone, history, declared)),
    )


def _elsewhere(ancestors: Mapping[str, bool], history: History) -> dict[str, str | None]:
    """Look for commits that HEAD's history lacks on other branches."""
    lacking = [commit for commit, is_there in ancestors.items() if not is_there]
    return {commit: history.branch_with(commit) for commit in lacking[:_LOOKED_FOR]}


def _shown(gone: Sequence[Summary], history: History, declared: Declared) -> Iterator[tuple[str, str]]:
    """Write the paths of what is gone as those that were read: from the working directory on."""
    for row in gone:
        if row.mark and row.mark.path:
            yield row.mark.path, os.path.relpath(history.top / row.mark.path, declared.cwd)


def _prune(declared: Declared, history: History | None) -> Prune:
    """Decide whether this run may delete what lost its manifest."""
    if not declared.request.prune:
        return Prune(is_on=False, why="--no-prune")
    if why := declared.narrowing.why:
        return Prune(is_on=False, why=f"the run is narrowed: {why}", is_listed=False)
    if history is None:
        return Prune(is_on=True)
    files = [declared.loaded.path_of(file) for file in declared.loaded.files]
    strayed = history.differing(files, folders_of(declared))
    if strayed:
        return Prune(is_on=False, why=f"the files are not those git tracks: {', '.join(strayed[:3])}")
    return Prune(is_on=True)


def folders_of(declared: Declared) -> list[Path]:
    """List the folders that the fleet keeps its manifests in."""
    return [Path(declared.fleet.root) / folder for folder in declared.fleet.manifests]


def _shallow(gone: Sequence[Summary]) -> Problem:
    return Problem(
        "RC306",
        f"{len(gone)} live objects have no manifest, and this clone is too shallow to know why",
        hint="fetch the whole history (git fetch --unshallow; actions/checkout: fetch-depth: 0), "
        "or run with --no-prune",
    )


def _last_policies(
    gone: Sequence[Summary],
    history: History,
    declared: Declared,
    kinds: Mapping[tuple[str, str], Kind],
) -> dict[ResourceKey, Policy]:
    """Ask git for the last version of each removed manifest."""
    found: dict[ResourceKey, Policy] = {}
    folders = folders_of(declared)
    for row in gone:
        kind = kinds.get((row.key.target, row.key.kind))
        if row.mark is None or kind is None:
            continue
        wanted = declares(row.key, kind)
        document, by, file = history.last_version(row.mark.path, wanted, name=row.key.name, folders=folders)
        if document is not None:
            needs = (*_needs(document, row, gone), *_followed(document, row, gone, kind))
            place = os.path.relpath(history.top / file, declared.cwd)
            found[row.key] = replace(_policy(document, declared), needs=needs, removed_by=by, file=place)
    return found if _is_sound(found) else {key: replace(policy, needs=()) for key, policy in found.items()}


def _is_sound(policies: Mapping[ResourceKey, Policy]) -> bool:
    """Tell whether needs run in no circle: last versions of several commits never stood side by side."""
    try:
        waves({key: policy.needs for key, policy in policies.items()})
    except CycleError:
        return False
    return True


def _needs(document: Mapping[str, Any], row: Summary, gone: Sequence[Summary]) -> Iterator[ResourceKey]:
    """Find what a removed manifest depended on, among the others that have lost theirs."""
    stated = document.get("dependsOn")
    for reference in stated if isinstance(stated, list) else ():
        if not isinstance(reference, Mapping):
            continue
        kind, name = str(reference.get("kind", "")).casefold(), reference.get("name")
        scope = reference.get("project") or reference.get("workspace") or row.key.scope
        for other in (each.key for each in gone):
            is_named = (other.kind.casefold(), other.name) == (kind, name) and other.scope in (scope, "")
            if is_named and other.target == row.key.target and other != row.key:
                yield other


def _followed(
    document: Mapping[str, Any], row: Summary, gone: Sequence[Summary], kind: Kind
) -> Iterator[ResourceKey]:
    """Find the jobs that a removed manifest let the platform wait for, among the others that lost theirs."""
    for pointer in kind.follows:
        names = value_at(document, pointer)
        for other in (each.key for each in gone if each.key != row.key):
            is_beside = replace(other, name=row.key.name) == row.key
            if is_beside and isinstance(names, list) and other.name in names:
                yield other


def declares(key: ResourceKey, kind: Kind) -> Wanted:
    """Recognise the document of one object as written."""

    def test(document: Any) -> bool:
        meta = document.get("metadata") if isinstance(document, Mapping) else None
        return (
            isinstance(meta, Mapping)
            and document.get("kind") == kind.name
            and document.get("apiVersion") == kind.api_version
            and meta.get("name") == key.name
            and (not kind.scope_word or meta.get(kind.scope_word) == key.scope.rpartition("/")[2])
        )

    return test


def _policy(document: Mapping[str, Any], declared: Declared) -> Policy:
    lifecycle = document.get("lifecycle")
    stated = lifecycle if isinstance(lifecycle, Mapping) else {}
    default = declared.fleet.default_lifecycle
    return Policy(
        on_remove=str(stated.get("onRemove") or default.on_remove),
        protect=bool(stated.get("protect", default.protect)),
    )


def present(lives: Mapping[str, Live], plan: Plan, finished: Mapping[str, Ran] = EMPTY) -> dict[str, int]:
    """Count, per target, what is live and ours plus what is known of ours to be gone.

    That is what the platform remembers as deleted; where its list shows no mark, a job that completed and
    that `finished` names, by its key. So is a job kept by what `finished` says alone.
    """
    counts: dict[str, int] = {}
    kept = {c.key for c in plan.having(Action.KEEP) if c.observed is None and c.key.full in finished}
    for target, live in lives.items():
        ours = [
            row for read in live.scopes.values() for row in read.rows if _is_ours(row, live, plan.fleet_id)
        ]
        gone = [
            row
            for read in live.scopes.values()
            for row in read.deleted
            if (row.mark.fleet_id == plan.fleet_id if row.mark else _has_ended(row, finished))
        ]
        told = {key for key in kept if key.target == target} - {row.key for row in gone}
        counts[target] = len({row.id for row in ours} | {row.id for row in gone}) + len(told)
    return counts


def _has_ended(gone: Deleted, finished: Mapping[str, Ran]) -> bool:
    return gone.completed_at is not None and gone.key.full in finished


def owned_now(lives: Mapping[str, Live], fleet_id: str) -> dict[str, int]:
    """Count, per target, what is live and ours."""
    return {
        target: sum(_is_ours(row, live, fleet_id) for read in live.scopes.values() for row in read.rows)
        for target, live in lives.items()
    }


def finished_now(plan: Plan, lives: Mapping[str, Live], fleet_id: str, at: datetime) -> dict[str, Ran]:
    """List the runs of ours that a plan of `at` shows as finished, by the key's full name.

    Of one that is kept although it is gone, the platform's own memory is short: it is listed as well.
    """
    when = at.isoformat(timespec="seconds")
    marks = [
        (change.key, seen.mark)
        for change in plan.changes
        if (seen := change.observed) and seen.mark and seen.summary.life is Life.FINISHED
        if owner_of(seen.mark, fleet_id=fleet_id, identity=seen.summary.identity) is Owner.OURS
    ]
    gone = _newest_gone(lives)
    marks += [
        (change.key, row.mark)
        for change in plan.having(Action.KEEP)
        if change.observed is None and (row := gone.get(change.key)) and row.completed_at
        if row.mark and row.mark.fleet_id == fleet_id
    ]
    return {key.full: Ran(mark.digest, mark.run_id, when) for key, mark in marks}


def _newest_gone(lives: Mapping[str, Live]) -> dict[ResourceKey, Deleted]:
    """Give the object of each key that was deleted last."""
    rows = [row for live in lives.values() for read in live.scopes.values() for row in read.deleted]
    dated = [(row.deleted_at, row) for row in rows if row.deleted_at]
    return {row.key: row for _, row in sorted(dated, key=lambda pair: pair[0])}


def _is_ours(row: Summary, live: Live, fleet_id: str) -> bool:
    seen = live.details.get(row.id, row)
    return seen.mark is not None and seen.mark.fleet_id == fleet_id
