"""The repository as the architecture tests see it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "reconciler"
WORKFLOWS = ROOT / ".github" / "workflows"


def modules() -> list[Path]:
    """List every Python file of the product."""
    return sorted(PACKAGE.rglob("*.py"))


def room(file: Path) -> str:
    """Name the top-level word that a file belongs to."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def workflows() -> list[Path]:
    """List the workflow files."""
    return sorted(WORKFLOWS.glob("*.yml"))


def load(file: Path) -> dict[str, Any]:
    """Read one YAML document."""
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load(file)
    return loaded


def steps(workflow: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Walk over every step of every job."""
    for job in workflow["jobs"].values():
        yield from job["steps"]
