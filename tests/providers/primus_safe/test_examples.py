"""The fleet on both platforms is valid, and a server of either generation takes its workloads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from reconciler.load import load_fleet, load_manifests
from reconciler.providers import kinds
from reconciler.validate import validate
from reconciler.yaml import parse
from tests.architecture.house import ROOT as TOP
from tests.emulator.primus_safe.bench import ROOT, Bench
from tests.providers.primus_safe.wire import sent

FLEET = TOP / "examples" / "both.yaml"
MANIFESTS = sorted((TOP / "examples" / "primus-safe").rglob("*.yaml"))


def test_the_fleet_is_valid_and_spans_both_platforms() -> None:
    fleet = load_fleet(str(FLEET), cwd=TOP, environ={})
    loaded = load_manifests((), fleet=fleet, cwd=TOP, read_stdin=bytes)

    found = validate(loaded.documents, fleet, kinds=kinds())

    assert not [*loaded.problems, *found.problems]
    assert {resource.key.target for resource in found.resources} == {"runai", "safe"}


def test_there_are_examples_of_every_kind() -> None:
    named = [parse(file.read_bytes(), file.name).documents[0].value["kind"] for file in MANIFESTS]

    assert len(named) >= 8
    assert {*named} == {"PyTorchJob", "Deployment", "StatefulSet", "Authoring"}


@pytest.mark.parametrize("generation", [1, 2])
@pytest.mark.parametrize("file", MANIFESTS, ids=lambda file: file.stem)
def test_the_server_takes_an_example(file: Path, generation: int) -> None:
    (document,) = parse(file.read_bytes(), file.name).documents
    manifest: Any = document.value
    kind = kinds()[manifest["apiVersion"], manifest["kind"]]
    body = sent(kind, manifest["spec"], generation, manifest["metadata"]["name"])
    body |= {"workspaceId": manifest["metadata"]["workspace"], "dependencies": []}

    answer = Bench(generation).http.post(ROOT, json=body)

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda file: file.stem)
def test_an_example_names_no_day_and_so_stays_valid(file: Path) -> None:
    assert not re.search(r"\b20\d\d-\d\d-\d\d", file.read_text())
