"""What a saved plan says: when and for what it was made, and every change that was shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from reconciler.resource import Json, ResourceKey

KNOWN_FORMATS = ("1.0",)
"""The formats of plan documents that can be read."""

_NONCE = re.compile("[0-9a-f]{32}")
Value = TypeVar("Value")
Part = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Asked:
    """Hold the words of the command line that a plan was made for, to say them again."""

    inputs: tuple[str, ...] = ()
    selector: str = ""
    targets: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    prune: bool = True
    partial: bool = False
    allow: tuple[str, ...] = ()
    strict: bool = False
    run: tuple[str, ...] = ()
    adopt: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Issued:
    """Tell when a plan was saved, how long it is good, and for what. `urls` are those of its targets.

    `nonce`, 32 hex digits, tells this plan from every other, so that it is carried out once.
    """

    created: datetime
    expires: datetime
    nonce: str
    asked: Asked
    urls: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SavedChange:
    """Hold one change as it was shown. `fields` are live and git's value by pointer, secrets hidden.

    `id` and `life` are those of the live object, "" where there was none; `fingerprint` covers the whole.
    """

    action: str
    fields: Mapping[str, tuple[Json, Json]]
    id: str
    life: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Saved:
    """Hold a saved plan. `commit` is "" outside git; `unread` are scopes that could not be read."""

    issued: Issued
    tool: str
    fleet_id: str
    commit: str
    is_pruning: bool
    unread: frozenset[str]
    changes: Mapping[ResourceKey, SavedChange]


def read_saved(document: Json) -> Saved:
    """Read the document of a saved plan. Raises ValueError saying what is not as one has it."""
    if not isinstance(document, Mapping) or document.get("document") != "plan" or "saved" not in document:
        raise ValueError("it is not a document that plan --out wrote")
    if document.get("formatVersion") not in KNOWN_FORMATS:
        raise ValueError(f"its formatVersion is not one of those known here: {', '.join(KNOWN_FORMATS)}")
    saved = _of(document, "saved", dict)
    prints = _texts_by_name(saved, "fingerprints")
    changes = (*_of(document, "changes", list), *_of(document, "kept", list))
    return Saved(
        issued=_issued(saved),
        tool=_of(document, "toolVersion", str),
        fleet_id=_of(_of(document, "fleet", dict), "id", str),
        commit=_text_or_null(document, "commit"),
        is_pruning=_of(_of(document, "prune", dict), "on", bool),
        unread=frozenset(_texts_by_name(document, "unknown")),
        changes=dict(_change(change, prints) for change in changes),
    )


def _issued(saved: Part) -> Issued:
    nonce = _of(saved, "nonce", str)
    if not _NONCE.fullmatch(nonce):
        raise ValueError("its nonce is not 32 hexadecimal digits")
    return Issued(
        created=_moment(saved, "created"),
        expires=_moment(saved, "expires"),
        nonce=nonce,
        asked=_asked(_of(saved, "request", dict)),
        urls=_texts_by_name(saved, "urls"),
    )


def _asked(request: Part) -> Asked:
    return Asked(
        inputs=_texts(request, "inputs"),
        selector=_of(request, "selector", str),
        targets=_texts(request, "targets"),
        projects=_texts(request, "projects"),
        prune=_of(request, "prune", bool),
        partial=_of(request, "partial", bool),
        allow=_texts(request, "allow"),
        strict=_of(request, "strict", bool),
        run=_texts(request, "run"),
        adopt=_texts(request, "adopt"),
    )


def _change(part: Any, prints: Mapping[str, str]) -> tuple[ResourceKey, SavedChange]:
    if not isinstance(part, Mapping):
        raise _malformed("changes")
    key = ResourceKey(*(_of(part, name, str) for name in ("target", "scope", "kind", "name")))
    image = part.get("preImage")
    return key, SavedChange(
        action=_of(part, "action", str),
        fields=dict(_field(field) for field in _of(part, "fields", list)),
        id="" if image is None else _of(_of(part, "preImage", dict), "id", str),
        life="" if image is None else _of(_of(part, "preImage", dict), "life", str),
        fingerprint=prints.get(key.full, ""),
    )


def _field(part: Any) -> tuple[str, tuple[Json, Json]]:
    if not isinstance(part, Mapping):
        raise _malformed("fields")
    return _of(part, "pointer", str), (part.get("before"), part.get("after"))


def _moment(part: Part, name: str) -> datetime:
    text = _of(part, name, str)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _malformed(name) from None
    if moment.tzinfo is None:
        raise _malformed(name)
    return moment


def _texts(part: Part, name: str) -> tuple[str, ...]:
    texts = _of(part, name, list)
    if not all(isinstance(text, str) for text in texts):
        raise _malformed(name)
    return tuple(texts)


def _texts_by_name(part: Part, name: str) -> Mapping[str, str]:
    texts = _of(part, name, dict)
    if not all(isinstance(text, str) for text in texts.values()):
        raise _malformed(name)
    return dict(texts)


def _text_or_null(part: Part, name: str) -> str:
    return "" if part.get(name) is None else _of(part, name, str)


def _of(part: Part, name: str, shape: type[Value]) -> Value:
    """Give one member of an object, which must be there and have this type."""
    value = part.get(name)
    if not isinstance(value, shape):
        raise _malformed(name)
    return value


def _malformed(name: str) -> ValueError:
    return ValueError(f"its {name} is not as a plan has it")
