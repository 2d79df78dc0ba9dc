"""Each field, changed in each phase on servers of both generations, gives what the server really allows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import ExitCode
from reconciler.plan import Action
from reconciler.plan.change import Change
from tests.scenarios.primus_safe.stage import SafeStage, staged

ASKED = {"replica": 2, "cpu": "8", "memory": "64Gi", "sharedMemory": "16Gi", "ephemeralStorage": "60Gi"}
SPEC: dict[str, Any] = {
    "image": "rocm/pytorch:1",
    "entryPoint": "python train.py",
    "resource": ASKED,
    "env": {"A": "1", "EMULATOR_SECONDS": "864000"},
    "service": {"port": 80, "targetPort": 8080, "serviceType": "ClusterIP"},
}
JOB = {**SPEC, "maxRetry": 1, "isSupervised": False}
CHANGES: Mapping[str, Any] = {
    "/spec/description": "for tonight",
    "/spec/priority": 1,
    "/spec/timeout": 7200,
    "/spec/maxRetry": 3,
    "/spec/cronJobs": [{"schedule": "2026-03-04T03:00:00Z"}],
    "/spec/image": "rocm/pytorch:2",
    "/spec/entryPoint": "bash",
    "/spec/env/A": "2",
    "/spec/resource/cpu": "16",
    "/spec/resource/gpu": "1",
    "/spec/resource/memory": "96Gi",
    "/spec/resource/replica": 1,
    "/spec/resource/ephemeralStorage": "70Gi",
    "/spec/resource/sharedMemory": "20Gi",
    "/spec/service/port": 81,
    "/spec/isSupervised": True,
    "/spec/ttlSecondsAfterFinished": 120,
    "/spec/customerLabels/topology.amd.com~1rack": "r1",
}
ALWAYS = {f"/spec/{name}" for name in ("description", "priority", "timeout", "maxRetry", "cronJobs")}
PROGRAM = {
    *(f"/spec/{name}" for name in ("image", "entryPoint", "env/A")),
    *(f"/spec/resource/{name}" for name in (*ASKED, "gpu")),
}
OPEN: Mapping[tuple[int, str], set[str]] = {
    (1, "queued"): ALWAYS | PROGRAM,
    (1, "running"): ALWAYS | {"/spec/resource/sharedMemory"},
    (2, "queued"): ALWAYS | PROGRAM | {"/spec/service/port"},
    (2, "running"): ALWAYS,
}
SERVES: Mapping[int, set[str]] = {
    1: (ALWAYS | PROGRAM) - {"/spec/maxRetry"},
    2: (ALWAYS | PROGRAM | {"/spec/service/port"}) - {"/spec/maxRetry"},
}


def put(spec: Mapping[str, Any], pointer: str, value: Any) -> dict[str, Any]:
    name, _, rest = pointer.removeprefix("/spec").lstrip("/").partition("/")
    name = name.replace("~1", "/")
    return {**spec, name: put(spec.get(name) or {}, f"/{rest}", value) if rest else value}


def manifest(spec: Mapping[str, Any], kind: str, **blocks: Any) -> str:
    space = "serve-mi300" if kind == "Deployment" else "train-mi300"
    whole = {
        "apiVersion": "primus-safe/v1",
        "kind": kind,
        "metadata": {"name": "one", "workspace": space},
        "spec": spec,
        **blocks,
    }
    return json.dumps(whole)


def changed(stage: SafeStage, spec: Mapping[str, Any], kind: str, pointer: str) -> tuple[Change, bool]:
    """Change one field; give what is planned, and whether it took where it is sent."""
    stage.write(one=manifest(put(spec, pointer, CHANGES[pointer]), kind))
    (change,) = stage.plan().plan.changes
    assert pointer in [field.pointer for field in change.fields], (pointer, change)
    took = False
    if change.action is Action.UPDATE:
        applied = stage.apply()
        assert applied.exit_code() is ExitCode.IN_ORDER, (pointer, [o.problem for o in applied.outcomes])
        took = stage.plan().plan.is_empty
    return change, took


@pytest.mark.parametrize("pointer", CHANGES)
@pytest.mark.parametrize(("generation", "phase"), OPEN)
def test_a_field_of_a_job_changes_as_the_server_lets_it(
    generation: int, phase: str, pointer: str, tmp_path: Path
) -> None:
    spec = JOB if phase == "running" else {**JOB, "cronJobs": [{"schedule": "2026-03-03T03:00:00Z"}]}
    with staged(tmp_path / "repo", generation, is_git=False, lag_s=1.0) as stage:
        stage.write(one=manifest(spec, "PyTorchJob")).apply()
        before = stage.one("one")

        change, took = changed(stage, spec, "PyTorchJob", pointer)

        is_open = pointer in OPEN[generation, phase]
        assert (before.phase == "Running") is (phase == "running")
        assert (change.action, took) == ((Action.UPDATE, True) if is_open else (Action.REFUSED, False))
        assert stage.one("one").id == before.id


@pytest.mark.parametrize("pointer", sorted(set(CHANGES) - {"/spec/maxRetry", "/spec/isSupervised"}))
@pytest.mark.parametrize("generation", SERVES)
def test_a_field_of_what_serves_changes_as_the_server_lets_it(
    generation: int, pointer: str, tmp_path: Path
) -> None:
    with staged(tmp_path / "repo", generation, is_git=False, lag_s=1.0) as stage:
        stage.write(one=manifest(SPEC, "Deployment")).apply()

        change, took = changed(stage, SPEC, "Deployment", pointer)

        is_open = pointer in SERVES[generation]
        assert (change.action, took) == ((Action.UPDATE, True) if is_open else (Action.REFUSED, False))
