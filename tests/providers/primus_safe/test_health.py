"""How well a workload is: its phase, its place in the queue, its pods, and the one that fell first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.health import Health, Level
from reconciler.provider import Edit
from reconciler.resource import Observed, StoppedBy
from tests.providers.primus_safe.stage import MARK, SPEC, Stage, a_resource, only, stage, where_of


@pytest.fixture(params=[1, 2], ids=["first", "second"])
def made(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with stage(request.param) as one:
        yield one


def a_job(command: str = "python train.py", replicas: int = 1, **more: Any) -> dict[str, Any]:
    asked = {**SPEC["resource"], "replica": replicas, **more.pop("resource", {})}
    return {**SPEC, "entryPoint": command, "resource": asked, **more}


def created(made: Stage, spec: dict[str, Any], kind: str = "PyTorchJob") -> Observed:
    async def act(provider: Any, scope: Any) -> Observed:
        await provider.create(scope, a_resource(kind=kind, spec=spec), MARK)
        return await only(provider, scope, kind, "train")

    return made.play(act, where_of(kind))


def judged(made: Stage, observed: Observed) -> Health:
    async def act(provider: Any, _: Any) -> Health:
        found: Health = await provider.health(observed)
        return found

    return made.play(act)


def test_what_runs_is_healthy(made: Stage) -> None:
    observed = created(made, a_job())

    health = judged(made.wait(30), observed)

    assert (health.level, health.phase, health.is_final) == (Level.HEALTHY, "Running", False)
    assert [pod.phase for pod in health.pods] == ["Running"]
    assert health.source == "API server"


def test_what_waits_for_room_tells_its_place_in_the_queue_and_why(made: Stage) -> None:
    for name in ("big", "other"):

        async def act(provider: Any, scope: Any, name: str = name) -> None:
            full = a_job(replicas=8, resource={"gpu": "8"})
            await provider.create(scope, a_resource(name, spec=full), MARK)

        made.play(act)
    observed = created(made.wait(20), a_job(replicas=8, resource={"gpu": "8"}))

    health = judged(made.wait(30), observed)

    assert (health.level, health.is_queued) == (Level.PROGRESSING, True)
    assert "number 2 in the queue" in health.message
    assert "nsufficient" in health.message


@pytest.mark.parametrize(
    ("command", "resource", "reason"),
    [("python oom.py", {}, "OOMKilled"), ("python crash.py", {}, "Error"), ("rccl-timeout", {}, "Error")],
)
def test_of_many_ranks_that_failed_the_first_is_named(
    made: Stage, command: str, resource: dict[str, Any], reason: str
) -> None:
    observed = created(made, a_job(command, replicas=4, resource=resource))
    health = judged(made.wait(50), observed)
    run = next(iter(made.emulator.world.rows.values())).workload.run
    assert run
    first = run.places[run.first].name

    assert (health.level, health.phase, health.is_final) == (Level.DEGRADED, "Failed", True)
    assert health.reason == reason
    assert re.search(rf"{first}: (pytorch: )?{reason}", health.message)
    assert "3 more failed after it" in health.message
    assert health.pods[0].name == first


def test_an_image_that_does_not_come_is_told_before_the_time_is_up(made: Stage) -> None:
    observed = created(made, a_job(image="rocm/does-not-exist:1"))

    health = judged(made.wait(30), observed)

    assert (health.level, health.reason) == (Level.DEGRADED, "ImagePullBackOff")
    assert "does-not-exist" in health.message
    assert not health.is_queued


def test_what_has_succeeded_is_healthy_for_good(made: Stage) -> None:
    observed = created(made, a_job(env={"EMULATOR_SECONDS": "10"}))

    health = judged(made.wait(40), observed)

    assert (health.level, health.phase, health.is_final) == (Level.HEALTHY, "Succeeded", True)


def test_a_service_that_starts_is_not_yet_ill_whatever_its_conditions_say(made: Stage) -> None:
    observed = created(made, SPEC, "Deployment")
    seen: list[Health] = []
    for _ in range(9):
        seen.append(judged(made.wait(1), observed))

    assert {health.level for health in seen} <= {Level.PROGRESSING, Level.HEALTHY}
    assert seen[-1].level is Level.HEALTHY


def test_a_service_that_is_updated_is_not_well_before_the_new_revision_runs(made: Stage) -> None:
    observed = created(made, SPEC, "Deployment")
    made.wait(30)
    changed = a_resource(kind="Deployment", spec={**SPEC, "image": "rocm/pytorch:2"})

    async def act(provider: Any, _: Any) -> list[Level]:
        await provider.update(observed, changed, Edit(("/spec/image",), {}), MARK)
        levels = []
        for _ in range(3):
            levels.append((await provider.health(observed, since=made.clock.now())).level)
            made.wait(6)
        return levels

    assert made.play(act) == [Level.PROGRESSING, Level.PROGRESSING, Level.HEALTHY]


def test_what_is_gone_is_missing(made: Stage) -> None:
    observed = created(made, a_job())

    async def act(provider: Any, _: Any) -> Health:
        await provider.delete(observed)
        found: Health = await provider.health(observed)
        return found

    assert made.play(act).level is Level.MISSING


@pytest.mark.parametrize(
    ("spec", "by", "why"),
    [(a_job(), StoppedBy.PERSON, "stopped by demo"), (a_job(timeout=60), StoppedBy.PLATFORM, "timed out")],
)
def test_who_stopped_a_workload_is_told(made: Stage, spec: dict[str, Any], by: StoppedBy, why: str) -> None:
    observed = created(made, spec)
    made.wait(20)

    async def act(provider: Any, _: Any) -> Any:
        if by is StoppedBy.PERSON:
            await provider.stop(observed)
        made.wait(120)
        return await provider.why_stopped(observed)

    stoppage = made.play(act)

    assert stoppage.by is by
    assert why in stoppage.why


def test_a_stop_that_overwrote_a_good_end_does_not_undo_it() -> None:
    with stage(1) as made:  # later servers leave what has ended alone
        observed = created(made, a_job(env={"EMULATOR_SECONDS": "10"}, ttlSecondsAfterFinished=600))
        made.wait(40)

        async def act(provider: Any, _: Any) -> Any:
            await provider._api.stop(observed.id, "x")
            made.wait(10)
            return await provider.read(observed.summary)

        now = made.play(act)

    assert (now.summary.phase, now.summary.life.value) == ("Stopped", "finished")
