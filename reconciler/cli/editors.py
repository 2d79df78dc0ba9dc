"""Editors: the settings and schemas that make them complete and check manifests, without a network.

The schemas lie beside the fleet file, so that they are of one version with it and found by everybody who
checks it out; the settings lie where editors look, at the top of the repository.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.cli.jsonc import NotJson, added, comments, read
from reconciler.resource import Json

SETTINGS = ".vscode/settings.json"
SCHEMAS = ".reconciler/schemas"
FLEET = "reconciler.yaml"
_KEY = "yaml.schemas"
_SUFFIXES = (".yaml", ".yml")

Associations = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class EditorFile:
    """Hold a file that editors read, as it shall be. `note` says why it cannot be, and what to do then."""

    path: Path
    text: str
    note: str = ""

    @property
    def verb(self) -> str:
        """Tell what writing would be: `Created`, `Changed`, or "" where nothing is to be done."""
        if self.note:
            return ""
        try:
            return "" if self.path.read_bytes() == self.text.encode() else "Changed"
        except OSError:
            return "Created"


def editor_files(
    folder: Path, manifests: Iterable[str], *, top: Path | None = None
) -> tuple[EditorFile, ...]:
    """Give the files that a fleet's folder needs for editors, each as it shall be.

    `top` is where people open their editor: the top of the repository, or else the folder itself.
    """
    from reconciler.stored import schema_text  # reads files; only where something is written

    top = top or next((place for place in (folder, *folder.parents) if (place / ".git").exists()), folder)
    names = ("manifest.json", "fleet.json")
    schemas = [EditorFile(folder / SCHEMAS / name, schema_text(name)) for name in names]
    return (_settings(top / SETTINGS, associations(folder, manifests, top)), *schemas)


def associations(folder: Path, manifests: Iterable[str], top: Path) -> Associations:
    """Say which files each schema is for, all as seen from where the editor opens."""
    prefix = os.path.relpath(folder, top).replace(os.sep, "/")
    below = "" if prefix == "." else f"{prefix}/"
    entries = [os.path.normpath(f"{below}{entry}").replace(os.sep, "/") for entry in manifests]
    found = [pattern for entry in entries for pattern in _patterns(entry)]
    found += [f"!{below}{FLEET}"] if {".", prefix} & {*entries} else []
    return {
        f"./{below}{SCHEMAS}/fleet.json": (f"{below}{FLEET}",),
        f"./{below}{SCHEMAS}/manifest.json": tuple(dict.fromkeys(found)),
    }


def merged(text: str, wanted: Associations) -> str:
    """Add associations to a settings file and keep all else of it. Raises NotJson where that cannot be."""
    grown = text if text.strip() else "{}\n"
    before = read(grown).value
    for schema, patterns in wanted.items():
        grown = _associated(grown, schema, patterns)
    if comments(grown) != comments(text) or not _holds(read(grown).value, before):
        raise NotJson("it cannot be added to")
    return grown


def lines_to_add(wanted: Associations) -> str:
    """Write associations as the lines that a person would add to a settings file."""
    return json.dumps({_KEY: wanted}, indent=2).removeprefix("{\n").removesuffix("\n}")


def _settings(path: Path, wanted: Associations) -> EditorFile:
    try:
        return EditorFile(path, merged(path.read_bytes().decode() if path.exists() else "", wanted))
    except (NotJson, UnicodeDecodeError, OSError) as wrong:
        why = wrong if isinstance(wrong, NotJson) else "it cannot be read"
        note = f"{os.path.relpath(path)} was left as it is: {why}. Add this to it:\n{lines_to_add(wanted)}\n"
        return EditorFile(path, "", note)


def _patterns(entry: str) -> Iterator[str]:
    """Turn one of a fleet's `manifests` into patterns; what lies outside the top has none."""
    if entry.endswith(_SUFFIXES):
        yield entry
    elif not entry.startswith(".."):
        below = "" if entry == "." else f"{entry}/"
        yield from (f"{below}**/*{suffix}" for suffix in _SUFFIXES)


def _associated(text: str, schema: str, patterns: tuple[str, ...]) -> str:
    root = read(text)
    if not isinstance(root.value, dict):
        raise NotJson("it holds no object")
    if _KEY not in root.parts:
        return added(text, (_KEY,), {schema: [*patterns]})
    held = root.parts[_KEY]
    if not isinstance(held.value, dict):
        raise NotJson(f"{_KEY} is no object")
    name = next((key for key in held.parts if key.removeprefix("./") == schema.removeprefix("./")), schema)
    if name not in held.parts:
        return added(text, (_KEY, name), [*patterns])
    if isinstance(held.parts[name].value, list):
        missing = [pattern for pattern in patterns if pattern not in held.parts[name].value]
        for pattern in missing:
            text = added(text, (_KEY, name, pattern), pattern)
        return text
    if (held.parts[name].value,) != patterns:
        raise NotJson(f"{_KEY} has other files for {name}")
    return text


def _holds(grown: Json, before: Json) -> bool:
    """Tell whether a value holds all of another, in the same order."""
    if isinstance(before, dict):
        return (
            isinstance(grown, dict)
            and [key for key in grown if key in before] == [*before]
            and all(_holds(grown[key], value) for key, value in before.items())
        )
    if isinstance(before, list):
        return isinstance(grown, list) and grown[: len(before)] == before
    return bool(grown == before) and type(grown) is type(before)
