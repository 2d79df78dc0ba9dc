"""The page of one kind: what it is, a manifest, what can be done with it, and every field of its spec."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from reconciler.explain.path import dotted
from reconciler.field import Field
from reconciler.kind import Kind
from reconciler.stored import kind_schema
from reference.markdown import code, fields_table
from reference.words import block, changes_in_place, ends_by_itself, first_sentence, stops

_MADE = "<!-- Made from the schemas by `make docs`; a change here is lost. -->"


def kind_page(kind: Kind, examples: Mapping[Path, str]) -> str:
    """Write the page of a kind. `examples` are manifests of it, by their paths as seen from the page."""
    spec = block(kind_schema(kind), "spec")
    parts = [
        f"# {kind.name}\n\n{_MADE}\n\n{kind.about}\n",
        f"```yaml\n{kind.example()}```\n",
        _facts(kind),
        _examples(examples),
        "## Fields of `spec`\n",
        _top(spec, kind),
        *_below(spec),
    ]
    return "\n".join(part for part in parts if part)


def _facts(kind: Kind) -> str:
    life = ", ".join(code(field.name) for field in block(kind_schema(kind), "lifecycle").fields)
    facts = {
        "A name": f"{kind.name_rule}.",
        "Ends by itself": f"{ends_by_itself(kind)}.",
        "Can be stopped": f"{stops(kind)}.",
        "Changes in place": f"{changes_in_place(kind)}.",
        "[Lifecycle](../manifests.md#lifecycle)": f"{life}.",
    }
    lines = "".join(f"* {name}: {told}\n" for name, told in facts.items())
    return f"{lines}\nThe rest of a manifest is the same for every kind: [manifests](../manifests.md).\n"


def _examples(examples: Mapping[Path, str]) -> str:
    if not examples:
        return ""
    lines = [f"* [{path.stem}]({path.as_posix()}): {told}\n" for path, told in examples.items()]
    return "## More examples\n\n" + "".join(lines)


def _top(spec: Field, kind: Kind) -> str:
    roots = kind.support.updatable
    marks = {field.name: _mark(field, kind) for field in spec.fields} if roots and "" not in roots else {}
    return fields_table(sorted(spec.fields, key=lambda field: field.name), _headings(spec), marks)


def _mark(field: Field, kind: Kind) -> str:
    stages = kind.support.open_stages(field.pointer)
    if not stages:
        return "yes" if kind.support.changes_in_place(field.pointer) else "no"
    if len(stages) == len(kind.support.by_stage):
        return "yes"
    return "until it starts" if all(stage.endswith("queued") for stage in stages) else "by some servers"


def _below(spec: Field) -> Iterator[str]:
    """Write a section for each block; one of the same fields as another is told there."""
    headings = _headings(spec)
    for part in _blocks(spec):
        name = _name(part)
        if headings[dotted(part.path)] == name:
            twins = [other for other in _blocks(spec) if headings[dotted(other.path)] == name][1:]
            yield f"### {name}\n\n{part.description}{_same(twins)}\n"
            yield fields_table(part.fields, headings)


def _same(twins: Sequence[Field]) -> str:
    if not twins:
        return ""
    names = ", ".join(code(_name(twin)) for twin in twins)
    return f" The same fields has {names}." if len(twins) == 1 else f" The same fields have {names}."


def _headings(spec: Field) -> dict[str, str]:
    """Say for each block under which heading its fields are told."""
    first: dict[str, str] = {}
    found = {}
    for part in _blocks(spec):
        shape = json.dumps([[field.name, field.schema] for field in part.fields])
        found[dotted(part.path)] = first.setdefault(shape, _name(part))
    return found


def _blocks(field: Field) -> Sequence[Field]:
    """List the fields below a field that have fields themselves, from the top down."""
    below = [inner for inner in field.fields if inner.fields]
    return [part for inner in below for part in (inner, *_blocks(inner))]


def _name(part: Field) -> str:
    return dotted(part.path).removeprefix("spec.")


def example_line(text: str) -> str:
    """Give the first sentence of what an example says of itself."""
    lines = [line.lstrip("# ") for line in text.splitlines() if line.startswith("# ")]
    told = " ".join(line for line in lines if not line.startswith("yaml-language-server"))
    return first_sentence(told)
