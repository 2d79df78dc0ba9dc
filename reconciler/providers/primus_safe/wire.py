"""From the platform's payloads to values. What cannot be read raises Misshapen; nothing is guessed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from reconciler.providers.primus_safe import marks
from reconciler.providers.primus_safe.phases import ENDED, PENDING, level_of, life_of, phase_of
from reconciler.resource import Json, Life, ResourceKey, Scope, Summary

_RESTLESS = frozenset({"runtime", "duration", "secondsUntilTimeout", "avgGpuUsage"})
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)(?:\.\d+)?s)?")
_ENDS = frozenset({"AdminFailed", "AdminStopped", "K8sFailed"})
_HOLDS = frozenset({"Running", "Updating", "NotReady"})


class Misshapen(ValueError):
    """Report a payload that is not what the platform documents."""


def identity_of(workspace: str, kind: str, name: str) -> str:
    """Write a key as marks do: without the target's nickname, with the workspace's id."""
    return f"{workspace}/{kind}/{name}"


def rows_in(payload: Json) -> list[dict[str, Json]]:
    """Take the rows out of a list answer, null where there are none. Raises Misshapen for anything else."""
    if not isinstance(payload, dict) or "items" not in payload:
        raise Misshapen('the answer holds no list "items"')
    rows = payload["items"]
    if rows is None and payload.get("totalCount") == 0:
        return []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Misshapen('"items" is not a list of objects')
    return rows


def total_in(payload: Json) -> int:
    """Take the count of all rows out of a list answer."""
    total = payload.get("totalCount") if isinstance(payload, dict) else None
    if isinstance(total, bool) or not isinstance(total, int) or total < 0:
        raise Misshapen('the answer holds no "totalCount"')
    return total


def text(row: Mapping[str, Json], key: str) -> str:
    """Take a text that must be there."""
    value = row.get(key)
    if not isinstance(value, str) or not value:
        raise Misshapen(f'a row holds no "{key}"')
    return value


def words(row: Mapping[str, Json], key: str) -> str:
    """Take a text that may be missing."""
    value = row.get(key)
    return value if isinstance(value, str) else ""


def whole(row: Mapping[str, Json], key: str) -> int:
    """Take a number that may be missing, 0 then."""
    value = row.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def listed(row: Mapping[str, Json], key: str) -> list[Mapping[str, Json]]:
    """Take a list of objects that may be missing or null."""
    value = row.get(key)
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def moment(value: Json) -> datetime | None:
    """Read a time stamp, in UTC where it does not say; None for what is none."""
    if not isinstance(value, str) or not value:
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):  # the first and the last day there are have no UTC everywhere
        return None


def asked(at: datetime) -> str:
    """Write a moment as queries take it, in whole seconds; one that cannot be read is passed over there."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def kind_of(row: Mapping[str, Json]) -> str:
    """Take the kind of a workload."""
    version = row.get("groupVersionKind")
    return text(version if isinstance(version, Mapping) else {}, "kind")


def resources_of(row: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    """Take what each group of pods asks for, in either form."""
    if isinstance(one := row.get("resource"), Mapping):
        return [one]
    return listed(row, "resources")


def check_workspace(row: Mapping[str, Json], scope: Scope) -> None:
    """Refuse a row of another workspace: the filter was not honoured, so nothing here can be trusted."""
    if text(row, "workspaceId") != scope.id:
        raise Misshapen(f'a row of workspace "{row["workspaceId"]}" came back')


def spellings_of(scope: Scope) -> frozenset[str]:
    """Give the words that a fleet file may name a workspace by."""
    plain = scope.name.rpartition("/")[2]
    return frozenset({scope.name, plain, scope.id, f"{scope.cluster}/{plain}"})


def limits_of(workspace: Mapping[str, Json]) -> Mapping[str, Json]:
    """Take the most hours that a workload may run, by what the workspace is for; servers of today tell."""
    limits = workspace.get("maxRuntime")
    stated = limits.items() if isinstance(limits, Mapping) else ()
    return {str(name): hours for name, hours in stated if isinstance(hours, int) and hours > 0}


def condition_types(row: Mapping[str, Json]) -> tuple[str, ...]:
    """Name the conditions of a workload; a list row has none."""
    return tuple(words(one, "type") for one in listed(row, "conditions"))


def from_wire(row: Mapping[str, Json], *, target: str, scope: Scope, user_id: str) -> Summary:
    """Read one workload, of the list or its detail. Raises Misshapen.

    `user_id` is who we are: a mark on somebody else's workload is a copy, for clones take descriptions
    along. Then the identity is none that a mark could name.
    Source: GET /api/v1/workloads and GET /api/v1/workloads/{id}.
    """
    kind, name, maker = kind_of(row), text(row, "displayName"), words(row, "userId")
    mark = marks.read(words(row, "description")).mark
    if mark and not maker:
        raise Misshapen('a row with a mark holds no "userId", so nobody can tell whether the mark is a copy')
    phase, identity = phase_of(words(row, "phase")), identity_of(scope.id, kind, name)
    began, ended = moment(row.get("startTime")), moment(row.get("endTime"))
    life = life_of(phase, condition_types(row))
    is_ours = bool(maker) and maker == user_id
    return Summary(
        key=ResourceKey(target, scope.name, kind, name),
        id=text(row, "workloadId"),
        identity=identity if is_ours else f"{maker or 'nobody'}:{identity}",
        phase=phase,
        life=life,
        level=level_of(phase),
        fingerprint=fingerprint(row),
        mark=mark,
        submitted_by=words(row, "userName") or maker,
        is_by_us=is_ours,
        created_at=moment(text(row, "creationTime")),
        since=_since(phase, row),
        completed_at=ended if life is Life.FINISHED else None,
        gpus=_gpus(row) if phase in _HOLDS else 0.0,
        running_seconds=_seconds(words(row, "duration") or words(row, "runtime")) if began else 0.0,
        priority=whole(row, "priority"),
        message=words(row, "message") or _last_word(row),
    )


def _last_word(row: Mapping[str, Json]) -> str:
    """Give what a condition says of how it ended; a list row has none."""
    told = [words(one, "message") for one in listed(row, "conditions") if words(one, "type") in _ENDS]
    has_ended = phase_of(words(row, "phase")) in ("Failed", "Stopped")
    return next((said for said in reversed(told) if said), "") if has_ended else ""


def _since(phase: str, row: Mapping[str, Json]) -> datetime | None:
    """Tell since when it is as it is, as far as a row does."""
    names = {PENDING: ("creationTime",)} | dict.fromkeys(ENDED, ("endTime", "deletionTime"))
    return next((at for name in names.get(phase, ("startTime",)) if (at := moment(row.get(name)))), None)


def _gpus(row: Mapping[str, Json]) -> float:
    return float(sum(whole(one, "replica") * _count(one.get("gpu")) for one in resources_of(row)))


def _count(quantity: Json) -> int:
    return int(quantity) if isinstance(quantity, str) and quantity.isdecimal() else 0


def _seconds(duration: str) -> float:
    """Read `1h2m3s`; 0 for what is none."""
    found = _DURATION.fullmatch(duration)
    hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    return float(hours * 3600 + minutes * 60 + seconds)


def fingerprint(row: Mapping[str, Json]) -> str:
    """Digest a row, counters that run on their own left out."""
    still = {key: value for key, value in row.items() if key not in _RESTLESS}
    return hashlib.blake2b(json.dumps(still, sort_keys=True).encode(), digest_size=16).hexdigest()
