"""Credentials in git: certain by their form, or guessed by a name or by how random a text looks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from reconciler.pointer import parts, scalars
from reconciler.problem import Problem, Severity
from reconciler.resource import Json
from reconciler.secret import is_random, names_credential, token_form
from reconciler.validate.places import at_value, value_at
from reconciler.yaml import Document, line_of

_SILENCE = re.compile(r"#.*\bnot-a-secret\b")
_ORDINARY = re.compile(
    r"|true|false|none|null|\d{1,12}|/.*|\$\(.*|\$\{.*|[a-z]+://.*|[a-z]+([-_. ][a-z]+)*|<.*>|\*+|[xX]{3,}",
    re.ASCII | re.DOTALL,
)
_NAMES_ITS_OWN = {"name", "key", "secretName", "configMapName", "image", "kind", "path", "mountPath"}
_NAMES_ITS_OWN |= {"accessKeySecret", "ngcAuthSecret", "passwordSecret"}  # each names an object of Kubernetes


def check(document: Document) -> Iterator[Problem]:
    """Find credentials written out in a document. Their text is never repeated."""
    for pointer, value in scalars(document.value):
        if isinstance(value, str) and value:
            problem = _judge(document, pointer, value)
            if problem:
                yield replace(at_value(document, pointer, problem), excerpt="")


def _judge(document: Document, pointer: str, value: str) -> Problem | None:
    form = token_form(value)
    if not form and _is_plain(value, pointer):  # most are, and are not looked at further
        return None
    name = _name_of(document.value, pointer)
    variable = _variable(name)
    hint = f"write ${{{{ secrets.{variable} }}}} and list {variable} under secrets: in the fleet file"
    if form:
        return Problem("RC112", f"{name} holds {form} in clear text", why="git keeps it for ever", hint=hint)
    if not _looks_secret(name, value, pointer) or _is_silenced(document, pointer):
        return None
    return Problem(
        "RC113",
        f"{name} looks like a credential in clear text",
        hint=f"{hint}; or add # not-a-secret to the line",
        severity=Severity.WARNING,
    )


def _name_of(value: Json, pointer: str) -> str:
    """Name what holds a text: its field, or the list item whose `value` it is."""
    path = parts(pointer)
    last = path[-1] if path else ""
    if last in ("value", "literal"):
        item = value_at(value, pointer.rpartition("/")[0])
        name = item.get("name") if isinstance(item, dict) else None
        return str(name or last)
    return f"{path[-2]}[{last}]" if last.isdecimal() and len(path) > 1 else last


def _variable(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.partition("[")[0])
    return re.sub(r"[^A-Za-z0-9]+", "_", words).strip("_").upper() or "NAME"


def _is_plain(value: str, pointer: str) -> bool:
    """Tell whether a text, or where it stands, rules a guess at a credential out."""
    if not pointer.startswith("/spec/") or "${{" in value or pointer.rpartition("/")[2] in _NAMES_ITS_OWN:
        return True
    return _ORDINARY.fullmatch(value) is not None


def _looks_secret(name: str, value: str, pointer: str) -> bool:
    if names_credential(name) and not pointer.endswith("/id"):
        return len(value) >= 6
    return is_random(value) and not value.strip().count(" ")


def _is_silenced(document: Document, pointer: str) -> bool:
    places = (document.place(pointer), document.key_place(pointer))
    return any(_SILENCE.search(line_of(document.lines, place)) for place in places)
