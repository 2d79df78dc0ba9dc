"""What a cluster has to give is read by few requests, and what cannot be read is noted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.capacity import Capacity, Habit, Pool, Share
from reconciler.providers.runai.capacity import CapacityReader
from reconciler.providers.runai.provider import RunaiProvider
from reconciler.providers.runai.sweep import Page
from reconciler.providers.runai.wire import Misshapen
from reconciler.resource import Scope
from tests.providers.runai.stage import Stage, stage

NAMES = (
    "resources", "status", "nodePoolQuotaStatuses", "allocated", "allocatedNonPreemptible", "requested",
    "gpu", "deserved", "limit", "nodePool", "nodePoolName", "name", "effective", "defaultNodePools",
    "gpuInfo", "gpuCount", "priorityName", "categoryName", "clusterUuid",
)  # fmt: skip


def read(made: Stage) -> Capacity:
    async def act(provider: RunaiProvider, _: Scope) -> Mapping[str, Capacity]:
        return await provider.capacity(await provider.scopes())

    (found,) = made.play(act).values()
    return found


def test_pools_shares_and_habits_are_as_the_platform_tells() -> None:
    with stage() as made:
        made.add("holds", spec={"image": "x", "compute": {"gpuDevicesRequest": 2}})
        made.add("note", kind="Workspace", spec={"image": "x", "compute": {"gpuDevicesRequest": 1}})
        made.add("large", spec={"image": "x", "compute": {"gpuDevicesRequest": 16}})
        made.clock.advance(300)

        found = read(made)

    assert found.pools is not None
    assert found.pools["h100-pool"] == Pool(24.0, 8.0)
    assert found.shares["team-a", "h100-pool"] == Share(16.0, allocated=3.0, firm=1.0, waiting=16.0)
    assert found.defaults["team-a"] == ("h100-pool",)
    assert found.habits["Training"] == Habit("low", preemptible=True)
    assert found.habits["PyTorchJob"].preemptible
    assert not found.habits["Workspace"].preemptible
    assert found.notes == ()


def test_what_an_older_server_or_a_weak_role_does_not_tell_is_noted() -> None:
    with stage() as made:
        made.spoil(
            "GET /api/v1/nodes.*", status=403, json={"code": 403, "message": "no nodes for you"}, forever=True
        )
        made.spoil("GET /api/v1/workload-types.*", status=404, text="404 page not found", forever=True)
        found = read(made)

    assert found.pools is None
    assert found.notes == ("the nodes could not be read: no nodes for you",)
    assert found.shares["team-b", "h100-pool"].quota == 8
    assert found.habits["Inference"] == Habit("very-high")


def test_it_takes_the_same_few_requests_however_much_there_is() -> None:
    with stage() as made:
        for number in range(40):
            made.add(f"w{number}", spec={"image": "x"})
        before = made.emulator.ledger.mark()

        read(made)

        asked = [entry.path for entry in made.emulator.ledger.since(before)]
    assert asked.count("/api/v1/nodes") == asked.count("/api/v1/workload-types") == 1
    assert len(asked) <= 10


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(NAMES), JUNK, max_size=8))
def test_whatever_the_platform_answers_is_read_or_refused(junk: dict[str, Any]) -> None:
    project = {"id": "1", "name": "team-a", "clusterId": "c1", **junk}
    reader = CapacityReader(Fake(project, {"id": "n", "clusterUuid": "c1", **junk}))  # type: ignore[arg-type]
    try:
        (found,) = asyncio.run(reader.read([Scope("team-a", "1", "dgx", "c1")])).values()
    except Misshapen:
        return
    assert all(share.allocated >= 0 and share.waiting >= 0 for share in found.shares.values())
    assert all(pool.gpus >= pool.largest >= 0 for pool in (found.pools or {}).values())


@dataclass
class Fake:
    """Stand for the API: one project, one node, one type."""

    project: dict[str, Any]
    node: dict[str, Any]

    async def projects(self, _offset: int, _limit: int) -> Page:
        return Page([self.project])

    async def nodes(self, _offset: int, _limit: int) -> Page:
        return Page([self.node])

    async def workload_types(self) -> list[dict[str, Any]]:
        return [self.node | {"name": "Training"}]
