"""The shape of the house: sizes, names, where async may stand, and that public things explain themselves."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture.house import PACKAGE, modules, room

FILE_LINES, FUNCTION_LINES = 400, 45
DOING = frozenset(
    (
        "transport",
        "stream",
        "look",
        "observe",
        "apply",
        "settle",
        "journal",
        "reconcile",
        "doctor",
        "follow",
        "forward",
        "enter",
        "terminal",
        "console",
        "providers",
        "cli",
        "emulator",
        "clock",
        "provider",
    )
)
JUNK = frozenset(
    (
        "utils",
        "util",
        "helpers",
        "helper",
        "common",
        "base",
        "manager",
        "misc",
        "data",
        "info",
        "handle",
        "process",
    )
)
EXCUSES = {
    "type: ignore": re.compile(r"#\s*type: ignore\[[\w, -]+\]\s+#\s*\S"),
    "noqa": re.compile(r"#\s*noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*\s+(-|#)\s*\S"),
}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Complaints = Iterator[str]


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_file_keeps_the_rules_of_the_house(file: Path) -> None:
    text = file.read_text()
    tree = ast.parse(text, filename=str(file))

    assert not [
        *_is_small(text, tree),
        *_is_no_junk_drawer(file),
        *_is_coloured_only_where_things_are_done(file, tree),
        *_public_things_are_annotated_and_documented(tree),
        *_exceptions_to_checks_say_which_and_why(text),
        *_nothing_is_caught_blindly(tree),
    ]


def _is_small(text: str, tree: ast.Module) -> Complaints:
    if (lines := len(text.splitlines())) > FILE_LINES:
        yield f"it has {lines} lines"
    yield from (f"{f.name} has {size} lines" for f in _functions(tree) if (size := _size(f)) > FUNCTION_LINES)


def _is_coloured_only_where_things_are_done(file: Path, tree: ast.Module) -> Complaints:
    if room(file) not in DOING:
        yield from (f"{f.name} is async" for f in _functions(tree) if isinstance(f, ast.AsyncFunctionDef))


def _is_no_junk_drawer(file: Path) -> Complaints:
    words = {part.removesuffix(".py").strip("_") for part in file.relative_to(PACKAGE).parts}
    yield from (f"{word} could hold anything" for word in words & JUNK)


def _public_things_are_annotated_and_documented(tree: ast.Module) -> Complaints:
    for node in _public(tree):
        yield from _complaints(node)


def _exceptions_to_checks_say_which_and_why(text: str) -> Complaints:
    for number, line in enumerate(text.splitlines(), 1):
        if any(mark in line and not form.search(line) for mark, form in EXCUSES.items()):
            yield f"line {number} does not say which check, or why not"


def _nothing_is_caught_blindly(tree: ast.Module) -> Complaints:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield f"line {node.lineno} catches everything"


@pytest.mark.parametrize(
    ("rule", "bad"),
    [
        (_public_things_are_annotated_and_documented, "def act(a): pass"),
        (_nothing_is_caught_blindly, "try: pass\nexcept: pass"),
    ],
)
def test_a_rule_finds_what_breaks_it(rule: Callable[[ast.Module], Complaints], bad: str) -> None:
    assert [*rule(ast.parse(bad))]


def test_what_is_too_long_and_what_gives_no_reason_is_found() -> None:
    long = "def act():\n" + "    pass\n" * FILE_LINES

    assert len([*_is_small(long, ast.parse(long))]) == 2
    assert [*_exceptions_to_checks_say_which_and_why("x = 1  # no" + "qa")]
    assert [*_is_no_junk_drawer(PACKAGE / "utils.py")]


def _functions(tree: ast.Module) -> list[Function]:
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def _size(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _public(node: ast.Module | ast.ClassDef) -> Iterator[Function | ast.ClassDef]:
    for child in node.body:
        if isinstance(child, Function | ast.ClassDef) and not child.name.startswith("_"):
            yield child
            if isinstance(child, ast.ClassDef):
                yield from _public(child)


def _complaints(node: Function | ast.ClassDef) -> Complaints:
    if not ast.get_docstring(node):
        yield f"{node.name} has no docstring"
    if isinstance(node, Function):
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        bare = [a.arg for a in every if a.annotation is None and a.arg not in ("self", "cls")]
        yield from (f"{node.name}: {name} is not annotated" for name in bare)
        if node.returns is None:
            yield f"{node.name} does not say what it returns"
