"""What `get`, `describe` and `top` write for machines keeps the schemas, whatever is live and readable."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reconciler.yaml import parse
from tests.cli.scene import Scene

SCHEMAS = Path(__file__).parents[2] / "schemas"
SERVER = "image: 'vllm/vllm-openai:v1'\nargs: --model a\nservingPort: {container: 8000}"
BROKEN = "image: ghcr.io/wattfield/no-such-forecaster:v1\ncommand: sleep\nargs: infinity"
COMMANDS = ("get", "describe", "top")


@pytest.fixture
def scene(plain: Scene) -> Scene:
    """Set up one that serves, one that fails, and one of somebody else's."""
    plain.declare("chat", kind="Inference", more=SERVER).declare("lora", more=BROKEN)
    plain.types("apply", "--yes")
    plain.emulator.world.add_workload(
        kind="Training", project="team-b", name="theirs", spec={"image": "busybox:1"}, created_by="mina"
    )
    plain.later(600)
    return plain


def judged(document: Any) -> list[str]:
    schema = json.loads((SCHEMAS / f"{document['document']}.json").read_text())
    return [error.message for error in Draft202012Validator(schema).iter_errors(document)]


@pytest.mark.parametrize("name", COMMANDS)
def test_each_schema_is_one(name: str) -> None:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())

    Draft202012Validator.check_schema(schema)
    assert judged({"document": name}) != []


@pytest.mark.parametrize(
    "words",
    [
        ("get",),
        ("describe", "Inference/chat"),
        ("describe", "Training/lora"),
        ("describe", "Training/theirs"),
        ("top",),
        ("top", "Inference/chat"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("is_troubled", [False, True], ids=["whole", "half of it unread"])
def test_what_machines_read_keeps_its_schema(
    scene: Scene, words: tuple[str, ...], *, is_troubled: bool
) -> None:
    if is_troubled:
        for path in ("metrics", "pods", "history", "revisions"):
            scene.spoil(f"GET /api/v1/workloads/.+/{path}.*", status=500, forever=True)
        scene.spoil(r"GET /api/v1/workloads/(trainings|inferences)/.*", status=500, forever=True)

    said = scene.types(*words, "-o", "json")

    document = json.loads(said.out)
    assert judged(document) == []
    assert document["exit"]["code"] == said.code
    assert bool(document["failures"]) == (said.code == 6)
    if words[0] != "top":
        assert parse(scene.types(*words, "-o", "yaml").out.encode(), "x").documents[0].value == document


def test_a_key_too_many_is_refused(scene: Scene) -> None:
    document = json.loads(scene.types("get", "-o", "json").out)

    assert judged({**document, "more": 1})
    assert judged({**document, "items": [{**document["items"][0], "more": 1}]})
