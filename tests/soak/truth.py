"""The truth behind the invariants: whose an object is, whether it runs, which runs a key has had."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from reconciler.emulator.ledger import Entry
from reconciler.emulator.runai.phases import TERMINAL
from reconciler.emulator.runai.records import Workload
from reconciler.mark import Mark, mark_from_text
from tests.scenarios.stage import FLEET_ID
from tests.soak.wishes import kind_of

Key = tuple[str, str]
"""A project and a name, which the platform holds once."""


def key_of(one: Workload) -> Key:
    """Give the key under which a platform holds a workload."""
    return one.project.name, one.name


def marks_of(tree: Any) -> Iterator[Mark]:
    """Find every mark in a spec, wherever its kind carries it."""
    if isinstance(tree, Mapping):
        for item in tree.values():
            yield from marks_of(item)
    elif isinstance(tree, list):
        for item in tree:
            yield from marks_of(item)
    elif isinstance(tree, str) and (mark := mark_from_text(tree)):
        yield mark


def mark_of(one: Workload) -> Mark | None:
    """Give the mark that an object truly carries: it names this very object."""
    identity = f"{one.project.cluster}/{one.project.name}/{kind_of(one)}/{one.name}"
    return next((mark for mark in marks_of(one.spec) if mark.key == identity), None)


def is_ours(one: Workload, fleet_id: str = FLEET_ID) -> bool:
    """Tell whether an object carries the mark of a fleet as its own."""
    mark = mark_of(one)
    return mark is not None and mark.fleet_id == fleet_id


def keeps(one: Workload) -> bool:
    """Tell whether an object's own mark lets it outlive its manifest."""
    mark = mark_of(one)
    return mark is not None and (mark.protect or mark.on_remove != "Delete")


def stands(one: Workload) -> bool:
    """Tell whether an object is there to stay."""
    return not one.is_gone and one.phase != "Deleting"


def runs(one: Workload) -> bool:
    """Tell whether ending this object ends work."""
    return stands(one) and one.phase not in TERMINAL | {"Stopped", "Stopping"}


def owned(world: Mapping[str, Workload], fleet_id: str = FLEET_ID) -> dict[Key, Workload]:
    """Give what stands and is ours, by key."""
    return {key_of(one): one for one in world.values() if stands(one) and is_ours(one, fleet_id)}


def name_in(entry: Entry) -> str:
    """Give the name that a create asks for."""
    return str(_names(entry).get("name", ""))


def project_in(entry: Entry) -> str:
    """Give the id of the project that a create is for."""
    return str(_names(entry).get("projectId", ""))


def _names(entry: Entry) -> Mapping[str, Any]:
    """Gather what a create's body says of who it is, wherever its version of the API has it."""
    body = entry.body if isinstance(entry.body, dict) else {}
    manifest = body.get("manifest")
    kubernetes = manifest.get("metadata") or {} if isinstance(manifest, dict) else {}
    return {**kubernetes, **(body.get("metadata") or {}), **body}


def asks_for(entry: Entry, project_id: str) -> bool:
    """Tell whether a request lists the live workloads of a project."""
    query = unquote(entry.query)
    is_list = entry.path == "/api/v1/workloads" and "deleted=true" not in query
    return is_list and f"filterBy=projectId=={project_id}&" in f"{query}&"


def looks_up(entry: Entry, name: str) -> bool:
    """Tell whether a request looks a name up."""
    return entry.path == "/api/v1/workloads" and f"filterBy=name=={name}&" in f"{unquote(entry.query)}&"
