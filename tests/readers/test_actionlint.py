"""actionlint, which reads workflows as GitHub does, has nothing to say of ours."""

from __future__ import annotations

from tests.architecture.house import WORKFLOWS, workflows
from tests.readers.node import faults_by_actionlint

TEXTS = {f".github/workflows/{file.name}": file.read_text() for file in workflows()}


def test_actionlint_finds_nothing() -> None:
    found = faults_by_actionlint(TEXTS)

    assert len(found) == len(list(WORKFLOWS.glob("*.yml"))) >= 4
    assert not {path: faults for path, faults in found.items() if faults}


def test_a_planted_fault_is_found() -> None:
    text = TEXTS[".github/workflows/plan.yml"]
    broken = {
        ".github/workflows/key.yml": text.replace("permissions:", "permission:", 1),
        ".github/workflows/context.yml": text.replace("${{ ", "${{ nowhere.", 1),
    }

    found = faults_by_actionlint(broken)

    assert any('unexpected key "permission"' in fault for fault in found[".github/workflows/key.yml"])
    assert any('undefined variable "nowhere"' in fault for fault in found[".github/workflows/context.yml"])
