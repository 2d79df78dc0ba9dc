"""The truth behind the invariants: whose an object is, whether it runs, and what a request was about."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs

from reconciler.emulator.ledger import Entry
from reconciler.emulator.primus_safe.records import Workload
from reconciler.emulator.primus_safe.users import user_id
from reconciler.mark import Mark
from reconciler.providers.primus_safe import marks
from tests.scenarios.stage import FLEET_ID
from tests.soak.ground import Place
from tests.soak.primus_safe.ground import SafeGround

key_of = SafeGround.place_of
_LIST = "/api/v1/workloads"
_BATCH = frozenset({f"{_LIST}/stop", f"{_LIST}/delete", f"{_LIST}/clone"})


def mark_of(one: Workload) -> Mark | None:
    """Give the mark that an object truly carries: it names this very object, and we made it."""
    mark = marks.read(one.description).mark
    is_true = mark is not None and mark.key == "/".join(key_of(one)) and is_by_us(one)
    return mark if is_true else None


def is_by_us(one: Workload) -> bool:
    """Tell whether an object was made with the account that our commands sign in with."""
    return one.user_id == user_id("demo")


def is_ours(one: Workload, fleet_id: str = FLEET_ID) -> bool:
    """Tell whether an object carries the mark of a fleet as its own."""
    mark = mark_of(one)
    return mark is not None and mark.fleet_id == fleet_id


def keeps(one: Workload) -> bool:
    """Tell whether an object's own mark lets it outlive its manifest."""
    mark = mark_of(one)
    return mark is not None and (mark.protect or mark.on_remove != "Delete")


def stands(one: Workload) -> bool:
    """Tell whether ending this object ends work: nothing that has ended ever goes on."""
    return not one.is_ended and one.deleting_at is None


def owned(world: Mapping[str, Workload], fleet_id: str = FLEET_ID) -> dict[Place, Workload]:
    """Give what stands and is ours, by key."""
    return {key_of(one): one for one in world.values() if stands(one) and is_ours(one, fleet_id)}


def runs_of(key: Place, past: Mapping[str, Workload]) -> list[Workload]:
    """List every object of ours that a key ever had, in the order in which they were made."""
    ours = [one for one in past.values() if key_of(one) == key and is_ours(one)]
    return sorted(ours, key=lambda one: one.number)


def succeeded(one: Workload) -> bool:
    """Tell whether a run ever came to its good end; a stop of what has ended overwrites its phase."""
    return one.phase == "Succeeded" or any(said.type == "K8sSucceeded" for said in one.conditions)


def is_halted(one: Workload) -> bool:
    """Tell whether the platform stopped an object, and said so."""
    return any(said.type == "AdminStopped" and "timed out" in said.message for said in one.conditions)


def is_create(entry: Entry) -> bool:
    """Tell whether a request asks for a new workload."""
    return (entry.method, entry.path) == ("POST", _LIST)


def key_in(entry: Entry) -> Place:
    """Give the key that a create asks for."""
    body = entry.body if isinstance(entry.body, dict) else {}
    kind = (body.get("groupVersionKind") or {}).get("kind", "")
    return str(body.get("workspaceId", "")), str(kind), str(body.get("displayName", ""))


def ids_in(entry: Entry) -> list[str]:
    """Name the workloads that a write is to change."""
    if entry.path in _BATCH:
        return [str(id_) for id_ in entry.body["workloadIds"]]
    return [] if is_create(entry) else [entry.path.removeprefix(f"{_LIST}/").split("/")[0]]


def asks_for(entry: Entry, workspace: str) -> bool:
    """Tell whether a request lists all workloads of a workspace."""
    asked = _asked(entry)
    is_whole = "workloadId" not in asked and asked.get("limit") != "1"
    return is_whole and _is_list(entry) and asked.get("workspaceId") == workspace


def looks_up(entry: Entry, workspace: str, name: str) -> bool:
    """Tell whether a request looks a name up."""
    asked = _asked(entry)
    return _is_list(entry) and (asked.get("workspaceId"), asked.get("workloadId")) == (workspace, name)


def _is_list(entry: Entry) -> bool:
    return (entry.method, entry.path) == ("GET", _LIST)


def _asked(entry: Entry) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(entry.query).items()}
