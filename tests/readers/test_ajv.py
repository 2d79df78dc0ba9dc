"""ajv, a reader of JSON Schema that shares no line with ours, takes our schemas and judges as we do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reconciler.kind import Kind
from reconciler.providers import kinds
from reconciler.validate.judge import Judge, judge_for
from reconciler.yaml import parse
from tests.readers.node import faults_by_ajv

TOP = Path(__file__).parents[2]
SCHEMAS = {
    str(file.relative_to(TOP / "schemas")): json.loads(file.read_text())
    for file in sorted((TOP / "schemas").rglob("*.json"))
}
JUDGES = {name: judge_for(schema) for name, schema in SCHEMAS.items()}
EXAMPLES = sorted((TOP / "examples").glob("*/**/*.yaml"))
TEMPLATES = sorted((TOP / "reconciler/cli/templates/demo").glob("*/*.yaml"))
BROKEN = sorted((TOP / "tests/golden/broken").glob("*.yaml"))
TEXTS = ("", "a", "A b\n", "16Gi", "1e3x", "20m", "${{ vars.X }}", "\u00e9")
VALUES: tuple[Any, ...] = (None, True, 0, -1, 7, 2**70, 0.5, *TEXTS, [], ["a"], {})


@dataclass(frozen=True)
class Case:
    """Hold one document, the schema to judge it by, and where it is from."""

    origin: str
    schema: str
    document: Any

    @property
    def is_accepted_by_us(self) -> bool:
        judge: Judge = JUDGES[self.schema]
        return bool(judge.validator.is_valid(self.document))


def cases(files: list[Path]) -> Iterator[Case]:
    """Read every document of some files, to be judged as any manifest and as one of its kind."""
    for file in files:
        for index, document in enumerate(parse(file.read_bytes(), file.name).documents):
            origin = f"{file.name}[{index}]"
            yield Case(origin, "manifest.json", document.value)
            kind = kind_of(document.value)
            if kind:
                yield Case(origin, kind.schema_path, document.value)


def kind_of(value: Any) -> Kind | None:
    if not isinstance(value, dict):
        return None
    version, name = value.get("apiVersion"), value.get("kind")
    return kinds().get((version, name)) if isinstance(version, str) and isinstance(name, str) else None


def judged(found: list[Case]) -> list[tuple[Case, list[str]]]:
    faults = faults_by_ajv(SCHEMAS, [(case.schema, case.document) for case in found])
    return list(zip(found, faults, strict=True))


def test_every_schema_is_taken_in_strict_mode() -> None:
    assert all(faults_by_ajv(SCHEMAS, [(name, None) for name in SCHEMAS]))


def test_a_keyword_that_readers_do_not_know_is_noticed() -> None:
    with pytest.raises(AssertionError, match='unknown keyword: "ge"'):
        faults_by_ajv({"a.json": {"type": "integer", "ge": 0}}, [("a.json", 1)])


def test_every_example_is_accepted() -> None:
    found = judged(list(cases([*EXAMPLES, *TEMPLATES])))

    assert len(found) >= 2 * len(EXAMPLES)
    assert not [(case.origin, case.schema, faults) for case, faults in found if faults]


def test_the_fleet_files_are_accepted() -> None:
    files = [
        *sorted((TOP / "examples").glob("*.yaml")),
        *sorted((TOP / "reconciler/cli/templates/fleets").glob("*.yaml")),
    ]
    texts = [file.read_text().replace("FLEET_ID", "7f3a9c04d2b81e66") for file in files]
    documents = [parse(text.encode(), "reconciler.yaml").documents[0].value for text in texts]

    assert faults_by_ajv(SCHEMAS, [("fleet.json", document) for document in documents]) == [[]] * 4


def test_a_plan_is_accepted_and_one_with_a_key_too_many_is_not() -> None:
    plan = json.loads((TOP / "tests/golden/report/plan-mixed.json").read_text())

    accepted, refused = faults_by_ajv(SCHEMAS, [("plan.json", plan), ("plan.json", {**plan, "more": 1})])

    assert accepted == []
    assert refused == [" additionalProperties"]


def test_every_broken_file_is_judged_as_we_judge_it() -> None:
    found = judged(list(cases(BROKEN)))

    refused = [case for case, faults in found if faults]
    assert len(refused) >= 20
    assert len(found) > len(refused)
    assert not disagreements(found)


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: str(kind.name))
def test_any_value_in_any_place_is_judged_as_we_judge_it(kind: Kind) -> None:
    (document,) = parse(kind.example().encode(), kind.name).documents
    changed = list(with_each_change(document.value))

    found = judged([Case(place, kind.schema_path, value) for place, value in changed])

    assert len({bool(faults) for _, faults in found}) == 2
    assert not disagreements(found)


def test_a_number_with_a_point_is_a_whole_one_to_ajv_alone() -> None:
    document = parse(kinds()["runai/v1", "Training"].example().encode(), "a.yaml").documents[0].value
    document["spec"]["compute"]["gpuDevicesRequest"] = 1.0  # JavaScript has one sort of number
    case = Case("a.yaml", "runai/training.json", document)

    assert judged([case]) == [(case, [])]
    assert not case.is_accepted_by_us


def disagreements(found: list[tuple[Case, list[str]]]) -> list[tuple[str, str, list[str]]]:
    return [
        (case.origin, case.schema, faults) for case, faults in found if case.is_accepted_by_us != (not faults)
    ]


def with_each_change(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Give a document once for each value in each of its places, each field left out, and one added."""
    for other in VALUES:
        yield f"{place} is {json.dumps(other)}", other
    if isinstance(value, dict):
        yield f"{place} has a field more", {**value, "nonsense": 1}
        for name, part in value.items():
            yield f"{place} has no {name}", {key: kept for key, kept in value.items() if key != name}
            for told, changed in with_each_change(part, f"{place}/{name}"):
                yield told, {**value, name: changed}
    elif isinstance(value, list):
        for index, part in enumerate(value):
            for told, changed in with_each_change(part, f"{place}/{index}"):
                yield told, [*value[:index], changed, *value[index + 1 :]]
