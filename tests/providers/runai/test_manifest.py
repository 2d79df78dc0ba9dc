"""Kubernetes manifests: what we tell of them without a cluster, and how they are compared."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.diff import Recorded, compare
from reconciler.providers.runai.kinds import EXTERNAL_WORKLOAD
from reconciler.secret import Secret


def a_container(gpus: int | str | None = None, **fields: Any) -> dict[str, Any]:
    resources = {"limits": {"nvidia.com/gpu": gpus}} if gpus is not None else {}
    return {"name": "main", "image": "a:1", "resources": resources, **fields}


def a_template(*containers: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"spec": {"containers": list(containers), **fields}}


def an_object(kind: str = "Deployment", **spec: Any) -> dict[str, Any]:
    return {"manifest": {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "x"}, "spec": spec}}


ONE, EIGHT = a_template(a_container(1)), a_template(a_container("8"))
GPUS: dict[str, tuple[dict[str, Any], float]] = {
    "a deployment": (an_object(replicas=3, template=ONE), 3),
    "one without replicas": (an_object(template=ONE), 1),
    "one at zero": (an_object(replicas=0, template=ONE), 0),
    "two containers": (an_object(template=a_template(a_container(1), a_container(2))), 3),
    "an init container that needs more": (
        an_object(template=a_template(a_container(1), initContainers=[a_container(2)])),
        2,
    ),
    "only requests": (
        an_object(template=a_template(a_container(resources={"requests": {"nvidia.com/gpu": 4}}))),
        4,
    ),
    "a job": (an_object("Job", parallelism=4, completions=8, template=ONE), 4),
    "a pod": (an_object("Pod", **ONE["spec"]), 1),
    "a PyTorchJob": (
        an_object(
            "PyTorchJob",
            pytorchReplicaSpecs={
                "Master": {"replicas": 1, "template": ONE},
                "Worker": {"replicas": 2, "template": EIGHT},
            },
        ),
        17,
    ),
    "a LeaderWorkerSet": (
        an_object("LeaderWorkerSet", replicas=2, leaderWorkerTemplate={"size": 3, "workerTemplate": EIGHT}),
        48,
    ),
    "one whose leader differs": (
        an_object(
            "LeaderWorkerSet",
            leaderWorkerTemplate={"size": 3, "workerTemplate": EIGHT, "leaderTemplate": ONE},
        ),
        17,
    ),
    "a RayJob": (
        an_object(
            "RayJob",
            rayClusterSpec={
                "headGroupSpec": {"template": ONE},
                "workerGroupSpecs": [{"groupName": "w", "replicas": 2, "template": EIGHT}],
            },
        ),
        17,
    ),
    "no pods": (an_object("Service", ports=[{"port": 80}]), 0),
    "odd": ({"manifest": {"spec": {"containers": [None, {"resources": 3}], "replicas": "x"}}}, 0),
}


@pytest.mark.parametrize(("spec", "gpus"), GPUS.values(), ids=GPUS)
def test_the_gpus_of_pod_templates_are_counted(spec: dict[str, Any], gpus: float) -> None:
    assert EXTERNAL_WORKLOAD.gpus(spec) == gpus


@pytest.mark.parametrize("kind", ["Job", "PyTorchJob", "TFJob", "MPIJob", "XGBoostJob", "JAXJob", "RayJob"])
def test_kinds_that_run_to_an_end_are_known(kind: str) -> None:
    assert EXTERNAL_WORKLOAD.ends(an_object(kind))


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "LeaderWorkerSet", "Pod", "Unheard", ""])
def test_any_other_runs_until_it_is_removed(kind: str) -> None:
    assert not EXTERNAL_WORKLOAD.ends(an_object(kind))
    assert not EXTERNAL_WORKLOAD.ends(None)
    assert not EXTERNAL_WORKLOAD.ends({"manifest": "odd"})


def test_a_pod_ends_where_it_is_not_restarted() -> None:
    assert EXTERNAL_WORKLOAD.ends(an_object("Pod", restartPolicy="Never"))
    assert not EXTERNAL_WORKLOAD.ends(an_object("Pod", restartPolicy="Always"))


# -- comparing ---------------------------------------------------------------------------------


def changed(declared: Any, live: Any, record: Any = None) -> list[str]:
    """Name what differs between two values of `spec.template.spec`, or of any other part of a spec."""
    kind = EXTERNAL_WORKLOAD
    spelled = [kind.canonical(an_object(part=value)) for value in (declared, live)]
    recorded = Recorded(None if record is None else kind.canonical(an_object(part=record)))
    found = compare(spelled[0], spelled[1], recorded, kind=kind).changes
    assert all(change.in_place for change in found)
    return [change.pointer.removeprefix("/spec/manifest/spec/part") for change in found]


SAME: dict[str, tuple[Any, Any]] = {
    "a quantity spelled otherwise": (
        {"resources": {"limits": {"cpu": "1000m", "memory": "1Gi"}, "requests": {"cpu": 0.5}}},
        {"resources": {"limits": {"cpu": 1, "memory": "1024Mi"}, "requests": {"cpu": "500m"}}},
    ),
    "a volume's size": ({"emptyDir": {"sizeLimit": "1Gi"}}, {"emptyDir": {"sizeLimit": "1024Mi"}}),
    "null and absent": ({"a": None, "b": 1}, {"b": 1}),
    "empty and absent": ({"volumes": [{"name": "s", "emptyDir": {}}]}, {"volumes": [{"name": "s"}]}),
    "containers in another order": (
        [{"name": "a", "image": "1"}, {"name": "b", "image": "2"}],
        [{"name": "b", "image": "2"}, {"name": "a", "image": "1"}],
    ),
    "what the cluster fills in": (
        {"containers": [{"name": "a", "image": "1"}]},
        {"containers": [{"name": "a", "image": "1", "imagePullPolicy": "Always"}], "dnsPolicy": "Default"},
    ),
    "what it fills in where items have no key": (
        {"ports": [{"containerPort": 80}, {"containerPort": 81}]},
        {"ports": [{"containerPort": 80, "protocol": "TCP"}, {"containerPort": 81, "protocol": "TCP"}]},
    ),
    "two mounts of one volume": (
        {"volumeMounts": [{"name": "d", "mountPath": "/a"}, {"name": "d", "mountPath": "/b"}]},
        {"volumeMounts": [{"name": "d", "mountPath": "/b"}, {"name": "d", "mountPath": "/a"}]},
    ),
    "a container that was injected": (
        {"containers": [{"name": "a", "image": "1"}]},
        {"containers": [{"name": "a", "image": "1"}, {"name": "sidecar", "image": "2"}]},
    ),
}
DIFFERS: dict[str, tuple[Any, Any, list[str]]] = {
    "an image": (
        {"containers": [{"name": "a", "image": "2"}]},
        {"containers": [{"name": "a", "image": "1"}]},
        ["/containers/name=a/image"],
    ),
    "the order of arguments": ({"args": ["a", "b"]}, {"args": ["b", "a"]}, ["/args"]),
    "the order of values": ({"values": ["a", "b"]}, {"values": ["b", "a"]}, ["/values"]),
    "a field named exclude": ({"exclude": True, "a": 1}, {"exclude": False, "a": 1}, ["/exclude"]),
    "an item that says exclude": (
        {"rules": [{"name": "a", "exclude": True}]},
        {"rules": []},
        ["/rules/name=a"],
    ),
    "an item without a key": (
        {"ports": [{"containerPort": 80}, {"containerPort": 82}]},
        {"ports": [{"containerPort": 80, "protocol": "TCP"}, {"containerPort": 81, "protocol": "TCP"}]},
        ["/ports/1/containerPort"],
    ),
    "one item more": (
        {"ports": [{"containerPort": 80}, {"containerPort": 81}]},
        {"ports": [{"containerPort": 80, "protocol": "TCP"}]},
        ["/ports/1/containerPort"],
    ),
    "an amount elsewhere": ({"count": "1000m"}, {"count": "1"}, ["/count"]),
    "a number and a text": ({"port": 80}, {"port": "80"}, ["/port"]),
    "an emptyDir in place of another": (
        {"volumes": [{"name": "s", "hostPath": {"path": "/x"}}]},
        {"volumes": [{"name": "s", "emptyDir": {}}]},
        ["/volumes/name=s/hostPath/path"],
    ),
}


@pytest.mark.parametrize(("declared", "live"), SAME.values(), ids=SAME)
def test_what_means_the_same_is_the_same(declared: Any, live: Any) -> None:
    assert changed(declared, live) == []


@pytest.mark.parametrize(("declared", "live", "pointers"), DIFFERS.values(), ids=DIFFERS)
def test_what_differs_is_named(declared: Any, live: Any, pointers: list[str]) -> None:
    assert changed(declared, live) == pointers


def test_a_field_taken_out_of_a_manifest_is_a_change() -> None:
    before = {"ports": [{"containerPort": 80}, {"containerPort": 81}], "hostNetwork": True}

    assert changed({"ports": [{"containerPort": 80}]}, before, before) == [
        "/hostNetwork",
        "/ports/1/containerPort",
    ]


def test_a_secret_in_a_manifest_passes_through() -> None:
    secret = Secret("secret:T")
    spec = an_object(template=a_template(a_container(env=[{"name": "T", "value": secret}])))

    (container,) = EXTERNAL_WORKLOAD.canonical(spec)["manifest"]["spec"]["template"]["spec"][
        "containers"
    ].values()

    assert container["env"]["name=T"]["value"] is secret


@pytest.mark.parametrize("spec", [None, {}, {"manifest": None}, {"manifest": []}, {"manifest": {}}], ids=repr)
def test_a_spec_without_a_manifest_has_a_canonical_form(spec: Any) -> None:
    assert EXTERNAL_WORKLOAD.canonical(spec) == {}


def test_beside_the_manifest_a_spec_is_spelled_as_any() -> None:
    spec = {**an_object(), "priority": "high", "category": None}

    assert EXTERNAL_WORKLOAD.canonical(spec)["priority"] == "high"
    assert "category" not in EXTERNAL_WORKLOAD.canonical(spec)
