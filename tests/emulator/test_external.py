"""The pods of manifests, and where the cluster API finds them."""

from typing import Any

import pytest

from tests.emulator.kubernetes import container, deployment, job, pytorch_job, template
from tests.emulator.plane import CLUSTER_API, V2, Plane

Json = Any
POD = template(container())
RAY = {
    "headGroupSpec": {"template": POD},
    "workerGroupSpecs": [{"groupName": "gpu", "replicas": 2, "template": template(container(gpus=1))}],
}


def manifest(version: str, kind: str, spec: Json) -> dict[str, Json]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "x"}, "spec": spec}


def replicas(key: str, **parts: int) -> Json:
    return {key: {name: {"replicas": number, "template": POD} for name, number in parts.items()}}


@pytest.mark.parametrize(
    ("what", "pods"),
    [
        (job(parallelism=3), 3),
        (deployment(replicas=2), 2),
        (manifest("apps/v1", "StatefulSet", {**deployment()["spec"], "replicas": 2}), 2),
        (manifest("v1", "Pod", POD["spec"]), 1),
        (pytorch_job(workers=3), 4),
        (manifest("kubeflow.org/v1", "TFJob", replicas("tfReplicaSpecs", Chief=1, PS=2, Worker=3)), 6),
        (manifest("kubeflow.org/v2beta1", "MPIJob", replicas("mpiReplicaSpecs", Launcher=1, Worker=2)), 3),
        (manifest("kubeflow.org/v1", "XGBoostJob", replicas("xgbReplicaSpecs", Master=1, Worker=1)), 2),
        (manifest("kubeflow.org/v1", "JAXJob", replicas("jaxReplicaSpecs", Worker=2)), 2),
        (manifest("kubeflow.org/v1", "Notebook", {"template": POD}), 1),
        (manifest("ray.io/v1", "RayCluster", RAY), 3),
        (manifest("ray.io/v1", "RayJob", {"entrypoint": "python a.py", "rayClusterSpec": RAY}), 4),
        (manifest("ray.io/v1", "RayService", {"rayClusterConfig": RAY}), 3),
        (
            manifest(
                "leaderworkerset.x-k8s.io/v1",
                "LeaderWorkerSet",
                {"replicas": 2, "leaderWorkerTemplate": {"size": 3, "workerTemplate": POD}},
            ),
            6,
        ),
        (
            manifest(
                "jobset.x-k8s.io/v1alpha2",
                "JobSet",
                {"replicatedJobs": [{"name": "a", "replicas": 2, "template": {"spec": {"template": POD}}}]},
            ),
            2,
        ),
        (manifest("serving.knative.dev/v1", "Service", {"template": POD}), 1),
        (
            manifest(
                "serving.kserve.io/v1beta1",
                "InferenceService",
                {"predictor": {"minReplicas": 2, "model": {"image": "m:1"}}},
            ),
            2,
        ),
        (
            manifest(
                "apps.nvidia.com/v1alpha1",
                "NIMService",
                {"replicas": 2, "image": {"repository": "nvcr.io/nim/a", "tag": "1"}},
            ),
            2,
        ),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else str(value),
)
def test_a_manifest_tells_its_pods(what: dict[str, Json], pods: int) -> None:
    plane = Plane()
    id_ = plane.sent(_trained(what))

    plane.wait(20)

    assert len(set(plane.pod_names(id_))) == pods, plane.sync(id_)
    assert plane.phase(id_) == "Running"


def _trained(what: dict[str, Json]) -> dict[str, Json]:
    """Name the containers as the training operator wants them."""
    names = {"TFJob": "tensorflow", "XGBoostJob": "xgboost", "JAXJob": "jax"}
    if what["kind"] not in names:
        return what
    key, parts = next(iter(what["spec"].items()))
    named = template({**container(), "name": names[what["kind"]]})
    return {**what, "spec": {key: {part: {**one, "template": named} for part, one in parts.items()}}}


def test_gpus_are_counted_over_all_pods() -> None:
    plane = Plane()
    id_ = plane.sent(pytorch_job(workers=1, gpus=8))

    assert plane.wait(20).row(id_)["allocatedResources"]["gpu"] == 16
    assert plane.row(id_)["workloadRequestedResources"]["gpu"] == {"request": 16}


def test_a_manifest_queues_as_anything_else() -> None:
    plane = Plane()
    plane.sent(pytorch_job(workers=2, gpus=8))
    second = plane.wait(20).sent(job(gpus=8), "y")

    row = plane.wait(20).row(second)

    assert (row["phase"], row["runningPods"]) == ("Pending", 0)
    assert plane.sync(second)["status"] == "Synced"


def test_a_fraction_is_asked_for_by_annotation() -> None:
    plane = Plane()
    what = deployment()
    what["spec"]["template"]["metadata"]["annotations"] = {"gpu-fraction": "0.25"}

    id_ = plane.sent(what)

    assert plane.wait(20).row(id_)["allocatedResources"] == {"gpu": 0.25}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"image": ""}, "containers[0].image: Required value"),
        ({"name": "Main"}, "must be a lowercase RFC 1123 label"),
        ({"imagePullPolicy": "Sometimes"}, 'Unsupported value: "Sometimes"'),
        ({"command": "sleep 5"}, "command: Invalid value: must be a list of strings"),
        ({"args": [1]}, "args: Invalid value: must be a list of strings"),
        ({"env": [{"value": "1"}]}, "env[0].name: Required value"),
        ({"env": [{"name": "A", "value": 1}]}, "env[0].value: Invalid value: must be a string"),
        ({"env": "A=1"}, "env: Invalid value: must be a list"),
        ({"resources": {"limits": {"memory": "1 GB"}}}, 'limits[memory]: Invalid value: "1 GB"'),
        (
            {"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}},
            "must be less than or equal to cpu limit of 1",
        ),
    ],
)
def test_what_kubernetes_objects_to_in_a_container(change: dict[str, Json], words: str) -> None:
    what = deployment()
    what["spec"]["template"]["spec"]["containers"] = [{**container(), **change}]

    _fails(what, words)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({**job(), "spec": None}, "spec: Required value"),
        (job(spec={"parallelism": -1}), "must be greater than or equal to 0"),
        (job(spec={"template": template(container())}), 'restartPolicy: Unsupported value: "Always"'),
        (
            {**job(), "metadata": {"labels": {"a": "b/c"}}},
            'metadata.labels: Invalid value: "b/c": a valid label',
        ),
        ({**job(), "metadata": {"annotations": {"a b": "c"}}}, 'metadata.annotations: Invalid value: "a b"'),
        ({**job(), "metadata": {"annotations": {"a": 1}}}, "must be a string"),
        (
            {**deployment(), "spec": {**deployment()["spec"], "selector": None}},
            "spec.selector: Required value",
        ),
        (
            {**deployment(), "spec": {**deployment()["spec"], "template": POD}},
            "`selector` does not match template `labels`",
        ),
        (
            {**job(), "spec": {"template": template(container(), container(), restartPolicy="Never")}},
            'containers: Duplicate value: "main"',
        ),
        (
            manifest("kubeflow.org/v1", "PyTorchJob", replicas("pytorchReplicaSpecs", Master=1)),
            "there is no container named pytorch",
        ),
        (manifest("kubeflow.org/v1", "PyTorchJob", {}), "Required value"),
    ],
)
def test_what_kubernetes_objects_to_in_an_object(what: dict[str, Json], words: str) -> None:
    _fails(what, words)


def _fails(what: dict[str, Json], words: str) -> None:
    plane = Plane()
    id_ = plane.sent(what)

    info = plane.wait(5).sync(id_)

    assert (info["status"], words in info["message"]) == ("Failed", True), info


@pytest.mark.parametrize("odd", [None, 7, "x", [], {}, [7], {"a": 7}])
@pytest.mark.parametrize(
    "path", ["spec", "spec.template", "spec.template.spec", "spec.template.spec.containers"]
)
def test_no_manifest_is_too_odd_to_answer(path: str, odd: Json) -> None:
    plane = Plane()
    what = deployment()
    place = what
    *way, last = path.split(".")
    for step in way:
        place = place[step]
    place[last] = odd

    id_ = plane.sent(what)

    assert plane.wait(5).sync(id_)["status"] == "Failed"


def test_the_cluster_finds_a_manifest_by_kind_and_name() -> None:
    plane = Plane()
    plane.sent(pytorch_job(command="python train.py"))
    plane.wait(20)

    found = plane.http.get(f"{CLUSTER_API}/external/external/ew-pytorchjob-x/status")

    assert (found.status_code, found.json()) == (200, {"status": "Running"})
    assert plane.log("external/external/ew-pytorchjob-x", pod="x-worker-0")[-1].startswith("[rank1]")


@pytest.mark.parametrize(
    "path",
    ["external/external/x", "external/external/ew-job-x", "external/external/ew-pytorchjob-y",
     "external/any/ew-pytorchjob-x", "distributed/pytorch/x", "training/runai/x"],
)  # fmt: skip
def test_the_cluster_finds_it_by_nothing_else(path: str) -> None:
    plane = Plane()
    plane.sent(pytorch_job())

    assert plane.wait(20).status("GET", f"{CLUSTER_API}/{path}/status") == 500


def test_the_cluster_does_not_know_what_has_not_reached_it() -> None:
    plane = Plane()
    plane.sent(job())
    path = f"{CLUSTER_API}/external/external/ew-job-x/status"

    assert [plane.wait(s).status("GET", path) for s in (0, 1, 1, 2)] == [500, 500, 404, 200]


def test_a_nim_service_has_no_place_in_the_cluster_api() -> None:
    plane = Plane()
    plane.nim()

    assert plane.wait(20).status("GET", f"{CLUSTER_API}/external/external/ew-nimservice-x/status") == 500


def test_each_container_of_a_pod_has_its_own_log() -> None:
    plane = Plane()
    beside = {"name": "proxy", "image": "envoy:1", "command": ["envoy"]}
    pods = template(container(command="python train.py"), beside, restartPolicy="Never")
    id_ = plane.sent(job(spec={"template": pods}))
    plane.wait(20)
    path = "external/external/ew-job-x"

    assert [one["name"] for one in plane.pods(id_)[0]["containers"]] == ["main", "proxy"]
    assert plane.log(path, container="proxy")[0].startswith("[entrypoint] proxy starts: envoy")
    assert plane.log(path) == plane.log(path, container="main")
    assert plane.status("GET", f"{CLUSTER_API}/{path}/logs/download", params={"container": "x"}) == 404


def test_a_failing_manifest_tells_its_own_story() -> None:
    plane = Plane()
    id_ = plane.sent(job(command="python train.py --oom", spec={"backoffLimit": 0}))

    row = plane.wait(30).row(id_)

    assert (row["phase"], row["phaseMessage"]) == (
        "Failed", "OOMKilled: container main was terminated with exit code 137",
    )  # fmt: skip


def test_a_rolling_update_that_never_gets_ready_leaves_the_old_pods() -> None:
    plane = Plane()
    id_ = plane.sent(deployment())
    plane.wait(20).http.put(f"{V2}/{id_}", json={"manifest": deployment(image="no-such:1")})

    row = plane.wait(5000).row(id_)

    assert (row["phase"], row["runningPods"], plane.sync(id_)["status"]) == ("Running", 1, "Synced")
    assert row["phaseMessage"].startswith("Rolling out")
