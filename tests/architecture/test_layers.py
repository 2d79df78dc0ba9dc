"""Every word of the house has its layer. `make layers` checks who may import whom."""

from __future__ import annotations

import tomllib
from typing import Any

from tests.architecture.house import PACKAGE, ROOT, modules, room

LINTER: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
LAYERS: dict[str, Any] = next(c for c in LINTER["contracts"] if c["type"] == "layers")
RANKED = {word.strip() for layer in LAYERS["layers"] for word in layer.split(":")}
DOORS = {
    "httpx": ["transport"],
    # The emulator imports nothing of ours, so it has a door of its own.
    "ruamel": ["yaml", "emulator.runai.manifests"],
    "websockets": ["stream"],
    "deepdiff": ["diff"],
}


def test_every_top_level_word_is_named_in_a_layer() -> None:
    words = {room(file) for file in modules()} - {"__init__"}

    assert LAYERS["exhaustive"] is True
    assert words <= RANKED | set(LAYERS["exhaustive_ignores"])


def test_each_costly_library_has_one_door() -> None:
    contracts = {
        c["forbidden_modules"][0]: c for c in LINTER["contracts"] if c["name"].startswith("one door")
    }

    assert {library: c["ignore_imports"] for library, c in contracts.items()} == {
        library: [f"reconciler.{door} -> {library}" for door in doors] for library, doors in DOORS.items()
    }


def test_the_oracle_is_forbidden_every_word_of_ours() -> None:
    oracle = next(c for c in LINTER["contracts"] if c.get("source_modules") == ["reconciler.emulator"])
    words = {room(file) for file in modules()} - {"__init__", "__main__", "emulator"}

    assert words <= {module.removeprefix("reconciler.") for module in oracle["forbidden_modules"]}


def test_every_package_says_what_lives_in_it() -> None:
    silent = [init for init in PACKAGE.rglob("__init__.py") if not init.read_text().startswith('"""')]

    assert not silent
