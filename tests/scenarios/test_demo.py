"""The demo tells the whole story, and ends well only if every command of it did."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_demo_ends_well_and_tells_its_story(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", "demo"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    for words in (
        "22 manifests in 22 files: valid",
        "22 to create, 0 to change",
        "cannot pull its image",
        "ran out of memory",
        "NonPreemptibleOverQuota",
        "18 healthy, 1 waiting, 3 unhealthy",
        "Nothing to do",
        "/spec/autoscaling/maxReplicas   git 2",
        "forces replacement: Run:ai cannot change /spec/image of a Training",
        "1 to delete",
        "/metadata/name   edge -> edge-west",
        "Run:ai cannot change /spec/domain of a Cluster",
        "--allow delete=Cluster/edge-west",
        "+ create  safe:train-mi300/PyTorchJob/sft-support",
        "3 healthy, in",
        "Nothing to do: 24 objects declared, all as git says.",
    ):
        assert words in told, told
    assert list(tmp_path.iterdir()) == [], "it leaves nothing where it was started"
