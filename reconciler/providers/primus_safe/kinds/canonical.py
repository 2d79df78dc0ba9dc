"""Canonical form: one spelling for specs that mean the same, so that equal means equal.

Quantities are spelled by value, texts that the server trims are trimmed, times are spelled to their minute,
lists without an order are sorted, and dependencies and secrets are maps by name. Explicit nulls and empty
containers are gone. Pure; takes any JSON-like tree, however odd.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping

from reconciler.pointer import whole
from reconciler.providers.primus_safe.kinds.moment import minute_of
from reconciler.quantity import quantity
from reconciler.resource import Json
from reconciler.secret import Secret, referenced

_DEEPEST = 64


def canonical(spec: Mapping[str, Json] | None) -> dict[str, Json]:
    """Spell a spec the one way it is compared. Secret leaves pass through. Never raises."""
    if not isinstance(spec, Mapping):
        return {}
    spelled = {name: _SPELLINGS.get(name, _plain)(value) for name, value in spec.items()}
    return _stated(spelled)


def _stated(fields: Mapping[str, Json]) -> dict[str, Json]:
    """Leave out what states nothing."""
    return {name: value for name, value in fields.items() if value is not None and value not in ({}, [])}


def _plain(value: Json, depth: int = 0) -> Json:
    if depth > _DEEPEST or isinstance(value, Secret):
        return value
    if isinstance(value, Mapping):
        return _stated({str(name): _plain(item, depth + 1) for name, item in value.items()})
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value if item is not None]
    return whole(value) if isinstance(value, float) else value


def _trimmed(value: Json) -> Json:
    """Take the white space around a text away, as the server does."""
    if isinstance(value, Secret):
        return value.stripped()
    return value.strip() if isinstance(value, str) else _plain(value)


def _note(value: Json) -> Json:
    """Trim a note, whose end is followed by the mark; an empty one is none."""
    trimmed = _trimmed(value)
    return None if trimmed == "" else trimmed


def _amounts(value: Json) -> Json:
    """Spell each field of what a pod asks for as a quantity; the number of pods is one already."""
    if not isinstance(value, Mapping):
        return _plain(value)
    spelled = {name: item if name == "replica" else quantity(item) for name, item in value.items()}
    return _plain(spelled)


def _limit(value: Json) -> Json:
    """Spell a limit in seconds; 0 and less mean none."""
    is_none = isinstance(value, int) and not isinstance(value, bool) and value <= 0
    return None if is_none else _plain(value)


def _service(value: Json) -> Json:
    if not isinstance(value, Mapping):
        return _plain(value)
    protocol = value.get("protocol")
    return _plain({**value, "protocol": protocol.upper() if isinstance(protocol, str) else protocol})


def _unordered(value: Json) -> Json:
    """Spell a list whose order and repeats say nothing."""
    if not isinstance(value, list | tuple):
        return _plain(value)
    return _sorted(_plain(list(value)))


def _sorted(items: Iterable[Json]) -> list[Json]:
    by_text = {_text(item): item for item in items}
    return [by_text[text] for text in sorted(by_text)]


def _keyed(field: str) -> Callable[[Json], Json]:
    """Spell a list as a map by one field of its items, which alone counts. A text is that field itself."""

    def spell(value: Json) -> Json:
        items = value if isinstance(value, list | tuple) else ()
        names = [item.get(field) if isinstance(item, Mapping) else item for item in items if item is not None]
        if not all(isinstance(name, str | Secret) for name in names) or not names:
            return _plain(value)
        return {f"{field}={_name(name)}": {field: name} for name in names}

    return spell


def _name(value: Json) -> Json:
    return value.reference if isinstance(value, Secret) else value


def _times(value: Json) -> Json:
    """Spell the times at which a workload starts: each to its minute, what happens then stated."""
    if not isinstance(value, list | tuple):
        return _plain(value)
    return _sorted(_time(item) for item in value if item is not None)


def _time(item: Json) -> Json:
    if not isinstance(item, Mapping):
        return _plain(item)
    action = item.get("action")
    return _plain({**item, "schedule": minute_of(item.get("schedule")), "action": action or "start"})


def _text(value: Json) -> str:
    return json.dumps(referenced(value), sort_keys=True, default=str)


_SPELLINGS: Mapping[str, Callable[[Json], Json]] = {
    "cronJobs": _times,
    "dependencies": _keyed("name"),
    "description": _note,
    "entryPoint": _trimmed,
    "excludedNodes": _unordered,
    "hostpath": _unordered,
    "image": _trimmed,
    "resource": _amounts,
    "secrets": _keyed("id"),
    "service": _service,
    "specifiedNodes": _unordered,
    "timeout": _limit,
}
