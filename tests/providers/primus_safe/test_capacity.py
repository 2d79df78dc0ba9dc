"""What workspaces have to give is read by few requests, and what cannot be read is noted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.capacity import Capacity, Queue
from reconciler.emulator.primus_safe.records import Resource as Asked
from reconciler.emulator.primus_safe.records import Spec
from reconciler.emulator.primus_safe.seed import CLUSTER, PLAIN, TRAIN
from reconciler.providers.primus_safe.capacity import CapacityReader
from reconciler.providers.primus_safe.generation import Generation
from reconciler.providers.primus_safe.kinds import PYTORCH_JOB
from reconciler.providers.primus_safe.provider import PrimusSafeProvider
from reconciler.providers.primus_safe.sweep import Page
from reconciler.resource import Scope
from tests.providers.primus_safe.stage import LONG, SPEC, Stage, stage


def read(made: Stage) -> Capacity:
    async def act(provider: PrimusSafeProvider, _: Scope) -> Mapping[str, Capacity]:
        scopes = await provider.scopes()
        return await provider.capacity([*scopes, *scopes])

    found = made.play(act)
    assert set(found) == {CLUSTER}
    return found[CLUSTER]


def add(made: Stage, name: str, gpus: int, pods: int = 1, priority: int = 0) -> None:
    asked = Asked(pods, "8", str(gpus), "amd.com/gpu", memory="64Gi", ephemeral="50Gi")
    spec = Spec(
        TRAIN, "PyTorchJob", "v1", (asked,), ("rocm/pytorch:1",), ("c2xlZXAgOTk5",),
        env=LONG, priority=priority,
    )  # fmt: skip
    world = made.emulator.world
    world.submit(world.new_id(name), spec, world.users.named("mina"), display_name=name)


def queue_of(capacity: Capacity, name: str = TRAIN) -> Queue:
    assert capacity.pools
    queue = capacity.pools[name].queue
    assert queue
    return queue


@pytest.mark.parametrize("generation", [1, 2])
def test_each_workspace_is_a_pool_with_its_nodes_and_its_queue(generation: int) -> None:
    with stage(generation) as made:
        add(made, "holds", 8, pods=7, priority=2)
        add(made, "part", 3, priority=2)
        made.wait(60)
        add(made, "waits", 8, priority=1)
        made.wait(60)

        found = read(made)

    assert found.pools
    assert found.notes == ()
    assert (found.pools[TRAIN].gpus, found.pools[TRAIN].largest) == (64.0, 8.0)
    assert found.pools[PLAIN].gpus == 0.0
    queue = queue_of(found)
    assert queue.free == 5.0
    assert queue.nodes
    assert sorted(node["gpu"] for node in queue.nodes) == [0.0] * 7 + [5.0]
    assert queue.waiting == (1,)
    assert queue.pods == (8 if generation == 1 else None)
    assert (queue.is_strict, queue.preempts) == (False, True)
    assert (queue_of(found, "serve-mi300").is_strict, queue_of(found, "serve-mi300").preempts) == (
        True,
        False,
    )
    assert queue.most["cpu"] < 192
    assert queue.most["memory"] < 2048 * 2**30
    assert found.defaults[TRAIN] == (TRAIN,)


def test_a_node_that_is_out_of_order_gives_nothing() -> None:
    with stage(2) as made:
        world = made.emulator.world
        broken = world.nodes_of(TRAIN)[0]
        world.nodes[broken.id] = replace(broken, is_available=False)

        queue = queue_of(read(made))

    assert queue.nodes is not None
    assert len(queue.nodes) == 7
    assert queue.free == 56.0


def test_nodes_that_may_not_be_read_leave_the_sums() -> None:
    with stage(1) as made:
        made.spoil(
            "GET /api/v1/nodes",
            status=403,
            json={"errorCode": "Primus.00003", "errorMessage": "no"},
            forever=True,
        )

        queue = queue_of(read(made))

    assert queue.nodes is None
    assert queue.free == 64.0


def test_nodes_of_another_workspace_are_not_believed() -> None:
    node = {"workspace": {"id": PLAIN}, "available": True, "availResources": {"amd.com/gpu": 8}}
    with stage(1) as made:
        made.spoil("GET /api/v1/nodes", status=200, json={"totalCount": 1, "items": [node]}, forever=True)

        assert queue_of(read(made)).nodes is None


def test_a_workspace_that_cannot_be_read_is_noted_and_the_others_stay() -> None:
    with stage(1) as made:
        refusal = {"errorCode": "Primus.00003", "errorMessage": "not yours"}
        made.spoil(f"GET /api/v1/workspaces/{TRAIN}", status=403, json=refusal, forever=True)

        found = read(made)

    assert found.pools
    assert TRAIN not in found.pools
    assert "serve-mi300" in found.pools
    assert found.notes == ("train-mi300 could not be read: not yours",)


WHOLE = {"availQuota": None, "totalQuota": None}


@pytest.mark.parametrize("wrong", [{**WHOLE, "availQuota": [1]}, {**WHOLE, "flavorId": None}, {}])
def test_an_answer_that_is_not_as_documented_is_noted(wrong: dict[str, Any]) -> None:
    row = {"workspaceId": TRAIN, "flavorId": "mi300x-8", **wrong}
    with stage(1) as made:
        made.spoil(f"GET /api/v1/workspaces/{TRAIN}", status=200, text=json.dumps(row), forever=True)

        found = read(made)

    assert found.notes
    assert found.notes[0].startswith("train-mi300 could not be read")


def test_it_takes_the_same_few_requests_however_much_runs() -> None:
    with stage(2) as made:
        for number in range(30):
            add(made, f"w{number}", 1)
        before = made.emulator.ledger.mark()

        read(made)

        asked = [entry.path for entry in made.emulator.ledger.since(before)]
    assert len(asked) <= 3 * 6 + 4


@pytest.mark.parametrize(
    ("spec", "pod", "unless"),
    [
        ({}, {"cpu": 8.0, "memory": 64.0 * 2**30, "ephemeral-storage": 50.0 * 2**30}, ""),
        (
            {
                "resource": {
                    "replica": 2,
                    "cpu": "500m",
                    "gpu": "8",
                    "memory": "1Gi",
                    "ephemeralStorage": "1k",
                }
            },
            {"gpu": 8.0, "cpu": 1.0, "memory": 2.0**30, "ephemeral-storage": 1000.0},
            "",
        ),
        ({"dependencies": ["a"]}, None, "it waits for its dependencies first"),
        ({"specifiedNodes": ["n1"]}, None, "it goes on the nodes that it names alone"),
    ],
)
def test_a_claim_says_what_each_pod_asks_as_the_server_counts(
    spec: dict[str, Any], pod: dict[str, float] | None, unless: str
) -> None:
    claim = PYTORCH_JOB.claim({**SPEC, **spec})

    assert claim
    assert claim.unless == unless
    assert pod is None or claim.pod == pod


NAMES = (
    "flavorId", "availQuota", "totalQuota", "targetNodeCount", "queuePolicy", "enablePreempt", "gpu",
    "resourceName", "amd.com/gpu", "cpu", "workspace", "id", "available", "availResources",
    "schedulerOrder", "queuePosition", "priority",
)  # fmt: skip
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from([TRAIN, "amd.com/gpu"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(NAMES), JUNK, max_size=10))
def test_whatever_the_server_answers_is_read_or_noted(junk: dict[str, Any]) -> None:
    scope = Scope(TRAIN, TRAIN, CLUSTER, CLUSTER)
    reader = CapacityReader(Fake(junk), Fake(junk))  # type: ignore[arg-type]  # it stands for both

    found = asyncio.run(reader.read([scope]))[CLUSTER]

    assert bool(found.pools) is not bool(found.notes)
    assert all(pool.queue and pool.queue.free >= 0 for pool in (found.pools or {}).values())


@dataclass
class Fake:
    """Stand for the API and the reader: one workspace, flavor, node and workload, of the same junk."""

    junk: dict[str, Any]

    async def workspace(self, _id: str) -> dict[str, Any]:
        return {"flavorId": "f", "availQuota": {}, "totalQuota": {}, **self.junk}

    async def flavor(self, _id: str) -> dict[str, Any]:
        return self.junk

    async def largest_pod(self, _id: str) -> dict[str, Any]:
        return self.junk

    async def nodes(self, _id: str) -> list[dict[str, Any]]:
        return [self.junk, {"workspace": {"id": TRAIN}, **self.junk}]

    async def workloads(self, *_: Any, **__: Any) -> Page:
        return Page([{"workloadId": "w", **self.junk}], 1)

    async def generation(self) -> tuple[Generation | None, str]:
        return Generation.FIRST, ""
