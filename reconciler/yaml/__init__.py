"""YAML: bytes in, documents with the place of every node out. The only door to ruamel.

Lives here: the event source, what may stand in a text, our own scalars, the builder. May touch nothing
but the bytes it is given, and must not crash, hang or guess on any of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.problem import Problem
from reconciler.yaml.build import Builder, Stop
from reconciler.yaml.document import Document, Event, Limits, Parsed, line_of, raw_text
from reconciler.yaml.grammar import explain
from reconciler.yaml.text import decode

__all__ = ["FILE_LIMITS", "Document", "Limits", "Parsed", "line_of", "parse", "raw_text"]

FILE_LIMITS = Limits()
_ODD = re.compile(r"\t|^\.\.\.|^%|[|>][-+0-9]*#", re.MULTILINE)
"""Rare things that the two parsers read differently: tabs, ends of documents, directives, `|#`."""


def parse(data: bytes | str, file: str, *, limits: Limits = FILE_LIMITS, pure: bool = False) -> Parsed:
    """Read every document of a text, with the places of keys and values and all problems found.

    Documents before a place that cannot be read are still given. `pure` leaves the C parser out. Both
    give the same result: where the first finds a problem, and for the odd things they read differently,
    the pure one decides.
    """
    text, problems = decode(data, file, limits.bytes)
    if problems:
        return Parsed((), problems)
    if pure or _ODD.search(text):
        return _parse(text, file, limits, pure=True)
    parsed = _parse(text, file, limits, pure=False)
    is_plain = all(isinstance(document.value, dict | list) for document in parsed.documents)
    return parsed if is_plain and not parsed.problems else _parse(text, file, limits, pure=True)


def _parse(text: str, file: str, limits: Limits, *, pure: bool) -> Parsed:
    lines = tuple(text.split("\n"))
    builder = Builder(file, lines, limits)
    try:
        for event in _events(text, pure=pure):
            builder.take(event)
    except Stop as stop:
        return builder.result(stop.problem, is_whole=True)
    except Exception as error:  # noqa: BLE001 - whatever a parser does on hostile bytes is the file's problem
        return builder.result(_syntax_problem(error, file, lines), is_whole=False)
    return builder.result()


def _events(text: str, *, pure: bool) -> Iterator[Event]:
    from ruamel.yaml import YAML  # loads only when a file is read

    yield from YAML(typ="safe", pure=pure).parse(text)


def _syntax_problem(error: Exception, file: str, lines: tuple[str, ...]) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    opened = getattr(error, "context_mark", None)
    said = str(getattr(error, "problem", None) or type(error).__name__)
    at = (mark.line, mark.column) if mark else (0, 0)
    return explain(said, at, opened.line if opened else at[0], file=file, lines=lines)
