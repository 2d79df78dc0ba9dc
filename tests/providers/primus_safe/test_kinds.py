"""The Primus-SaFE kinds as data: their fields, words, weights, and what is warned of."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from typing import Any

import pytest

from reconciler.capacity import Claim
from reconciler.kind import NOTHING, Kind
from reconciler.providers import providers
from reconciler.providers.primus_safe.kinds import AUTHORING, DEPLOYMENT, KINDS, PYTORCH_JOB, STATEFUL_SET
from reconciler.providers.primus_safe.kinds.support import NEEDS_SECOND
from tests.emulator.primus_safe.bench import Bench
from tests.providers.primus_safe.wire import LATER, RESOURCE, SERVICE, SPECS, changed, create
from tests.providers.runai.models import fields

Json = Any
EVERY_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
DOTTED = re.compile(r"\w+(?:\[\])?(?:\.\w+(?:\[\])?)+")
FIRST = re.compile(r"[\w.\[\]]+")


def test_importing_the_kinds_loads_neither_pydantic_nor_a_client() -> None:
    code = (
        "import sys, reconciler.providers.primus_safe as k; "
        "print(k.NAME, {'pydantic', 'httpx'} & set(sys.modules))"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "primus-safe set()"
    assert providers()["primus-safe"].KINDS == KINDS


@EVERY_KIND
def test_every_field_is_described_may_be_null_and_has_the_platforms_name(kind: Kind) -> None:
    schema = kind.model().model_json_schema(by_alias=True)
    blocks = {kind.name: schema, **schema.get("$defs", {})}

    for title, block in blocks.items():
        assert block["additionalProperties"] is False, title
        for name, field in block["properties"].items():
            assert field.get("description"), (title, name)
            assert {"type": "null"} in field["anyOf"], (title, name)
            assert "_" not in name
    assert '"ephemeralStorage"' in json.dumps(schema)


@EVERY_KIND
def test_every_word_leads_to_a_field_of_its_kind(kind: Kind) -> None:
    known = set(fields(kind.model()))
    names = {path.rpartition("/")[2] for path in known}

    for word, told in kind.aliases.items():
        first = FIRST.match(told)
        assert first, word
        assert word != told
        for path in {first[0].rstrip("."), *DOTTED.findall(told)}:
            pointer = "/" + path.replace("[]", "").replace(".", "/")
            assert pointer in known or ("." not in path and path in names), f'"{word}" leads to {path}'


def test_only_jobs_finish_and_what_was_stopped_stays_so() -> None:
    assert [kind.name for kind in KINDS if kind.finishes] == ["PyTorchJob"]
    assert all(kind.support.stops and kind.support.keeps_ended for kind in KINDS)
    assert all(kind.scope_word == "workspace" for kind in KINDS)


# -- support -----------------------------------------------------------------------------------

PATCHES: dict[str, tuple[Json, Json]] = {
    "/image": ({"image": "rocm/pytorch:2"}, {"images": ["rocm/pytorch:2"]}),
    "/entryPoint": ({"entryPoint": "ZWNobyBoaQ=="}, {"entryPoints": ["ZWNobyBoaQ=="]}),
    "/env": ({"env": {"A": "1"}}, {"env": {"A": "1"}}),
    "/resource/cpu": ({"cpu": "4"}, {"resources": [{**RESOURCE, "cpu": "4"}]}),
    "/resource/sharedMemory": (
        {"sharedMemory": "1Gi"},
        {"resources": [{**RESOURCE, "sharedMemory": "1Gi"}]},
    ),
    "/description": ({"description": "x"}, {"description": "x"}),
    "/priority": ({"priority": 1}, {"priority": 1}),
    "/timeout": ({"timeout": 60}, {"timeout": 60}),
    "/maxRetry": ({"maxRetry": 1}, {"maxRetry": 1}),
    "/service": ({"service": SERVICE}, {"service": SERVICE}),
    "/customerLabels": ({"customerLabels": {"a": "b"}}, {"customerLabels": {"a": "b"}}),
    "/liveness": ({"liveness": {"path": "/", "port": 80}}, {"liveness": {"path": "/", "port": 80}}),
}


@pytest.mark.parametrize("path", PATCHES)
@pytest.mark.parametrize("stage", ["1 queued", "1 started", "2 queued", "2 started"])
@pytest.mark.parametrize("kind", [PYTORCH_JOB, DEPLOYMENT], ids=lambda kind: kind.name)
def test_what_changes_in_place_is_what_the_server_changes(kind: Kind, stage: str, path: str) -> None:
    generation = int(stage[0])
    bench = Bench(generation)
    time = {"cronJobs": [{"schedule": "2026-03-03T03:00:00Z"}]} if stage.endswith("queued") else {}
    id_ = create(bench, kind, {**SPECS[kind.name], **time}).json()["workloadId"]
    bench.wait(10)
    before = bench.get(id_)

    answer = bench.patch(id_, **PATCHES[path][generation - 1])
    after = bench.get(id_)

    assert (before["dispatchCount"] > 0) is stage.endswith("started")
    is_changed = answer.status_code == 200 and _managed(before) != _managed(after)
    is_open = kind.support.changes_in_place(f"/spec{path}", stage)
    if path == "/maxRetry" and kind is DEPLOYMENT and generation == 2:
        is_open = False  # it is always 0 there, and the model has no such field
    assert is_changed is is_open


def _managed(row: Json) -> Json:
    restless = {"phase", "conditions", "pods", "runtime", "duration", "secondsUntilTimeout", "message"}
    queue = {
        "schedulerOrder",
        "queuePosition",
        "nodes",
        "ranks",
        "dispatchCount",
        "startTime",
        "k8sObjectUid",
    }
    return {name: value for name, value in row.items() if name not in restless | queue}


def test_the_fields_of_later_servers_say_so() -> None:
    described = {
        str(field.alias): str(field.description)
        for kind in KINDS
        for field in kind.model().model_fields.values()
    }
    said = {name for name, text in described.items() if "Needs generation 2" in text}

    assert said - {"timeout"} == NEEDS_SECOND
    assert said >= {*LATER}


# -- weight ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "changes", "gpus", "largest"),
    [
        (PYTORCH_JOB, {}, 0, 0),
        (PYTORCH_JOB, {"resource__gpu": "8", "resource__replica": 4}, 32, 8),
        (PYTORCH_JOB, {"resource__gpu": "8", "resource__replica": None, "specifiedNodes": ["a", "b"]}, 16, 8),
        (STATEFUL_SET, {"resource__gpu": "2", "resource__replica": 3}, 6, 2),
        (AUTHORING, {"resource__gpu": "1"}, 1, 1),
    ],
)
def test_all_pods_are_weighed(kind: Kind, changes: dict[str, Json], gpus: float, largest: float) -> None:
    spec = changed(SPECS[kind.name], **changes)
    claim = kind.claim(spec)

    assert kind.gpus(spec) == gpus
    assert claim
    assert (claim.gpus, claim.largest) == (gpus, largest)


@pytest.mark.parametrize(("pods", "asked"), [(1, 2), (4, 2), (5, 4), (8, 4)])
def test_a_deployment_rolls_a_quarter_of_its_pods_at_a_time(pods: int, asked: float) -> None:
    claim = Claim(gpus=2.0 * pods, largest=2.0, type="workload")
    more = DEPLOYMENT.surge(claim, claim)

    assert more
    assert more.gpus == asked
    assert STATEFUL_SET.surge(claim, claim) is None


# -- lints -------------------------------------------------------------------------------------

_GPU = {"resource__gpu": "8"}
WARNED: dict[str, tuple[Kind, dict[str, Json], list[str]]] = {
    "a job that sleeps": (PYTORCH_JOB, {**_GPU, "entryPoint": "nvidia-smi\nsleep infinity"}, ["RC150"]),
    "a job that sleeps without GPUs": (PYTORCH_JOB, {"entryPoint": "sleep infinity"}, []),
    "a job that loops": (
        PYTORCH_JOB,
        {**_GPU, "entryPoint": "while true; do sleep 60; done\n"},
        ["RC150"],
    ),
    "a server that sleeps": (DEPLOYMENT, {**_GPU, "entryPoint": "sleep infinity"}, []),
    "more processes than GPUs": (
        PYTORCH_JOB,
        {"resource__gpu": "4", "entryPoint": "torchrun --nproc_per_node=8 train.py"},
        ["RC153"],
    ),
    "as many processes": (PYTORCH_JOB, {**_GPU, "entryPoint": "torchrun --nproc_per_node=8 train.py"}, []),
    "a script encoded already": (
        PYTORCH_JOB,
        {"entryPoint": base64.b64encode(b"python train.py --epochs 3").decode()},
        ["RC155"],
    ),
    "memory in thousandths": (AUTHORING, {"resource__memory": "64000m"}, ["RC156"]),
    "storage without a suffix": (STATEFUL_SET, {"resource__ephemeralStorage": "50"}, ["RC156"]),
    "a short word": (PYTORCH_JOB, {"entryPoint": "bash"}, []),
    "a path": (PYTORCH_JOB, {"entryPoint": "/opt/train/start"}, []),
    "a value to be filled in": (PYTORCH_JOB, {**_GPU, "entryPoint": "${{ vars.SCRIPT }}"}, []),
}


@pytest.mark.parametrize(("kind", "changes", "codes"), WARNED.values(), ids=WARNED)
def test_what_is_probably_not_meant_is_warned_of(
    kind: Kind, changes: dict[str, Json], codes: list[str]
) -> None:
    found = list(kind.lint(changed(SPECS[kind.name], **changes)))

    assert [problem.code for problem in found] == codes
    assert not [problem for problem in found if problem.is_error]


def test_a_default_that_a_server_decides_is_not_told() -> None:
    assert PYTORCH_JOB.default({}, "/spec/ttlSecondsAfterFinished") is NOTHING
    assert AUTHORING.default({}, "/spec/image") is NOTHING
    assert PYTORCH_JOB.default({"ttlSecondsAfterFinished": 0}, "/spec/ttlSecondsAfterFinished") == 0
