"""Policies: the lifecycle and health blocks turned into values, and what this version honours of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.kind import Kind
from reconciler.problem import Problem
from reconciler.resource import HealthPolicy, Json, Lifecycle

DURATION = r"^[0-9]{1,6}[hms]([0-9]{1,6}[ms])?([0-9]{1,6}s)?$"
_SECONDS = {"h": 3600, "m": 60, "s": 1}
_LIFECYCLE = {
    "state": "state",
    "run": "run",
    "runId": "run_id",
    "onRemove": "on_remove",
    "onImmutableChange": "on_immutable_change",
    "onSecretChange": "on_secret_change",
    "onPlatformStop": "on_platform_stop",
    "protect": "protect",
    "ignore": "ignore",
    "adopt": "adopt",
    "force": "force",
}
_DURATIONS = {"timeout": "timeout_s", "queueTimeout": "queue_timeout_s", "hold": "hold_s"}

HONOURED: Mapping[str, tuple[str, ...]] = {
    "state": ("Running", "Stopped"),
    "run": ("Once", "OnFailure", "OnChange", "Always"),
    "onRemove": ("Delete", "Stop", "Keep"),
    "onPlatformStop": ("Leave", "Resume"),
}
"""Values that code stands behind today."""

KNOWN: Mapping[str, tuple[str, ...]] = {}
"""Values of the schema that no code honours yet. They are refused, so that nobody relies on them."""


def seconds(text: str) -> float:
    """Read a duration such as `1h30m` that has passed the schema."""
    return float(sum(int(number) * _SECONDS[unit] for number, unit in re.findall(r"(\d+)([hms])", text)))


def lifecycle_from(block: Mapping[str, Json] | None, base: Lifecycle) -> Lifecycle:
    """Build the lifecycle of a block over its defaults; null means the default."""
    stated = {_LIFECYCLE[key]: value for key, value in (block or {}).items() if value is not None}
    if "ignore" in stated:
        stated["ignore"] = tuple(stated["ignore"])
    return replace(base, **stated)


def health_from(block: Mapping[str, Json] | None, base: HealthPolicy) -> HealthPolicy:
    """Build the health policy of a block over its defaults; null means the default."""
    given = {key: value for key, value in (block or {}).items() if value is not None}
    stated: dict[str, Json] = {_DURATIONS[key]: seconds(given[key]) for key in _DURATIONS if key in given}
    if "logTail" in given:
        stated["log_tail"] = given["logTail"]
    return replace(base, **stated)


def not_honoured(
    block: Mapping[str, Json] | None, kind: Kind | None = None, spec: Json = None
) -> Iterator[tuple[str, Problem]]:
    """Find lifecycle values that a kind or this version does not honour, each with its field.

    Without a kind the block is the fleet's: defaults for all. Some kinds finish by their spec.
    """
    for field, value in (block or {}).items():
        if value is None:
            continue
        misfit = _misfit(field, value, block or {}, kind) or _beyond(field, value, kind, spec)
        if misfit := misfit or _contradicts(field, value, block or {}):
            yield field, misfit
        elif value in KNOWN.get(field, ()):
            yield field, _later(field, value)
        elif field == "adopt" and kind is None and value:
            hint = "write it in the manifest of the one object that it names"
            yield field, Problem("RC110", "lifecycle.adopt is for one manifest", hint=hint)
        elif field == "ignore" and isinstance(value, list):
            yield from _ignored_paths(value)


def _misfit(field: str, value: Json, block: Mapping[str, Json], kind: Kind | None) -> Problem | None:
    """Say why a field or value is not for this kind: what is claimed by name knows little of a life."""
    if kind is None or kind.support.carries_mark:
        if (field, value) == ("state", "Absent") or (field == "force" and value is True):
            what = f"lifecycle.{field}: {_written(value)} is for a Cluster"
            return Problem("RC110", what, hint="to delete this, delete its manifest")
        return None
    if field in _UNCLAIMED_HAVE_NO:
        why = _UNCLAIMED_HAVE_NO[field].format(kind=kind.name)
        return Problem("RC110", f"lifecycle.{field} is not for a {kind.name}", why=why, hint="leave it out")
    if (field, value) == ("state", "Stopped"):
        return Problem("RC110", f"a {kind.name} cannot be stopped", hint="write Running or Absent")
    if field == "force" and value is True and block.get("state") != "Absent":
        return Problem(
            "RC110", "lifecycle.force needs state: Absent", hint="leave it out, or write state: Absent"
        )
    return None


def _beyond(field: str, value: Json, kind: Kind | None, spec: Json) -> Problem | None:
    """Say why a value asks for what the object cannot do: finish, or be stopped."""
    if kind is None or not kind.support.carries_mark:
        return None
    if (field, value) in _NEEDS_STOP and not kind.support.stops:
        hint = f"write {HONOURED[field][0]}, or leave it out"
        article = "an" if kind.name[0] in "AEIOU" else "a"
        return Problem("RC110", f"{article} {kind.name} cannot be stopped", hint=hint)
    is_run = field == "runId" or (field == "run" and value != "Once")
    if is_run and value and not kind.ends(spec if isinstance(spec, Mapping) else None):
        what = f"lifecycle.{field} is for what finishes; this {kind.name} runs until it is removed"
        return Problem("RC110", what, hint="leave it out")
    return None


def _contradicts(field: str, value: Json, block: Mapping[str, Json]) -> Problem | None:
    """Say why a value goes against another one of the same block."""
    if (field, value) == ("state", "Stopped") and block.get("protect") is True:
        hint = "write protect: false, or leave state out"
        return Problem("RC110", "what is protected is never stopped, and protect is true", hint=hint)
    return None


_NEEDS_STOP = (("state", "Stopped"), ("onRemove", "Stop"), ("onPlatformStop", "Resume"))

_UNCLAIMED_HAVE_NO: Mapping[str, str] = {
    "run": "a {kind} does not finish",
    "runId": "a {kind} does not finish",
    "onRemove": "a {kind} is never pruned; state: Absent deletes it",
    "onImmutableChange": "a {kind} is never replaced",
    "onSecretChange": "a {kind} holds no secrets",
    "onPlatformStop": "a {kind} cannot be stopped",
    "adopt": "a {kind} is claimed by being declared",
}


def _written(value: Json) -> str:
    return "true" if value is True else str(value)


def _later(field: str, value: Json) -> Problem:
    works = " or ".join(HONOURED.get(field, ()))
    hint = f"{works} works today; this comes later" if works else "leave it out today; this comes later"
    return Problem("RC110", f'lifecycle.{field}: "{value}" is not honoured yet', hint=hint)


def _ignored_paths(paths: list[Json]) -> Iterator[tuple[str, Problem]]:
    for index, path in enumerate(paths):
        if isinstance(path, str) and not path.startswith("/spec/"):
            hint = "write a pointer such as /spec/args or /spec/environmentVariables/name=SEED"
            yield f"ignore/{index}", Problem("RC104", f'"{path[:60]}" is not a pointer into spec', hint=hint)
