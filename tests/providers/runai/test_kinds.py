"""The Run:ai kinds: what a spec may say, what the platform refuses, and what it holds."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from reconciler.kind import NOTHING, Kind
from reconciler.providers.runai.kinds import (
    CLUSTER,
    DISTRIBUTED_INFERENCE,
    DISTRIBUTED_TRAINING,
    EXTERNAL_WORKLOAD,
    INFERENCE,
    KINDS,
    NIM_SERVICE,
    TRAINING,
    WORKSPACE,
)
from reconciler.stored import kind_schema
from reconciler.yaml import parse
from tests.scenarios.whole_specs import WHOLE

NEEDED = {
    "MatchExpression.key",
    "MatchExpression.operator",
    "AddedAttribute.key",
    "ExternalWorkload.manifest",
    "KubernetesManifest.apiVersion",
    "KubernetesManifest.kind",
}
POD_KINDS = (WORKSPACE, TRAINING, DISTRIBUTED_TRAINING, INFERENCE)
"""Kinds whose spec is that of a pod of the user's own program."""


def properties(kind: Kind) -> Iterator[tuple[str, dict[str, Any]]]:
    schema = kind.model().model_json_schema(by_alias=True)
    for title, block in {kind.name: schema, **schema.get("$defs", {})}.items():
        for name, field in block.get("properties", {}).items():
            yield f"{title}.{name}", field


def test_importing_the_kinds_loads_neither_pydantic_nor_a_client() -> None:
    code = (
        "import sys, reconciler.providers.runai.kinds as k; print({'pydantic', 'httpx'} & set(sys.modules))"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "set()"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_field_is_described_and_may_be_null(kind: Kind) -> None:
    for path, field in properties(kind):
        assert field.get("description"), path
        if path not in NEEDED:
            assert {"type": "null"} in field["anyOf"], path


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_schema_is_closed_and_speaks_the_platforms_names(kind: Kind) -> None:
    text = json.dumps(kind.model().model_json_schema(by_alias=True))
    has_no_pod = kind in (EXTERNAL_WORKLOAD, CLUSTER)

    assert ('"gpuDevicesRequest"' in text) is not has_no_pod
    assert '"gpu_devices_request"' not in text
    closed = text.count('"additionalProperties": false')
    assert closed + (2 if kind is EXTERNAL_WORKLOAD else 0) == text.count('"properties": {')


@pytest.mark.parametrize(
    "spec",
    [
        {"compute": {"gpuDevicesRequest": True}},
        {"compute": {"gpuDevicesRequest": 1.0}},
        {"compute": {"gpuDevicesRequest": "1"}},
        {"compute": {"gpuDevicesRequest": -1}},
        {"compute": {"gpuPortionRequest": 1.5}},
        {"compute": {"cpuCoreRequest": float("nan")}},
        {"compute": {"cpuMemoryRequest": "16GB"}},
        {"compute": {"cpuMemoryRequest": 16}},
        {"compute": {"gpu": 1}},
        {"image": ""},
        {"labels": [{"name": "x" * 64, "value": ""}]},
        {"labels": [{"name": ""}]},
        {"ports": [{"container": 70000}]},
        {"templateId": "mine"},
        {"tolerations": [{"effect": "Never"}]},
        {"useGivenNameAsPrefix": True},
    ],
    ids=repr,
)
@pytest.mark.parametrize("kind", POD_KINDS, ids=lambda kind: kind.name)
def test_the_model_refuses(kind: Kind, spec: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        kind.model().model_validate(spec)


def test_the_model_takes_whole_numbers_where_broken_ones_may_stand() -> None:
    compute = {"cpuCoreRequest": 1, "gpuPortionRequest": 1, "cpuMemoryRequest": "1.5Gi"}

    spec = TRAINING.model()(compute=compute)

    assert spec.model_dump(by_alias=True, exclude_none=True) == {"compute": compute}


def test_a_kind_has_only_its_own_fields() -> None:
    for kind, spec in (
        (WORKSPACE, {"parallelism": 2}),
        (TRAINING, {"autoscaling": {}}),
        (INFERENCE, {"backoffLimit": 1}),
        (INFERENCE, {"storage": {"s3": []}}),
        (INFERENCE, {"security": {"hostIpc": True}}),
    ):
        with pytest.raises(ValidationError):
            kind.model().model_validate(spec)


ONE, EIGHT = {"gpuDevicesRequest": 1}, {"gpuDevicesRequest": 8}
GROUP = {"leader": {"compute": ONE}, "worker": {"compute": EIGHT}}


@pytest.mark.parametrize(
    ("kind", "spec", "gpus"),
    [
        (TRAINING, {}, 0),
        (TRAINING, {"compute": {"gpuDevicesRequest": 8}}, 8),
        (TRAINING, {"compute": {"gpuDevicesRequest": 2, "gpuPortionRequest": 0.5}}, 1),
        (TRAINING, {"compute": {"gpuPortionRequest": 0.1}}, 0.1),
        (TRAINING, {"compute": {"gpuMemoryRequest": "4G"}}, 1),
        (TRAINING, {"compute": {"gpuDevicesRequest": 1}, "parallelism": 4}, 4),
        (TRAINING, {"compute": {"gpuDevicesRequest": 1}, "parallelism": 4, "completions": 2}, 2),
        (INFERENCE, {"compute": {"gpuDevicesRequest": 2}, "autoscaling": {"minReplicas": 3}}, 6),
        (INFERENCE, {"compute": {"gpuDevicesRequest": 2}, "autoscaling": {"minReplicas": 0}}, 2),
        (WORKSPACE, {"compute": "odd"}, 0),
        (DISTRIBUTED_TRAINING, {"compute": EIGHT, "numWorkers": 3}, 24),
        (DISTRIBUTED_TRAINING, {"compute": EIGHT, "numWorkers": 3, "masterSpecSameAsWorker": True}, 32),
        (DISTRIBUTED_TRAINING, {"compute": EIGHT, "numWorkers": 3, "masterSpec": {"compute": ONE}}, 25),
        (DISTRIBUTED_TRAINING, {"compute": EIGHT, "minReplicas": 2, "maxReplicas": 4, "masterSpec": {}}, 16),
        (DISTRIBUTED_TRAINING, {"compute": EIGHT, "masterSpec": None}, 8),
        (DISTRIBUTED_INFERENCE, {"leader": {"compute": ONE}}, 1),
        (DISTRIBUTED_INFERENCE, {"leader": {"compute": ONE}, "worker": {"compute": EIGHT}}, 1),
        (DISTRIBUTED_INFERENCE, {**GROUP, "workers": 2}, 17),
        (DISTRIBUTED_INFERENCE, {**GROUP, "workers": 2, "replicas": 3}, 51),
        (DISTRIBUTED_INFERENCE, {**GROUP, "workers": 2, "replicas": 0}, 0),
        (NIM_SERVICE, {"compute": ONE}, 1),
        (NIM_SERVICE, {"compute": ONE, "replicas": 3}, 3),
        (NIM_SERVICE, {"compute": ONE, "replicas": 0}, 0),
        (NIM_SERVICE, {"compute": EIGHT, "replicas": 2, "multiNode": {"workers": 2}}, 48),
        (NIM_SERVICE, {"compute": ONE, "autoscaling": {"minReplicas": 2, "maxReplicas": 9}}, 2),
        (EXTERNAL_WORKLOAD, {}, 0),
        (EXTERNAL_WORKLOAD, {"manifest": "odd"}, 0),
    ],
    ids=repr,
)
def test_gpus_are_counted(kind: Kind, spec: dict[str, Any], gpus: float) -> None:
    assert kind.gpus(spec) == gpus


@pytest.mark.parametrize(
    ("spec", "pointer", "value"),
    [
        ({"image": "a:latest"}, "/spec/imagePullPolicy", "Always"),
        ({"image": "registry:5000/a"}, "/spec/imagePullPolicy", "Always"),
        ({"image": "registry:5000/a:1"}, "/spec/imagePullPolicy", "IfNotPresent"),
        ({"image": "a@sha256:00"}, "/spec/imagePullPolicy", "IfNotPresent"),
        ({"image": "a:${{ vars.TAG }}"}, "/spec/imagePullPolicy", NOTHING),
        ({}, "/spec/imagePullPolicy", NOTHING),
        ({}, "/spec/autoscaling/maxReplicas", 1),
        ({"autoscaling": {"minReplicas": 0}}, "/spec/autoscaling/activationReplicas", 1),
        ({"autoscaling": {"minReplicas": 3}}, "/spec/autoscaling/initialReplicas", 3),
        ({}, "/spec/autoscaling/minReplicas", 1),
        ({}, "/spec/priorityClass", "very-high"),
        ({}, "/spec/storage/pvc/path=~1d/readOnly", False),
        ({}, "/spec/storage/pvc/path=~1d/claimInfo/accessModes/readWriteOnce", True),
        ({}, "/spec/storage/nfs/path=~1d/readOnly", True),
        ({}, "/spec/storage/hostPath/path=~1d/readOnly", NOTHING),
        ({}, "/spec/image", NOTHING),
    ],
    ids=repr,
)
def test_documented_defaults(spec: dict[str, Any], pointer: str, value: Any) -> None:
    assert INFERENCE.default(spec, pointer) == value


@pytest.mark.parametrize("form", [list, lambda items: {f"path={item['path']}": item for item in items}])
def test_volumes_that_end_with_a_stop_and_with_a_delete_are_named(form: Any) -> None:
    claims = [
        {"path": "/home"},
        {"path": "/d", "claimName": "scratch", "ephemeral": True},
        {"path": "/keep", "existingPvc": True},
    ]
    spec = {"storage": {"pvc": form(claims)}}

    assert TRAINING.stops_with(spec) == ("pvc scratch",)
    assert TRAINING.dies_with(spec) == ("pvc /home", "pvc scratch")


EXAMPLES = sorted((Path(__file__).parents[3] / "examples" / "manifests").rglob("*.yaml"))


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_every_example_fits_its_kind(file: Path) -> None:
    (document,) = parse(file.read_bytes(), str(file)).documents
    kind = next(kind for kind in KINDS if kind.name == document.value["kind"])
    modeline = file.read_text(encoding="utf-8").splitlines()[0]

    kind.model().model_validate(document.value["spec"])

    assert list(kind.check(document.value["spec"])) == []
    assert modeline == f"# yaml-language-server: $schema=../../../schemas/{kind.schema_path}"


Pointing = Callable[[Any], Any]
SWAPS: tuple[Any, ...] = (None, "", "x", -1, 0, 1.5, True, [], {}, {"no": 1}, [1], "10Gi", 2**63 - 1)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_stored_schema_accepts_exactly_what_the_model_accepts(kind: Kind) -> None:
    """A run judges by the stored schema alone, so the two may not part anywhere."""
    stored = kind_schema(kind)
    judge = Draft202012Validator({**stored["properties"]["spec"], "$defs": stored["$defs"]})
    wholes = [*WHOLE.get(kind.name, ()), parse(kind.example().encode(), "e").documents[0].value["spec"]]
    alone = {path: pointing for whole in wholes for path, pointing in paths(whole)}
    for path, pointing in alone.items():
        for swap in SWAPS:
            spec = pointing(swap)
            assert judge.is_valid(spec) is accepted(kind, spec), (path, swap)

    assert judge.is_valid(wholes[0])
    assert accepted(kind, wholes[0])


def paths(value: Any, path: str = "", pointing: Pointing = lambda new: new) -> Iterator[tuple[str, Pointing]]:
    """Walk every node, with what builds a spec that states a value there and nothing beside it."""
    yield path, pointing
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, f"{path}/{key}", partial(_within, pointing, key))
    elif isinstance(value, list):
        for item in value:
            yield from paths(item, f"{path}/*", partial(_within, pointing, None))


def _within(pointing: Pointing, key: str | None, new: Any) -> Any:
    return pointing([new] if key is None else {key: new})


def accepted(kind: Kind, spec: Any) -> bool:
    try:
        kind.model().model_validate(spec)
    except ValidationError:
        return False
    return True
