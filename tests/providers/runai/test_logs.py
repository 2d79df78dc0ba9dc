"""Logs come from the cluster while a workload lives; events say the rest."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from reconciler.emulator.faults import Fault
from reconciler.emulator.runai import Habits
from reconciler.errors import NotFound, ProviderError, Unavailable
from reconciler.follow import followed
from reconciler.provider import LogLine, LogQuery, Told
from reconciler.providers.runai.provider import RunaiProvider
from reconciler.resource import Observed, Scope
from tests.providers.runai.stage import MARK, TEN_MINUTES, DrivenClock, a_resource, only, stage

STREAM = r"WS /cluster-api/.*/logs"


async def running(here: Any, provider: RunaiProvider, scope: Scope, seconds: float = 60) -> Observed:
    spec = {"image": "x", "command": "train", "args": "-v", "environmentVariables": TEN_MINUTES}
    await provider.create(scope, a_resource(spec=spec), MARK)
    here.clock.advance(seconds)
    return await only(provider, scope, "Training", "train")


def test_a_download_gives_the_last_lines_of_a_pod() -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> tuple[list[str], list[LogLine]]:
        observed = await running(here, provider, scope)
        pods = list(await provider.pods(observed))
        return pods, [line async for line in provider.download(observed, LogQuery(pods[0], tail=2))]

    with stage() as here:
        pods, lines = here.play(act)

    assert len(pods) == 1
    assert [line.pod for line in lines] == pods * 2


def test_following_gives_lines_until_the_pod_ends() -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> list[LogLine]:
        observed = await running(here, provider, scope)
        (pod,) = await provider.pods(observed)
        got = []
        async for line in provider.follow(observed, LogQuery(pod, tail=3)):
            got.append(line)
            here.clock.advance(700)
        return got

    with stage() as here:
        assert len(here.play(act)) >= 3


@pytest.mark.parametrize(("code", "kind"), [(1008, Unavailable), (1011, Unavailable)])
def test_a_stream_that_breaks_raises(code: int, kind: type[ProviderError]) -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        observed = await running(here, provider, scope)
        with pytest.raises(kind):
            async for _ in provider.follow(observed, LogQuery(tail=3)):
                pass

    with stage() as here:
        here.spoil(STREAM, kind="ws_close", code=code, after=1, forever=True)
        here.play(act)


def test_a_handshake_refused_for_its_token_is_tried_with_a_new_one() -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> LogLine:
        observed = await running(here, provider, scope)
        await provider.pods(observed)
        here.emulator.tokens.revoke_all()
        follower = provider.follow(observed, LogQuery(tail=1))
        line = await anext(follower)
        await follower.aclose()  # type: ignore[attr-defined]  # it is a generator
        return line

    with stage() as here:
        assert here.play(act).text


def test_no_pods_yet_is_not_found() -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> list[str]:
        observed = await running(here, provider, scope, seconds=0)
        with pytest.raises(NotFound):
            await anext(aiter(provider.download(observed, LogQuery())))
        return list(await provider.pods(observed))

    with stage() as here:
        assert here.play(act) == []


def test_a_cluster_that_may_not_be_asked_gives_no_log_and_says_why() -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> str:
        observed = await running(here, provider, scope)
        with pytest.raises(Unavailable) as caught:
            await anext(aiter(provider.download(observed, LogQuery())))
        return str(caught.value)

    with stage() as here:
        here.spoil(
            "GET /api/v1/clusters",
            kind="mutate",
            mutate=lambda rows: [{**row, "domain": "dgx.acme.com"} for row in rows],
            forever=True,
        )

        assert "clusterApi" in here.play(act)


def test_the_last_words_come_in_order() -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> list[str]:
        return list(await provider.last_words(await running(here, provider, scope)))

    with stage() as here:
        words = here.play(act)

    assert words[0].startswith("Successfully assigned")
    assert words[-1].startswith("Started container")


@pytest.mark.parametrize(
    ("events", "cause"),
    [
        ([], None),
        ([{"type": "Normal", "reason": "Pulled", "message": "pulled"}], None),
        (
            [
                {"type": "Normal", "reason": "Pulled", "message": "pulled"},
                {"type": "Warning", "reason": "Evicted", "message": "the node was low on memory"},
                {"type": "Warning", "reason": "FailedMount", "message": "volume is not there"},
            ],
            "Evicted: the node was low on memory",
        ),
        ([{"type": "Warning", "message": "odd"}, {"type": "Warning", "reason": "NoWords"}], "odd"),
        (
            [
                {"type": "Warning", "reason": "Evicted", "message": "gone"},
                {"type": "Warning", "reason": "OOMKilled", "message": "memory ran out"},
            ],
            "OOMKilled: memory ran out",
        ),
    ],
    ids=["no event", "no warning", "the newest warning", "no reason", "a trouble with a name"],
)
def test_what_went_wrong_is_told_by_events(events: list[dict[str, str]], cause: str | None) -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Told | None:
        return await provider.told(await running(here, provider, scope))

    with stage() as here:
        here.emulator.faults.add(Fault(r"GET .*/events", kind="body", json={"events": events}))
        told = here.play(act)

    assert told == (Told(cause=cause) if cause else None)


def test_a_followed_log_ends_well_when_its_workload_is_deleted() -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> list[str]:
        observed = await running(here, provider, scope)
        got: list[str] = []
        async for line in followed(provider, observed, LogQuery(), DrivenClock(here.clock)):
            if not got:
                await provider.delete(observed)
            got.append(line.text)
            here.clock.advance(30)
        return got

    with stage() as here:
        assert len(here.play(act)) > 3


def test_a_failure_of_the_cluster_is_not_taken_for_a_deleted_workload() -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> None:
        observed = await running(here, provider, scope)
        with pytest.raises(Unavailable):
            await anext(aiter(provider.follow(observed, LogQuery())))

    with stage() as here:
        here.spoil(STREAM, status=500, text="failed to get workload: not found", forever=True)
        here.play(act)


def test_where_a_cluster_replays_nothing_a_mark_stands_for_what_is_lost() -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> list[LogLine]:
        ticking = asyncio.create_task(tick())
        observed = await only(provider, scope, "Training", "flood")
        log = followed(provider, observed, LogQuery(), DrivenClock(here.clock))
        got: list[LogLine] = []
        async with aclosing(log):
            async for line in log:
                got.append(line)
                if len(got) == 60:
                    break
        ticking.cancel()
        return got

    async def tick() -> None:
        while True:
            here.clock.advance(0.1)
            await asyncio.sleep(0.005)

    with stage(habits=Habits(since_replays=False)) as here:
        here.add("flood", spec={"image": "busybox", "command": "flood --rate 10"})
        here.clock.advance(10)
        here.emulator.world.settle()
        here.spoil(STREAM, kind="ws_cut", after=20)
        got = here.play(act)

    gaps = [place for place, line in enumerate(got) if line.is_gap]
    numbers = [int(line.text.split()[0]) for line in got if not line.is_gap]
    assert gaps == [20]
    assert numbers[:20] == list(range(1, 21))
    assert numbers[20] > 21
    assert numbers[20:] == list(range(numbers[20], numbers[20] + 39))


def test_tokens_run_out_over_a_silent_log_as_often_as_they_like() -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> list[str]:
        observed, said = await only(provider, scope, "Training", "flood"), list[str]()
        for _ in range(3):
            with pytest.raises(Unavailable) as broke:
                async with asyncio.timeout(10):
                    await asyncio.gather(anext(aiter(provider.follow(observed, LogQuery(tail=0)))), later())
            said.append(broke.value.said)
        return said

    async def later() -> None:
        streams = len(here.emulator.ledger.streams())
        while len(here.emulator.ledger.streams()) == streams:
            await asyncio.sleep(0.005)
        here.clock.advance(61)

    with stage(habits=Habits(idle_s=None)) as here:
        here.add("flood", spec={"image": "busybox", "command": "flood --lines 1"})
        here.clock.advance(10)
        here.emulator.world.settle()
        here.emulator.tokens.token_ttl_s = 60
        assert here.play(act) == ["the token ran out"] * 3


def test_the_pods_of_what_waits_to_be_started_again_are_named_the_failed_one_first() -> None:
    spec = {
        "image": "x",
        "command": "crash",
        "numWorkers": 1,
        "distributedFramework": "PyTorch",
        "masterSpec": {"image": "x", "command": "train"},
    }

    async def act(provider: RunaiProvider, scope: Scope) -> tuple[str, list[str]]:
        await provider.create(scope, a_resource("badrank", "DistributedTraining", spec), MARK)
        here.clock.advance(15)
        observed = await only(provider, scope, "DistributedTraining", "badrank")
        return observed.summary.phase, list(await provider.pods(observed))

    with stage() as here:
        phase, pods = here.play(act)

    assert phase == "Initializing"
    assert pods == ["badrank-worker-0", "badrank-master-0"]
