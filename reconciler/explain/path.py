"""Paths: from the words somebody typed to the one field they mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.errors import UsageError
from reconciler.field import Field, plain
from reconciler.resource import EMPTY

_PATH = re.compile(r"\w+(?:\[\])?(?:\.\w+(?:\[\])?)*")


@dataclass(frozen=True, slots=True)
class Found:
    """Hold a field, and a note where the path to it was written otherwise."""

    field: Field
    note: str = ""


def split(path: str) -> list[str]:
    """Split a path at dots, as people write it, or at slashes, as reports do; `a[0]` is an item of `a`."""
    spelled = re.sub(r"\[([^]/]*)\]", r".\1", path.strip()).replace("..", ".*.")
    return [part for part in re.split("/" if "/" in path else r"\.", spelled) if part]


def find(root: Field, names: Sequence[str], *, title: str, aliases: Mapping[str, str] = EMPTY) -> Found:
    """Walk to a field; below a manifest `spec` may be left out. Raises UsageError with what is near."""
    spec = root.child("spec")
    at = Found(root)
    for name in names:
        homes = [field for field in (at.field, spec if at.field is root else None) if field]
        step = _exact(homes, name) or _meant(homes, name, aliases, spec)
        if step is None:
            raise UsageError(_missing(at.field, homes, name, title))
        at = Found(step.field, at.note or step.note)
    return at


def _exact(homes: Sequence[Field], name: str) -> Found | None:
    return next((Found(field) for home in homes if (field := home.child(name))), None)


def _meant(homes: Sequence[Field], name: str, aliases: Mapping[str, str], spec: Field | None) -> Found | None:
    """Find what a word stands for that is no field here: another spelling, an alias, or one deeper."""
    for near_miss in (field for home in homes for field in home.fields):
        if plain(near_miss.name) == plain(name):
            return Found(near_miss, f'"{name}" is written {near_miss.name}')
    deeper = [field for field in _all_below(homes[-1]) if field.name == name]
    if len(deeper) == 1:
        return Found(deeper[0], f'"{name}" stands under {dotted(deeper[0].path[:-1])}')
    here = next((part for part in reversed(homes[0].path) if part != "*"), "")
    told = aliases.get(f"{here}.{name}") or aliases.get(name) or aliases.get(plain(name), "")
    if told and (field := _aliased(told, [*homes, *([spec] if spec else [])])):
        return Found(field, f'"{name}" is written {told}')
    return None


def _aliased(told: str, homes: Sequence[Field]) -> Field | None:
    written = _PATH.match(told)
    names = written[0].replace("[]", "").split(".") if written else []
    for home in homes:
        field: Field | None = home
        for name in names:
            field = field.child(name) if field else None
        if field and names:
            return field
    return None


def _all_below(field: Field) -> Iterator[Field]:
    for inner in field.fields:
        yield inner
        yield from _all_below(inner)


def _missing(parent: Field, homes: Sequence[Field], name: str, title: str) -> str:
    from reconciler.validate.suggest import near  # slow: only a typo pays for it

    where = ".".join((title, *([dotted(parent.path)] if parent.path else [])))
    names = [field.name for home in homes for field in home.fields]
    if not names:
        return f'{where} has no fields, so no "{name[:80]}": it takes {parent.takes}'
    places = [dotted(field.path) for field in _all_below(homes[-1]) if field.name == name]
    best = near(name, names)
    if places:
        hint = f"it stands in {', '.join(places[:4])}"
    else:
        hint = f'did you mean "{best}"?' if best else f"it has {', '.join(sorted(names))}"
    return f'{where} has no field "{name[:80]}"; {hint}'


def dotted(path: Sequence[str]) -> str:
    """Write a path as people do: `spec.ports[].container`."""
    return ".".join(path).replace(".*", "[]")
