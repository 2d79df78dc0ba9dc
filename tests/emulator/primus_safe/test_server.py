"""The emulator itself: it repeats itself, tells everything, and fails when told."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.emulator.faults import Fault
from reconciler.emulator.primus_safe import Emulator, ManualClock, Switches
from reconciler.emulator.primus_safe.seed import TRAIN
from tests.emulator.primus_safe.bench import ROOT, Bench, body, program

Json = Any
both = pytest.mark.parametrize("generation", [1, 2])


def story(generation: int, step_s: float) -> list[Json]:
    """Play the same requests at the same times, looking every `step_s` seconds between them."""
    bench = Bench(generation, seed="demo", who="root", lag_s=1, jitter_s=5)
    told: list[Json] = []
    for number in range(6):
        bench.made(
            displayName=f"job-{number}", maxRetry=1, priority=number % 3, **program(generation, "crash")
        )
        for _ in range(int(12 / step_s)):
            bench.wait(step_s).listed()
    told.append(bench.read("/workloads"))
    return [*told, [bench.get(row["workloadId"]) for row in told[0]["items"]]]


@both
def test_the_same_requests_give_the_same_world_however_often_one_looks(generation: int) -> None:
    assert story(generation, 1) == story(generation, 12)


@both
def test_a_lost_answer_has_had_its_effect(generation: int) -> None:
    clock = ManualClock()
    emulator = Emulator(generation=generation, clock=clock)
    emulator.faults.add(Fault("POST /api/v1/workloads", kind="lost"))
    token, _ = emulator.tokens.issue(emulator.world.users.named("demo"))
    cookies = {"Token": token.replace("=", "%3D").replace("+", "%2B")}
    with (
        emulator.serve() as url,
        httpx.Client(base_url=url, trust_env=False, cookies=cookies) as client,
        pytest.raises(httpx.TransportError),
    ):
        client.post(ROOT, json=body(generation))

    entry = emulator.ledger.entries[0]
    assert (entry.status, entry.fault, [effect.verb for effect in entry.effects]) == (0, "lost", ["create"])
    assert len(emulator.world.rows) == 1


@both
def test_scripted_errors_are_spelt_as_the_servers_are(generation: int) -> None:
    bench = Bench(generation)
    bench.emu.faults.add(Fault(f"GET {ROOT}", kind="status", status=500))

    answer = bench.http.get(ROOT, params={"workspaceId": TRAIN})

    assert set(answer.json()) == {"errorCode", "errorMessage"}


@both
def test_rows_can_be_dropped_and_added(generation: int) -> None:
    bench = Bench(generation)
    bench.made()
    bench.emu.faults.add(
        Fault(f"GET {ROOT}", kind="mutate", drop_rows=[0], extra_rows=[{"workloadId": "ghost"}])
    )

    assert [row["workloadId"] for row in bench.listed()["items"]] == ["ghost"]


@both
def test_each_write_is_in_the_ledger_with_what_it_did(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.running(displayName="train")
    bench.patch(id_, description="b")
    bench.stop(id_)
    bench.wait(10).delete(id_)

    told = [(e.verb, e.kind, e.id, e.name) for e in bench.emu.ledger.effects()]
    assert told == [(verb, "PyTorchJob", id_, "train") for verb in ("create", "update", "stop", "delete")]
    assert [entry.principal for entry in bench.emu.ledger.mutations()] == ["demo"] * 4


def test_every_switch_is_on_the_page() -> None:
    page = (Path(__file__).parents[3] / "docs" / "emulator.md").read_text(encoding="utf-8")
    told = page.partition("## Primus-SaFE")[2].partition("\n## ")[0]

    assert [one.name for one in fields(Switches) if f"`{one.name}`" not in told] == []


@pytest.mark.parametrize("asked", [{"generation": 3}, {"seed": "full"}])
def test_what_cannot_be_emulated_is_refused(asked: Json) -> None:
    with pytest.raises(ValueError, match="is none of"):
        Emulator(**asked)


def test_many_workloads_are_served_in_a_moment() -> None:
    bench = Bench(1)
    for number in range(300):
        bench.made(displayName=f"job-{number}", description=f"[fleet/{number}]")

    bench.wait(30)
    assert bench.listed(limit=1000)["totalCount"] == 300
