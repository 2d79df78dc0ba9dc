"""`stop` and `resume`: they say what to write in git, and change nothing anywhere."""

from __future__ import annotations

import pytest

from tests.cli.scene import Scene

TRAIN = "manifests/train.yaml"


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("", f"{TRAIN}:1: add lifecycle: {{state: Stopped}} to this manifest, beside spec"),
        ("lifecycle: {run: Once}\n", f"{TRAIN}:10: add state: Stopped to lifecycle"),
        ("lifecycle:\n  run: Once\n", f"{TRAIN}:11: add state: Stopped to lifecycle"),
        ("lifecycle:\n  run: Once\n  state: Running\n", f"{TRAIN}:12: write state: Stopped"),
    ],
)
def test_stop_names_the_line_to_write_and_sends_nothing(scene: Scene, more: str, line: str) -> None:
    scene.declare("train")
    scene.write(TRAIN, (scene.root / TRAIN).read_text().rstrip("\n") + f"\n{more}")
    assert scene.types("apply", "-y").code == 0
    text = (scene.root / TRAIN).read_text()

    said = scene.types("stop", "training/train")

    assert said.code == 0
    assert scene.changes == []
    assert (scene.root / TRAIN).read_text() == text
    assert "if git said Stopped, the next apply would stop it\n" in said.out
    assert "that ends: running" in said.out
    assert f"to say so: {line}" in said.out
    assert "Nothing was changed." in said.err


def test_what_the_commands_say_to_write_does_what_they_say(scene: Scene) -> None:
    scene.declare("train").types("apply", "-y")
    text = (scene.root / TRAIN).read_text()
    scene.write(TRAIN, text + "\nlifecycle: {state: Stopped}\n")

    stopped = scene.types("apply", "-y")
    paths = scene.changes
    already = scene.types("stop", "Training/train")
    wish = scene.types("resume", "Training/train")
    scene.write(TRAIN, text + "\nlifecycle: {state: Running}\n")
    resumed = scene.types("apply", "-y")

    assert (stopped.code, resumed.code) == (0, 0)
    assert [path.rpartition("/")[2] for path in (*paths, *scene.changes)] == ["suspend", "resume"]
    assert "git says Stopped, the next apply would leave it as it is (stopped)" in already.out
    assert "to say so" not in already.out
    assert "if git said Running, the next apply would resume it (git says Running again)" in wish.out
    assert f"to say so: {TRAIN}:10: write state: Running" in wish.out


def test_what_the_platform_stopped_is_told_with_the_line_that_resumes_it(scene: Scene) -> None:
    scene.declare("train").types("apply", "-y")
    world = scene.emulator.world
    world.stop(next(iter(world.live("team-a"))).id, "idle")

    said = scene.types("resume", "Training/train")

    assert "would leave it as it is (stopped by the platform (idle))" in said.out
    assert f"lifecycle.onPlatformStop: Resume in {TRAIN}:" in said.out


@pytest.mark.parametrize("word", ["stop", "resume"])
@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        ("Training/none", 2, "names no manifest"),
        ("train", 2, "names no object; write KIND/NAME"),
        (TRAIN, 2, "names no object; write KIND/NAME"),
        ("Inference/chat", 4, "kind Inference cannot be stopped"),
    ],
)
def test_what_cannot_be_stopped_is_refused(scene: Scene, word: str, name: str, code: int, says: str) -> None:
    scene.declare("train")
    scene.declare("chat", kind="Inference", more="image: busybox:1\nservingPort: {container: 8000}")

    said = scene.types(word, name)

    assert said.code == code
    assert says in said.err
    assert scene.changes == []


def test_what_is_protected_is_not_told_how_to_stop(scene: Scene) -> None:
    scene.declare("train")
    scene.write(TRAIN, (scene.root / TRAIN).read_text() + "\nlifecycle: {protect: true}\n")

    said = scene.types("stop", "Training/train")

    assert said.code == 4
    assert "lifecycle.protect: false in git" in said.err
