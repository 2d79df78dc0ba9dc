"""What servers of an older level do not know yet."""

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.emulator.runai.shapes import Flaw

Json = Any
Level = tuple[int, int]
_SINCE_2_24 = (
    "preemptibility",
    "environmentVariables.userCredential",
    "exposedUrls.authorizationType",
)
_ROLES = ("leader", "worker")
_SPLIT = frozenset({"authorizedUsers", "authorizedGroups"})


def as_known_at(level: Level, kind: str, body: Json) -> Json:
    """Drop from a body what servers of this level do not know yet, silently, as they do."""
    if level >= (2, 24) or not isinstance(body, dict):
        return body
    unknown = {"templateId"} if kind == "Inference" else set()
    kept = {key: value for key, value in body.items() if key not in unknown}
    for key in ("spec", "masterSpec"):
        if key in kept:
            kept[key] = _older(kept[key])
    return kept


def _older(spec: Json) -> Json:
    if not isinstance(spec, dict):
        return spec
    for path in _SINCE_2_24:
        spec = _without(spec, path.split("."))
    return {key: _older(value) if key in _ROLES else value for key, value in spec.items()}


def _without(value: Json, path: list[str]) -> Json:
    """Leave out what a path leads to, in every item of the lists on its way."""
    if isinstance(value, list):
        return [_without(item, path) for item in value]
    if not isinstance(value, dict) or path[0] not in value:
        return value
    if len(path) == 1:
        return {key: inner for key, inner in value.items() if key != path[0]}
    return {**value, path[0]: _without(value[path[0]], path[1:])}


def too_new(level: Level, kind: str, spec: Mapping[str, Json]) -> Iterator[Flaw]:
    """Yield the values that an older server refuses: it had one word for users and groups."""
    if level >= (2, 24) or kind != "Inference":
        return
    if (spec.get("servingPort") or {}).get("authorizationType") in _SPLIT:
        known = "public, authenticatedUsers, authorizedUsersOrGroups"
        yield Flaw("spec.servingPort.authorizationType", f"must be one of {known}", "options")
