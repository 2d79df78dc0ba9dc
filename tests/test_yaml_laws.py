"""Laws of the reader: whatever is written as YAML, in any style, is read back as it was, at its place."""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.yaml import Document, parse, raw_text
from reconciler.yaml.text import FORBIDDEN

Choice = TypeVar("Choice")
_PLAIN = re.compile(r"[A-Za-z/_](?:[\w/.#\-]|:(?=\w))*(?: \w(?:[\w/.\-]|:(?=\w))*)*", re.ASCII)
_WORDS = [
    "true",
    "null",
    "~",
    "",
    "12",
    "1.5",
    "-",
    "- a",
    "a: b",
    "#c",
    "a #b",
    "x y",
    "*a",
    "&a",
    "!a",
    "?",
    "é",
]
_WORDS += [
    "a\n\nb\n",
    "\n",
    " a",
    "a ",
    "it's",
    '"',
    "\\",
    "a\tb",
    "http://x:80/y",
    "[a]",
    "{a}",
    "a,b",
    "---",
    "%x",
]
TEXTS = st.sampled_from(_WORDS) | st.text(max_size=12).filter(lambda text: not FORBIDDEN.search(text))
KEYS = (st.sampled_from(_WORDS) | st.text("abz:# -'\"", max_size=8)).filter(lambda key: "\n" not in key)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


class Writer:
    """Write a tree in styles that hypothesis draws."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw

    def choose(self, *choices: Choice) -> Choice:
        chosen: Choice = self.draw(st.sampled_from(choices))
        return chosen

    def document(self, value: Any) -> str:
        start = self.choose("", "---\n", "# comment\n", "%YAML 1.2\n---\n", "---  # comment\n\n")
        return start + self.block(value, 0).lstrip("\n") + self.choose("", "\n", "# end\n", "...\n")

    def block(self, value: Any, indent: int) -> str:
        """Write a value below its field or dash, with its line end."""
        pad = " " * indent
        if isinstance(value, dict) and value and self.choose(True, True, False):
            fields = [f"{pad}{self.key(key)}{self.child(item, indent)}" for key, item in value.items()]
            return "\n" + "".join(fields)
        if isinstance(value, list) and value and self.choose(True, True, False):
            return "\n" + "".join(f"{pad}-{self.child(item, indent)}" for item in value)
        return "\n" + pad + self.flow(value, indent) + self.end()

    def child(self, value: Any, indent: int) -> str:
        if isinstance(value, dict | list) and value and self.choose(True, False):
            return self.end().rstrip("\n") + self.block(value, indent + self.choose(1, 2, 4))
        if isinstance(value, str) and self.choose(True, False) and self.fits_block(value):
            return self.literal(value, indent)
        return " " + self.flow(value, indent + 1) + self.end()

    def end(self) -> str:
        return self.choose("\n", "\n", " # comment\n", "  \n", "\n\n", "\n   # comment\n")

    def fits_block(self, text: str) -> bool:
        return text.endswith("\n") and not text.endswith("\n\n") and text != "\n"

    def literal(self, text: str, indent: int) -> str:
        pad = " " * (indent + 2)
        lines = text[:-1].split("\n")
        return f" |2{self.choose('', ' # comment')}\n" + "".join(f"{pad}{line}\n" for line in lines)

    def flow(self, value: Any, indent: int) -> str:
        gap = self.choose("", " ", "\n" + " " * (indent + 1), " # c\n" + " " * (indent + 1))
        if isinstance(value, dict):
            pairs = [f"{self.key(key)} {self.flow(item, indent)}{gap}" for key, item in value.items()]
            return "{" + gap + ("," + gap.replace("# c", "")).join(pairs).replace(",,", ",") + "}"
        if isinstance(value, list):
            return "[" + gap + ", ".join(f"{self.flow(item, indent)}{gap}" for item in value) + "]"
        return self.text(value) if isinstance(value, str) else json.dumps(value)

    def key(self, key: str) -> str:
        return self.text(key) + ":"

    def text(self, text: str) -> str:
        styles = [json.dumps(text, ensure_ascii=self.choose(True, False))]
        if "\n" not in text:
            styles.append("'" + text.replace("'", "''") + "'")
        if _PLAIN.fullmatch(text) and text not in ("true", "false", "null"):
            styles.append(text)
        return self.choose(*styles)


@st.composite
def written(draw: Any) -> tuple[Any, str]:
    tree = draw(TREES)
    return tree, Writer(draw).document(tree)


def read_alike(text: str, tree: Any) -> Document | None:
    """Read with both parsers, which must give the same: the tree, where they take the text at all."""
    parsed = parse(text, "f")
    assert parsed == parse(text, "f", pure=True)
    if parsed.problems:
        return None
    assert [document.value for document in parsed.documents] == ([] if tree is None else [tree])
    return parsed.documents[0] if parsed.documents else None


@given(written())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_what_is_written_is_read_back(case: tuple[Any, str]) -> None:
    tree, text = case

    read_alike(text, tree)


@given(written())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_every_text_stands_where_its_place_says(case: tuple[Any, str]) -> None:
    tree, text = case
    document = read_alike(text, tree)

    for pointer, place in document.places.items() if document else ():
        shown = raw_text(document.lines, place) if document else ""
        if shown and shown[0] == '"':
            assert json.loads(shown) in (pointer.rpartition("/")[2], *_leaves(tree))


def _leaves(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        return [leaf for item in tree.values() for leaf in _leaves(item)]
    return [leaf for item in tree for leaf in _leaves(item)] if isinstance(tree, list) else [tree]
