"""Write what explain found: a field with all that is known of it, a problem code, an exit code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.explain.told import CodeTold, FieldTold, Told
from reconciler.field import Field, flow
from reconciler.kind import NOTHING, Kind
from reconciler.problem import CODES
from reconciler.report.table import table, wrapped

_WIDEST = 100
_INDENT = "  "
_YES_OR_NO = {True: "yes", False: "no"}


def explained_text(told: Told, *, width: int) -> str:
    """Write an explanation for people, at most so wide."""
    width = min(width, _WIDEST)
    if isinstance(told, FieldTold):
        return _field_text(told, width)
    if isinstance(told, CodeTold):
        return _code_text(told, width)
    title = f"exit {int(told.code)}: {told.label}"
    return f"{title}\n\n{_paragraph(told.means, width)}\n{_paragraph(f'What to do: {told.mend}', width)}"


def roots_text(roots: Sequence[str]) -> str:
    """List what can be explained."""
    kinds = "".join(f"{_INDENT}reconciler explain {name}\n" for name in roots)
    codes = f"{_INDENT}reconciler explain CODE       one of {min(CODES)} to {max(CODES)}, or an exit code\n"
    return f"Kinds and the fleet file; add a field: Training.compute\n{kinds}\nCodes\n{codes}"


def _code_text(told: CodeTold, width: int) -> str:
    example = "".join(f"{_INDENT}{_INDENT}{line}\n" for line in told.example.split("\n"))
    title = _paragraph(f"{told.code}: {told.stands_for}", width, indent="")
    mend = _paragraph(f"What to do: {told.mend}", width)
    return f"{title}\n{_paragraph(told.means, width)}\n{_INDENT}For example:\n\n{example}\n{mend}"


def _field_text(told: FieldTold, width: int) -> str:
    field = told.field
    title = f"{told.title}   {field.takes}" if field.path else told.title
    parts = [title + "\n"]
    if told.note:
        parts.append(_paragraph(told.note, width))
    if field.description:
        parts.append(_paragraph(field.description, width))
    rows = list(_facts(told)) if field.path else list(_about(told.kind, told.since))
    parts.append(_table(rows, width))
    parts.append(_table(list(told.field.meanings.items()), width, head=("value", "means")))
    parts += _sections(field, width)
    if told.example:
        head = "" if field.path else f"{_INDENT}For example:\n\n"
        parts.append(head + "".join(f"{_INDENT}{line}".rstrip() + "\n" for line in told.example))
    return "\n".join(part for part in parts if part)


def _facts(told: FieldTold) -> Iterator[tuple[str, str]]:
    yield "required", _YES_OR_NO[told.field.is_required]
    if told.default is not NOTHING:
        yield "default", flow(told.default)
    if told.field.unit:
        yield "unit", told.field.unit
    if told.changes:
        yield "a change", told.changes
    if told.since:
        yield "needs", told.since
    if told.also:
        yield "also called", ", ".join(told.also)


def _about(kind: Kind | None, since: str) -> Iterator[tuple[str, str]]:
    if kind is None:
        return
    yield "apiVersion", kind.api_version
    if since:
        yield "needs", since
    ends = "as the kind of its manifest does" if kind.finishes_with else _YES_OR_NO[kind.finishes]
    yield "ends by itself", ends
    yield "can be stopped", _YES_OR_NO[kind.support.stops]
    roots = [root.lstrip("/") for root in kind.support.updatable]
    yield "in place", "all of spec" if "" in roots else ", ".join(roots) or "nothing"


def _sections(field: Field, width: int) -> Iterator[str]:
    """List the fields below; of a whole manifest those of spec too, as they may be asked for without it."""
    yield "".join(_listed(below, width) for below in field.fields)
    spec = field.child("spec") if not field.path else None
    if spec and spec.fields:
        yield f"{_INDENT}In spec:\n\n" + "".join(_listed(below, width) for below in spec.fields)


def _listed(field: Field, width: int) -> str:
    takes = f"{field.kind_of_value}, required" if field.is_required else field.kind_of_value
    return f"{_INDENT}{field.name}  <{takes}>\n" + _paragraph(field.description, width, indent=_INDENT * 3)


def _table(rows: Sequence[tuple[str, ...]], width: int, head: tuple[str, ...] = ()) -> str:
    if not rows:
        return ""
    first = head or ("",) * len(rows[0])
    text = table(first, rows, width=width - len(_INDENT))
    lines = text.splitlines()[0 if head else 1 :]
    return "".join(f"{_INDENT}{line}".rstrip() + "\n" for line in lines)


def _paragraph(text: str, width: int, *, indent: str = _INDENT) -> str:
    return "".join(f"{indent}{line}\n" for line in wrapped(text, width - len(indent)) if line)
