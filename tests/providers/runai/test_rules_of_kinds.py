"""Rules of single kinds, and those of any pod where a spec holds several: each found once, in its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.kind import Kind
from reconciler.problem import CODES, Severity
from reconciler.providers.runai.kinds import (
    DISTRIBUTED_INFERENCE,
    DISTRIBUTED_TRAINING,
    EXTERNAL_WORKLOAD,
    INFERENCE,
    NIM_SERVICE,
    TRAINING,
    WORKSPACE,
)
from reconciler.providers.runai.kinds.distributed_inference import GroupPod
from reconciler.providers.runai.kinds.nim_service import NimServiceSpec
from reconciler.providers.runai.kinds.storage import GroupStorage
from tests.providers.runai.test_rules import IMAGE, REFUSED_BY_ANY, UUID, with_image

Row = tuple[dict[str, Any], str, str]
TRAIN = with_image(distributedFramework="PyTorch", numWorkers=2)
MPI = with_image(distributedFramework="MPI", numWorkers=2)
GROUP = {"leader": IMAGE, "servingPort": {"port": 8000}}
NIM = with_image(servingPort={"port": 8000})
DYING = {"path": "/d", "claimInfo": {"size": "1Gi"}, "ephemeral": True}
BY_LOAD = {"minReplicas": 1, "maxReplicas": 4, "metric": "load", "metricThreshold": 3}


def a_manifest(**metadata: Any) -> dict[str, Any]:
    return {"manifest": {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata}}


def found(kind: Kind, spec: dict[str, Any]) -> list[tuple[str, str, str]]:
    """List what is found as code, pointer and weight."""
    problems = list(kind.check(spec))
    assert all(problem.code in CODES and problem.hint for problem in problems)
    return [(problem.code, problem.pointer, problem.severity.value) for problem in problems]


# -- rules of any pod, where a spec holds several ----------------------------------------------


def names_of(model: Any) -> set[str]:
    return {field.alias for field in model.model_fields.values()}


def of_pods(*fields: set[str]) -> Iterator[Row]:
    """Choose the rows about fields that a pod has; fields of storage come second."""
    for spec, code, pointer in REFUSED_BY_ANY:
        _, _, name, inner, *_ = (*pointer.split("/"), "")
        is_volume = name == "storage"
        if pointer != "/spec/image" and (inner if is_volume else name) in fields[is_volume]:
            yield spec, code, pointer


ANY_MASTER = [row for row in REFUSED_BY_ANY if row[2] != "/spec/image"]
ANY_ROLE = list(of_pods(names_of(GroupPod), names_of(GroupStorage)))
ANY_NIM = list(of_pods(names_of(NimServiceSpec) - {"security"}, set()))  # it has two fields of its own


def ids(rows: list[Row]) -> list[str]:
    return [f"{pointer} {code}" for _, code, pointer in rows]


def only(kind: Kind, spec: dict[str, Any], code: str, pointer: str) -> None:
    (problem,) = kind.check(spec)

    assert (problem.code, problem.pointer) == (code, pointer)
    assert problem.what.startswith(".".join(pointer.split("/")[1:3]))


@pytest.mark.parametrize(("spec", "code", "pointer"), ANY_MASTER, ids=ids(ANY_MASTER))
def test_what_no_pod_may_state_is_found_in_a_master(spec: dict[str, Any], code: str, pointer: str) -> None:
    only(DISTRIBUTED_TRAINING, {**TRAIN, "masterSpec": spec}, code, pointer.replace("c/", "c/masterSpec/", 1))


@pytest.mark.parametrize("role", ["leader", "worker"])
@pytest.mark.parametrize(("spec", "code", "pointer"), ANY_ROLE, ids=ids(ANY_ROLE))
def test_it_is_found_in_a_leader_and_a_worker(
    role: str, spec: dict[str, Any], code: str, pointer: str
) -> None:
    whole = {**GROUP, "workers": 1, "worker": IMAGE, role: spec}

    only(DISTRIBUTED_INFERENCE, whole, code, pointer.replace("c/", f"c/{role}/", 1))


@pytest.mark.parametrize(("spec", "code", "pointer"), ANY_NIM, ids=ids(ANY_NIM))
def test_it_is_found_in_a_nim_service(spec: dict[str, Any], code: str, pointer: str) -> None:
    only(NIM_SERVICE, spec, code, pointer)


def test_enough_rows_are_left_for_each() -> None:
    assert len(ANY_MASTER) >= 35
    assert len(ANY_ROLE) >= 25
    assert len(ANY_NIM) >= 18


# -- rules of one kind -------------------------------------------------------------------------

ERROR, WARNING = Severity.ERROR.value, Severity.WARNING.value
FINDINGS: dict[str, tuple[Kind, dict[str, Any], list[tuple[str, str, str]]]] = {
    "slots without MPI": (
        DISTRIBUTED_TRAINING,
        {**TRAIN, "slotsPerWorker": 2},
        [("RC107", "/spec/slotsPerWorker", WARNING)],
    ),
    "an SSH path without MPI": (
        DISTRIBUTED_TRAINING,
        {**TRAIN, "sshAuthMountPath": "/ssh"},
        [("RC107", "/spec/sshAuthMountPath", WARNING)],
    ),
    "a launcher without MPI": (
        DISTRIBUTED_TRAINING,
        {**TRAIN, "mpiLauncherCreationPolicy": "AtStartup"},
        [("RC107", "/spec/mpiLauncherCreationPolicy", WARNING)],
    ),
    "elastic without PyTorch": (
        DISTRIBUTED_TRAINING,
        {**MPI, "minReplicas": 1, "maxReplicas": 2},
        [("RC107", "/spec/maxReplicas", WARNING), ("RC107", "/spec/minReplicas", WARNING)],
    ),
    "bounds the wrong way round": (
        DISTRIBUTED_TRAINING,
        {**TRAIN, "minReplicas": 4, "maxReplicas": 2},
        [("RC107", "/spec/maxReplicas", ERROR)],
    ),
    "fewer workers than the least": (
        DISTRIBUTED_TRAINING,
        {**TRAIN, "minReplicas": 3, "maxReplicas": 4},
        [("RC107", "/spec/numWorkers", WARNING)],
    ),
    "more workers than the most": (
        DISTRIBUTED_TRAINING,
        {**TRAIN, "maxReplicas": 1},
        [("RC107", "/spec/numWorkers", WARNING)],
    ),
    "a master described twice": (
        DISTRIBUTED_TRAINING,
        {**TRAIN, "masterSpecSameAsWorker": True, "masterSpec": IMAGE},
        [("RC107", "/spec/masterSpec", ERROR)],
    ),
    "deprecated fields of a master": (
        DISTRIBUTED_TRAINING,
        {**TRAIN, "masterSpec": {"backoffLimit": 1, "priorityClass": "low"}},
        [
            ("RC107", "/spec/masterSpec/backoffLimit", WARNING),
            ("RC107", "/spec/masterSpec/priorityClass", WARNING),
        ],
    ),
    "a master's terminal without stdin": (
        DISTRIBUTED_TRAINING,
        {**TRAIN, "masterSpec": {"tty": True}},
        [("RC107", "/spec/masterSpec/tty", ERROR)],
    ),
    "no image": (DISTRIBUTED_TRAINING, {"numWorkers": 1}, [("RC105", "/spec/image", ERROR)]),
    "no leader": (DISTRIBUTED_INFERENCE, {}, [("RC105", "/spec/leader", ERROR)]),
    "no image of the leader": (
        DISTRIBUTED_INFERENCE,
        {"leader": {"command": "serve"}},
        [("RC105", "/spec/leader/image", ERROR)],
    ),
    "workers without a worker": (
        DISTRIBUTED_INFERENCE,
        {**GROUP, "workers": 2},
        [("RC105", "/spec/worker", ERROR)],
    ),
    "a worker without workers": (
        DISTRIBUTED_INFERENCE,
        {**GROUP, "worker": IMAGE},
        [("RC107", "/spec/worker", WARNING)],
    ),
    "a serving port without a port": (
        DISTRIBUTED_INFERENCE,
        {"leader": IMAGE, "servingPort": {"protocol": "http"}},
        [("RC105", "/spec/servingPort/port", ERROR)],
    ),
    "users whom nobody lets in": (
        DISTRIBUTED_INFERENCE,
        {"leader": IMAGE, "servingPort": {"port": 80, "authorizationType": "authorizedUsers"}},
        [("RC105", "/spec/servingPort/authorizedUsers", ERROR)],
    ),
    "groups of a public port": (
        DISTRIBUTED_INFERENCE,
        {"leader": IMAGE, "servingPort": {"port": 80, "authorizedGroups": ["a"]}},
        [("RC107", "/spec/servingPort/authorizedGroups", ERROR)],
    ),
    "a claim that dies": (
        DISTRIBUTED_INFERENCE,
        {"leader": with_image(storage={"pvc": [DYING]})},
        [("RC107", "/spec/leader/storage/pvc/path=~1d/ephemeral", ERROR)],
    ),
    "a NIM service without an image": (NIM_SERVICE, {}, [("RC105", "/spec/image", ERROR)]),
    "a NIM service without a port": (
        NIM_SERVICE,
        with_image(servingPort={"grpcPort": 1}),
        [("RC105", "/spec/servingPort/port", ERROR)],
    ),
    "gRPC outside without a port for it": (
        NIM_SERVICE,
        with_image(servingPort={"port": 80, "exposedProtocol": "grpc"}),
        [("RC107", "/spec/servingPort/exposedProtocol", ERROR)],
    ),
    "scaling without a metric": (
        NIM_SERVICE,
        {**NIM, "autoscaling": {"minReplicas": 1}},
        [
            ("RC105", "/spec/autoscaling/metric", ERROR),
            ("RC105", "/spec/autoscaling/metricThreshold", ERROR),
        ],
    ),
    "scaling the wrong way round": (
        NIM_SERVICE,
        {**NIM, "autoscaling": {**BY_LOAD, "minReplicas": 5}},
        [("RC107", "/spec/autoscaling/maxReplicas", ERROR)],
    ),
    "replicas beside scaling": (
        NIM_SERVICE,
        {**NIM, "autoscaling": BY_LOAD, "replicas": 2},
        [("RC107", "/spec/replicas", WARNING)],
    ),
    "scaling over several nodes": (
        NIM_SERVICE,
        {**NIM, "autoscaling": BY_LOAD, "multiNode": {"workers": 2}},
        [("RC107", "/spec/autoscaling", ERROR)],
    ),
    "a model kept twice": (
        NIM_SERVICE,
        {**NIM, "modelStore": {"nimCache": {"name": "c"}, "pvc": {"existingPvc": True, "claimName": "c"}}},
        [("RC107", "/spec/modelStore/pvc", ERROR)],
    ),
    "a cache without a name": (
        NIM_SERVICE,
        {**NIM, "modelStore": {"nimCache": {"profile": "p"}}},
        [("RC105", "/spec/modelStore/nimCache/name", ERROR)],
    ),
    "a new claim without a size": (
        NIM_SERVICE,
        {**NIM, "modelStore": {"pvc": {"claimName": "c"}}},
        [("RC105", "/spec/modelStore/pvc/claimInfo/size", ERROR)],
    ),
    "an amount that is none": (
        NIM_SERVICE,
        {**NIM, "modelStore": {"pvc": {"claimInfo": {"size": "much"}}}},
        [("RC108", "/spec/modelStore/pvc/claimInfo/size", ERROR)],
    ),
    "a namespace": (
        EXTERNAL_WORKLOAD,
        a_manifest(namespace="runai-team-a"),
        [("RC107", "/spec/manifest/metadata/namespace", ERROR)],
    ),
    "fields copied from a live object": (
        EXTERNAL_WORKLOAD,
        {"manifest": {**a_manifest(uid="1", resourceVersion="2")["manifest"], "status": {}}},
        [
            ("RC107", "/spec/manifest/metadata/resourceVersion", WARNING),
            ("RC107", "/spec/manifest/metadata/uid", WARNING),
            ("RC107", "/spec/manifest/status", WARNING),
        ],
    ),
    "a label that loses": (
        EXTERNAL_WORKLOAD,
        {
            **a_manifest(labels={"priorityClassName": "low", "kai.scheduler/preemptibility": "preemptible"}),
            "priority": "high",
            "preemptibility": "preemptible",
        },
        [("RC107", "/spec/manifest/metadata/labels/priorityClassName", WARNING)],
    ),
    "a priority of no platform": (
        EXTERNAL_WORKLOAD,
        {**a_manifest(), "priority": "urgent"},
        [("RC104", "/spec/priority", WARNING)],
    ),
    "a priority class of no platform": (
        TRAINING,
        with_image(priorityClass="urgent"),
        [("RC104", "/spec/priorityClass", WARNING)],
    ),
}


@pytest.mark.parametrize(("kind", "spec", "expected"), FINDINGS.values(), ids=FINDINGS)
def test_it_is_found(kind: Kind, spec: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    assert found(kind, spec) == expected


TAKEN: dict[str, tuple[Kind, dict[str, Any]]] = {
    "MPI with its fields": (
        DISTRIBUTED_TRAINING,
        {
            **MPI,
            "slotsPerWorker": 2,
            "sshAuthMountPath": "/ssh",
            "mpiLauncherCreationPolicy": "WaitForWorkersReady",
        },
    ),
    "an elastic training": (DISTRIBUTED_TRAINING, {**TRAIN, "minReplicas": 1, "maxReplicas": 4}),
    "a framework that a template brings": (
        DISTRIBUTED_TRAINING,
        {"templateId": UUID, "slotsPerWorker": 2, "minReplicas": 1},
    ),
    "a framework filled in later": (
        DISTRIBUTED_TRAINING,
        {**TRAIN, "distributedFramework": "${{ vars.F }}", "slotsPerWorker": 2},
    ),
    "a master that differs in part": (
        DISTRIBUTED_TRAINING,
        {**TRAIN, "masterSpec": {"compute": {"gpuDevicesRequest": 1}}, "masterSpecSameAsWorker": False},
    ),
    "a master of null": (
        DISTRIBUTED_TRAINING,
        {**TRAIN, "masterSpec": None, "masterSpecSameAsWorker": True},
    ),
    "a leader alone": (DISTRIBUTED_INFERENCE, GROUP),
    "a leader and workers": (DISTRIBUTED_INFERENCE, {**GROUP, "workers": 3, "worker": IMAGE}),
    "what a template brings": (DISTRIBUTED_INFERENCE, {"templateId": UUID, "workers": 2, "replicas": 3}),
    "no serving port": (DISTRIBUTED_INFERENCE, {"leader": IMAGE}),
    "a NIM service": (NIM_SERVICE, NIM),
    "gRPC outside": (
        NIM_SERVICE,
        with_image(servingPort={"port": 80, "grpcPort": 81, "exposedProtocol": "grpc"}),
    ),
    "a NIM service that scales": (NIM_SERVICE, {**NIM, "autoscaling": BY_LOAD}),
    "a cache": (NIM_SERVICE, {**NIM, "modelStore": {"nimCache": {"name": "c", "profile": "p"}}}),
    "a claim to make": (NIM_SERVICE, {**NIM, "modelStore": {"pvc": {"claimInfo": {"size": "1Ti"}}}}),
    "a manifest": (EXTERNAL_WORKLOAD, a_manifest(name="x", labels={"app": "x"})),
    "a manifest with anything in it": (
        EXTERNAL_WORKLOAD,
        {"manifest": {"apiVersion": "a/v1", "kind": "Odd", "spec": {"size": "large", "quantity": "many"}}},
    ),
    "a former priority": (WORKSPACE, with_image(priorityClass="build")),
    "a priority filled in later": (INFERENCE, with_image(priorityClass="${{ vars.P }}")),
}


@pytest.mark.parametrize(("kind", "spec"), TAKEN.values(), ids=TAKEN)
def test_what_the_platform_takes_is_no_problem(kind: Kind, spec: dict[str, Any]) -> None:
    assert found(kind, spec) == []
