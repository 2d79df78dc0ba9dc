"""Places: pointers as people read them, and what of a source line may be shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.pointer import escaped, item_key, parts, pointer_to, scalars
from reconciler.problem import Location, Problem
from reconciler.resource import Json
from reconciler.secret import holds_credential, is_random, names_credential, redacted, token_form
from reconciler.yaml import Document, line_of, raw_text

_LONGEST = 60


def value_at(value: Json, pointer: str) -> Json:
    """Give the value at a pointer, or None."""
    for part in parts(pointer):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def keyed_pointers(value: Json) -> dict[str, str]:
    """Map every pointer that addresses list items by key to the one that addresses them by index."""
    return dict(_keyed(value, "", ""))


def _keyed(value: Json, keyed: str, indexed: str) -> Iterator[tuple[str, str]]:
    yield keyed, indexed
    if isinstance(value, Mapping):
        for key, item in value.items():
            part = escaped(str(key))
            yield from _keyed(item, f"{keyed}/{part}", f"{indexed}/{part}")
    elif isinstance(value, list):
        for index, (part, item) in enumerate(zip(_item_parts(value), value, strict=True)):
            yield from _keyed(item, f"{keyed}/{part}", f"{indexed}/{index}")


def _item_parts(items: Sequence[Json]) -> list[str]:
    if not all(isinstance(item, Mapping) for item in items):
        return [str(index) for index in range(len(items))]
    found: list[str] = []
    for index, item in enumerate(items):
        part = escaped(item_key(item) or str(index))
        repeats = sum(1 for other in found if other.partition("#")[0] == part)
        found.append(f"{part}#{repeats + 1}" if repeats else part)
    return found


def is_sensitive(document: Document, pointer: str) -> bool:
    """Tell whether a value at a pointer may be a credential, by its name or that of its list item."""
    path = parts(pointer)
    if any(names_credential(part) or part == "auth" for part in path):
        return True
    for length in range(len(path) + 1):
        holder = value_at(document.value, pointer_to(path[:length]))
        name = holder.get("name") if isinstance(holder, Mapping) else None
        if isinstance(name, str) and names_credential(name):
            return True
    return False


def is_secretive(text: str) -> bool:
    """Tell whether a text has the form of a credential, or is as random as one."""
    return bool(token_form(text)) or is_random(text)


def shown(document: Document, pointer: str, value: Json) -> str:
    """Write a value as it may stand in a message: quoted, cut, or not at all where it is sensitive."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = raw_text(document.lines, document.place(pointer)) if not isinstance(value, str) else value
    if is_sensitive(document, pointer) or is_secretive(str(value)):
        return "(sensitive)"
    if value is None:
        return "null"
    text = text or str(value)
    cut = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return f'"{cut}"' if isinstance(value, str) else cut


def is_shareable(document: Document, pointer: str) -> bool:
    """Tell whether a value, with all that stands below it, may be repeated in a message."""
    return not any(
        is_sensitive(document, below) or is_secretive(str(leaf)) or any(map(token_form, parts(below)))
        for below, leaf in scalars(value_at(document.value, pointer), pointer)
    )


def shown_name(name: str) -> str:
    """Write the name of a field as it may stand in a message: cut, or not at all where it is a token."""
    if is_secretive(name):
        return "(sensitive)"
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def field_name(pointer: str) -> str:
    """Name a field by its last part, list items with their list: `args[0]`."""
    path = parts(pointer)
    name = path.pop() if path else "the document"
    while name[:1].isdecimal() or name.startswith("["):
        if not path:
            return name
        name = f"{path.pop()}[{name}]" if name[0] != "[" else path.pop() + name
    return name


def without_secrets(problem: Problem) -> Problem:
    """Take out of a problem's words whatever may be a credential, wherever it came from."""
    texts = (problem.what, problem.why, problem.hint, problem.pointer)
    what, why, hint, pointer = map(redacted, texts)
    return replace(problem, what=what, why=why, hint=hint, pointer=pointer)


def at_value(document: Document, pointer: str, problem: Problem) -> Problem:
    """Place a problem on a value."""
    return _placed(document, pointer, problem, document.place(pointer))


def at_key(document: Document, pointer: str, problem: Problem) -> Problem:
    """Place a problem on the key in front of a value."""
    return _placed(document, pointer, problem, document.key_place(pointer))


def _placed(document: Document, pointer: str, problem: Problem, place: Location) -> Problem:
    line = line_of(document.lines, place)
    hidden = is_sensitive(document, pointer) or holds_credential(line) or is_random(line)
    return replace(problem, location=place, pointer=pointer, excerpt="" if hidden else line)
