"""The schemas under version control are those of the models, and tell people what each field means."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reconciler.fleet import Fleet, Limits, Target
from reconciler.kind import Kind
from reconciler.providers import kinds
from reconciler.resource import HealthPolicy, Lifecycle
from reconciler.validate import validate
from reconciler.validate.envelope import Guard, HealthPart, LifecyclePart
from reconciler.validate.policy import health_from, lifecycle_from
from reconciler.yaml import parse

TOP = Path(__file__).parents[2]
SCHEMAS = sorted((TOP / "schemas").rglob("*.json"))
MANIFESTS = sorted((TOP / "examples").glob("*/**/*.yaml"))
KINDS = list(kinds().values())
FLEET = Fleet(
    id="7f3a9c04d2b81e66",
    name="wattfield",
    file="reconciler.yaml",
    root="/fleet",
    targets={
        "runai": Target("runai", "runai", "https://wattfield.run.ai"),
        "safe": Target("safe", "primus-safe", "https://safe.wattfield.example"),
    },
    secrets=("HF_TOKEN",),
)

every_schema = pytest.mark.parametrize("file", SCHEMAS, ids=lambda file: file.stem)
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.name))


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=TOP, capture_output=True, text=True, check=False
    )


def read(file: Path) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(file.read_text())
    return schema


def fields(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Walk over every property that a schema describes, wherever it stands; conditions describe none."""
    if isinstance(schema, list):
        for item in schema:
            yield from fields(item, path)
    elif isinstance(schema, dict):
        for name, body in schema.get("properties", {}).items():
            yield f"{path}/{name}", body
        for key, value in schema.items():
            if key not in ("if", "default", "examples", "enum", "const"):
                yield from fields(value, f"{path}/{key}")


def test_the_schemas_are_fresh(tmp_path: Path) -> None:
    assert run("reconciler", "schema", "--write", str(tmp_path)).returncode == 0

    written = {str(file.relative_to(tmp_path)): file.read_text() for file in tmp_path.rglob("*.json")}
    kept = {str(file.relative_to(TOP / "schemas")): file.read_text() for file in SCHEMAS}
    assert written == kept, "`make schemas` renews them"


@every_schema
def test_a_schema_is_a_schema_of_the_newest_draft(file: Path) -> None:
    schema = read(file)

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


@every_schema
def test_every_field_is_described(file: Path) -> None:
    schema = read(file)

    assert schema["description"]
    assert not [path for path, body in fields(schema) if not body.get("description")]


@every_schema
def test_a_default_is_a_value_that_may_stand_there_and_is_named(file: Path) -> None:
    schema = read(file)
    stated = [(path, body) for path, body in fields(schema) if "default" in body]

    for path, body in stated:
        judge = Draft202012Validator({**body, "$defs": schema.get("$defs", {})})
        assert judge.is_valid(body["default"]), path
        assert "efault" in body["description"], path


@every_schema
def test_an_example_is_a_value_that_may_stand_there(file: Path) -> None:
    schema = read(file)
    parts = [schema, *(body for _, body in fields(schema))]

    for part in parts:
        judge = Draft202012Validator({**part, "$defs": schema.get("$defs", {})})
        assert all(judge.is_valid(example) for example in part.get("examples", ()))


@every_schema
def test_a_value_is_described_for_all_of_an_enum_or_for_none(file: Path) -> None:
    for path, body in fields(read(file)):
        values = [value for value in body.get("enum", ()) if value is not None]
        assert len(body.get("enumDescriptions", values)) == len(values), path


@every_schema
def test_what_is_deprecated_says_so_to_people_and_to_tools(file: Path) -> None:
    for path, body in fields(read(file)):
        said = body.get("description", "").startswith(("Deprecated", "Ignored since"))
        assert body.get("deprecated", False) == said, path


@every_kind
def test_every_default_of_a_kind_stands_in_its_schema(kind: Kind) -> None:
    schema = read(TOP / "schemas" / kind.schema_path)

    for pointer, default in kind.defaults.items():
        assert field_at(schema, pointer)["default"] == default, pointer


def test_a_default_that_hangs_on_other_fields_is_not_stated() -> None:
    schema = read(TOP / "schemas/runai/inference.json")

    assert "default" not in field_at(schema, "/spec/autoscaling/maxReplicas")
    assert "default" not in field_at(schema, "/spec/imagePullPolicy")


def test_the_defaults_that_editors_show_are_those_that_apply() -> None:
    assert lifecycle_from(defaults_of(LifecyclePart), Lifecycle()) == Lifecycle()
    assert health_from(defaults_of(HealthPart), HealthPolicy()) == HealthPolicy()
    assert {*defaults_of(HealthPart)} == {*HealthPart.model_json_schema()["properties"]}
    assert defaults_of(Guard) == {
        "maxDestroy": {"count": Limits().destroy_count, "percent": Limits().destroy_percent},
        "maxCreate": {"count": Limits().create_count, "percent": Limits().create_percent},
        "maxGpuHoursLost": Limits().gpu_hours,
    }


@every_kind
def test_the_example_of_a_kind_is_a_whole_manifest_without_a_problem(kind: Kind) -> None:
    read_text = parse(kind.example().encode(), f"{kind.name}.yaml")

    found = validate(read_text.documents, FLEET, kinds=kinds())

    assert [resource.key.kind for resource in found.resources] == [kind.name]
    assert not [*read_text.problems, *found.problems]
    assert read(TOP / "schemas" / kind.schema_path)["examples"] == [read_text.documents[0].value]


@every_kind
def test_a_schema_offers_the_lifecycle_values_that_its_kind_honours_and_no_others(kind: Kind) -> None:
    offered = read(TOP / "schemas" / kind.schema_path)["$defs"]["Lifecycle"]["properties"]
    every = LifecyclePart.model_json_schema()["properties"]
    (document,) = parse(kind.example().encode(), "a.yaml").documents

    for field, value in [(name, value) for name, body in every.items() for value in values_of(body)]:
        stated = replace(document, value={**document.value, "lifecycle": {field: value}})
        codes = {problem.code for problem in validate([stated], FLEET, kinds=kinds()).problems}
        is_offered = value in offered.get(field, {}).get("enum", ())
        assert codes == (set() if is_offered else {"RC110"}), (field, value)


def test_validating_writes_no_default_into_a_document() -> None:
    document = parse(MANIFESTS[0].read_bytes(), "a.yaml").documents[0]
    before = json.dumps(document.value)

    (resource,) = validate([document], FLEET, kinds=kinds()).resources

    assert json.dumps(document.value) == before
    assert resource.spec == document.value["spec"]


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda file: file.stem)
def test_every_example_names_its_schema(file: Path) -> None:
    first = file.read_text().splitlines()[0]
    document = parse(file.read_bytes(), str(file)).documents[0]
    schema = (file.parent / first.partition("$schema=")[2]).resolve()

    kind = kinds()[document.value["apiVersion"], document.value["kind"]]
    assert schema == TOP / "schemas" / kind.schema_path


def test_another_reader_accepts_every_example() -> None:
    files = [str(file) for file in MANIFESTS]

    done = run("check_jsonschema", "--schemafile", "schemas/manifest.json", *files)

    assert done.returncode == 0, done.stdout + done.stderr


def test_another_reader_refuses_a_field_that_does_not_exist(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(MANIFESTS[0].read_text().replace("spec:\n", "spec:\n  gpus: 1\n", 1))

    assert run("check_jsonschema", "--schemafile", "schemas/manifest.json", str(broken)).returncode == 1


def test_the_example_fleet_files_are_accepted_by_another_reader() -> None:
    files = [str(file.relative_to(TOP)) for file in sorted((TOP / "examples").glob("*.yaml"))]

    done = run("check_jsonschema", "--schemafile", "schemas/fleet.json", *files)

    assert len(files) == 2

    assert done.returncode == 0, done.stdout + done.stderr


def field_at(schema: dict[str, Any], pointer: str) -> dict[str, Any]:
    """Find a field by its pointer through references and branches."""
    field: dict[str, Any] = schema
    for name in pointer.split("/")[1:]:
        field = next(body["properties"][name] for body in blocks(field, schema) if name in body["properties"])
    return field


def blocks(field: dict[str, Any], schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for part in (field, *field.get("anyOf", ()), *field.get("allOf", ())):
        body = schema["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part
        if "properties" in body:
            yield body
        elif "items" in body:
            yield from blocks(body["items"], schema)


def values_of(field: dict[str, Any]) -> list[str]:
    """Give the words that an optional field of the envelope may hold."""
    return [word for branch in field["anyOf"] for word in branch.get("enum", ())]


def defaults_of(model: Any) -> dict[str, Any]:
    """Give the defaults that the schema of a model of the envelope states."""
    properties = model.model_json_schema()["properties"]
    return {name: body["default"] for name, body in properties.items() if body.get("default") is not None}
