"""Examples: every command has some, and each one parses as it stands, in `--help` and in the docs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from reconciler.cli import cli

REPOSITORY = Path(__file__).parents[2]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
_TYPED = re.compile(r"^(?:\$ )?(reconciler(?: [^|&()#`<>\n]*)?)", re.MULTILINE)
_INSIDE = re.compile(r"<\((reconciler [^|()\n]*)\)")
_BLOCK = re.compile(r"^```(?:console|sh|shell|bash)?\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands() -> Iterator[tuple[str, click.Command]]:
    """Give every command and subcommand by the words that call it."""
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        yield name, command
        for inner in command.commands.values() if isinstance(command, click.Group) else ():
            yield f"{name} {inner.name}", inner


def examples(command: click.Command) -> list[str]:
    """Give the command lines of a help text; what stands behind two spaces explains them."""
    block = (command.help or "").partition("Examples:\n")[2].partition("\n\n")[0]
    lines = "\n".join(re.split(r" {2,}", line.strip())[0] for line in block.splitlines())
    return [found.strip() for found in (*_TYPED.findall(lines), *_INSIDE.findall(lines))]


def parse(typed: str) -> None:
    """Parse a command line to its end, and run nothing."""
    command: click.Command = cli
    context = cli.make_context("reconciler", shlex.split(typed)[1:])
    while isinstance(command, click.Group):
        left = [*context._protected_args, *context.args]
        if not left:
            return
        name, inner, rest = command.resolve_command(context, left)
        assert inner is not None
        command, context = inner, inner.make_context(name, rest, parent=context)


@pytest.fixture(autouse=True)
def a_folder_to_write_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "faults.json").touch()


@pytest.mark.parametrize(
    ("words", "command"), [*commands()], ids=lambda one: one if isinstance(one, str) else ""
)
def test_a_command_has_examples_of_itself_and_each_parses(words: str, command: click.Command) -> None:
    found = examples(command)

    assert any(f"{typed} ".startswith(f"reconciler {words} ") for typed in found)
    for typed in found:
        parse(typed)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_lets_people_type_parses(page: Path) -> None:
    for block in _BLOCK.findall(page.read_text(encoding="utf-8")):
        lines = block.replace("\\\n", " ").splitlines()
        prompted = [line for line in lines if line.startswith("$ ")]
        for typed in _TYPED.findall("\n".join(prompted or lines)):
            parse(typed.strip())


@pytest.mark.parametrize("typed", ["reconciler plan --no-such", "reconciler aply", "reconciler plan -o jsn"])
def test_a_wrong_example_would_be_found(typed: str) -> None:
    with pytest.raises(click.ClickException):
        parse(typed)
