"""Make text safe for where it goes: a terminal, a CI log, a Markdown page."""

from __future__ import annotations

import re

from reconciler.errors import shortened

_UNSEEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Control characters, bidi controls and characters without a width; the line feed is left out."""

_SPELLED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

_CI_LINE = re.compile(r"^(\s*):(?=:)", re.MULTILINE)
_CI_ANYWHERE = re.compile(r"##(?=\[|vso\[|teamcity\[)|section_(start|end)(?=:)")
_CI_INSIDE = re.compile("##|section_(?:start|end):")

_ASCII = {"±": "-/+", "…": "...", "·": "-", "→": "->", "≤": "<=", "≥": ">="} | dict(
    zip("▁▂▃▄▅▆▇█", "_.:-=+*#", strict=True)
)


def line(text: object) -> str:
    """Show any text on one line, with everything unseen spelled out."""
    return block(str(text)).replace("\n", "\\n")


def block(text: str) -> str:
    """Show text of several lines, with everything unseen but the line feed spelled out."""
    return _UNSEEN.sub(_spell, text)


def _spell(match: re.Match[str]) -> str:
    character = match.group()
    if character in _SPELLED:
        return _SPELLED[character]
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def for_ci(text: str) -> str:
    """Break every sequence that a CI runner would take as a command; the words stay readable.

    Covers `::` at the start of a line (GitHub), `##[`, `##vso[` (Azure, GitHub), `##teamcity[`, and
    GitLab's section marks.
    """
    return _CI_ANYWHERE.sub(_broken, _CI_LINE.sub(r"\1: ", text))


def _broken(match: re.Match[str]) -> str:
    return "# #" if match.group() == "##" else match.group() + " "


def for_json(text: str) -> str:
    """Spell the marks of CI commands inside a JSON document in another way; its meaning stays."""
    return _CI_INSIDE.sub(lambda found: f"\\u{ord(found[0][0]):04x}{found[0][1:]}", text)


def for_xml(text: str) -> str:
    """Spell the marks of CI commands inside an XML document in another way; its meaning stays."""
    text = _CI_LINE.sub(r"\1&#58;", text)
    return _CI_INSIDE.sub(lambda found: f"&#{ord(found[0][0])};{found[0][1:]}", text)


def for_encoding(text: str, encoding: str) -> str:
    """Give text that an encoding can write: our own signs in ASCII, anything else escaped."""
    if encoding.lower().replace("-", "").replace("_", "") in ("utf8", "utf8sig"):
        return text
    for sign, plain in _ASCII.items():
        text = text.replace(sign, plain)
    return text.encode(encoding, "backslashreplace").decode(encoding)


def code(text: object) -> str:
    """Write data as a Markdown code span that nothing in it can leave, also inside a table."""
    shown = line(text).replace("|", "\\|") or " "
    ticks = "`" * (_longest_run(shown) + 1)
    space = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{space}{shown}{space}{ticks}"


def fenced(text: str, language: str = "") -> str:
    """Write data as a fenced Markdown block that nothing in it can close."""
    shown = block(text).strip("\n")
    fence = "`" * max(3, _longest_run(shown) + 1)
    return f"{fence}{language}\n{shown}\n{fence}\n"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def short(text: object) -> str:
    """Show any text on one line, and of a very long one the beginning and an ellipsis."""
    return shortened(line(text))


def cut(text: str, limit: int) -> str:
    """Shorten a long text in its middle, and say by how much."""
    if len(text) <= limit:
        return text
    keep = max(8, (limit - 24) // 2)
    return f"{text[:keep]}... {len(text) - 2 * keep:,} more ...{text[-keep:]}"
