"""The planted bugs still fit the code: `make mutants` plants each of them, and none by halves."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutants.__main__ import ROOT, killed
from tests.mutants.mutant import Mutant
from tests.mutants.planted import PLANTED


@pytest.mark.parametrize("mutant", PLANTED, ids=lambda mutant: mutant.what)
def test_a_planted_bug_fits_the_code(mutant: Mutant) -> None:
    text = (ROOT / "reconciler" / mutant.file).read_text()

    assert text.count(mutant.right) == 1
    assert ast.dump(ast.parse(text.replace(mutant.right, mutant.wrong))) != ast.dump(ast.parse(text))
    assert all((ROOT / test).is_file() for test in mutant.tests)


@pytest.mark.parametrize(
    ("wrong", "is_killed"), [("return a - b", True), ("return b + a", False), ("return a +", False)]
)
def test_only_a_test_that_fails_kills(wrong: str, is_killed: bool, tmp_path: Path) -> None:
    (tmp_path / "reconciler").mkdir()
    (tmp_path / "reconciler/__init__.py").touch()
    (tmp_path / "reconciler/sum.py").write_text("def total(a, b):\n    return a + b\n")
    (tmp_path / "test_sum.py").write_text(
        "from reconciler.sum import total\n\ndef test_it():\n    assert total(1, 2) == 3\n"
    )
    mutant = Mutant("it subtracts", "sum.py", "return a + b", wrong, ("test_sum.py",))

    assert killed(mutant, tmp_path) is is_killed
