"""`health` on the real command line: its codes, and that what could not be read is never ill."""

from __future__ import annotations

import json

import pytest

from tests.cli.scene import Scene


def test_what_is_not_well_is_eleven(scene: Scene) -> None:
    scene.declare("lora")

    said = scene.types("health")

    assert (said.code, "Missing  team-a/Training/lora" in said.out) == (11, True)


@pytest.mark.parametrize(("status", "code"), [(403, 5), (503, 6)])
def test_a_project_that_cannot_be_read_is_not_unhealthy(scene: Scene, status: int, code: int) -> None:
    scene.declare("lora").declare("other", project="team-b").types("apply", "--yes")
    project = scene.emulator.world.project_named("team-b").id
    scene.spoil(rf"GET /api/v1/workloads\?filterBy=projectId.*{project}.*", status=status, forever=True)

    said = scene.types("health", "-o", "json")

    document = json.loads(said.out)
    assert [each["health"] for each in document["objects"]] == ["Healthy", "Unknown"]
    assert (said.code, document["exit"]["code"]) == (code, code)
    assert "workloads of team-b" in said.err


def test_what_was_not_read_weighs_more_than_what_is_ill(scene: Scene) -> None:
    scene.declare("lora").declare("other", project="team-b")
    project = scene.emulator.world.project_named("team-b").id
    scene.spoil(rf"GET /api/v1/workloads\?filterBy=projectId.*{project}.*", status=503, forever=True)

    said = scene.types("health")

    assert (said.code, "Missing  team-a/Training/lora" in said.out) == (6, True)


@pytest.mark.parametrize("words", [("health",), ("plan", "--exit-code"), ("drift",)], ids=lambda w: w[0])
def test_what_was_deleted_in_the_year_one_is_there(scene: Scene, words: tuple[str, ...]) -> None:
    scene.declare("lora").types("apply", "--yes")
    never = {"deletedAt": "0001-01-01T00:00:00Z"}
    scene.spoil(
        "GET /api/v1/workloads/trainings/.*", kind="mutate", mutate=lambda one: one | never, forever=True
    )

    said = scene.types(*words)

    assert (said.code, scene.changes) == (0, [])


BAD_RANK = """\
    image: busybox:1
    command: python train.py
    args: --crash
    distributedFramework: PyTorch
    numWorkers: 2
    """


def test_a_rank_that_crashes_again_and_again_is_told_with_its_cause_at_any_moment(plain: Scene) -> None:
    plain.declare("badrank", kind="DistributedTraining", more=BAD_RANK).types("apply", "--yes")
    plain.later(30)
    phases = set()
    for _ in range(10):
        plain.later(3)
        said, drifted = plain.types("health", "-o", "json"), plain.types("drift")

        (one,) = json.loads(said.out)["objects"]
        phases.add(one["phase"])
        assert (said.code, one["health"], drifted.code) == (11, "Degraded", 3)
        assert one["cause"].startswith("FileNotFoundError")
        assert max(pod["restarts"] for pod in one["pods"]) > 0

    assert phases == {"Initializing", "Running"}
