"""Resumed: when git turned a manifest from Stopped to Running, for objects that still stand still."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from reconciler.declare import Declared
from reconciler.errors import FleetError
from reconciler.history import History
from reconciler.history.blame import MOST_READS, Blame, same_as, wanted_state, written
from reconciler.kind import Kind
from reconciler.resource import Life, Live, Resource, ResourceKey


def turned_to_running(
    declared: Declared,
    lives: Mapping[str, Live],
    desired: Sequence[Resource],
    kinds: Mapping[tuple[str, str], Kind],
) -> dict[ResourceKey, datetime]:
    """Find the times of the commits after which manifests say Running that said Stopped before.

    Only for what is stopped now. What is not committed, or older than what git is asked for, is left out.
    """
    waiting = [one for one in desired if not one.is_stopped and _is_stopped(one.key, lives)]
    history = _opened(declared) if waiting else None
    if history is None:
        return {}
    blame = Blame(history)
    found = {one.key: _turned(one, blame, history, declared, kinds) for one in waiting}
    return {key: time for key, time in found.items() if time}


def _is_stopped(key: ResourceKey, lives: Mapping[str, Live]) -> bool:
    live = lives.get(key.target)
    read = live.scopes.get(key.scope) if live else None
    rows = read.named(key.name) if read else ()
    return any(row.key == key and row.life is Life.STOPPED for row in rows)


def _opened(declared: Declared) -> History | None:
    try:
        history = History.open(Path(declared.fleet.root))
    except FleetError:
        return None
    return None if history is None or history.is_shallow else history


def _turned(
    one: Resource,
    blame: Blame,
    history: History,
    declared: Declared,
    kinds: Mapping[tuple[str, str], Kind],
) -> datetime | None:
    file, kind = one.source.file, kinds[one.key.target, one.key.kind]
    now = written(one.key, one.source, kind, declared)
    if now is None or file not in declared.loaded.paths or blame.asked >= MOST_READS:
        return None
    if wanted_state(now) == "Stopped":
        return datetime.max.replace(tzinfo=UTC)  # it is only wished for: git would say it from now on
    path, wanted = history.path_of(declared.loaded.path_of(file)), same_as(now)
    try:
        commit = blame.last_change(path, wanted, wanted_state, now)
        before = blame.before(commit, path, wanted, wanted_state) if commit else []
    except (FleetError, ValueError, OverflowError, OSError):  # times no calendar has, broken objects
        return None
    return commit.time if commit and "Stopped" in before else None
