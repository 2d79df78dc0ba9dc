"""From the platform's payloads to values. What cannot be read raises Misshapen; nothing is guessed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime

from reconciler.mark import Mark, mark_from_text
from reconciler.providers.runai.marks import MARK, place_of
from reconciler.providers.runai.phases import level_of, life_of
from reconciler.resource import Deleted, Json, ResourceKey, Scope, Summary

TAKEN = "already exists"
"""What the platform says of a name that is taken, whatever the status."""

_MOST = 1e12
_RESTLESS = frozenset(
    {"totalPendingTimeSeconds", "totalRunningTimeSeconds", "idleGpus", "idleAllocatedGpus", "conditions"}
)


class Misshapen(ValueError):
    """Report a payload that is not what the platform documents."""


def project_of(scope: str) -> str:
    """Give the project's own name, where a scope is written `cluster/project`."""
    return scope.rpartition("/")[2]


def identity_of(cluster_id: str, project: str, kind: str, name: str) -> str:
    """Write a key as marks do: without the target's nickname, with the cluster's id."""
    return f"{cluster_id.lower()}/{project}/{kind}/{name}"


def rows_in(payload: Json, key: str) -> list[dict[str, Json]]:
    """Take the rows out of a list answer. Raises Misshapen for anything else, never gives an empty list."""
    rows = payload.get(key) if isinstance(payload, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Misshapen(f'the answer holds no list "{key}"')
    return rows


def next_in(payload: Json) -> int | None:
    """Take the offset of the next page out of a list answer."""
    following = payload.get("next")
    if following is None:
        return None
    if isinstance(following, bool) or not isinstance(following, int):
        raise Misshapen('"next" is not a number')
    return following


def text(row: Mapping[str, Json], key: str) -> str:
    """Take a text that must be there."""
    value = row.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value:
        raise Misshapen(f'a row holds no "{key}"')
    return value


def words(row: Mapping[str, Json], key: str) -> str:
    """Take a text that may be missing."""
    value = row.get(key)
    return value if isinstance(value, str) else ""


def number(row: Json, key: str) -> float:
    """Take an amount that may be missing; one beyond all measure counts as the most there can be."""
    value = row.get(key) if isinstance(row, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(min(max(value, 0), _MOST))


def has_come(value: Json) -> bool:
    """Tell whether a time stamp tells of a time; what nobody set may be null, "" or Go's zero time."""
    return bool(value) and not (isinstance(value, str) and value.startswith("0001-01-01T"))


def moment(value: Json) -> datetime | None:
    """Read a time stamp, in UTC where it does not say; None for what is none, such as the year 1."""
    if not isinstance(value, str) or not has_come(value):
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):  # the first and the last day there are have no UTC everywhere
        return None


def mark_in(row: Mapping[str, Json]) -> Mark | None:
    """Read the mark that a list row shows."""
    env = row.get("environmentVariables")
    said = env.get(MARK) if isinstance(env, Mapping) else None
    return mark_from_text(said) if isinstance(said, str) else None


def check_project(row: Mapping[str, Json], scope: Scope) -> None:
    """Refuse a row of another project: the filter was not honoured, so nothing here can be trusted."""
    if text(row, "projectId").casefold() != scope.id.casefold():
        raise Misshapen(f'a row of project "{words(row, "projectName") or row["projectId"]}" came back')


def from_wire(row: Mapping[str, Json], *, target: str, scope: str, known_as: str) -> Summary:
    """Read one workload as the control plane lists it. Raises Misshapen.

    `known_as` is its kind; "" keeps the platform's word. A phase we do not know is UNKNOWN.
    Source: GET /api/v1/workloads and GET /api/v1/workloads/{id}.
    """
    kind = known_as or text(row, "type")
    name, phase, env = text(row, "name"), text(row, "phase"), row.get("environmentVariables")
    if env is not None and not isinstance(env, Mapping):
        raise Misshapen('a row\'s "environmentVariables" is not a map')
    place = place_of(known_as)
    mark = mark_in(row) if place.has_env else None
    return Summary(
        key=ResourceKey(target, scope, kind, name),
        id=text(row, "id"),
        identity=identity_of(text(row, "clusterId"), text(row, "projectName"), kind, name),
        phase=phase,
        life=life_of(phase),
        level=level_of(phase),
        fingerprint=fingerprint(row),
        mark=mark,
        shows_marks=mark is not None or (env is not None and place.is_listed),
        is_known_kind=bool(known_as),
        submitted_by=words(row, "submittedBy"),
        source=words(row, "source"),
        created_at=moment(text(row, "createdAt")),
        updated_at=moment(row.get("updatedAt")),
        since=moment(row.get("phaseUpdatedAt")),
        completed_at=moment(row.get("completedAt")),
        gpus=number(row.get("allocatedResources"), "gpu"),
        running_seconds=number(row, "totalRunningTimeSeconds"),
        preemptible=row.get("preemptible") is True,
        pool=_first(row.get("currentNodePools")),
        priority=found if isinstance(found := row.get("priority"), int) else None,
        idle_gpus=number(row, "idleAllocatedGpus") or number(row, "idleGpus"),
        reason=words(row, "phaseReason"),
        message=words(row, "phaseMessage"),
    )


def _first(value: Json) -> str:
    return value[0] if isinstance(value, list) and value and isinstance(value[0], str) else ""


def deleted_from_wire(row: Mapping[str, Json], *, target: str, scope: str, known_as: str) -> Deleted:
    """Read one row of the deleted list. Raises Misshapen."""
    return Deleted(
        key=ResourceKey(target, scope, known_as or text(row, "type"), text(row, "name")),
        id=text(row, "id"),
        deleted_at=moment(row.get("deletedAt")),
        completed_at=moment(row.get("completedAt")),
        mark=mark_in(row),
        submitted_by=words(row, "submittedBy"),
        deleted_by=words(row, "deletedBy"),
    )


def fingerprint(row: Mapping[str, Json]) -> str:
    """Digest a row, counters that run on their own left out."""
    still = {key: value for key, value in row.items() if key not in _RESTLESS}
    return hashlib.blake2b(json.dumps(still, sort_keys=True).encode(), digest_size=16).hexdigest()


def spellings_of(scope: Scope) -> frozenset[str]:
    """Give the words that a fleet file may name a project by."""
    plain = project_of(scope.name)
    return frozenset({scope.name, plain, f"{scope.cluster}/{plain}"})


def project_from_wire(row: Mapping[str, Json], clusters: Mapping[str, str]) -> Scope:
    """Read one project; `clusters` gives the names of clusters by id in lower case. Raises Misshapen."""
    cluster_id = text(row, "clusterId").lower()
    return Scope(
        name=text(row, "name"),
        id=text(row, "id"),
        cluster=clusters.get(cluster_id, ""),
        cluster_id=cluster_id,
    )
