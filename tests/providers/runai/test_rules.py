"""What Run:ai answers with 400 is found before anything is sent, and what it takes is let through."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.kind import Kind
from reconciler.problem import CODES
from reconciler.providers.runai.kinds import DISTRIBUTED_TRAINING, INFERENCE, TRAINING, WORKSPACE
from reconciler.secret import Secret

POD_KINDS = (WORKSPACE, TRAINING, DISTRIBUTED_TRAINING, INFERENCE)
"""Kinds whose spec is that of a pod of the user's own program."""

IMAGE = {"image": "pytorch:2.5"}
UUID = "1d6f1c52-93b0-4b0e-8a1c-5f1b6c9e0a11"
CLAIM = {"path": "/d", "claimName": "c", "existingPvc": True}
TOLERATION = {"key": "k", "operator": "Exists", "effect": "Any"}
NO_VALUES = {"key": "k", "operator": "In"}


def with_image(**spec: Any) -> dict[str, Any]:
    return {**IMAGE, **spec}


def pointers(kind: Kind, spec: dict[str, Any]) -> list[tuple[str, str]]:
    return [(problem.code, problem.pointer) for problem in kind.check(spec)]


REFUSED_BY_ANY: list[tuple[dict[str, Any], str, str]] = [
    ({}, "RC105", "/spec/image"),
    (
        with_image(compute={"gpuRequestType": "portion"}),
        "RC105",
        "/spec/compute/gpuPortionRequest",
    ),
    (with_image(compute={"gpuRequestType": "memory"}), "RC105", "/spec/compute/gpuMemoryRequest"),
    (with_image(compute={"gpuPortionRequest": 0.5}), "RC107", "/spec/compute/gpuPortionRequest"),
    (
        with_image(compute={"gpuRequestType": "memory", "gpuMemoryRequest": "4G", "gpuPortionRequest": 0.5}),
        "RC107",
        "/spec/compute/gpuPortionRequest",
    ),
    (
        with_image(compute={"gpuRequestType": "memory", "gpuMemoryRequest": "4G", "gpuDevicesRequest": 2}),
        "RC107",
        "/spec/compute/gpuRequestType",
    ),
    (
        with_image(compute={"gpuRequestType": "portion", "gpuPortionRequest": 0.5, "gpuPortionLimit": 0.2}),
        "RC107",
        "/spec/compute/gpuPortionLimit",
    ),
    (
        with_image(compute={"cpuMemoryRequest": "2Gi", "cpuMemoryLimit": "2G"}),
        "RC107",
        "/spec/compute/cpuMemoryLimit",
    ),
    (with_image(compute={"cpuCoreRequest": 2, "cpuCoreLimit": 1.5}), "RC107", "/spec/compute/cpuCoreLimit"),
    (with_image(compute={"cpuMemoryRequest": "lots"}), "RC108", "/spec/compute/cpuMemoryRequest"),
    (with_image(environmentVariables=[{"name": "A"}]), "RC105", "/spec/environmentVariables/name=A"),
    (
        with_image(environmentVariables=[{"name": "A", "value": "", "podFieldRef": {"path": "x"}}]),
        "RC107",
        "/spec/environmentVariables/name=A/podFieldRef",
    ),
    (
        with_image(environmentVariables=[{"name": "A", "secret": {"name": "s"}}]),
        "RC105",
        "/spec/environmentVariables/name=A/secret/key",
    ),
    (
        with_image(environmentVariables=[{"name": "A", "value": "x" * 10_001}]),
        "RC109",
        "/spec/environmentVariables/name=A/value",
    ),
    (
        with_image(environmentVariables=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
        "RC107",
        "/spec/environmentVariables/name=A#2/name",
    ),
    (
        with_image(environmentVariables=[{"name": "RECONCILER_MARK", "value": "1"}]),
        "RC130",
        "/spec/environmentVariables/name=RECONCILER_MARK/name",
    ),
    (
        with_image(annotations=[{"name": "reconciler/mark", "value": "1"}]),
        "RC130",
        "/spec/annotations/name=reconciler~1mark/name",
    ),
    (with_image(security={"seccompProfileType": "Localhost"}), "RC104", "/spec/security/seccompProfileType"),
    (with_image(security={"supplementalGroups": "a,b"}), "RC104", "/spec/security/supplementalGroups"),
    (
        with_image(security={"uidGidSource": "fromTheImage", "runAsUid": 1000}),
        "RC107",
        "/spec/security/runAsUid",
    ),
    (with_image(probes={"readiness": {"periodSeconds": 5}}), "RC105", "/spec/probes/readiness/handler"),
    (
        with_image(tolerations=[{"key": "k", "operator": "Exists", "effect": "Any", "value": "v"}]),
        "RC107",
        "/spec/tolerations/key=k/value",
    ),
    (
        with_image(tolerations=[{"key": "k", "operator": "Exists", "effect": "Any", "seconds": 5}]),
        "RC107",
        "/spec/tolerations/key=k/seconds",
    ),
    (
        with_image(tolerations=[{"key": "k", "operator": "Exists"}]),
        "RC105",
        "/spec/tolerations/key=k/effect",
    ),
    (
        with_image(
            nodeAffinityRequired={
                "nodeSelectorTerms": [{"matchExpressions": [{"key": "k", "operator": "In"}]}]
            }
        ),
        "RC105",
        "/spec/nodeAffinityRequired/nodeSelectorTerms/0/matchExpressions/key=k/values",
    ),
    (with_image(podAffinity={"type": "Required"}), "RC105", "/spec/podAffinity/key"),
    (with_image(ports=[{"container": 80}]), "RC105", "/spec/ports/container=80/serviceType"),
    (with_image(relatedUrls=[{"name": "w", "type": "wandb"}]), "RC105", "/spec/relatedUrls/name=w/url"),
    (with_image(relatedUrls=[{"name": "w", "url": "https://w"}]), "RC105", "/spec/relatedUrls/name=w/type"),
    (with_image(exposedUrls=[{"name": "lab"}]), "RC105", "/spec/exposedUrls/name=lab/container"),
    (
        with_image(exposedUrls=[{"container": 80}, {"container": 80}]),
        "RC107",
        "/spec/exposedUrls/container=80#2/container",
    ),
    (
        with_image(exposedUrls=[{"container": 80, "authorizedUsers": ["a"], "authorizedGroups": ["b"]}]),
        "RC107",
        "/spec/exposedUrls/container=80/authorizedGroups",
    ),
    (
        with_image(exposedUrls=[{"container": 80, "authorizationType": "authorizedUsers"}]),
        "RC105",
        "/spec/exposedUrls/container=80/authorizedUsers",
    ),
    (
        with_image(
            exposedUrls=[
                {"container": 80, "authorizationType": "authenticatedUsers", "authorizedUsers": ["a"]}
            ]
        ),
        "RC107",
        "/spec/exposedUrls/container=80/authorizedUsers",
    ),
    (
        with_image(storage={"pvc": [{"path": "/data"}]}),
        "RC105",
        "/spec/storage/pvc/path=~1data/claimInfo/size",
    ),
    (
        with_image(storage={"pvc": [{"path": "/data", "existingPvc": True}]}),
        "RC105",
        "/spec/storage/pvc/path=~1data/claimName",
    ),
    (
        with_image(
            storage={
                "pvc": [{"path": "/d", "claimName": "c", "existingPvc": True, "claimInfo": {"size": "1G"}}]
            }
        ),
        "RC107",
        "/spec/storage/pvc/path=~1d/claimInfo",
    ),
    (
        with_image(storage={"nfs": [{"path": "/export", "mountPath": "/data"}]}),
        "RC105",
        "/spec/storage/nfs/path=~1export/server",
    ),
    (
        with_image(
            storage={
                "emptyDirVolume": [{"path": "/data/"}],
                "secretVolume": [{"secret": "s", "mountPath": "/data"}],
            }
        ),
        "RC107",
        "/spec/storage/secretVolume/mountPath=~1data/mountPath",
    ),
    (
        with_image(
            storage={
                "hostPath": [
                    {"path": "/a", "mountPath": "/a", "mountPropagation": "None"},
                    {"path": "/b", "mountPath": "/b", "mountPropagation": "HostToContainer"},
                ]
            }
        ),
        "RC107",
        "/spec/storage/hostPath/path=~1b/mountPropagation",
    ),
    (
        with_image(
            storage={
                "git": [
                    {
                        "repository": "https://git.example/a.git",
                        "path": "/src",
                        "passwordSecret": "old",
                        "secretRef": {"name": "s", "authenticationMethod": "password"},
                    }
                ]
            }
        ),
        "RC107",
        "/spec/storage/git/path=~1src/passwordSecret",
    ),
]
REFUSED_BY_INFERENCE: list[tuple[dict[str, Any], str, str]] = [
    (with_image(autoscaling={"maxReplicas": 2}), "RC105", "/spec/autoscaling/metric"),
    (
        with_image(autoscaling={"metric": "latency", "maxReplicas": 2}),
        "RC105",
        "/spec/autoscaling/metricThreshold",
    ),
    (with_image(autoscaling={"metricThreshold": 3}), "RC107", "/spec/autoscaling/metricThreshold"),
    (
        with_image(autoscaling={"metric": "latency", "metricThreshold": 3, "metricThresholdPercentage": 50}),
        "RC107",
        "/spec/autoscaling/metricThresholdPercentage",
    ),
    (
        with_image(autoscaling={"minReplicas": 3, "maxReplicas": 2}),
        "RC107",
        "/spec/autoscaling/maxReplicas",
    ),
    (
        with_image(autoscaling={"scaleToZeroRetentionSeconds": 60}),
        "RC107",
        "/spec/autoscaling/scaleToZeroRetentionSeconds",
    ),
    (
        with_image(autoscaling={"initializationTimeoutSeconds": 60}),
        "RC107",
        "/spec/autoscaling/initializationTimeoutSeconds",
    ),
    (
        with_image(servingPort={"container": 80, "authorizedUsers": ["a"]}),
        "RC107",
        "/spec/servingPort/authorizedUsers",
    ),
    (
        with_image(storage={"pvc": [{"path": "/d", "ephemeral": True, "claimInfo": {"size": "1G"}}]}),
        "RC107",
        "/spec/storage/pvc/path=~1d/ephemeral",
    ),
]


@pytest.mark.parametrize(
    ("spec", "code", "pointer"), REFUSED_BY_ANY, ids=[row[2] + row[1] for row in REFUSED_BY_ANY]
)
@pytest.mark.parametrize("kind", POD_KINDS, ids=lambda kind: kind.name)
def test_a_refused_combination_is_found_once_with_a_way_out(
    kind: Kind, spec: dict[str, Any], code: str, pointer: str
) -> None:
    found = list(kind.check(spec))

    assert [(problem.code, problem.pointer) for problem in found] == [(code, pointer)]
    assert found[0].code in CODES
    assert found[0].hint
    assert found[0].location is None


@pytest.mark.parametrize(
    ("spec", "code", "pointer"), REFUSED_BY_INFERENCE, ids=[row[2] for row in REFUSED_BY_INFERENCE]
)
def test_an_inference_is_refused(spec: dict[str, Any], code: str, pointer: str) -> None:
    assert pointers(INFERENCE, spec) == [(code, pointer)]


def test_a_terminal_needs_stdin() -> None:
    assert pointers(WORKSPACE, with_image(tty=True)) == [("RC107", "/spec/tty")]
    assert not pointers(WORKSPACE, with_image(tty=True, stdin=True))


@pytest.mark.parametrize(
    "spec",
    [
        {"templateId": UUID},
        with_image(environmentVariables=[{"name": "A", "exclude": True}]),
        with_image(environmentVariables=[{"name": "A", "value": "x", "secret": None}]),
        with_image(environmentVariables=[{"name": "A", "value": Secret("secret:A")}]),
        with_image(compute={"gpuDevicesRequest": 2, "gpuRequestType": "portion", "gpuPortionRequest": 0.5}),
        with_image(compute={"cpuMemoryRequest": "${{ vars.MEMORY }}", "cpuMemoryLimit": "1Gi"}),
        with_image(compute=None, labels=None, storage=None),
        with_image(
            tolerations=[{"key": "k", "operator": "Exists", "effect": e} for e in ("Any", "NoExecute")]
        ),
        with_image(exposedUrls=[{"container": 80, "authorizedUsers": ["a"]}]),
        with_image(
            storage={"pvc": [{"path": p, "claimName": "c", "existingPvc": True} for p in ("/a", "/b")]}
        ),
        with_image(args="python train.py -- --epochs 3"),
        with_image(security={"supplementalGroups": ""}),
    ],
    ids=repr,
)
@pytest.mark.parametrize("kind", POD_KINDS, ids=lambda kind: kind.name)
def test_what_the_platform_takes_is_no_problem(kind: Kind, spec: dict[str, Any]) -> None:
    assert pointers(kind, spec) == []


@pytest.mark.parametrize(
    "autoscaling",
    [
        {"minReplicas": 0, "maxReplicas": 1},
        {"minReplicas": 2},
        {"minReplicas": 0, "maxReplicas": 2, "metric": "concurrency", "metricThreshold": 3},
        {"minReplicas": 0, "scaleToZeroRetentionSeconds": 300},
        {"maxReplicas": 2, "metric": "throughput", "metricThreshold": 3, "metricThresholdPercentage": 50},
    ],
    ids=repr,
)
def test_an_inference_may_scale(autoscaling: dict[str, Any]) -> None:
    assert pointers(INFERENCE, with_image(autoscaling=autoscaling)) == []
