"""A second reading of the API page: how a spec is sent and comes back, in either generation."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import httpx

from reconciler.emulator.primus_safe.seed import PLAIN, SERVE, TRAIN
from reconciler.kind import Kind
from reconciler.providers.primus_safe.kinds import AUTHORING
from reconciler.stored import kind_schema
from reconciler.validate.judge import judge_for
from reconciler.yaml import Document
from tests.emulator.primus_safe.bench import ROOT, Bench

Json = Any
WORKSPACES = {"PyTorchJob": TRAIN, "Deployment": SERVE, "StatefulSet": PLAIN, "Authoring": TRAIN}
RESOURCE: dict[str, Json] = {"replica": 1, "cpu": "8", "memory": "64Gi"}
_PROGRAM = {"image": "rocm/pytorch:1", "entryPoint": "python train.py", "resource": RESOURCE}
SPECS: dict[str, dict[str, Json]] = {
    "PyTorchJob": _PROGRAM,
    "Deployment": _PROGRAM,
    "StatefulSet": _PROGRAM,
    "Authoring": {"image": "rocm/pytorch:1", "resource": {"cpu": "8", "memory": "64Gi"}},
}
"""The least that each kind has to state; of an Authoring not even an image."""

SERVICE = {"port": 80, "targetPort": 8080, "serviceType": "ClusterIP"}
PROBE = {"path": "/health", "port": 8080}
SOON = "2026-03-03T03:00:00Z"
"""A time to come for the clock of an emulator, which starts at 9 o'clock on 2 March 2026."""

_SHARED: dict[str, Json] = {
    "description": "for people",
    "env": {"SEED": "7", "A.b": "x"},
    "priority": 1,
    "ttlSecondsAfterFinished": 300,
    "customerLabels": {"topology.amd.com/rack": "r1"},
    "isTolerateAll": True,
    "service": {**SERVICE, "protocol": "UDP", "extends": {"maxSurge": "1"}},
    "cronJobs": [{"schedule": SOON}],
    "hostpath": ["/data"],
}
_ASKED = {
    "cpu": "16",
    "gpu": "1",
    "memory": "128Gi",
    "ephemeralStorage": "100Gi",
    "sharedMemory": "16Gi",
}
_SCRIPT = "set -e\npython train.py --out '/data/é'"
FULL: dict[str, dict[str, Json]] = {
    "PyTorchJob": {
        **_PROGRAM, **_SHARED, "entryPoint": _SCRIPT, "resource": {**_ASKED, "replica": 2},
        "isSupervised": True, "maxRetry": 3, "timeout": 3600,
    },
    "Deployment": {
        **_PROGRAM, **_SHARED, "entryPoint": _SCRIPT, "resource": {**_ASKED, "replica": 2}, "timeout": 3600,
        "liveness": {**PROBE, "initialDelaySeconds": 60}, "readiness": {**PROBE, "periodSeconds": 5},
    },
    "StatefulSet": {
        **_PROGRAM, **_SHARED, "entryPoint": _SCRIPT, "timeout": 3600,
        "resource": {**_ASKED, "gpu": "0", "replica": 2}, "liveness": PROBE, "readiness": PROBE,
    },
    "Authoring": {**_SHARED, "image": "rocm/pytorch:1", "resource": _ASKED},
}  # fmt: skip
"""What each kind can state on a server of either generation."""

LATER: dict[str, Json] = {
    "excludedNodes": ["smc300x-09"],
    "forceHostNetwork": True,
    "labels": {"team": "forecast"},
    "annotations": {"note": "x"},
    "secrets": [{"id": "harbor-pull"}],
    "useWorkspaceStorage": False,
    "preheat": True,
}
"""What only a server of the second generation takes."""


def changed(spec: Mapping[str, Json], **changes: Json) -> dict[str, Json]:
    """Change a spec: `resource__cpu` is a field of resource, None takes a field away."""
    made = dict(spec)
    for name, value in changes.items():
        outer, _, inner = name.partition("__")
        if inner:
            value = {k: v for k, v in {**made[outer], inner: value}.items() if v is not None}
        made[outer] = value
    return {name: value for name, value in made.items() if value is not None}


def is_taken(kind: Kind, spec: Mapping[str, Json]) -> bool:
    """Tell whether a spec passes its schema and its rules."""
    schema = kind_schema(kind)
    only = {name: body for name, body in schema["properties"].items() if name == "spec"}
    judge = judge_for({**schema, "required": ["spec"], "properties": only}, kind)
    rejected = judge.problems(Document({"spec": dict(spec)}, {}, {}, "x.yaml", 1, ()))
    return not rejected and not [problem for problem in kind.check(spec) if problem.is_error]


def sent(kind: Kind, spec: Mapping[str, Json], generation: int, name: str = "job") -> dict[str, Json]:
    """Write a spec as the create request of a generation."""
    body: dict[str, Json] = {
        "displayName": name,
        "workspaceId": WORKSPACES[kind.name],
        "groupVersionKind": {"kind": kind.name, "version": "v1"},
        **spec,
    }
    if "entryPoint" in body:
        body["entryPoint"] = base64.b64encode(body["entryPoint"].encode()).decode()
    if kind is AUTHORING and "resource" in body:
        body["resource"] = {"replica": 1, **body["resource"]}
    if "specifiedNodes" in body:
        body["resource"] = {"replica": len(body["specifiedNodes"]), **body["resource"]}
    if generation == 1:
        return body
    for name_, list_ in (("resource", "resources"), ("image", "images"), ("entryPoint", "entryPoints")):
        if name_ in body:
            body[list_] = [body.pop(name_)]
    return body


def shown(kind: Kind, row: Mapping[str, Json], generation: int) -> dict[str, Json]:
    """Read a spec from the detail of a workload."""
    found = {name: row[name] for name in _names(kind) if name in row}
    if generation == 2:
        for name, list_ in (("resource", "resources"), ("image", "images"), ("entryPoint", "entryPoints")):
            if row.get(list_):
                found[name] = row[list_][0]
    if kind is AUTHORING:
        found.pop("entryPoint", None)
    return found


def _names(kind: Kind) -> list[str]:
    return [str(field.alias) for field in kind.model().model_fields.values()]


def create(bench: Bench, kind: Kind, spec: Mapping[str, Json], name: str = "job") -> httpx.Response:
    """Send a spec to an emulator."""
    return bench.http.post(ROOT, json=sent(kind, spec, bench.emu.generation.number, name))
