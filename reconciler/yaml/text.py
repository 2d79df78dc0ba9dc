"""Texts: what may stand in a file at all, before anything is parsed."""

from __future__ import annotations

import re

from reconciler.problem import Location, Problem

_BOM = b"\xef\xbb\xbf"
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_HIDDEN = "\u00ad\u180e\u200b\u2060-\u2064\ufeff\U000e0000-\U000e0fff"
_BREAKS = "\u0085\u2028\u2029"
_CONTROL = "\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff\ud800-\udfff"
FORBIDDEN = re.compile(f"[{_CONTROL}{_BIDI}{_HIDDEN}{_BREAKS}]")
"""Characters that no manifest needs: they hide text, reorder it, or drive a terminal."""

_CONFLICT = re.compile(r"^(?:<{7} .*|>{7} .*|={7})$", re.MULTILINE)
_KINDS = ((_BIDI, "a character that reorders text"), (_HIDDEN, "an invisible character"))


def decode(data: bytes | str, file: str, most_bytes: int) -> tuple[str, tuple[Problem, ...]]:
    """Turn bytes into text that may be parsed, or say why not.

    Line ends become one newline, and the last line has one as well: whether an editor wrote it changes
    no value.
    """
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if len(raw) > most_bytes:
        return "", (_too_large(file, len(raw), most_bytes),)
    try:
        text = raw.removeprefix(_BOM).decode("utf-8", "surrogatepass" if isinstance(data, str) else "strict")
    except UnicodeDecodeError as error:
        return "", (_not_utf8(raw, error.start, file),)
    text = text.replace("\r\n", "\n")
    text = text if text.endswith("\n") else f"{text}\n"
    problems = _conflicts(text, file) or _characters(text, file)
    return text, problems


def character_problem(character: str, place: Location) -> Problem:
    """Name a forbidden character without writing it."""
    what = next(
        (words for among, words in _KINDS if re.match(f"[{among}]", character)), "a control character"
    )
    return Problem(
        "RC101",
        f"{what}, U+{ord(character):04X}, is not allowed in a manifest",
        place,
        why="what a reviewer sees would not be what is sent",
        hint="delete it",
    )


def _too_large(file: str, size: int, most: int) -> Problem:
    return Problem(
        "RC101",
        f"the file has {size:,} bytes; the most is {most:,}",
        Location(file),
        hint="split it; large data belongs into a volume or an image",
    )


def _not_utf8(raw: bytes, start: int, file: str) -> Problem:
    wide = raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in raw[:4]
    before = raw[:start]
    line = before.count(b"\n") + 1
    column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
    return Problem(
        "RC101",
        "the file is UTF-16 or UTF-32, not UTF-8" if wide else f"byte 0x{raw[start]:02X} is not UTF-8",
        Location(file, line, column, column + 1),
        hint="save the file as UTF-8",
    )


def _conflicts(text: str, file: str) -> tuple[Problem, ...]:
    if "<<<<<<<" not in text and ">>>>>>>" not in text:
        return ()
    found = _CONFLICT.search(text)
    if not found:
        return ()
    place = _place(text, found.start(), file, len(found[0]))
    return (
        Problem(
            "RC101", "a merge conflict was committed", place, hint="resolve it and delete the marker lines"
        ),
    )


def _characters(text: str, file: str) -> tuple[Problem, ...]:
    found = FORBIDDEN.search(text)
    return (character_problem(found[0], _place(text, found.start(), file, 1)),) if found else ()


def _place(text: str, index: int, file: str, width: int) -> Location:
    line = text.count("\n", 0, index) + 1
    column = index - text.rfind("\n", 0, index)
    return Location(file, line, column, column + width)
