"""The schemas under version control are those of the models, and other readers agree with them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from reconciler.yaml import parse

TOP = Path(__file__).parents[2]
SCHEMAS = sorted((TOP / "schemas").rglob("*.json"))
MANIFESTS = sorted((TOP / "examples/manifests").rglob("*.yaml"))


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=TOP, capture_output=True, text=True, check=False
    )


def test_the_schemas_are_fresh(tmp_path: Path) -> None:
    assert run("reconciler", "schema", "--write", str(tmp_path)).returncode == 0

    written = {str(file.relative_to(tmp_path)): file.read_text() for file in tmp_path.rglob("*.json")}
    kept = {str(file.relative_to(TOP / "schemas")): file.read_text() for file in SCHEMAS}
    assert written == kept, "`make schemas` renews them"


def test_the_schemas_are_schemas() -> None:
    import json

    for file in SCHEMAS:
        Draft202012Validator.check_schema(json.loads(file.read_text()))


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda file: file.stem)
def test_every_example_names_its_schema_and_another_reader_agrees(file: Path) -> None:
    first = file.read_text().splitlines()[0]
    (document,) = parse(file.read_bytes(), str(file)).documents
    schema = (file.parent / first.partition("$schema=")[2]).resolve()

    assert schema == TOP / "schemas" / document.value["apiVersion"].partition("/")[0] / (
        document.value["kind"].lower() + ".json"
    )


def test_another_reader_accepts_every_example() -> None:
    files = [str(file) for file in MANIFESTS]

    done = run("check_jsonschema", "--schemafile", "schemas/manifest.json", *files)

    assert done.returncode == 0, done.stdout + done.stderr


def test_another_reader_refuses_a_field_that_does_not_exist(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(MANIFESTS[0].read_text().replace("spec:\n", "spec:\n  gpus: 1\n", 1))

    assert run("check_jsonschema", "--schemafile", "schemas/manifest.json", str(broken)).returncode == 1


def test_the_example_fleet_file_is_accepted_by_another_reader() -> None:
    done = run("check_jsonschema", "--schemafile", "schemas/fleet.json", "examples/reconciler.yaml")

    assert done.returncode == 0, done.stdout + done.stderr
