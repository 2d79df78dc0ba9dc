"""A row's type is a free text: what it surely says is taken, what it leaves open is asked, never guessed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.mark import mark_to_text
from reconciler.providers.runai.marks import MARK as MARK_VARIABLE
from reconciler.providers.runai.provider import RunaiProvider
from reconciler.providers.runai.typewords import Said, deleted_kind, kinds_said
from reconciler.providers.runai.wire import Misshapen
from reconciler.resource import Scope
from tests.providers.runai.stage import MARK, SPECS, Stage, a_resource, stage

LIST = r"GET /api/v1/workloads"
V1: dict[str, Any] = {"sourceApi": None}
V2: dict[str, Any] = {"sourceApi": "WorkloadsV2"}
PYTORCH: dict[str, Any] = {**V1, "distributedFramework": "PyTorch"}
SURE: dict[str, tuple[dict[str, Any], str]] = {
    "Training": (V1, "Training"),
    "training": (V1, "Training"),
    "WORKSPACE": (V1, "Workspace"),
    "inferences": (V1, "Inference"),
    "Distributed": (PYTORCH, "DistributedTraining"),
    "distributed ": (PYTORCH, "DistributedTraining"),
    "trainings": (PYTORCH, "DistributedTraining"),
    "Distributed Training": (V1, "DistributedTraining"),
    "DistributedInference": (V1, "DistributedInference"),
    "distributed-inferences": (V1, "DistributedInference"),
    "distributed_inference": (V1, "DistributedInference"),
    "Deployment": (V2, "ExternalWorkload"),
    "Job": (V2, "ExternalWorkload"),
    "Training ": (V2, "ExternalWorkload"),
    "LeaderWorkerSet": (V2, "ExternalWorkload"),
}
OPEN: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "Distributed": (V1, ("DistributedTraining", "DistributedInference")),
    "NIMService": (V2, ("NimService", "ExternalWorkload")),
    "nim-services": (V1, ("NimService",)),
    "LeaderWorkerSet": (V1, ("DistributedInference",)),
    "lws": (V1, ("DistributedInference",)),
    "runai-job": (V1, ()),
    "PyTorchJob": (V1, ()),
    "Deployment": ({}, ("ExternalWorkload",)),
}


def a_row(word: str, **more: Any) -> dict[str, Any]:
    return {"id": "i", "name": "x", "type": word, **more}


@pytest.mark.parametrize("word", SURE)
def test_what_a_row_surely_says(word: str) -> None:
    more, kind = SURE[word]

    assert kinds_said(a_row(word, **more)) == Said((kind,), is_certain=True)


@pytest.mark.parametrize("word", OPEN)
def test_what_a_row_leaves_open(word: str) -> None:
    more, kinds = OPEN[word]

    assert kinds_said(a_row(word, **more)) == Said(kinds)


def test_our_own_mark_says_what_to_ask_for_first() -> None:
    text = mark_to_text(replace(MARK, key="c/p/NimService/x"))

    said = kinds_said(a_row("Odd", **V1, environmentVariables={MARK_VARIABLE: text}))

    assert said == Said(("NimService",))


@pytest.mark.parametrize("word", [None, "", 1.5, ["Training"]])
def test_a_row_without_a_type_is_no_row(word: Any) -> None:
    with pytest.raises(Misshapen):
        kinds_said({**a_row("x"), "type": word})


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (a_row("Training"), "Training"),
        (a_row("Distributed", **V1), "DistributedTraining"),
        (a_row("Job", **V2), "ExternalWorkload"),
        (a_row("NIMService", **V2), ""),
        (a_row("Job", **V1), ""),
        (a_row("Job"), ""),
    ],
)
def test_the_kind_of_what_is_deleted_is_only_read(row: dict[str, Any], kind: str) -> None:
    assert deleted_kind(row) == kind


# -- asking ------------------------------------------------------------------------------------


def spell(here: Stage, **changes: Any) -> None:
    """Let the lists spell rows otherwise."""

    def changed(body: Any) -> Any:
        return {**body, "workloads": [{**row, **changes} for row in body["workloads"]]}

    here.spoil(LIST, kind="mutate", mutate=changed, forever=True)


async def made(provider: RunaiProvider, scope: Scope, kind: str) -> None:
    await provider.create(scope, a_resource("x", kind, SPECS[kind]), MARK)


ODD: dict[str, tuple[str, dict[str, Any]]] = {
    "a distributed training without its framework": (
        "DistributedTraining",
        {"type": "Distributed", "distributedFramework": None},
    ),
    "a distributed inference as a distributed": ("DistributedInference", {"type": "distributed"}),
    "a distributed inference by what it is made of": ("DistributedInference", {"type": "LeaderWorkerSet"}),
    "a NIM service that does not say its API": ("NimService", {"type": "nim-service", "sourceApi": None}),
    "a workload by a word nobody knows, with our mark": ("Training", {"type": "runai-job"}),
}


@pytest.mark.parametrize(("kind", "spelling"), ODD.values(), ids=ODD)
def test_what_a_row_leaves_open_is_asked_once(kind: str, spelling: dict[str, Any]) -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        await made(provider, scope, kind)
        spell(here, **spelling)
        rows = [*await provider.list(scope), *await provider.list(scope), *await provider.named(scope, ["x"])]
        return [(row.key.kind, row.is_known_kind) for row in rows]

    with stage() as here:
        found = here.play(act)
        entries = here.emulator.ledger.entries
        asked = [entry.path for entry in entries if entry.method == "GET" and entry.status == 200]

    assert found == [(kind, True)] * 3
    assert sum("workloads/" in path and "count" not in path for path in asked) == 1


@pytest.mark.parametrize("nim_by_v2", [True, False])
def test_a_manifest_of_a_nim_service_is_told_from_a_nim_service(nim_by_v2: bool) -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        await made(provider, scope, "NimService")
        spec = {"manifest": {"apiVersion": "apps.nvidia.com/v1alpha1", "kind": "NIMService", "spec": {}}}
        await provider.create(scope, a_resource("y", "ExternalWorkload", spec), MARK)
        return {row.key.name: row.key.kind for row in await provider.list(scope)}

    with stage(nim_by_v2=nim_by_v2) as here:
        assert here.play(act) == {"x": "NimService", "y": "ExternalWorkload"}


@pytest.mark.parametrize("status", [403, 500, 503])
def test_a_question_that_is_not_answered_leaves_the_kind_open_and_the_project_known(status: int) -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        await made(provider, scope, "NimService")
        here.spoil("GET /api/v2/workloads/nim-services/.*", status=status, forever=True)
        (row,) = await provider.list(scope)
        return row.key.kind, row.is_known_kind

    with stage() as here:
        assert here.play(act) == ("NIMService", False)


def test_a_word_that_nobody_knows_stays_the_platforms() -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        (row,) = await provider.list(scope)
        return row.key.kind, row.is_known_kind

    with stage() as here:
        here.add()
        spell(here, type="Dream")

        assert here.play(act) == ("Dream", False)


def test_nothing_is_asked_about_rows_whose_words_are_sure() -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        for number, kind in enumerate(("Workspace", "DistributedTraining", "DistributedInference")):
            await provider.create(scope, a_resource(f"x{number}", kind, SPECS[kind]), MARK)
        before = here.emulator.ledger.mark()
        await provider.list(scope)
        return [entry.path for entry in here.emulator.ledger.entries if entry.seq > before]

    with stage() as here:
        assert here.play(act) == ["/api/v1/workloads"]
