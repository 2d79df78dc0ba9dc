"""Grammar errors: the parser's words turned into what happened and what to do."""

from __future__ import annotations

import re

from reconciler.problem import Location, Problem
from reconciler.secret import holds_credential

_MEANINGS = (
    ("mapping values are not allowed", 'a ":" where no field can start', 'quote the value if it holds ": "'),
    ("unexpected end of stream", "a quote is never closed", "close it, or indent the text with | in front"),
    ("could not find expected ':'", 'a line without ":"', "write field: value, or indent a longer text"),
    ("expected ',' or '}'", 'a "{" is never closed, or a comma is missing', "close it with }"),
    ("expected ',' or ']'", 'a "[" is never closed, or a comma is missing', "close it with ]"),
    (
        "expected <block end>",
        "the indentation does not line up",
        "start it in the same column as its siblings",
    ),
    (
        "block sequence entries are not allowed",
        'a "-" where no list can start',
        "put the list on its own line",
    ),
    ("that cannot start any token", "a character that no value can start with", "quote the value"),
    ("expected the node content", "a value is missing or cut off", "complete it, or quote it"),
    ("expected alphabetic or numeric", "a bare & or * at the start of a value", "quote the value"),
    ("unknown escape character", "an unknown escape after \\", "use single quotes, or write \\\\"),
    (
        "more indented follow up line",
        "a text behind | or > starts with a line of spaces",
        "delete the spaces in its blank lines",
    ),
    ("AssertionError", "a version of YAML that is not read", "delete the %YAML line"),
    ("expected '<document start>'", "text where a new document should start", "put --- between documents"),
)


_VALUED = re.compile(r"(?P<indent> *)(?P<field>[\w.-]+):[ ]+[^\s|>&#{\[]")


def explain(said: str, at: tuple[int, int], opened: int, *, file: str, lines: tuple[str, ...]) -> Problem:
    """Turn a parser's complaint at a 0-based line and column into a problem."""
    row, column = min(at[0], max(len(lines) - 1, 0)), at[1]
    text = lines[row] if lines else ""
    what, hint = _meaning(said, text)
    if deeper := _deeper(said, lines, row):
        field, column = deeper
        what = f'the line stands deeper than "{field}" above it, which has a value already'
        hint = f'start it in the column of "{field}", or indent "{field}" as its siblings'
    never_closed = "never closed" in what and opened < row
    place = Location(file, (opened if never_closed else row) + 1, 0 if never_closed else column + 1)
    shown = lines[place.line - 1] if lines else ""
    return Problem("RC101", what, place, hint=hint, excerpt="" if holds_credential(shown) else shown)


def _deeper(said: str, lines: tuple[str, ...], row: int) -> tuple[str, int] | None:
    """Tell a field indented below one with a value: the field above, and the column where this one starts."""
    above = next((line for line in reversed(lines[:row]) if line.strip()), "")
    column = len(lines[row]) - len(lines[row].lstrip(" ")) if lines else 0
    if "mapping values are not allowed" in said and (found := _VALUED.match(above)):
        return (found["field"], column) if len(found["indent"]) < column else None
    return None


def _meaning(said: str, line: str) -> tuple[str, str]:
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return TAB
    if "\\t" in said:
        return "a tab between words or at the end of a line", "use spaces"
    if "${{" in line and "expected" in said:
        return "an interpolation that is not quoted", 'write "${{ … }}" with quotes'
    words = said.replace("did not find expected", "expected")
    return next(
        ((what, hint) for start, what, hint in _MEANINGS if start in words), (f"not YAML: {said}", "")
    )


TAB = ("a tab in the indentation", "indent with spaces")
