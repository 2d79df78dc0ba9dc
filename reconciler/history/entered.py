"""Entered: when a run of a job, its spec together with its runId, first came into git.

What counts is HEAD's own line of commits, so what a merge brings in comes with the merge, by the committer's
time; a job cannot be older than its fleet. Specs are compared in their canonical form, before interpolation.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.history import Brought, History, Wanted
from reconciler.kind import Kind
from reconciler.load.files import SUFFIXES
from reconciler.mark import digest_of
from reconciler.resource import ResourceKey
from reconciler.yaml import FILE_LIMITS, parse

_AT_ONCE = 200
_MOST_MOVES = 20
_AFTER_MARKER = (b"", b" ", b"\t", b"\r", b"\n")


@dataclass(frozen=True, slots=True)
class Sought:
    """Describe one job and the run of it that is asked about. `is_it` recognises its documents as written."""

    name: str
    is_it: Wanted
    kind: Kind
    digest: str
    run_id: str


@dataclass(slots=True)
class Entered:
    """Tell when a run came into git, in seconds since 1970, and when its runId did; None for never."""

    run: int | None = None
    run_id: int | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Tell of a fleet file's past, in seconds since 1970: when it came into git, and when it took `run_id`,
    the runId that it gives to manifests without one; None for never. `folders` are all that it ever named.
    """

    born: int | None
    folders: tuple[str, ...]
    run_id: str = ""
    run_id_since: int | None = None


def origin_of(history: History, path: str, fleet_id: str, run_id: str = "") -> Origin:
    """Follow a fleet file back, by its id also where it was moved. Raises FleetError."""
    born, since, until = None, None, "HEAD"
    folders: dict[str, None] = {}
    for _ in range(_MOST_MOVES):
        versions = history.brought([path], until)
        texts = history.blobs([each.blob for each in versions])
        found = [(each, fleet) for each in versions if (fleet := _fleet(texts[each.blob], fleet_id))]
        for _, fleet in found:
            folders |= dict.fromkeys(_folders(fleet, posixpath.dirname(path)))
        if not found:
            break
        first = found[0][0]
        born = first.seconds
        had = [each.seconds for each, fleet in found if run_id and _run_id(fleet) == run_id]
        since = had[0] if had else since
        path, until = _before(history, first, fleet_id), f"{first.commit}^"
        if not path:
            break
    return Origin(born, tuple(folders), run_id, since)


def _before(history: History, first: Brought, fleet_id: str) -> str:
    """Find where a fleet file was before a commit brought it to its place; "" where that commit made it."""
    if not history.has_parent(first.commit):
        return ""
    lost = [path for path in history.lost(first.commit) if path.endswith(SUFFIXES) and "\n" not in path]
    texts = history.blobs([f"{first.commit}^:{path}" for path in lost])
    named = (name.partition(":")[2] for name, text in texts.items() if _fleet(text, fleet_id))
    return next(named, "")


def _fleet(text: bytes, fleet_id: str) -> Mapping[str, Any] | None:
    """Read a text as the file of this fleet; None where it is something else."""
    if fleet_id.encode() not in text:
        return None
    for document in parse(text, "").documents:
        value: Any = document.value
        meta = value.get("metadata") if isinstance(value, Mapping) else None
        if isinstance(meta, Mapping) and value.get("kind") == "Fleet" and meta.get("id") == fleet_id:
            return dict(value)
    return None


def _folders(fleet: Mapping[str, Any], folder: str) -> Iterator[str]:
    named = fleet.get("manifests") or ["manifests"]
    for each in named if isinstance(named, list) else []:
        yield posixpath.normpath(posixpath.join(folder, str(each)))


def entered(
    history: History, sought: Mapping[ResourceKey, Sought], folders: Sequence[str], origin: Origin
) -> dict[ResourceKey, Entered]:
    """Find when each run first stood in a manifest below the folders. Raises FleetError."""
    search = _Search(sought, origin)
    versions = history.brought(folders)
    for start in range(0, len(versions), _AT_ONCE):
        some = versions[start : start + _AT_ONCE]
        texts = history.blobs(list(dict.fromkeys(each.blob for each in some)))
        for each in some:
            search.look(texts[each.blob], each.seconds)
        if not search.left:
            break
    return search.found


class _Search:
    """Look through versions of manifests, the oldest first, until every job is found."""

    def __init__(self, sought: Mapping[ResourceKey, Sought], origin: Origin) -> None:
        self.left = dict(sought)
        self.found = {key: Entered() for key in sought}
        self._origin = origin
        self._seen: set[bytes] = set()

    def look(self, text: bytes, seconds: int) -> None:
        """Look at one version of a file. A document that was seen before says nothing new."""
        if len(text) > FILE_LIMITS.bytes:
            return
        for part in _parts(text):
            if part in self._seen:
                continue
            self._seen.add(part)
            if named := [key for key, one in self.left.items() if one.name.encode() in part]:
                self._read(part, named, seconds)

    def _read(self, part: bytes, named: Sequence[ResourceKey], seconds: int) -> None:
        for value in (document.value for document in parse(part, "").documents):
            for key in named if isinstance(value, Mapping) else ():
                one = self.left.get(key)
                if one is not None and one.is_it(value):
                    self._note(key, one, value, seconds)

    def _note(self, key: ResourceKey, one: Sought, document: Mapping[str, Any], seconds: int) -> None:
        stated, origin, found = _run_id(document), self._origin, self.found[key]
        if (origin.run_id if stated is None else stated) != one.run_id:
            return
        is_inherited = stated is None and bool(origin.run_id)
        since = max(seconds, origin.born or 0, (origin.run_id_since or 0) if is_inherited else 0)
        found.run_id = since if found.run_id is None else found.run_id
        spec = document.get("spec")
        if isinstance(spec, Mapping) and digest_of(one.kind.canonical(spec)) == one.digest:
            found.run = since
            del self.left[key]


def _parts(text: bytes) -> Sequence[bytes]:
    """Cut a file into its documents, where they can be told apart without reading them."""
    if text.startswith(b"%") or b"\n%" in text or b"\n..." in text:
        return [text]
    first, *others = text.split(b"\n---")
    parts = [first]
    for part in others:
        if part[:1] in _AFTER_MARKER:
            parts.append(part)
        else:
            parts[-1] += b"\n---" + part
    return parts


def _run_id(document: Mapping[str, Any]) -> str | None:
    """Give the runId that a document states; None where it leaves it to the fleet."""
    lifecycle = document.get("lifecycle")
    stated = lifecycle.get("runId") if isinstance(lifecycle, Mapping) else None
    return None if stated is None else str(stated)
