"""Our specs against the models of the official client: a field only one of us has fails by name."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import BaseModel

from reconciler.kind import Kind
from reconciler.providers.runai.kinds import KINDS
from tests.providers.runai.models import fields

official: Any = importlib.import_module("runai.models")
CREATED_BY = {
    "Workspace": official.WorkspaceCreationRequest,
    "Training": official.TrainingCreationRequest,
    "DistributedTraining": official.DistributedCreationRequest,
    "Inference": official.InferenceCreationRequest,
    "DistributedInference": official.DistributedInferenceCreationRequest,
    "NimService": official.NimServiceCreateRequest,
    "ExternalWorkload": official.WorkloadV2CreateRequest,
    "Cluster": official.ClusterCreationRequest,
}
UPDATED_BY = {
    "Inference": official.InferenceUpdateRequest,
    "NimService": official.NimServiceUpdateRequest,
    "ExternalWorkload": official.WorkloadV2UpdateRequest,
    "Cluster": official.ClusterUpdateRequest,
}
SERVED_BY = {
    "Workspace": ("workspaces", "WorkspacesApi"),
    "Training": ("trainings", "TrainingsApi"),
    "DistributedTraining": ("distributed", "DistributedApi"),
    "Inference": ("inferences", "InferencesApi"),
    "DistributedInference": ("distributed_inferences", "DistributedInferencesApi"),
    "NimService": ("nvidianim", "NVIDIANIMApi"),
    "ExternalWorkload": ("workloads_v2", "WorkloadsV2Api"),
    "Cluster": ("clusters", "ClustersApi"),
}
RENAMED = ("Cluster",)
"""Kinds whose update changes nothing of spec: the name alone."""

ENVELOPES = ("spec", "metadata")
"""Parts of a request whose fields stand in our spec as if they were the request's own."""

NOT_OFFERED: Mapping[str, str] = {
    "name": "metadata.name says it; a Cluster is renamed by metadata.renamedFrom",
    "projectId": "metadata.project says it, by name",
    "clusterId": "the project has one cluster; metadata.cluster chooses among projects of one name",
    "useGivenNameAsPrefix": "a name that the platform makes up cannot be found again",
    "manifestBase64Encoded": "a manifest nobody can read in a review; manifest holds the same",
}
"""Fields of the platform that we do not offer, each with its reason."""

FREE = ("/manifest",)
"""Fields below which the platform takes any tree; what we name there is for our own checks."""

UNNAMED_BY_CLIENT: Mapping[str, tuple[str, ...]] = {"DistributedInference": ("/replicas",)}
"""What the client's update takes without a model of its own: `{"spec": {"replicas": 2}}`."""


def unwrapped(path: str) -> str:
    """Give the path that a field of a request has in our spec; "" for an envelope itself."""
    return next(
        (path.removeprefix(f"/{word}") for word in ENVELOPES if f"{path}/".startswith(f"/{word}/")), path
    )


def asked(request: type[BaseModel] | None) -> set[str]:
    """List the fields of a request as our spec has them: unwrapped, without those not offered."""
    found = {unwrapped(path) for path in fields(request)} - {""} if request else set()
    return {path for path in found if path.split("/")[1] not in NOT_OFFERED}


def offered(kind: Kind) -> set[str]:
    """List the fields of our spec, without what stands in a tree that is free."""
    return {path for path in fields(kind.model()) if not any(path.startswith(f"{root}/") for root in FREE)}


def verbs(kind: Kind) -> set[str]:
    """List what the official client can do with a kind: the first word of each of its methods."""
    module, name = SERVED_BY[kind.name]
    api = getattr(importlib.import_module(f"runai.api.{module}_api"), name)
    return {method.partition("_")[0] for method in vars(api) if not method.startswith("_")}


def difference(ours: set[str], theirs: set[str]) -> dict[str, list[str]]:
    return {"only ours": sorted(ours - theirs), "only the platform's": sorted(theirs - ours)}


NONE: dict[str, list[str]] = {"only ours": [], "only the platform's": []}


def test_every_kind_has_a_create_call() -> None:
    assert set(CREATED_BY) == {kind.name for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_field_of_a_create_is_ours_and_no_other(kind: Kind) -> None:
    assert difference(offered(kind), asked(CREATED_BY[kind.name])) == NONE


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_may_change_in_place_is_what_the_update_takes(kind: Kind) -> None:
    theirs = asked(UPDATED_BY.get(kind.name)) | set(UNNAMED_BY_CLIENT.get(kind.name, ()))

    ours = {path for path in offered(kind) if kind.support.changes_in_place(path)}

    assert difference(ours, theirs) == NONE


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_is_changed_and_stopped_where_the_platform_has_a_call_for_it(kind: Kind) -> None:
    calls = verbs(kind)

    assert calls >= {"create", "get"}
    assert ({"suspend", "resume"} <= calls) is kind.support.stops
    assert ("suspend" in calls) is ("resume" in calls)
    assert ("update" in calls) is (bool(kind.support.updatable) or kind.name in RENAMED)


def test_nothing_is_left_out_that_no_request_has() -> None:
    every = {path.rpartition("/")[2] for request in CREATED_BY.values() for path in fields(request)}

    assert set(NOT_OFFERED) <= every
    assert all(NOT_OFFERED.values())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_default_and_every_unreturned_field_is_a_field(kind: Kind) -> None:
    known = {f"/spec{path}" for path in fields(kind.model())}

    assert {*kind.defaults, *kind.record_only, *kind.named_by} <= known
