"""Pages: the text of every page of the reference, by its path below docs/."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath

from reconciler.field import Field, root_field
from reconciler.kind import Kind
from reconciler.providers import kinds
from reconciler.stored import kind_schema, stored_fleet_schema
from reference.kind import example_line, kind_page
from reference.markdown import code, default, fields_table, table, takes
from reference.troubles import troubles_page
from reference.words import block, changes_in_place, ends_by_itself, stops

TOP = Path(__file__).parents[1]
DOCS = TOP / "docs"
_SLOT = re.compile(r"<!-- (\w+) -->\n")


def pages() -> dict[str, str]:
    """Make every page of the reference."""
    every = list(kinds().values())
    written = {_page_of(kind): kind_page(kind, _examples_of(kind)) for kind in every}
    return {"manifests.md": _manifests(every), "troubleshooting.md": troubles_page(), **written}


def _manifests(every: list[Kind]) -> str:
    text = (TOP / "reference" / "manifests.md").read_text(encoding="utf-8")
    made: Mapping[str, Callable[[], str]] = {
        "envelope": lambda: _envelope(every),
        "kinds": lambda: _kinds(every),
        "lifecycle": lambda: _lifecycle(every),
        "later": lambda: _later(every),
        "health": lambda: fields_table(block(kind_schema(every[0]), "health").fields),
        "needs": lambda: fields_table(block(kind_schema(every[0]), "dependsOn").fields),
    }
    return _SLOT.sub(lambda slot: made[slot[1]](), text)


def _page_of(kind: Kind) -> str:
    return f"kinds/{PurePath(kind.schema_path).stem}.md"


def _examples_of(kind: Kind) -> dict[Path, str]:
    """Find the manifests of a kind among the examples, by their paths as seen from the kind's page."""
    found = {}
    for file in sorted((TOP / "examples").glob("*/**/*.yaml")):
        text = file.read_text(encoding="utf-8")
        if f"\napiVersion: {kind.api_version}\nkind: {kind.name}\n" in text:
            found[Path("..", "..", file.relative_to(TOP))] = example_line(text)
    return found


def _kinds(every: list[Kind]) -> str:
    rows = (
        (
            f"[`{kind.name}`]({_page_of(kind)})",
            kind.platform,
            kind.about,
            ends_by_itself(kind),
            stops(kind),
            changes_in_place(kind),
        )
        for kind in every
    )
    return table(
        ("kind", "platform", "what it is", "ends by itself", "can be stopped", "changes in place"), rows
    )


def _envelope(every: list[Kind]) -> str:
    """List the fields of the envelope, those that only some kinds have with whose they are."""
    having: dict[str, list[Kind]] = {}
    first: dict[str, Field] = {}
    for kind in every:
        for name, field in _named(root_field(kind_schema(kind))).items():
            having.setdefault(name, []).append(kind)
            first.setdefault(name, field)
    rows = []
    for name in sorted(first, key=lambda name: (not name.startswith("metadata"), len(having[name]) == 1)):
        told = re.sub(r"field names of .* itself", "platform's own field names", first[name].description)
        whose = "" if len(having[name]) == len(every) else f" For {_whose(having[name], every)}."
        rows.append((code(name), takes(first[name]), told + whose))
    return table(("field", "takes", "what it is"), rows)


def _whose(some: list[Kind], every: list[Kind]) -> str:
    """Name some kinds, a platform where all of its are among them, or all but one."""
    told = []
    for platform in dict.fromkeys(kind.platform for kind in some):
        names = [kind.name for kind in some if kind.platform == platform]
        others = [kind.name for kind in every if kind.platform == platform and kind.name not in names]
        is_most = len(names) > 2 and len(others) <= 1
        told.append(platform + (f" but {others[0]}" if others else "") if is_most else ", ".join(names))
    return ", ".join(told)


def _named(root: Field) -> dict[str, Field]:
    """Give the fields of a manifest, those of metadata in its place."""
    found: dict[str, Field] = {}
    for field in root.fields:
        if field.name == "metadata":
            found |= {f"metadata.{inner.name}": inner for inner in field.fields}
        elif field.name not in ("apiVersion", "kind"):
            found[field.name] = field
    return found


def _lifecycle(every: list[Kind]) -> str:
    """List the lifecycle fields that any kind takes, with the values that some kind honours."""
    rows = []
    for name, having in _life(every).items():
        if having:
            first = next(iter(having.values()))
            rows.append((code(name), default(first), _said(having), _for(having, every)))
    return table(("field", "default", "what it says", "for"), rows)


def _later(every: list[Kind]) -> str:
    """Name what no kind honours yet."""
    life = _life(every)
    words = [code(name) for name, having in life.items() if not having]
    for field in _every_life():
        honoured = {value for having in life[field.name].values() for value in having.allowed}
        words += [
            code(f"{field.name}: {value}") for value in field.allowed if honoured and value not in honoured
        ]
    return f"To come in a later version: {', '.join(words)}.\n" if words else ""


def _life(every: list[Kind]) -> dict[str, dict[str, Field]]:
    """Give each lifecycle field as each kind has it, by the kind's name."""
    shown = {kind.name: block(kind_schema(kind), "lifecycle").fields for kind in every}
    return {
        name: {kind: field for kind, fields in shown.items() for field in fields if field.name == name}
        for name in [field.name for field in _every_life()]
    }


def _every_life() -> Sequence[Field]:
    """Give the lifecycle fields of the fleet file, which has every field and value there is."""
    return block(stored_fleet_schema(), "lifecycle").fields


def _said(having: Mapping[str, Field]) -> str:
    """Describe a field, and each value that some kind takes."""
    means: dict[str, str] = {}
    for field in having.values():
        means |= field.meanings
    described = next(iter(having.values())).description
    plain = re.sub(r" Default [^.]*\.| For (?:kinds that [\w ]+|Cluster)\.", "", described)
    return " ".join([plain, *(f"`{value}`: {text}" for value, text in means.items())])


def _for(having: Mapping[str, Field], every: list[Kind]) -> str:
    missing = [kind.name for kind in every if kind.name not in having]
    if len(missing) > 2:
        return _whose([kind for kind in every if kind.name in having], every)
    return f"all but {', '.join(missing)}" if missing else "all"
