"""Blame: which commit last changed a part of a manifest, in its documents as written.

Looks at the newest hundred commits of the file. Where they do not tell, or this clone is shallow,
nobody is named.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reconciler.declare import Declared
from reconciler.diff import ABSENT, at
from reconciler.drift import Drift, DriftItem
from reconciler.errors import FleetError
from reconciler.history import Document, History, Wanted
from reconciler.history.remember import declares, folders_of
from reconciler.kind import Kind
from reconciler.plan.change import Action, Change, Commit, Plan
from reconciler.plan.stopped import STATE
from reconciler.pointer import ROOT, is_below
from reconciler.problem import Location
from reconciler.resource import ResourceKey

MOST_READS = 500
"""Reads of git after which a run names nobody else: about two seconds. A fleet that is missing as a whole
needs no names."""

_READS_OF_A_PLAN = 100
"""The same for a plan, which somebody waits for: some tenths of a second."""
_TOLD = (Action.REFUSED, Action.REPLACE, Action.STOP)
"""The changes of a plan that name their commits, in the order in which git is asked for them: what ends
something, or would. Who brought the rest is no question that a reader of a plan asks.
"""

Part = Callable[[Document], Any]
_KEPT = ("name", "project", "cluster", "target")


@dataclass(frozen=True, slots=True)
class _Logged:
    """Hold one commit of a file and those before it that touched the file as well."""

    commit: Commit
    parents: tuple[str, ...]


class Blame:
    """Answer for one repository who last changed what."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._logs: dict[str, dict[str, _Logged]] = {}
        self._versions: dict[tuple[str, str], Sequence[Mapping[str, Any]]] = {}

    @property
    def asked(self) -> int:
        """Count the reads of git so far."""
        return len(self._logs) + len(self._versions)

    def last_change(self, path: str, wanted: Wanted, part: Part, now: Document) -> Commit | None:
        """Find the commit that made a part of a document what it is in `now`, the file as it lies here.

        None where that is not committed, or is older than the commits that are looked at. As in git
        blame, a merge is not named for what one of its sides brought. Raises FleetError.
        """
        log, value = self._log(path), _text(part(now))
        here = next(iter(log), "")
        if not here or _text(part(self._document(here, path, wanted))) != value:
            return None
        while True:
            same = self._same(log, here, path, lambda before: _text(part(before)) == value, wanted)
            if not same:
                break
            here = same
        is_told = all(parent in log for parent in log[here].parents)
        return log[here].commit if is_told else None

    def before(self, commit: Commit, path: str, wanted: Wanted, part: Part) -> list[Any]:
        """Give a part of a document as each commit right before this one has it. Raises FleetError."""
        return [part(self._document(parent, path, wanted)) for parent in self._log(path)[commit.hash].parents]

    def removal(self, path: str, wanted: Wanted) -> Commit | None:
        """Find the commit that took a document out of a file for good. Raises FleetError."""
        if not self._log(path):
            return None
        found = self.last_change(path, wanted, lambda document: document is not None, None)
        parents = self._logs[path][found.hash].parents if found else ()
        return found if any(self._document(parent, path, wanted) for parent in parents) else None

    def _same(
        self,
        log: Mapping[str, _Logged],
        here: str,
        path: str,
        is_same: Callable[[Document], bool],
        wanted: Wanted,
    ) -> str:
        """Find the commit before this one that had the part already; "" where there is none."""
        known = (parent for parent in log[here].parents if parent in log)
        return next((parent for parent in known if is_same(self._document(parent, path, wanted))), "")

    def _document(self, commit: str, path: str, wanted: Wanted) -> Document:
        if (commit, path) not in self._versions:
            self._versions[commit, path] = self._history.documents(commit, path)
        return next(filter(wanted, self._versions[commit, path]), None)

    def _log(self, path: str) -> dict[str, _Logged]:
        if path not in self._logs:
            self._logs[path] = dict(_logged(self._history.log(path)))
        return self._logs[path]


def _logged(lines: Sequence[str]) -> Iterator[tuple[str, _Logged]]:
    """Read pairs of lines: `commit HASH PARENT...` and `SECONDS AUTHOR`."""
    for head, told in zip(lines[::2], lines[1::2], strict=True):
        _, hash_, *parents = head.split()
        seconds, _, author = told.partition(" ")
        name = author.encode(errors="surrogateescape").decode(errors="replace")
        commit = Commit(hash_, datetime.fromtimestamp(int(seconds), UTC), name)
        yield hash_, _Logged(commit, tuple(parents))


def _text(value: Any) -> str:
    """Write a part of a document as text: 1 is not true, and the order of keys says nothing."""
    return "" if value is ABSENT else json.dumps(value, sort_keys=True, default=str)


def blamed(drift: Drift, plan: Plan, declared: Declared) -> Drift:
    """Name the commits behind drift. Git that fails or knows too little names nobody."""
    if not drift.items:
        return drift
    try:
        history = History.open(Path(declared.fleet.root))
    except FleetError:
        return drift
    if history is None or history.is_shallow:
        return drift
    changes = {change.key: change for change in plan.changes}
    blame = Blame(history)
    items = [_blamed(item, changes[item.key], blame, history, declared) for item in drift.items]
    return replace(drift, items=tuple(items))


def _blamed(item: DriftItem, change: Change, blame: Blame, history: History, declared: Declared) -> DriftItem:
    if blame.asked >= MOST_READS or change.kind is None:
        return item
    try:
        if item.state == "orphaned" and change.resource is None:
            return replace(item, commit=_removal(change, change.kind, blame, history, declared))
        if item.state == "missing" or (item.state == "refused" and change.observed is None) or item.fields:
            return _stated(item, change.kind, blame, history, declared)
    except (FleetError, ValueError, OverflowError, OSError):  # times that no calendar has, broken objects
        return item
    return item


def _stated(item: DriftItem, kind: Kind, blame: Blame, history: History, declared: Declared) -> DriftItem:
    """Name who declared the object, or who last changed each field that differs."""
    file = item.source.file if item.source else ""
    now = written(item.key, item.source, kind, declared)
    if now is None or file not in declared.loaded.paths:
        return item
    path, wanted = history.path_of(declared.loaded.path_of(file)), same_as(now)
    if not item.fields:
        return replace(item, commit=blame.last_change(path, wanted, _is_there, now))
    found = {
        field.pointer: blame.last_change(path, wanted, _part(field.pointer, kind), now)
        for field in item.fields
    }
    return replace(item, commits={pointer: commit for pointer, commit in found.items() if commit})


def with_commits(plan: Plan, declared: Declared) -> Plan:
    """Name in a plan the commits that brought what it refuses, replaces, stops or makes again.

    Git that fails or knows too little names nobody, and what somebody changed live is no commit's doing.
    """
    told = [change for action in _TOLD for change in plan.having(action)]
    told += [change for change in plan.having(Action.CREATE) if change.gone_at]
    asked = [change for change in told if change.kind and change.resource]
    try:
        history = History.open(Path(declared.fleet.root)) if asked else None
    except FleetError:
        return plan
    if history is None or history.is_shallow:
        return plan
    blame, found = Blame(history), dict[ResourceKey, Change]()
    for change in asked:
        if blame.asked < _READS_OF_A_PLAN and change.kind:
            commits = _brought(change, change.kind, blame, history, declared)
            found[change.key] = replace(change, commits=commits)
    return replace(plan, changes=tuple(found.get(change.key, change) for change in plan.changes))


def _brought(
    change: Change, kind: Kind, blame: Blame, history: History, declared: Declared
) -> tuple[Commit, ...]:
    """Name who last changed each field that git moved; where no field tells, who declared the object."""
    now, parts = written(change.key, change.source, kind, declared), _parts(change, kind)
    if now is None or change.source is None or change.source.file not in declared.loaded.paths:
        return ()
    path, wanted = history.path_of(declared.loaded.path_of(change.source.file)), same_as(now)
    try:
        found = [blame.last_change(path, wanted, part, now) for part in parts]
    except (FleetError, ValueError, OverflowError, OSError):  # times that no calendar has, broken objects
        return ()
    commits = {commit.hash: commit for commit in found if commit}
    return tuple(sorted(commits.values(), key=lambda commit: (commit.time, commit.hash), reverse=True))


def _parts(change: Change, kind: Kind) -> list[Part]:
    if change.fields:
        return [_part(field.pointer, kind) for field in change.fields if field.origin != "live"]
    is_absent = change.resource is not None and change.resource.is_absent
    return [wanted_state if is_absent else _is_there]


def written(key: ResourceKey, source: Location | None, kind: Kind, declared: Declared) -> Document:
    """Find the document that declares an object, as written."""
    test = declares(key, kind)
    above = [
        document
        for document in declared.loaded.documents
        if source and document.file == source.file and document.first_line <= source.line
    ]
    last = max(above, key=lambda document: document.first_line, default=None)
    return last.value if last and test(last.value) else None


def same_as(now: Mapping[str, Any]) -> Wanted:
    """Recognise earlier versions of a document by what tells it from others."""
    return lambda document: _identity(document) == _identity(now)


def _identity(document: Mapping[str, Any]) -> tuple[Any, ...]:
    meta = document.get("metadata")
    told = [meta.get(word) for word in _KEPT] if isinstance(meta, Mapping) else []
    return (document.get("apiVersion"), document.get("kind"), *told)


def _is_there(document: Document) -> bool:
    return document is not None


def wanted_state(document: Document) -> Any:
    """Read the state that a document wants; Running goes without saying."""
    if document is None:
        return ABSENT
    lifecycle = document.get("lifecycle")
    stated = lifecycle.get("state") if isinstance(lifecycle, Mapping) else None
    return stated or "Running"


def _part(pointer: str, kind: Kind) -> Part:
    """Read a field by its canonical pointer; outside of the spec the document as a whole counts."""
    if pointer == STATE:
        return wanted_state
    if not is_below(pointer, ROOT):
        return _is_there

    def read(document: Document) -> Any:
        spec = document.get("spec") if document is not None else None
        return at(kind.canonical(spec), pointer) if isinstance(spec, Mapping) else ABSENT

    return read


def _removal(change: Change, kind: Kind, blame: Blame, history: History, declared: Declared) -> Commit | None:
    """Name who took the manifest out, where it stood in no other file since."""
    mark = change.observed.mark if change.observed else None
    if mark is None or not mark.path:
        return None
    commit = blame.removal(mark.path, declares(change.key, kind))
    if commit is None:
        return None
    elsewhere = history.naming(change.key.name, f"{commit.hash}^..HEAD", folders_of(declared)) - {mark.path}
    return None if elsewhere else commit
