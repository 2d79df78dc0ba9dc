"""YAML: bytes in, documents with the place of every node out. The only door to ruamel.

Lives here: the event source, what may stand in a text, our own scalars, the builder. May touch nothing
but the bytes it is given, and must not crash, hang or guess on any of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

from reconciler.problem import Problem
from reconciler.yaml.build import Builder
from reconciler.yaml.document import Document, Event, Limits, Parsed, line_of, raw_text
from reconciler.yaml.grammar import explain
from reconciler.yaml.text import decode
from reconciler.yaml.tree import Stop, Tree

__all__ = ["FILE_LIMITS", "Document", "Limits", "Parsed", "line_of", "parse", "raw_text", "write"]

FILE_LIMITS = Limits()
_UNFOLDED = 1 << 20
_LONG = 32 << 10
"""Up to this many characters a text may be read twice; the pure parser needs up to 20 µs for each."""

_SIGNS = re.compile(r"[\t%|>&*]|\.\.\.|:,")
"""Without one of these a text holds nothing odd, which is quick to see."""
_ODD = re.compile(
    r"\t|^\.\.\.|^%|[|>][-+0-9]*#|[|>][-+0-9]* *(?:#.*)?\n(?: *\n)* +\n|(?:\A|^---[^\n]*) ?[|>]"
    r"|[&*][\w-]*[^\w\s,\]}-]|!\S*\s+&|:,",
    re.MULTILINE | re.ASCII,
)
"""Rare things that the two parsers read differently: tabs, ends of documents, directives, `|#`, block
texts that start with spaces or at the margin, anchors other than words, an anchor behind a tag, `:,`."""


def parse(data: bytes | str, file: str, *, limits: Limits = FILE_LIMITS, pure: bool = False) -> Parsed:
    """Read every document of a text, with the places of keys and values and all problems found.

    Documents before a place that cannot be read are still given. `pure` leaves the C parser out. Both
    give the same result: where the first finds a problem, and for the odd things they read differently,
    the pure one decides, unless the text is so long that it would take it seconds.
    """
    text, problems = decode(data, file, limits.bytes)
    if problems:
        return Parsed((), problems)
    lines = tuple(text.split("\n"))
    is_long = len(text) > _LONG
    is_odd = not is_long and _SIGNS.search(text) and _ODD.search(text)
    if pure or is_odd:
        return _parse(text, lines, file, limits, pure=True)
    parsed = _parse(text, lines, file, limits, pure=False)
    if is_long or not parsed.problems:
        return parsed
    return _parse(text, lines, file, limits, pure=True)


def _parse(text: str, lines: tuple[str, ...], file: str, limits: Limits, *, pure: bool) -> Parsed:
    tree = Tree(file, lines, limits)
    try:
        Builder(tree, text).take(_events(text, pure=pure))
    except Stop as stop:
        return tree.result(stop.problem)
    except Exception as error:  # noqa: BLE001 - whatever a parser does on hostile bytes is the file's problem
        return tree.result(_syntax_problem(error, file, lines), is_whole=False)
    return tree.result()


def _events(text: str, *, pure: bool) -> Iterator[Event]:
    if not pure:
        try:
            from ruamel.yaml import cyaml  # loads only when a file is read
        except ImportError:  # there is no C parser for this machine
            pass
        else:
            return iter(cyaml.CParser(text).get_event, None)  # type: ignore[attr-defined]  # it is compiled
    from ruamel.yaml import YAML  # loads only when a file is read

    return iter(YAML(typ="safe", pure=True).parse(text))


def _syntax_problem(error: Exception, file: str, lines: tuple[str, ...]) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    opened = getattr(error, "context_mark", None)
    said = str(getattr(error, "problem", None) or getattr(error, "context", None) or type(error).__name__)
    at = (mark.line, mark.column) if mark else (0, 0)
    return explain(said, at, opened.line if opened else at[0], file=file, lines=lines)


def write(tree: Any) -> str:
    """Give the tree as one YAML document in block style, ASCII only, keys in their order."""
    from ruamel.yaml import YAML  # loads only when somebody asks for YAML

    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style, writer.allow_unicode = False, False
    writer.width, writer.sort_base_mapping_type_on_output = _UNFOLDED, False  # type: ignore[assignment]  # its stubs say None
    out = StringIO()
    writer.dump(tree, out)
    return out.getvalue()
