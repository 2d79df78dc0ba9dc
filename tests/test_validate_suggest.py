"""What was meant: words from other tools and misspellings lead to the whole path and the line to write."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.field import root_field
from reconciler.fleet import Target
from reconciler.kind import Kind
from reconciler.problem import Problem
from reconciler.providers import kinds
from reconciler.stored import kind_schema
from reconciler.validate import validate
from reconciler.validate.judge import fits
from reconciler.yaml import parse
from tests.test_validate_broken import FLEET


def problems(spec: Any, kind: str = "Training", **envelope: Any) -> tuple[Problem, ...]:
    metadata = {"name": "a"} | ({} if kind == "Cluster" else {"project": "team-forecast"})
    document = {"apiVersion": "runai/v1", "kind": kind, "metadata": metadata, "spec": spec, **envelope}
    return validate(parse(json.dumps(document), "m.yaml").documents, FLEET, kinds=kinds()).problems


def problems_of(kind: Kind, spec: Any) -> tuple[Problem, ...]:
    """Find the problems of a spec of any platform's kind."""
    scope = {kind.scope_word: "team-forecast"} if kind.scope_word else {}
    document = {"apiVersion": kind.api_version, "kind": kind.name, "metadata": {"name": "ab"} | scope}
    fleet = replace(
        FLEET, targets={**FLEET.targets, "safe": Target("safe", "primus-safe", "https://x.example")}
    )
    documents = parse(json.dumps(document | {"spec": spec}), "m.yaml").documents
    return validate(documents, fleet, kinds=kinds()).problems


def hint(spec: Any, kind: str = "Training", **envelope: Any) -> str:
    (problem,) = problems(spec, kind, **envelope)
    return problem.hint


def with_image(**fields: Any) -> dict[str, Any]:
    return {"image": "a:1", **fields}


USE_SEED = 'use spec.environmentVariables: write environmentVariables: [{name: SEED, value: "7"}]'
BY_KEY = {"configMapKeyRef": {"name": "a", "key": "b"}}
CARRIED = [
    (with_image(gpu=2), "use spec.compute.gpuDevicesRequest: write compute: {gpuDevicesRequest: 2}"),
    (with_image(gpus="2"), "use spec.compute.gpuDevicesRequest: write compute: {gpuDevicesRequest: 2}"),
    (
        with_image(gpu=0.5),
        "use spec.compute.gpuPortionRequest: "
        "write compute: {gpuRequestType: portion, gpuPortionRequest: 0.5}",
    ),
    (with_image(compute={"gpu": 1}), "use spec.compute.gpuDevicesRequest: write gpuDevicesRequest: 1"),
    (
        with_image(gpu=1, compute={}),
        "use spec.compute.gpuDevicesRequest: write gpuDevicesRequest: 1 there",
    ),
    (with_image(cpu="500m"), "use spec.compute.cpuCoreRequest: write compute: {cpuCoreRequest: 0.5}"),
    (with_image(cpu="4"), "use spec.compute.cpuCoreRequest: write compute: {cpuCoreRequest: 4}"),
    (with_image(memory="16Gi"), "use spec.compute.cpuMemoryRequest: write compute: {cpuMemoryRequest: 16Gi}"),
    (with_image(memory="16GB"), "use spec.compute.cpuMemoryRequest: write compute: {cpuMemoryRequest: 16G}"),
    (with_image(shm=True), "use spec.compute.largeShmRequest: write compute: {largeShmRequest: true}"),
    (with_image(env={"SEED": 7}), USE_SEED),
    (with_image(env=["SEED=7"]), USE_SEED),
    (
        with_image(env=[{"name": "A", "value": "b"}]),
        "use spec.environmentVariables: its value may stay as it is",
    ),
    (with_image(nodePool="h100"), "use spec.nodePools: write nodePools: [h100]"),
    (with_image(workdir="/work"), "use spec.workingDir: write workingDir: /work"),
    (with_image(entrypoint=["python", "train.py"]), "use spec.command: write command: python train.py"),
    (with_image(preemptible=True), "use spec.preemptibility: write preemptibility: preemptible"),
    (with_image(preemptible=False), "use spec.preemptibility: write preemptibility: non-preemptible"),
    (with_image(restart="never"), "use spec.restartPolicy: write restartPolicy: Never"),
    (
        with_image(resources={"requests": {"cpu": "2"}, "limits": {"nvidia.com/gpu": 1, "memory": "4Gi"}}),
        "use spec.compute: write compute: {cpuCoreRequest: 2, gpuDevicesRequest: 1, cpuMemoryLimit: 4Gi}",
    ),
    (
        with_image(environmentVariables=[{"name": "A", "valueFrom": BY_KEY}]),
        "use spec.environmentVariables[].configMap: write configMap: {name: a, key: b}",
    ),
    (
        with_image(ports=[{"containerPort": 80, "serviceType": "NodePort"}]),
        "use spec.ports[].container: write container: 80",
    ),
    (with_image(timeout="20m"), "use health.timeout: write timeout: 20m there"),
    (with_image(onRemove="Keep"), "use lifecycle.onRemove: write onRemove: Keep there"),
    (with_image(name="b"), "use metadata.name: write name: b there"),
    (
        with_image(gpuDevicesRequst=8),
        "use spec.compute.gpuDevicesRequest: write compute: {gpuDevicesRequest: 8}",
    ),
]
LED = [
    (
        with_image(gpu="lots"),
        "use spec.compute.gpuDevicesRequest (whole GPUs) or spec.compute.gpuPortionRequest",
    ),
    (with_image(pvc="data"), "use spec.storage.pvc"),
    (with_image(volumes=[{"name": "d"}]), "use spec.storage"),
    (with_image(imgae="b"), 'did you mean "image"?'),
    (with_image(mountPath="/d"), '"mountPath" stands in spec.storage.'),
    (with_image(zzzzzz=1), "reconciler explain Training.spec lists the fields"),
    (with_image(podAffinity={"zzz": 1}), "it has: key, type"),
    (with_image(status={}), "the platform writes it: delete the line"),
]


@pytest.mark.parametrize(("spec", "expected"), CARRIED, ids=[str(row[0])[17:60] for row in CARRIED])
def test_a_value_is_carried_over_to_the_field_it_means(spec: dict[str, Any], expected: str) -> None:
    assert hint(spec) == expected


@pytest.mark.parametrize(("spec", "expected"), LED, ids=[str(row[0])[17:60] for row in LED])
def test_where_no_value_can_be_carried_the_whole_path_is_named(spec: dict[str, Any], expected: str) -> None:
    assert hint(spec).startswith(expected)


def test_a_pod_of_a_kind_with_several_is_led_to_its_own_fields() -> None:
    spec = with_image(distributedFramework="PyTorch", numWorkers=2, masterSpec=with_image(gpu=1))

    assert hint(spec, "DistributedTraining") == (
        "use spec.masterSpec.compute.gpuDevicesRequest: write compute: {gpuDevicesRequest: 1}"
    )


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("command", ["python", "t.py"], "write command: python t.py"),
        ("args", ["--", "--lr", "1"], 'write args: "--lr 1"'),
        ("nodePools", "h100", "write nodePools: [h100]"),
        ("annotations", {"team": "nlp"}, "write annotations: [{name: team, value: nlp}]"),
        ("environmentVariables", ["A=b"], "write {name: A, value: b}"),
        ("compute", [{"gpuDevicesRequest": 1}], "write its fields below it, one per line"),
        ("backoffLimit", "three", "write backoffLimit: 3"),
        ("tty", "no", "write tty: false"),
        ("image", 3, 'quote it: image: "3"'),
    ],
)
def test_a_value_of_the_wrong_sort_is_offered_in_the_right_one(field: str, value: Any, expected: str) -> None:
    assert hint({"image": "a:1", field: value}) == expected


@pytest.mark.parametrize(
    "spec",
    [
        {"template": {"spec": {"containers": [{"image": "a"}]}}, "selector": {}, "replicas": 2},
        {"containers": [{"image": "a"}], "restartPolicy": "Never", "initContainers": []},
        {"pytorchReplicaSpecs": {"Master": {"replicas": 1}}, "runPolicy": {}},
    ],
    ids=["deployment", "pod", "pytorchjob"],
)
def test_a_pod_of_kubernetes_gets_one_hint(spec: dict[str, Any]) -> None:
    (problem,) = problems(spec)

    assert problem.code == "RC103"
    assert "kind: ExternalWorkload with the whole object under spec.manifest" in problem.hint


def test_a_typo_beside_a_pasted_pod_is_told_for_itself() -> None:
    found = problems({"containers": [], "imgae": "a"})

    assert [problem.what for problem in found] == [
        "spec holds a pod of Kubernetes: containers",
        'unknown field "imgae" in spec',
    ]


def test_a_missing_field_is_not_told_where_another_was_meant_for_it() -> None:
    metadata = {"nmae": "a", "namespace": "team-forecast"}
    document = {"apiVersion": "runai/v1", "kind": "Training", "metadata": metadata, "spec": with_image()}

    found = validate(parse(json.dumps(document), "m.yaml").documents, FLEET, kinds=kinds()).problems

    assert [problem.hint for problem in found] == [
        'did you mean "name"?',
        "use metadata.project: write project: team-forecast",
    ]


@pytest.mark.parametrize(
    ("version", "kind", "what", "hint"),
    [
        ("apps/v1", "Deployment", "Deployment is a kind of Kubernetes", "declare kind: ExternalWorkload"),
        (
            "kubeflow.org/v1",
            "PyTorchJob",
            "PyTorchJob is a kind of Kubernetes",
            "declare kind: ExternalWorkload",
        ),
        ("run.ai/v1", "Training", "unknown apiVersion", "write apiVersion: runai/v1"),
        ("v1", "Inference", "unknown apiVersion", "write apiVersion: runai/v1"),
        ("runai/v1", "training", "unknown kind", 'did you mean "Training"?'),
        ("runai/v1", "TrainingWorkload", "unknown kind", "write kind: Training"),
        ("runai/v1", "InteractiveWorkload", "unknown kind", "write kind: Workspace"),
        ("runai/v1", "distributed", "unknown kind", "write kind: DistributedTraining"),
        ("runai/v1", "Zzz", "unknown kind", "known: Cluster, "),
    ],
)
def test_a_document_of_another_kind_says_what_to_write(version: str, kind: str, what: str, hint: str) -> None:
    text = json.dumps({"apiVersion": version, "kind": kind})

    (problem,) = validate(parse(text, "m.yaml").documents, FLEET, kinds=kinds()).problems

    assert problem.code == "RC102"
    assert problem.what.startswith(what)
    assert problem.hint.startswith(hint)


def test_a_list_as_kubectl_prints_it_is_told_apart() -> None:
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": []})

    (problem,) = validate(parse(text, "m.yaml").documents, FLEET, kinds=kinds()).problems

    assert problem.what == "a list of objects is not a manifest"


@pytest.mark.parametrize(
    ("pointer", "hint"),
    [
        ("/spec/imgae", 'did you mean "image"?'),
        ("/spec/environmentVariables/name=SEED/vaule", 'did you mean "value"?'),
        ("/spec/image/tag", ""),
    ],
)
def test_an_ignored_pointer_must_lead_to_a_field(pointer: str, hint: str) -> None:
    (problem,) = problems(with_image(), lifecycle={"ignore": [pointer]})

    assert (problem.code, problem.hint) == ("RC103", hint)
    assert problem.what == f'lifecycle.ignore leads to no field: "{pointer}"'


@pytest.mark.parametrize(
    "pointer",
    ["/spec/image", "/spec/environmentVariables/name=SEED", "/spec/environmentVariables/name=SEED/value"],
)
def test_an_ignored_pointer_may_address_items_by_key(pointer: str) -> None:
    assert problems(with_image(), lifecycle={"ignore": [pointer]}) == ()


def test_an_ignored_pointer_may_lead_into_a_manifest_that_is_free() -> None:
    spec = {"manifest": {"apiVersion": "apps/v1", "kind": "Deployment"}}

    assert problems(spec, "ExternalWorkload", lifecycle={"ignore": ["/spec/manifest/spec/replicas"]}) == ()


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.name)
def test_every_word_from_elsewhere_leads_to_a_field_of_its_kind(kind: Kind) -> None:
    root = root_field(kind_schema(kind))
    spec = root.child("spec")
    assert spec
    taken = {field.name for field in spec.fields}

    for word in kind.aliases:
        if word in taken or any(letter in word for letter in ". "):
            continue
        found = [p for p in problems_of(kind, {word: "x"}) if p.code == "RC103"]
        assert found, word
        told = found[0].hint
        is_pasted = (
            told.startswith(("write image, ", "move the whole object")) or "kind: ExternalWorkload" in told
        )
        assert told.startswith(("use ", "did you mean")) or " stands in " in told or is_pasted, (word, told)


@pytest.mark.parametrize("secret", ["hf_abcdefghijklmnopqrstuvwxyz0123", "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY"])
@pytest.mark.parametrize(
    "spec",
    [
        lambda secret: {"env": {"X": secret}},
        lambda secret: {"workdir": secret},
        lambda secret: {secret: 1},
        lambda secret: {"environmentVariables": {"X": secret}},
        lambda secret: {"command": ["curl", secret]},
        lambda secret: {"imagePullPolicy": secret},
        lambda secret: {"compute": {"cpuMemoryRequest": secret, "gpuDevicesRequest": secret}},
        lambda secret: {"image": "a:1", "command": "bash -c", "args": f"{secret} x"},
    ],
)
def test_no_suggestion_repeats_a_secret(spec: Any, secret: str) -> None:
    found = problems(spec(secret))

    assert found
    assert secret not in repr(found)


def test_a_carried_value_fits_its_field() -> None:
    root = root_field(kind_schema(kinds()["runai/v1", "Training"]))
    compute = root.child("spec").child("compute")  # type: ignore[union-attr]  # it has both

    assert compute
    assert fits(compute, {"gpuDevicesRequest": 1})
    assert not fits(compute, {"gpuDevicesRequest": "1"})
