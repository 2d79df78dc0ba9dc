"""Newer fields: what a manifest states that a target pinned to an older API level does not know yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.field import Field
from reconciler.fleet import Target
from reconciler.kind import Kind
from reconciler.pointer import escaped
from reconciler.problem import Problem
from reconciler.resource import Json
from reconciler.validate.places import at_key, at_value
from reconciler.yaml import Document

_PINS = {"apiLevel": "control plane", "generation": "generation"}
"""Settings that pin a target to a level of its API, and the word by which fields name theirs."""


@dataclass(frozen=True, slots=True)
class _Pin:
    """Hold the setting of a target that says how old its API is, with the word for that and the level."""

    setting: str
    word: str
    level: str

    def is_older_than(self, needs: str) -> bool:
        """Tell whether something needs a newer one: `control plane 2.24`."""
        word, _, since = needs.rpartition(" ")
        return word == self.word and _level(since) > _level(self.level)


def newer_fields(document: Document, kind: Kind, root: Field, target: Target) -> Iterator[Problem]:
    """Find the kind or the fields that came after the level which the target pins, where it pins one."""
    for setting, word in _PINS.items():
        if level := str(target.settings.get(setting) or ""):
            yield from _newer(document, kind, root, target, _Pin(setting, word, level))


def _newer(document: Document, kind: Kind, root: Field, target: Target, pin: _Pin) -> Iterator[Problem]:
    since = f"{pin.word} {kind.since}" if kind.since else ""
    if pin.is_older_than(since):
        yield at_value(document, "/kind", _problem(f"a {kind.name}", since, target, pin))
        return
    for pointer, field in _stated(document.value, root):
        if pin.is_older_than(field.needs):
            yield at_key(document, pointer, _problem(f'"{field.name}"', field.needs, target, pin))


def _level(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _problem(what: str, needs: str, target: Target, pin: _Pin) -> Problem:
    owner = "control plane" if pin.word == "control plane" else "server"
    return Problem(
        "RC114",
        f"{what} needs {needs}, but {target.name} is pinned to {pin.level}",
        hint=f"leave it out, or raise {pin.setting} of {target.name} once its {owner} is newer",
    )


def _stated(value: Json, at: Field, pointer: str = "") -> Iterator[tuple[str, Field]]:
    """Walk every field that is stated with a value, with what the schema says of it."""
    if isinstance(value, dict):
        for name, item in value.items():
            below = at.child(str(name))
            if below is not None and item is not None:
                place = f"{pointer}/{escaped(str(name))}"
                yield place, below
                yield from _stated(item, below, place)
    elif isinstance(value, list):
        inner = at.child("*")
        for index, item in enumerate(value if inner else ()):
            yield from _stated(item, inner or at, f"{pointer}/{index}")
