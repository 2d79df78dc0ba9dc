"""Interpolation: `${{ vars.NAME }}` and `${{ secrets.NAME }}`, found and checked, not yet resolved.

Shell's own `${NAME}` is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.fleet import Fleet, Target
from reconciler.pointer import scalars
from reconciler.problem import Problem
from reconciler.resource import Json
from reconciler.validate.places import at_value
from reconciler.validate.suggest import near
from reconciler.yaml import Document

_ANY = re.compile(r"\$\{\{(.{0,200}?)\}\}|\$\{\{", re.DOTALL)
_NAME = re.compile(r"\s*(vars|secrets)\.([A-Za-z_][A-Za-z0-9_]*)\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Use:
    """Note one interpolation in a text. `store` is vars or secrets; empty where it is neither."""

    store: str
    name: str
    text: str
    start: int
    end: int


def uses(text: str) -> list[Use]:
    """Find every interpolation in a text, in order."""
    if "${{" not in text:
        return []
    found = []
    for match in _ANY.finditer(text):
        names = _NAME.fullmatch(match[1] or "")
        store, name = (names[1], names[2]) if names else ("", "")
        found.append(Use(store, name, match[0], match.start(), match.end()))
    return found


def uses_in(value: Json) -> Iterator[tuple[str, Use]]:
    """Find every interpolation in a JSON-like tree, with the pointer of its text."""
    for pointer, leaf in scalars(value):
        if isinstance(leaf, str):
            yield from ((pointer, use) for use in uses(leaf))


def sign_in_names(fleet: Fleet) -> frozenset[str]:
    """Name the variables that sign in to some target. They work only under `auth`."""
    return frozenset(name for target in fleet.targets.values() for name in _names_of(target))


def _names_of(target: Target) -> list[str]:
    return [use.name for _, use in uses_in(target.settings.get("auth"))]


def check(document: Document, fleet: Fleet) -> Iterator[Problem]:
    """Find interpolations in a manifest that stand in a wrong place or use a name that is not listed."""
    reserved = sign_in_names(fleet)
    judged: set[tuple[str, str]] = set()
    for pointer, use in uses_in(document.value):
        if (pointer, use.text) in judged:
            continue
        judged.add((pointer, use.text))
        if problem := _judge(pointer, use, fleet, reserved):
            yield at_value(document, pointer, problem)
    for pointer in document.key_places:
        if "${{" in pointer.rpartition("/")[2]:
            yield at_value(
                document,
                pointer,
                Problem("RC111", "a field's name cannot be interpolated", hint="write the name out"),
            )


def _judge(pointer: str, use: Use, fleet: Fleet, reserved: frozenset[str]) -> Problem | None:
    if not pointer.startswith("/spec/"):
        return Problem(
            "RC111", f"{use.text[:60]} stands outside spec", hint="only text in spec is interpolated"
        )
    if not use.store:
        hint = "write ${{ vars.NAME }} or ${{ secrets.NAME }}; ${NAME} is left to the shell"
        return Problem("RC111", f"{use.text[:60]} is not an interpolation", hint=hint)
    if use.name in reserved:
        what = f"{use.name} signs in to a target and works only under auth"
        return Problem(
            "RC111", what, why="a workload that holds it could act as this fleet", hint="use another"
        )
    return _unlisted(use, fleet)


def _unlisted(use: Use, fleet: Fleet) -> Problem | None:
    listed, other = (fleet.vars, fleet.secrets) if use.store == "vars" else (fleet.secrets, fleet.vars)
    if use.name in listed:
        return None
    what = f"{use.store}.{use.name} is not listed in {fleet.file}"
    other_store = "secrets" if use.store == "vars" else "vars"
    if use.name in other:
        return Problem(
            "RC111", what, hint=f"it is listed under {other_store}: write {other_store}.{use.name}"
        )
    best = near(use.name, listed)
    meant = f'did you mean "{best}"? or ' if best else ""
    return Problem("RC111", what, hint=f"{meant}add {use.name} to {use.store}: in {fleet.file}")
