"""What stands beside the code keeps pace with it: requirements, README, docs, change log."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import click
import pytest

from reconciler.errors import ExitCode
from reconciler.problem import CODES
from tests.architecture.house import PACKAGE, ROOT

DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [*DOCS, *sorted(ROOT.glob("*.md"))]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
SECTIONS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_hashed_and_name_no_index(name: str) -> None:
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]

    assert lines
    assert not [line for line in lines if line.startswith("-") or "://" in line]
    assert not [line for line in lines if "==" not in line or "--hash=sha256:" not in line]


def test_every_make_target_that_a_page_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        word
        for page in PAGES
        for word in re.findall(r"`make ([a-z]+)`|^make ([a-z]+)", page.read_text(), re.M)
    }
    wanted = {word for pair in named for word in pair if word}

    assert {"demo", "test"} <= wanted <= targets


@every_page
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    broken = [link for link in links if "://" not in link and not (page.parent / link).exists()]

    assert not broken


@every_page
def test_a_page_opens_with_one_title(page: Path) -> None:
    outside_code = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)

    assert page.read_text().startswith("# ")
    assert len(re.findall(r"^# ", outside_code, re.MULTILINE)) == 1


def test_every_exit_code_is_documented_under_its_name() -> None:
    text = (ROOT / "docs" / "exit-codes.md").read_text()
    rows = dict(re.findall(r"^\| (\d+) \| `([a-z-]+)` \|", text, re.MULTILINE))

    assert rows == {str(int(code)): code.label for code in ExitCode}


def test_every_problem_code_is_documented_in_its_own_words() -> None:
    text = (ROOT / "docs" / "exit-codes.md").read_text()

    assert dict(re.findall(r"^\| `(RC\d{3})` \| (.+?) \|$", text, re.MULTILINE)) == CODES


def test_every_command_is_documented() -> None:
    text = "\n".join(page.read_text() for page in DOCS)

    assert not [name for name in _commands() if not re.search(rf"`?reconciler {name}\b", text)]


def test_the_change_log_is_kept_in_its_form() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text().splitlines()
    releases = [line for line in lines if line.startswith("## ")]
    sections = {line.removeprefix("### ") for line in lines if line.startswith("### ")}

    assert releases[0] == "## [Unreleased]"
    assert all(re.fullmatch(r"## \[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", line) for line in releases[1:])
    assert sections <= SECTIONS


def test_decisions_are_numbered_without_gaps_and_say_what_they_cost() -> None:
    assert [int(file.name[:4]) for file in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    for file in DECISIONS:
        assert re.findall(r"^## (\w+)", file.read_text(), re.MULTILINE) == ["Context", "Choice", "Price"], (
            file.name
        )


def _commands() -> list[str]:
    if not (PACKAGE / "cli" / "__init__.py").exists():
        pytest.skip("there is no command line yet")
    cli = importlib.import_module("reconciler.cli")
    group = next(value for value in vars(cli).values() if isinstance(value, click.Group))
    return group.list_commands(click.Context(group))
