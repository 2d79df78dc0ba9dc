"""`cluster install-info`: the platform's instructions, and their secret only where it is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.emulator.runai import Emulator
from tests.cli.conftest import Run

EDGE = "apiVersion: runai/v1\nkind: Cluster\nmetadata: {name: edge}\nspec: {version: '2.24'}\n"


@pytest.fixture
def edge(run: Run, demo: Emulator, here: Path) -> Emulator:
    (here / "demo" / "manifests").mkdir(exist_ok=True)
    (here / "demo" / "edge.yaml").write_text(EDGE)
    assert run("apply", "--yes", "edge.yaml").code == 0
    return demo


def secret_of(run: Run) -> str:
    shown = run("cluster", "install-info", "edge", "--reveal", "-o", "json")
    return str(json.loads(shown.out)["clientSecret"])


def test_the_instructions_come_without_their_secret(run: Run, edge: Emulator) -> None:
    ended = run("cluster", "install-info", "edge")

    assert ended.code == 0
    assert "helm" in ended.out
    assert secret_of(run) not in ended.out + ended.err
    assert "--reveal" in ended.out


def test_reveal_shows_it(run: Run, edge: Emulator) -> None:
    secret = secret_of(run)

    assert len(secret) > 8
    assert secret in run("cluster", "install-info", "Cluster/edge", "--reveal").out


def test_an_unknown_cluster_is_named(run: Run, edge: Emulator) -> None:
    ended = run("cluster", "install-info", "nowhere")

    assert ended.code == 4
    assert 'cluster "nowhere" not found' in ended.err


def test_a_version_that_nobody_said_is_asked_for(run: Run, edge: Emulator, here: Path) -> None:
    (here / "demo" / "edge.yaml").write_text(EDGE.replace("edge", "bare").replace("{version: '2.24'}", "{}"))
    assert run("apply", "--yes", "edge.yaml").code == 0

    ended = run("cluster", "install-info", "bare")

    assert ended.code == 2
    assert "Cluster/bare has no version yet; say which to install: --version" in ended.err


def test_its_help_keeps_the_examples_as_lines(run: Run) -> None:
    said = run("cluster", "install-info", "-h").out

    assert "\\b" not in said
    assert "\n    reconciler cluster install-info edge " in said
