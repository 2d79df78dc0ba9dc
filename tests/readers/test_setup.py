"""What the readers that are not ours are installed from: pinned, hashed, and from no registry by name."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.readers.node import FOLDER


def read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((FOLDER / name).read_text())
    return document


def test_every_package_is_pinned_by_its_hash_and_names_no_registry() -> None:
    packages = {name: package for name, package in read("package-lock.json")["packages"].items() if name}

    assert {f"node_modules/{name}" for name in read("package.json")["dependencies"]} <= {*packages}
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert all(re.fullmatch(r"[0-9.]+", version) for version in read("package.json")["dependencies"].values())


def test_no_package_runs_a_script_when_it_is_installed() -> None:
    assert "ignore-scripts=true" in (FOLDER / ".npmrc").read_text().splitlines()


def test_without_node_and_without_a_way_to_get_it_one_line_says_what_is_missing(tmp_path: Path) -> None:
    for word in ("bash", "dirname", "env"):
        (tmp_path / word).symlink_to(shutil.which(word) or "")

    done = subprocess.run(
        [str(FOLDER / "setup.sh")], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert (
        done.stderr == "the tests need Node.js 18 or newer with npm; install them and run make test again\n"
    )


def test_an_old_node_is_told_from_a_new_one(tmp_path: Path) -> None:
    for word, script in {"node": '[ "$1" = --version ] && echo v16.20.2; exit 1', "npm": "exit 0"}.items():
        (tmp_path / word).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / word).chmod(0o755)

    done = subprocess.run(
        [str(FOLDER / "setup.sh")],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == "the tests need Node.js 18 or newer; node is v16.20.2\n"
