"""Our specs against the models of the official client: a field only one of us has fails by name."""

from __future__ import annotations

import importlib
import typing
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from reconciler.kind import Kind
from reconciler.providers.runai.kinds import KINDS

official: Any = importlib.import_module("runai.models")
BY_NAME = {kind.name: kind for kind in KINDS}
CREATED_FROM = {
    "Workspace": official.WorkspaceSpecSpec,
    "Training": official.TrainingSpecSpec,
    "Inference": official.InferenceSpecSpec,
}
UPDATED_FROM = {"Inference": official.InferenceUpdateSpecSpec}
MOVED_INTO_SPEC = {"templateId"}
NOT_OFFERED = {"name", "projectId", "clusterId", "useGivenNameAsPrefix", "spec"}


def fields(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """Walk all fields of a model by the platform's names, blocks and list items included."""
    for name, field in model.model_fields.items():
        here = f"{path}/{field.alias or name}"
        yield here
        for block in blocks(field.annotation):
            yield from fields(block, here)


def blocks(annotation: Any) -> Iterator[type[BaseModel]]:
    """Find the models inside an annotation such as `list[Block] | None`."""
    if typing.get_origin(annotation) is None and isinstance(annotation, type):
        if issubclass(annotation, BaseModel):
            yield annotation
        return
    for inner in typing.get_args(annotation):
        yield from blocks(inner)


def difference(ours: set[str], theirs: set[str]) -> dict[str, list[str]]:
    return {"only ours": sorted(ours - theirs), "only the platform's": sorted(theirs - ours)}


NONE: dict[str, list[str]] = {"only ours": [], "only the platform's": []}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_field_of_a_create_is_ours_and_no_other(kind: Kind) -> None:
    ours = set(fields(kind.model())) - {f"/{name}" for name in MOVED_INTO_SPEC}

    theirs = set(fields(CREATED_FROM[kind.name]))

    assert difference(ours, theirs) == NONE


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_may_change_in_place_is_what_the_update_takes(kind: Kind) -> None:
    updated = UPDATED_FROM.get(kind.name)
    theirs = set(fields(updated)) if updated else set()

    ours = {path for path in fields(kind.model()) if kind.support.changes_in_place(path)}

    assert difference(ours, theirs) == NONE


@pytest.mark.parametrize(
    ("name", "request_model"),
    [
        ("Workspace", official.WorkspaceCreationRequest),
        ("Training", official.TrainingCreationRequest),
        ("Inference", official.InferenceCreationRequest),
    ],
)
def test_fields_beside_the_platforms_spec_are_inside_ours_or_not_offered(
    name: str, request_model: type[BaseModel]
) -> None:
    beside = {field.alias or word for word, field in request_model.model_fields.items()}

    assert beside == MOVED_INTO_SPEC | NOT_OFFERED
    assert set(fields(BY_NAME[name].model())) >= {f"/{field}" for field in MOVED_INTO_SPEC}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_default_and_every_unreturned_field_is_a_field(kind: Kind) -> None:
    known = {f"/spec{path}" for path in fields(kind.model())}

    assert {*kind.defaults, *kind.record_only} <= known
