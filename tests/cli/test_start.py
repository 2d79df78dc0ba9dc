"""Starting: the first page, help, and what they load."""

from __future__ import annotations

import pytest

from reconciler.cli import COMMANDS, PAGE
from tests.cli.conftest import Run, python

HEAVY = ("rich", "httpx", "pydantic", "jsonschema", "asyncio", "deepdiff", "ruamel", "websockets", "uvicorn")


def test_without_a_word_it_shows_the_first_page(run: Run) -> None:
    ended = run()

    assert (ended.code, ended.out, ended.err) == (0, PAGE, "")


@pytest.mark.parametrize("words", [("--help",), ("-h",), ("--version",), (), ("plan", "--help")])
def test_help_loads_nothing_but_click(words: tuple[str, ...]) -> None:
    code = (
        f"import sys; from reconciler.cli import main; main({words!r}); "
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )

    assert python("-c", code).stderr == "[]\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(name: str, run: Run) -> None:
    ended = run(name, "--help")

    assert ended.code == 0
    assert "Examples:" in ended.out
    assert "\\b" not in ended.out


def test_the_version_is_one_line(run: Run) -> None:
    assert run("--version").out.startswith("reconciler 0.")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("plna",), 'no command "plna"; did you mean "plan"?'),
        (("plan", "--exit-coed"), "Did you mean '--exit-code'?"),
        (("plan", "-o", "jsn"), 'did you mean "json"?'),
        (("plan", "-o", "json", "-o", "name"), "only one --output can go to stdout"),
        (("plan", "-o", "json="), "names no file"),
        (("schema", "Trainin"), 'did you mean "Training"?'),
        (("emulate", "slurm"), "is not one of 'runai', 'primus-safe'"),
    ],
)
def test_a_wrong_command_line_is_two_and_never_three(words: tuple[str, ...], hint: str, run: Run) -> None:
    ended = run(*words)

    assert ended.code == 2
    assert hint in ended.err
    assert ended.last == "reconciler: usage (exit 2)"
    assert ended.out == ""
