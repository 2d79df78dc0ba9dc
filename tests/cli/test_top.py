"""`top` on the real command line: what runs, what it uses, and what could not be read."""

from __future__ import annotations

import json

import pytest

from reconciler.emulator.faults import Fault
from tests.cli.scene import Scene

GPU = "image: busybox:1\ncommand: python\nargs: train.py\ncompute: {gpuDevicesRequest: 1}\n"


def test_what_runs_is_shown_with_its_use(scene: Scene) -> None:
    scene.declare("lora", more=GPU).types("apply", "--yes")
    scene.later(600)

    said = scene.types("top")

    assert said.out.startswith("GPUs allocated: 1   (team-a 1)")
    (row,) = [line for line in said.out.splitlines() if "team-a/Training/lora" in line]
    assert float(row.split()[2].rstrip("%")) > 0
    assert (said.code, scene.changes) == (0, [])


def test_one_object_is_shown_by_pod(scene: Scene) -> None:
    scene.declare("lora", more=GPU).types("apply", "--yes")
    scene.later(600)

    document = json.loads(scene.types("top", "Training/lora", "-o", "json").out)

    (item,) = document["items"]
    pods = {series["pod"] for series in item["series"]}
    assert None in pods
    assert len(pods) == 2
    assert all(len(series["samples"]) == 30 for series in item["series"])


def test_metrics_that_cannot_be_read_are_not_zero(scene: Scene) -> None:
    scene.declare("lora", more=GPU).types("apply", "--yes")
    scene.emulator.faults.add(Fault(r"GET /api/v1/workloads/[^/]+/metrics.*", status=403, forever=True))

    said = scene.types("top")

    assert said.code == 5
    assert "team-a/Training/lora  1    -     -" in said.out
    assert "warning: " in said.err


@pytest.mark.parametrize("since", ["0h", "1", "-5m", "1d", ""])
def test_what_is_no_duration_is_a_usage_error(scene: Scene, since: str) -> None:
    said = scene.types("top", "--since", since)

    assert (said.code, "is no duration" in said.err) == (2, True)
