"""Markdown: tables of fields, as GitHub shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from reconciler.explain.path import dotted
from reconciler.field import Field, flow
from reconciler.kind import NOTHING
from reconciler.resource import EMPTY, Json

_FITS = re.compile(r"(-?[0-9]+) to (?:2147483647|9223372036854775807)")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; cells may hold Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def code(text: str) -> str:
    """Write a text as code, or nothing of an empty one."""
    return f"`{text}`" if text else ""


def anchor(heading: str) -> str:
    """Give the name under which GitHub finds a heading."""
    return re.sub(r"[^\w -]", "", heading.casefold()).replace(" ", "-")


def link(field: Field, heading: str) -> str:
    """Name a field, with a link to the heading that tells what is below it."""
    return f"[`{field.name}`](#{anchor(heading)})" if heading else code(field.name)


def described(field: Field) -> str:
    """Say what a field is for, and what each of its values means."""
    means = [f"`{value}`: {text}" for value, text in field.meanings.items()]
    item = field.child("*") if "array" in field.types else None
    words = [f"Any of {', '.join(map(code, map(str, item.allowed)))}."] if item and item.allowed else []
    return " ".join([field.description, *words, *means])


def takes(field: Field) -> str:
    """Say what a field takes; that a text is not empty and a number fits its type goes without saying."""
    words = ", ".join(code(_plain(value)) for value in field.allowed) or field.takes
    words = _FITS.sub(r"at least \1", words.replace(", at least 1 character", ""))
    return f"{words}, required" if field.is_required else words


def default(field: Field) -> str:
    """Give a field's default, where one is documented."""
    value = field.schema.get("default", NOTHING)
    return "" if value is NOTHING else code(_plain(value))


def fields_table(
    fields: Sequence[Field], headings: Mapping[str, str] = EMPTY, marks: Mapping[str, str] = EMPTY
) -> str:
    """Write a table of fields. `headings` tell where what is below one stands; `marks` fill a column."""
    columns = {
        "field": [link(field, headings.get(dotted(field.path), "")) for field in fields],
        "takes": [takes(field) for field in fields],
        "default": [default(field) for field in fields],
        "in place": [marks.get(field.name, "") for field in fields],
        "what it is": [described(field) for field in fields],
    }
    kept = {name: cells for name, cells in columns.items() if any(cells)}
    return table([*kept], zip(*kept.values(), strict=True))


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else flow(value)
