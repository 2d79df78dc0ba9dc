"""The shape of the house: sizes, names, where async may stand, and that public things explain themselves."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
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
every_module = pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(PACKAGE)))


@every_module
def test_files_and_functions_stay_small(file: Path) -> None:
    long = [f"{f.name} has {size} lines" for f in _functions(file) if (size := _size(f)) > FUNCTION_LINES]

    assert len(file.read_text().splitlines()) <= FILE_LINES
    assert not long


@every_module
def test_async_stands_only_in_the_doing_rooms(file: Path) -> None:
    coloured = [f.name for f in _functions(file) if isinstance(f, ast.AsyncFunctionDef)]

    assert room(file) in DOING or not coloured


@every_module
def test_no_file_is_a_junk_drawer(file: Path) -> None:
    words = {part.removesuffix(".py").strip("_") for part in file.relative_to(PACKAGE).parts}

    assert not words & JUNK


@every_module
def test_public_things_are_annotated_and_documented(file: Path) -> None:
    assert not [complaint for node in _public(_tree(file)) for complaint in _complaints(node)]


@every_module
def test_an_exception_to_a_check_says_which_and_why(file: Path) -> None:
    lines = file.read_text().splitlines()
    vague = [
        line for line in lines for mark, form in EXCUSES.items() if mark in line and not form.search(line)
    ]

    assert not vague


@every_module
def test_nothing_is_caught_blindly(file: Path) -> None:
    handlers = [node for node in ast.walk(_tree(file)) if isinstance(node, ast.ExceptHandler)]

    assert all(handler.type is not None for handler in handlers)


def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(), filename=str(file))


def _functions(file: Path) -> list[Function]:
    return [node for node in ast.walk(_tree(file)) if isinstance(node, Function)]


def _size(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _public(node: ast.Module | ast.ClassDef) -> Iterator[Function | ast.ClassDef]:
    for child in node.body:
        if isinstance(child, Function | ast.ClassDef) and not child.name.startswith("_"):
            yield child
            if isinstance(child, ast.ClassDef):
                yield from _public(child)


def _complaints(node: Function | ast.ClassDef) -> Iterator[str]:
    if not ast.get_docstring(node):
        yield f"{node.name} has no docstring"
    if isinstance(node, Function):
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        bare = [a.arg for a in every if a.annotation is None and a.arg not in ("self", "cls")]
        yield from (f"{node.name}: {name} is not annotated" for name in bare)
        if node.returns is None:
            yield f"{node.name} does not say what it returns"
