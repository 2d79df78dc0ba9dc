"""Every promise of the provider Protocol, kept by every provider that is found."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from reconciler.emulator.faults import Fault
from reconciler.errors import (
    Forbidden,
    Malformed,
    NotFound,
    ProviderError,
    Rejected,
    Unauthenticated,
    Unavailable,
    Unknown,
)
from reconciler.health import Level
from reconciler.kind import Kind
from reconciler.mark import Mark
from reconciler.provider import Edit, Examines, HaltsSeveral, LogQuery, Logs, Provider, TellsCapacity, Timed
from reconciler.providers import providers
from reconciler.resource import Life, Observed, Resource, Scope
from tests.providers.grounds import GROUNDS, Ground, Live

MARK = Mark("7f3a9c04d2b81e66", "ml", "", "1:0123456789abcdef", run_id="r 1", on_remove="Stop", protect=True)
NEWER = Mark("7f3a9c04d2b81e66", "ml", "", "1:fedcba9876543210", run_id="r 2")
Act = Callable[[Provider, Scope], Awaitable[Any]]


class Stand:
    """Hold a provider's ground with its emulator running."""

    def __init__(self, ground: Ground, live: Live) -> None:
        self.ground, self.emulator, self.clock = ground, live.emulator, live.clock
        self.provider = live.provider

    def play(self, act: Act) -> Any:
        async def run() -> Any:
            provider = self.provider()
            try:
                scopes = await provider.scopes()
                return await act(provider, next(scope for scope in scopes if scope.name == self.ground.scope))
            finally:
                await provider.aclose()

        return asyncio.run(run())

    def spoil(self, match: str, **rules: Any) -> None:
        self.emulator.faults.add(Fault(match, **rules))

    async def made(self, provider: Provider, scope: Scope, resource: Resource) -> Observed:
        """Create, let it run, and read it back."""
        id_ = await provider.create(scope, resource, MARK)
        self.clock.advance(60)
        found = await provider.find(scope, resource.key.kind, resource.key.name)
        return next(one for one in found if one.id == id_)


@pytest.fixture(params=GROUNDS)
def stand(request: pytest.FixtureRequest) -> Iterator[Stand]:
    ground = GROUNDS[request.param]
    with ground.serve() as live:
        yield Stand(ground, live)


def test_every_provider_that_is_found_is_held_to_its_promises() -> None:
    assert {name.partition(",")[0] for name in GROUNDS} == set(providers())


@pytest.mark.parametrize("name", providers())
def test_a_provider_offers_its_kinds_and_the_model_of_its_target_by_name(name: str) -> None:
    module = providers()[name]

    assert all(isinstance(kind, Kind) and kind.provider == name for kind in module.KINDS)
    assert "provider" in module.TargetModel().model_fields
    assert callable(module.connect)


def test_nothing_is_sent_before_the_first_call(stand: Stand) -> None:
    provider = stand.provider()

    asyncio.run(provider.aclose())

    assert not stand.emulator.ledger.entries


def test_scopes_are_ordered_by_name(stand: Stand) -> None:
    async def act(provider: Provider, _: Scope) -> list[str]:
        return [scope.name for scope in await provider.scopes()]

    names = stand.play(act)

    assert names == sorted(names)
    assert len(names) > 1


def test_an_empty_scope_is_empty_by_every_count(stand: Stand) -> None:
    async def act(provider: Provider, scope: Scope) -> Any:
        return (
            [*await provider.list(scope)],
            await provider.count(scope),
            [*await provider.named(scope, ["x"])],
        )

    assert stand.play(act) == ([], 0, [])


def test_a_created_object_is_listed_once_counted_named_found_and_read(stand: Stand) -> None:
    resource = stand.ground.job("train")

    async def act(provider: Provider, scope: Scope) -> Any:
        observed = await stand.made(provider, scope, resource)
        listed = [row.id for row in await provider.list(scope)]
        named = [row.id for row in await provider.named(scope, ["train", "other"])]
        read = await provider.read((await provider.list(scope))[0])
        return observed, listed, await provider.count(scope), named, read

    observed, listed, count, named, read = stand.play(act)

    assert observed.key == resource.key
    assert listed == named == [observed.id]
    assert count == 1
    assert read is not None
    assert (read.id, read.key, read.spec) == (observed.id, observed.key, observed.spec)


def test_what_was_created_reads_as_it_was_declared(stand: Stand) -> None:
    for resource in (stand.ground.job("train"), stand.ground.server("serve")):

        async def act(provider: Provider, scope: Scope, resource: Resource = resource) -> Any:
            return provider.kinds[resource.key.kind], await stand.made(provider, scope, resource)

        kind, observed = stand.play(act)

        declared, live = kind.canonical(resource.spec), kind.canonical(observed.spec)
        assert {name: live.get(name) for name in declared if name != "resource"} == {
            name: value for name, value in declared.items() if name != "resource"
        }


def test_the_mark_comes_back_as_the_objects_own(stand: Stand) -> None:
    async def act(provider: Provider, scope: Scope) -> Observed:
        return await stand.made(provider, scope, stand.ground.job("train"))

    observed = stand.play(act)

    mark = observed.mark
    assert mark is not None
    assert mark.key == observed.summary.identity
    assert (mark.fleet_id, mark.run_id, mark.on_remove, mark.protect) == (
        MARK.fleet_id,
        MARK.run_id,
        MARK.on_remove,
        MARK.protect,
    )
    assert MARK.digest.startswith(mark.digest)


def test_our_mark_is_no_part_of_the_spec(stand: Stand) -> None:
    async def act(provider: Provider, scope: Scope) -> Observed:
        return await stand.made(provider, scope, stand.ground.job("train"))

    assert MARK.fleet_id not in repr(stand.play(act).spec)


def test_what_changes_in_place_takes_and_carries_the_new_mark(stand: Stand) -> None:
    async def act(provider: Provider, scope: Scope) -> Any:
        observed = await stand.made(provider, scope, stand.ground.server("serve"))
        support = provider.kinds[observed.key.kind].support
        assert support.changes_in_place("/spec/image", observed.stage)
        (row,) = await provider.list(scope)
        await provider.update(observed, stand.ground.changed("serve"), Edit(("/spec/image",), {}), NEWER)
        stand.clock.advance(60)
        (newer,) = await provider.list(scope)
        assert newer.fingerprint != row.fingerprint
        return await provider.read(observed.summary), observed

    now, before = stand.play(act)

    assert now is not None
    assert now.id == before.id
    assert now.spec["image"] == stand.ground.changed("serve").spec["image"]
    assert now.mark is not None
    assert NEWER.digest.startswith(now.mark.digest)


def test_a_deleted_object_is_gone_when_reads_say_none(stand: Stand) -> None:
    async def act(provider: Provider, scope: Scope) -> Any:
        observed = await stand.made(provider, scope, stand.ground.job("train"))
        await provider.delete(observed)
        stand.clock.advance(600)
        await provider.delete(observed)  # not there is no error
        found = [*await provider.find(scope, observed.key.kind, "train")]
        return await provider.read(observed.summary), found, [*await provider.list(scope)]

    assert stand.play(act) == (None, [], [])


def test_a_stopped_object_stands_still_and_holds_nothing(stand: Stand) -> None:
    async def act(provider: Provider, scope: Scope) -> Any:
        observed = await stand.made(provider, scope, stand.ground.job("train"))
        assert provider.kinds[observed.key.kind].support.stops
        await provider.stop(observed)
        stand.clock.advance(120)
        return await provider.read(observed.summary)

    now = stand.play(act)

    assert now.summary.life is Life.STOPPED
    assert now.summary.level is Level.SUSPENDED
    assert now.summary.gpus == 0


def test_a_stopped_object_runs_on_or_stays_as_it_is_for_good(stand: Stand) -> None:
    async def act(provider: Provider, scope: Scope) -> Any:
        observed = await stand.made(provider, scope, stand.ground.job("train"))
        await provider.stop(observed)
        stand.clock.advance(120)
        if provider.kinds[observed.key.kind].support.keeps_ended:
            with pytest.raises(Rejected):
                await provider.resume(observed)
            return True
        await provider.resume(observed)
        stand.clock.advance(120)
        now = await provider.read(observed.summary)
        return now is not None and now.summary.life is Life.ACTIVE

    assert stand.play(act)


def test_several_are_stopped_by_one_request_and_each_is_answered_for(stand: Stand) -> None:
    async def act(provider: Provider, scope: Scope) -> Any:
        assert isinstance(provider, HaltsSeveral)
        made = [await stand.made(provider, scope, stand.ground.job(name)) for name in ("one", "two")]
        before = len(stand.emulator.ledger.entries)
        answers = await provider.halt_several(made, resumes=False)
        sent = [entry for entry in stand.emulator.ledger.entries[before:] if entry.method == "POST"]
        return answers, {one.id for one in made}, len(sent)

    answers, ids, sent = stand.play(act)

    assert answers == dict.fromkeys(ids)
    assert sent == 1


def test_what_runs_is_healthy_and_what_is_gone_is_missing(stand: Stand) -> None:
    async def act(provider: Provider, scope: Scope) -> Any:
        observed = await stand.made(provider, scope, stand.ground.job("train"))
        well = await provider.health(observed)
        await provider.delete(observed)
        stand.clock.advance(600)
        return well, await provider.health(observed)

    well, gone = stand.play(act)

    assert (well.level, well.phase) == (Level.HEALTHY, "Running")
    assert well.source
    assert gone.level is Level.MISSING


def test_pods_and_their_logs_are_told(stand: Stand) -> None:
    async def act(provider: Provider, scope: Scope) -> Any:
        assert isinstance(provider, Logs)
        observed = await stand.made(provider, scope, stand.ground.server("serve"))
        pods = await provider.pods(observed)
        lines = [line async for line in provider.download(observed, LogQuery(pods[0], tail=3))]
        return pods, lines, await provider.last_words(observed)

    pods, lines, words = stand.play(act)

    assert len(pods) == 1
    assert 0 < len(lines) <= 3
    assert {line.pod for line in lines} == {pods[0]}
    assert all(isinstance(word, str) for word in words)


def test_the_platforms_own_time_is_told(stand: Stand) -> None:
    async def act(provider: Provider, _: Scope) -> Any:
        assert isinstance(provider, Timed)
        return provider.now()

    assert abs((stand.play(act) - stand.clock.now()).total_seconds()) < 2


def test_capacity_is_told_for_the_cluster_of_a_scope_and_no_other(stand: Stand) -> None:
    async def act(provider: Provider, scope: Scope) -> Any:
        assert isinstance(provider, TellsCapacity)
        return scope, await provider.capacity([scope])

    scope, found = stand.play(act)

    assert set(found) == {scope.cluster_id}
    told = found[scope.cluster_id]
    assert set(told.defaults[scope.name]) <= set(told.pools)
    assert all(pool.gpus >= pool.largest >= 0 for pool in told.pools.values())


def test_a_server_that_is_well_is_examined_without_a_write(stand: Stand) -> None:
    async def act(provider: Provider, _: Scope) -> Any:
        assert isinstance(provider, Examines)
        return await provider.examine()

    found = stand.play(act)

    assert {"control plane", "sign-in", "permissions"} <= {finding.area for finding in found}
    assert "fail" not in {finding.grade for finding in found}
    assert not stand.emulator.ledger.effects()


def test_an_examination_of_a_server_that_fails_raises_nothing(stand: Stand) -> None:
    async def act(provider: Provider, _: Scope) -> Any:
        assert isinstance(provider, Examines)
        stand.spoil("GET .*", status=500, text="broken", forever=True)
        return await provider.examine()

    assert stand.play(act)[-1].grade == "fail"


# -- what fails --------------------------------------------------------------------------------

READS: dict[str, Callable[[Provider, Scope, str], Awaitable[Any]]] = {
    "list": lambda provider, scope, _: provider.list(scope),
    "count": lambda provider, scope, _: provider.count(scope),
    "named": lambda provider, scope, _: provider.named(scope, ["train"]),
    "find": lambda provider, scope, kind: provider.find(scope, kind, "train"),
}


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "status", "status": 500, "forever": True}, Unavailable),
        ({"kind": "status", "status": 403, "forever": True}, Forbidden),
        ({"kind": "status", "status": 401, "forever": True}, Unauthenticated),
        ({"kind": "reset", "forever": True}, Unavailable),
        ({"kind": "mutate", "mutate": lambda _: {}, "forever": True}, Malformed),
        ({"kind": "mutate", "mutate": lambda _: [], "forever": True}, Malformed),
    ],
    ids=["500", "403", "401", "reset", "an empty object", "an empty list"],
)
def test_a_read_that_fails_is_an_error_and_never_empty(
    stand: Stand, read: str, fault: dict[str, Any], error: type[ProviderError]
) -> None:
    async def act(provider: Provider, scope: Scope) -> Any:
        stand.spoil(f"{stand.ground.lists}.*", **fault)
        return await READS[read](provider, scope, stand.ground.job("train").key.kind)

    with pytest.raises(error):
        stand.play(act)


def test_rows_of_another_scope_are_not_believed(stand: Stand) -> None:
    async def act(provider: Provider, scope: Scope) -> Any:
        await stand.made(provider, scope, stand.ground.job("train"))
        stand.spoil(stand.ground.lists, kind="mutate", mutate=stand.ground.alien)
        return await provider.list(scope)

    with pytest.raises(Malformed):
        stand.play(act)


def test_an_object_that_one_answer_hides_is_not_gone(stand: Stand) -> None:
    async def act(provider: Provider, scope: Scope) -> Any:
        observed = await stand.made(provider, scope, stand.ground.job("train"))
        stand.spoil(stand.ground.reads, kind="status", status=404)
        return await provider.read(observed.summary)

    with pytest.raises((Malformed, NotFound)):
        stand.play(act)


def test_a_write_whose_answer_is_lost_is_unknown_and_sent_once(stand: Stand) -> None:
    async def act(provider: Provider, scope: Scope) -> Any:
        stand.spoil(stand.ground.creates, kind="lost")
        await provider.create(scope, stand.ground.job("train"), MARK)

    with pytest.raises(Unknown):
        stand.play(act)

    assert len(stand.emulator.ledger.mutations()) == 1


@pytest.mark.parametrize(("status", "error"), [(400, Rejected), (403, Forbidden), (502, Unknown)])
def test_a_refused_write_is_told_from_one_that_may_have_happened(
    stand: Stand, status: int, error: type[ProviderError]
) -> None:
    async def act(provider: Provider, scope: Scope) -> Any:
        stand.spoil(stand.ground.creates, kind="status", status=status)
        await provider.create(scope, stand.ground.job("train"), MARK)

    with pytest.raises(error):
        stand.play(act)


def test_no_error_shows_a_credential(stand: Stand) -> None:
    async def act(provider: Provider, scope: Scope) -> Any:
        said = {"kind": "status", "status": 400, "text": f"no: {stand.ground.credential}"}
        stand.spoil(stand.ground.creates, **said)
        await provider.create(scope, stand.ground.job("train"), MARK)

    if "demo-secret" not in stand.ground.credential:
        pytest.skip("a user id is no secret")
    with pytest.raises(Rejected) as refused:
        stand.play(act)

    assert stand.ground.credential not in str(refused.value)
