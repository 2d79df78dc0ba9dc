"""What a cluster has to give is read by few requests, and what cannot be read is noted."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.capacity import Capacity, Habit, Pool, Share
from reconciler.providers.runai.provider import RunaiProvider
from reconciler.resource import Scope
from tests.providers.runai.stage import Stage, stage


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
