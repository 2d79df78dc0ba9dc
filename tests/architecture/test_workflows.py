"""The workflows keep the rules for workflows, and their commands truly run against the emulator."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.house import PACKAGE, ROOT, WORKFLOWS, load, steps, workflows

BIN = Path(sys.executable).parent
PINNED = re.compile(r"^\s*- uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
EMULATED = ["plan.yml", "apply.yml", "drift.yml"]
OURS = ("RUNAI_", "RECONCILER_")

every_workflow = pytest.mark.parametrize("file", workflows(), ids=lambda file: file.name)


def test_the_four_workflows_are_there() -> None:
    assert {file.name for file in workflows()} >= {"ci.yml", *EMULATED}


@every_workflow
def test_every_action_is_pinned_by_its_full_hash(file: Path) -> None:
    uses = [line for line in file.read_text().splitlines() if "uses:" in line]

    assert uses
    assert not [line for line in uses if not PINNED.match(line)]


@every_workflow
def test_a_workflow_may_do_nothing_but_what_each_job_asks(file: Path) -> None:
    workflow = load(file)

    assert workflow["permissions"] == {}
    assert "pull_request_target" not in file.read_text()
    assert "concurrency" in workflow
    for job in workflow["jobs"].values():
        assert job["permissions"] == {"contents": "read"}
        assert job["timeout-minutes"] <= 60


@every_workflow
def test_a_checkout_has_all_history_and_keeps_no_token(file: Path) -> None:
    checkouts = [step for step in steps(load(file)) if step.get("uses", "").startswith("actions/checkout@")]

    assert checkouts
    assert all(step["with"] == {"fetch-depth": 0, "persist-credentials": False} for step in checkouts)


@every_workflow
def test_commands_are_sound_bash_without_expressions(file: Path) -> None:
    for step in steps(load(file)):
        if "run" in step:
            assert "${{" not in step["run"]
            subprocess.run(["bash", "-n"], input=step["run"], text=True, check=True)


def test_an_apply_in_progress_is_never_cancelled() -> None:
    assert load(WORKFLOWS / "apply.yml")["concurrency"]["cancel-in-progress"] is False


def test_consents_reach_apply_by_the_environment_alone() -> None:
    job = load(WORKFLOWS / "apply.yml")["jobs"]["apply"]

    assert job["env"]["RECONCILER_ALLOW"] == "${{ inputs.allow }}"


def test_drift_is_not_looked_for_on_the_hour() -> None:
    cron = load(WORKFLOWS / "drift.yml")["on"]["schedule"][0]["cron"]

    assert int(cron.split()[0]) % 2 == 1


@pytest.mark.parametrize("name", EMULATED)
def test_a_token_goes_only_to_the_hosts_that_the_workflow_names(name: str) -> None:
    environments = [job["env"] for job in load(WORKFLOWS / name)["jobs"].values() if "env" in job]

    assert [env["RECONCILER_ALLOWED_HOSTS"] for env in environments] == ["127.0.0.1"]


def test_zizmor_finds_nothing() -> None:
    zizmor = [str(BIN / "zizmor"), "--offline", "--no-progress", "--quiet", str(WORKFLOWS)]

    assert subprocess.run(zizmor, capture_output=True, check=False, text=True).returncode == 0


@pytest.mark.skipif(not (PACKAGE / "cli" / "emulate.py").exists(), reason="there is no emulate command yet")
@pytest.mark.parametrize("name", EMULATED)
def test_the_commands_of_a_workflow_run(name: str, runner: Runner) -> None:
    for job in load(WORKFLOWS / name)["jobs"].values():
        runner.run(job)

    if name != "apply.yml":
        assert "team-" in runner.summary.read_text()


class Runner:
    """Run the `run:` blocks of a job in a checkout of its own, on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.checkout, self.temp = folder / "checkout", folder / "temp"
        self.summary = folder / "summary.md"
        self.port = _free_port()
        self.groups: list[int] = []

    def run(self, job: dict[str, Any]) -> None:
        env = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
        env |= {k: self._here(v) for k, v in job.get("env", {}).items() if "${{" not in v}
        env |= {"RUNNER_TEMP": str(self.temp), "GITHUB_STEP_SUMMARY": str(self.summary), "CI": "true"}
        for step in job["steps"]:
            if "run" in step and step["name"] != "Install":
                self._bash(self._here(step["run"]), env)

    def _bash(self, script: str, env: dict[str, str]) -> None:
        process = subprocess.Popen(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=self.checkout,
            env=env,
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.groups.append(process.pid)
        said, _ = process.communicate(timeout=180)
        assert process.returncode == 0, said

    def _here(self, text: str) -> str:
        return text.replace("8470", str(self.port))

    def stop(self) -> None:
        for group in self.groups:
            try:
                os.killpg(group, signal.SIGTERM)
            except ProcessLookupError:
                continue


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    """Check out the examples in a git repository of their own, with the tools where the workflows look."""
    runner = Runner(tmp_path)
    runner.temp.mkdir()
    shutil.copytree(ROOT / "examples", runner.checkout / "examples")
    (runner.checkout / ".venv").mkdir()
    (runner.checkout / ".venv" / "bin").symlink_to(BIN)
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    for words in (["init", "-q", "-b", "main"], ["add", "examples"], ["commit", "-q", "-m", "Start"]):
        subprocess.run(["git", *who, *words], cwd=runner.checkout, check=True)
    yield runner
    runner.stop()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
