"""The stage every scenario plays on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.stage import Stage, staged


@pytest.fixture(autouse=True)
def unwatched(no_cover: None) -> None:
    """Count no lines here: other tests run each of them, and being watched takes as long again."""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path / "repo") as made:
        yield made
