"""How a workload is: the cluster's word where it may be asked, the control plane's reasons always."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.health import STEADY, Health, Level
from reconciler.provider import Edit
from reconciler.providers.runai.provider import RunaiProvider
from reconciler.providers.runai.signs import restarted
from reconciler.resource import Life, Observed, Resource, Scope, Summary
from tests.providers.runai.stage import MARK, Stage, a_resource, an_inference, only, stage

GPUS: dict[str, Any] = {"compute": {"gpuDevicesRequest": 64}}
STATUS = r"GET /cluster-api/.*/status"


def judged(here: Stage, resource: Resource, *, after_s: float = 30, **settings: Any) -> Health:
    """Create something, let time pass, and judge it."""

    async def act(provider: RunaiProvider, scope: Scope) -> Health:
        await provider.create(scope, resource, MARK)
        here.clock.advance(after_s)
        observed = await only(provider, scope, resource.key.kind, resource.key.name)
        return await provider.health(observed)

    return here.play(act, **settings)


def looked_at(here: Stage, **settings: Any) -> Health:
    """Judge the only workload there is."""

    async def act(provider: RunaiProvider, scope: Scope) -> Health:
        (row,) = await provider.list(scope)
        observed = await provider.read(row)
        assert observed
        return await provider.health(observed)

    return here.play(act, **settings)


PHASES: dict[str, tuple[Level, bool]] = {
    "Running": (Level.HEALTHY, False),
    "Completed": (Level.HEALTHY, True),
    "Creating": (Level.PROGRESSING, False),
    "Initializing": (Level.PROGRESSING, False),
    "Updating": (Level.PROGRESSING, False),
    "Stopping": (Level.PROGRESSING, False),
    "Stopped": (Level.SUSPENDED, False),
    "Degraded": (Level.DEGRADED, False),
    "Failed": (Level.DEGRADED, True),
    "Terminating": (Level.MISSING, False),
    "Unknown": (Level.UNKNOWN, False),
}


@pytest.mark.parametrize(("phase", "verdict"), PHASES.items(), ids=PHASES)
def test_each_phase_has_its_level(phase: str, verdict: tuple[Level, bool]) -> None:
    with stage() as here:
        here.add(phase=phase)
        here.spoil(STATUS, status=503, forever=True)

        health = looked_at(here)

    assert (health.level, health.is_final, health.phase) == (*verdict, phase)


def test_a_running_training_is_healthy_by_its_cluster() -> None:
    with stage() as here:
        health = judged(here, a_resource())

    assert (health.level, health.is_final) == (Level.HEALTHY, False)
    assert health.source == "cluster-api and control plane"
    assert health.notes == ()


def test_an_inference_tells_how_many_replicas_are_ready() -> None:
    with stage() as here:
        assert judged(here, an_inference()).message == "1/1 replicas ready"


def test_an_image_that_is_not_there_is_final_when_told_twice() -> None:
    resource = a_resource(spec={"image": "ghcr.io/acme/does-not-exist:1"})

    with stage() as here:
        once = judged(here, resource, after_s=8)
        here.clock.advance(30)
        twice = looked_at(here)

    assert (once.level, once.is_final) == (Level.DEGRADED, False)
    assert (twice.level, twice.reason, twice.is_final) == (Level.DEGRADED, "ErrImagePull", True)
    assert twice.message.startswith('Failed to pull image "ghcr.io/acme/does-not-exist:1"')


def test_a_program_that_runs_out_of_memory_is_told_so() -> None:
    with stage() as here:
        health = judged(here, a_resource(spec={"image": "x", "command": "oom"}), after_s=90)

    assert (health.level, health.reason, health.is_final) == (Level.DEGRADED, "OOMKilled", True)


def test_a_server_that_dies_on_every_start_is_a_crash_loop() -> None:
    with stage() as here:
        health = judged(here, an_inference(command="crash"), after_s=60)

    assert (health.level, health.reason) == (Level.DEGRADED, "CrashLoopBackOff")


def test_waiting_for_capacity_is_a_queue() -> None:
    with stage() as here:
        health = judged(here, a_resource(spec={"image": "x", "preemptibility": "preemptible", **GPUS}))

    assert (health.level, health.is_queued, health.is_stuck) == (Level.PROGRESSING, True, False)
    assert health.message


def test_over_quota_is_stuck() -> None:
    spec = {"image": "x", "preemptibility": "non-preemptible", "compute": {"gpuDevicesRequest": 8}}

    with stage() as here:
        for name in ("first", "second"):  # the project's quota is 16
            here.add(name, kind="Workspace", spec=spec)
        here.clock.advance(30)
        health = judged(here, a_resource("last", "Workspace", spec))

    assert (health.level, health.is_stuck, health.is_queued) == (Level.DEGRADED, True, False)
    assert health.reason in {"NonPreemptibleOverQuota", "OverLimit"}


def test_what_is_not_there_any_more_is_missing() -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Health:
        (row,) = await provider.list(scope)
        observed = await provider.read(row)
        assert observed
        here.emulator.world.remove(observed.id)
        return await provider.health(observed)

    with stage() as here:
        here.add()

        assert here.play(act).level is Level.MISSING


def test_what_the_list_does_not_show_yet_is_on_its_way() -> None:
    with stage(lag_s=20) as here:
        id_ = here.add()

        async def act(provider: RunaiProvider, scope: Scope) -> list[Level]:
            key = a_resource().key
            cluster = f"{scope.cluster_id}/team-a/Training/train"
            unseen = Observed(Summary(key, id_, cluster, "Creating", Life.ACTIVE, ""), {})
            levels = [(await provider.health(unseen)).level]
            here.clock.advance(40)
            return [*levels, (await provider.health(unseen)).level]

        assert here.play(act) == [Level.PROGRESSING, Level.HEALTHY]


# -- where the cluster cannot be asked ---------------------------------------------------------


def test_a_cluster_that_is_not_allowed_is_not_asked_and_the_note_says_how() -> None:
    with stage() as here:
        here.add(phase="Running")
        here.spoil(
            "GET /api/v1/clusters",
            kind="mutate",
            mutate=lambda rows: [{**row, "domain": "dgx.acme.com"} for row in rows],
            forever=True,
        )

        health = looked_at(here)

    assert (health.level, health.source) == (Level.HEALTHY, "control plane")
    assert any("clusterApi: {" in note and "https://dgx.acme.com" in note for note in health.notes)


@pytest.mark.parametrize("domain", ["[31mX", "dgx]", "https://[bad", "a b", "x:99999999"])
def test_a_domain_that_is_none_is_not_asked(domain: str) -> None:
    with stage() as here:
        here.add(phase="Running")
        here.spoil(
            "GET /api/v1/clusters",
            kind="mutate",
            mutate=lambda rows: [{**row, "domain": domain} for row in rows],
            forever=True,
        )

        health = looked_at(here)

    assert (health.level, health.source) == (Level.HEALTHY, "control plane")
    assert any("was not asked" in note for note in health.notes)


CLUSTER_FAULTS: list[dict[str, Any]] = [
    {"kind": "reset", "phase": "before"},
    {"kind": "login_page"},
    {"status": 401},
    {"status": 403},
    {"status": 500, "text": "workload not found"},
    {"status": 503},
    {"kind": "empty_object"},
    {"kind": "body", "json": {"status": "Dreaming"}},
]


@pytest.mark.parametrize("fault", CLUSTER_FAULTS, ids=str)
def test_a_cluster_that_does_not_answer_leaves_the_verdict_to_the_control_plane(
    fault: dict[str, Any],
) -> None:
    with stage() as here:
        here.add(phase="Running")
        here.spoil(STATUS, forever=True, **fault)

        health = looked_at(here)

    assert health.level is Level.HEALTHY
    assert len(health.notes) == 1


def test_the_worse_word_counts() -> None:
    with stage() as here:
        here.add(phase="Running")
        here.spoil(STATUS, kind="body", json={"status": "Failed"}, forever=True)

        health = looked_at(here)

    assert (health.level, health.phase, health.is_final) == (Level.DEGRADED, "Failed", True)


# -- an inference that was updated -------------------------------------------------------------

Updated = Callable[[RunaiProvider, Scope], Awaitable[list[Health]]]


def updated(here: Stage, image: str, moments: list[float]) -> Updated:
    async def act(provider: RunaiProvider, scope: Scope) -> list[Health]:
        await provider.create(scope, an_inference(), MARK)
        here.clock.advance(30)
        observed = await only(provider, scope, "Inference", "serve")
        since = here.clock.now()
        changed = Edit(("/spec/image",), {})
        await provider.update(observed, an_inference(image=image), changed, MARK)
        return [await _later(here, provider, observed, since, seconds) for seconds in moments]

    return act


async def _later(
    here: Stage, provider: RunaiProvider, observed: Any, since: datetime, seconds: float
) -> Health:
    here.clock.advance(seconds)
    return await provider.health(observed, since=since)


def test_an_update_is_healthy_only_when_the_new_revision_serves() -> None:
    with stage() as here:
        first, last = here.play(updated(here, "vllm:2", [0, 30]))

    assert (first.level, first.phase) == (Level.PROGRESSING, "Running")
    assert last.level is Level.HEALTHY


def test_an_update_that_the_platform_dropped_is_final() -> None:
    with stage() as here:
        first, last = here.play(updated(here, "acme/does-not-exist:2", [30, 700]))

    assert first.level is not Level.HEALTHY
    assert (last.level, last.reason, last.is_final) == (Level.DEGRADED, "UpdateDropped", True)
    assert "keeps serving" in last.message


@pytest.mark.parametrize(("image", "level"), [("vllm:2", Level.HEALTHY), ("a/no-such:2", Level.DEGRADED)])
def test_without_revisions_the_pods_tell(image: str, level: Level) -> None:
    with stage() as here:
        here.spoil(r"GET /api/v1/workloads/inferences/.*/revisions", status=404, forever=True)
        first, last = here.play(updated(here, image, [0, 700]))

    assert first.level is Level.PROGRESSING
    assert last.level is level


def test_an_update_without_a_new_revision_is_not_waited_for_for_ever() -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> list[Health]:
        await provider.create(scope, an_inference(), MARK)
        here.clock.advance(60)
        observed = await only(provider, scope, "Inference", "serve")
        since = here.clock.now()
        edit = Edit(("/spec/priorityClass",), {})
        await provider.update(observed, an_inference(priorityClass="high"), edit, MARK)
        return [await _later(here, provider, observed, since, seconds) for seconds in (1, 60)]

    with stage() as here:
        here.spoil(
            r"GET /api/v1/workloads/inferences/.*/revisions",
            kind="mutate",
            mutate=lambda body: {"revisions": body["revisions"][-1:]},
            forever=True,
        )
        first, last = here.play(act)

    assert (first.level, last.level) == (Level.PROGRESSING, Level.HEALTHY)


CRASH: dict[str, Any] = {"image": "x", "command": "crash"}


def seen_each_second(here: Stage, seconds: int) -> list[Health]:
    """Judge the only workload once a second, for so many seconds."""
    seen = []
    for _ in range(seconds):
        here.clock.advance(1)
        seen.append(looked_at(here))
    return seen


def test_what_runs_again_after_a_failure_is_not_well_at_once() -> None:
    with stage() as here:
        here.add(spec=CRASH)
        running = [health for health in seen_each_second(here, 60) if health.phase == "Running"]

    reasons = [(health.level, health.reason) for health in dict.fromkeys(running)]
    assert [level for level, _ in dict.fromkeys(reasons)] == [
        Level.HEALTHY,
        Level.PROGRESSING,
        Level.DEGRADED,
    ]
    assert {reason for _, reason in reasons[1:]} == {"CrashLoopBackOff"}
    assert [pod.restarts for pod in running[-1].pods] == [2]
    assert running[-1].message.startswith("runs again after it failed: Back-off restarting failed container")


AT = datetime(2026, 1, 31, 9, tzinfo=UTC)
WELL = Health(Level.HEALTHY, "Running")


def judged_after(fell_s: tuple[int, ...], *, made_s: int = 0, now_s: int = 100) -> Level:
    """Judge, at a second after AT, a running pod made at one, by its failures at others."""
    said = "Back-off restarting failed container c in pod p-0_ns"
    events: list[dict[str, Any]] = [
        {
            "createdAt": (AT + timedelta(seconds=second)).isoformat(),
            "reason": "BackOff",
            "message": said,
            "involvedObject": {"kind": "Pod", "name": "p-0"},
        }
        for second in reversed(fell_s)
    ]
    pods = [{"name": "p-0", "createdAt": (AT + timedelta(seconds=made_s)).isoformat()}]
    oldest = AT + timedelta(seconds=now_s) - STEADY
    return restarted(WELL, pods, events, oldest=oldest, names_pods=False).level


def test_one_failure_is_progress_and_more_are_a_crash_loop() -> None:
    assert (judged_after(()), judged_after((90,))) == (Level.HEALTHY, Level.PROGRESSING)
    assert judged_after((40, 90)) is Level.DEGRADED


def test_what_has_run_for_a_while_after_a_failure_is_well() -> None:
    assert judged_after((40, 90), now_s=90 + 121) is Level.HEALTHY


def test_a_failure_of_the_pod_before_this_one_of_its_name_is_over() -> None:
    assert judged_after((40, 90), made_s=95) is Level.HEALTHY
