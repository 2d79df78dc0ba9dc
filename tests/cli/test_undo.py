"""What the last line of a plan says, typed."""

from __future__ import annotations

import re
import shutil

from tests.cli.scene import Scene

LORA = """\
apiVersion: runai/v1
kind: Training
metadata: {name: lora, project: team-a}
spec: {image: "busybox:1", command: sleep, args: infinity}
"""


def undone(scene: Scene) -> str:
    """Give the last line of the plan, on one line."""
    text = " ".join(scene.types("plan").out.split())
    return re.sub(r".*(?=To undo it)", "", text)


def live_id(scene: Scene, name: str) -> str:
    return next(one.id for one in scene.emulator.world.live() if one.name == name)


def test_what_is_made_again_is_told_from_what_git_brought_anew(plain: Scene) -> None:
    plain.declare("lora", "other", kind="Workspace").types("apply", "--yes")
    plain.later(60)
    plain.emulator.world.remove(live_id(plain, "lora"))
    plain.later(60)

    assert undone(plain) == "To undo it: git did not change: to keep what is live instead, write it in git."

    plain.remove("lora")
    plain.later(60)
    plain.declare("lora", kind="Workspace")
    plain.later(60)

    assert undone(plain) == "To undo it: take the manifests out of git again, then apply."


def test_the_consent_that_takes_back_what_was_never_committed_works_as_it_is_told(plain: Scene) -> None:
    shutil.rmtree(".git")
    plain.git("init", "-q", "-b", "main")
    manifest = plain.root / "manifests" / "lora.yaml"
    manifest.write_text(LORA)
    told = undone(plain)
    plain.types("apply", "--yes")
    manifest.unlink()
    words = re.search(r"apply with (.*)\.$", told)

    assert words is not None
    assert plain.types("apply", "--yes").code == 8
    done = plain.types("apply", "--yes", *words.group(1).split())

    assert done.code == 0
    assert [path.rpartition("/")[0] for path in plain.changes] == ["/api/v1/workloads/trainings"]
