"""`describe` on the real command line: one page about one live object, whatever could not be read."""

from __future__ import annotations

import json

import pytest

from tests.cli.scene import Scene

SERVER = "image: 'vllm/vllm-openai:v1'\nargs: --model a\nservingPort: {container: 8000}"


@pytest.fixture
def scene(plain: Scene) -> Scene:
    plain.declare("chat", kind="Inference", more=SERVER).types("apply", "--yes")
    return plain


def test_one_page_shows_what_it_is_and_every_section(scene: Scene) -> None:
    said = scene.types("describe", "Inference/chat")

    for words in ("owner     ours (fleet ml-platform", "manifest  manifests/chat.yaml", "  args: --model a"):
        assert words in said.out
    for section in ("spec", "pods", "history", "events", "endpoints", "elements", "revisions"):
        assert f"\n{section}\n  " in said.out
    assert "  https://chat-team-a." in said.out
    assert (said.code, scene.changes) == (0, [])


def test_it_says_how_healthy_it_is_as_health_does(scene: Scene) -> None:
    (judged,) = json.loads(scene.types("health", "-o", "json").out)["objects"]
    document = json.loads(scene.types("describe", "Inference/chat", "-o", "json").out)

    assert "\nhealth    Healthy: " in scene.types("describe", "Inference/chat").out
    assert document["health"]["health"] == judged["health"] == "Healthy"
    scene.spoil("GET /api/v1/workloads/.*pods.*", status=500, forever=True)
    scene.spoil("GET .*/cluster-api/.*", status=500, forever=True)
    said = scene.types("describe", "Inference/chat")
    assert "\nhealth    " in said.out
    assert said.code == 6


def test_a_section_that_cannot_be_read_says_so_and_ends_with_6(scene: Scene) -> None:
    scene.spoil("GET /api/v1/workloads/[^/]+/history", status=500, forever=True)

    said = scene.types("describe", "Inference/chat")

    assert said.code == 6
    assert "history\n  (could not be read: " in said.out
    assert "chat-00001" in said.out.partition("\nrevisions\n")[2]


def test_an_older_server_is_no_failure(scene: Scene) -> None:
    absent = {"code": 404, "message": "route was not found"}
    scene.spoil("GET /api/v1/workloads/[^/]+/elements", status=404, json=absent, forever=True)
    scene.spoil("GET /api/v1/workloads/[^/]+/endpoints", status=404, json=absent, forever=True)

    said = scene.types("describe", "Inference/chat")

    assert said.code == 0
    assert "elements\n  (not offered by this control plane" in said.out
    assert "  https://chat-team-a." in said.out


@pytest.mark.parametrize("section", ["history", "events", "pods", "endpoints", "elements", "revisions"])
@pytest.mark.parametrize(
    "answer",
    [
        {"status": 404, "text": "404 page not found"},
        {"status": 405, "text": ""},
        {"status": 200, "html": "<html>sign in</html>"},
        {"status": 502, "html": "<html>bad gateway</html>"},
    ],
    ids=["plain 404", "empty 405", "a page", "a gateway"],
)
def test_whatever_one_section_answers_the_others_are_shown(
    scene: Scene, section: str, answer: dict[str, object]
) -> None:
    scene.spoil(f"GET /api/v1/workloads/.+/{section}(/count)?", forever=True, **answer)

    said = scene.types("describe", "Inference/chat")

    told = said.out.partition(f"\n{section}\n  ")[2].partition("\n\n")[0]
    is_unread = told.startswith("(could not be read: ")
    assert is_unread or told.startswith("(not offered by") or (section == "endpoints" and "https://" in told)
    assert (said.code in (5, 6)) == is_unread
    for other in {"spec", "pods", "history", "events", "elements", "revisions"} - {section}:
        assert f"\n{other}\n  (could" not in said.out
        assert f"\n{other}\n  " in said.out


def test_machines_read_the_rows_by_column(scene: Scene) -> None:
    document = json.loads(scene.types("describe", "chat", "-o", "json").out)

    rows = {section["name"]: section["rows"] for section in document["sections"]}
    assert rows["revisions"][0]["phase"] == "Running"
    assert rows["history"][0]["phase"] == "Running"
    assert document["mark"]["path"] == "manifests/chat.yaml"


def test_only_an_inference_has_revisions(scene: Scene) -> None:
    _made(scene, "team-a")

    assert "\nrevisions\n" not in scene.types("describe", "lora").out


def test_a_name_of_several_objects_is_refused_with_their_keys(scene: Scene) -> None:
    _made(scene, "team-a")
    _made(scene, "team-b")

    said = scene.types("describe", "lora")

    assert said.code == 2
    assert "team-a/Training/lora, team-b/Training/lora" in said.err


def test_what_is_not_live_ends_with_4(scene: Scene) -> None:
    assert scene.types("describe", "Training/gone").code == 4


def _made(scene: Scene, project: str) -> None:
    """Let somebody make a training by hand."""
    scene.emulator.world.add_workload(
        kind="Training", project=project, name="lora", spec={"image": "busybox:1"}, created_by="somebody"
    )
