"""Settling: a verdict must hold, a queue is no failure, and what failed says why."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from reconciler.cause import Cause
from reconciler.drift import Drift, drift_of
from reconciler.errors import ExitCode, Forbidden, ProviderError, Unavailable
from reconciler.health import Health, Level, PodHealth
from reconciler.outcome import Verdict
from reconciler.plan import make_plan
from reconciler.problem import Location
from reconciler.provider import Provider, Told
from reconciler.resource import Deleted, HealthPolicy, Life, Observed, Resource
from reconciler.settle import Settling, causal_line, until_settled
from reconciler.settle.cause import diagnosed
from reconciler.settle.look import Looker
from reconciler.settle.told import told
from reconciler.settle.verdict import problem_of
from tests.factories import FLEET, TARGET, a_live, a_resource, known, observed
from tests.fakes import TEAM, FakeClock, FakeLogs, FakePlatform, FakeStop, Heard

RUNNING = Health(Level.HEALTHY, phase="Running")
PULLING = Health(Level.PROGRESSING, phase="Initializing", reason="ContainerCreating")
QUEUED = Health(Level.PROGRESSING, phase="Pending", is_queued=True)
FAILED = Health(Level.DEGRADED, phase="Failed", is_final=True)
DEGRADED = Health(Level.DEGRADED, phase="Degraded", reason="CrashLoopBackOff")
DONE = Health(Level.HEALTHY, phase="Completed", is_final=True)


class World:
    def __init__(self, *healths: Health | ProviderError, **platform: Any) -> None:
        self.platform = FakeLogs(healths=list(healths), **platform)
        self.clock, self.stop, self.heard = FakeClock(), FakeStop(), Heard()

    def settle(self, *resources: Resource) -> Sequence[Verdict]:
        providers: dict[str, Provider] = {TARGET: self.platform}
        work = [Settling(r, TEAM, id=self.platform.put(r).id) for r in resources]
        return self.wait(work, providers)

    def wait(self, work: Sequence[Settling], providers: dict[str, Provider]) -> Sequence[Verdict]:
        return asyncio.run(
            until_settled(work, providers, clock=self.clock, listen=self.heard, stop=self.stop)
        )

    def one(self, **policy: Any) -> Verdict:
        return self.settle(a_resource(health=HealthPolicy(**policy)))[0]


def code_of(verdict: Verdict) -> str:
    return verdict.problem.code if verdict.problem else ""


def test_running_is_healthy_once_it_has_held() -> None:
    world = World(PULLING, RUNNING)

    verdict = world.one(hold_s=10)

    assert verdict.is_good
    assert 11 <= world.clock.seconds <= 16
    assert verdict.steps == (("Initializing (ContainerCreating)", 0.0), ("Running", 1.0))


def test_a_flap_starts_the_hold_anew() -> None:
    world = World(RUNNING, RUNNING, DEGRADED, RUNNING)

    assert world.one(hold_s=10).is_good
    assert world.clock.seconds >= 13


def test_each_state_is_told_once() -> None:
    world = World(PULLING, PULLING, RUNNING)

    world.one()

    assert world.heard.states == [
        ("Initializing (ContainerCreating)", "state"),
        ("Running", "state"),
        ("Running", "settled"),
    ]


@pytest.mark.parametrize(("health", "is_good"), [(DONE, True), (FAILED, False)])
def test_final_words_end_the_wait_at_once(health: Health, is_good: bool) -> None:
    world = World(health)

    assert world.one().is_good is is_good
    assert world.clock.seconds <= 2


def test_a_queue_for_capacity_is_not_a_failure() -> None:
    world = World(QUEUED)

    verdict = world.one(queue_timeout_s=60)

    assert verdict.is_queued
    assert verdict.is_good
    assert 60 <= world.clock.seconds < 70
    assert world.heard.states[-1] == ("Pending", "queued")


def test_a_queue_that_cannot_move_ends_at_once() -> None:
    stuck = replace(QUEUED, is_stuck=True, reason="NonPreemptibleOverQuota", message="quota is 8 GPUs")

    verdict = World(stuck).one()

    assert (code_of(verdict), verdict.health.level) == ("RC505", Level.DEGRADED)
    assert not verdict.is_good
    assert verdict.problem is not None
    assert verdict.problem.why == "quota is 8 GPUs"


def test_what_never_gets_well_times_out() -> None:
    world = World(PULLING)

    verdict = world.one(timeout_s=300)

    assert (verdict.timed_out, code_of(verdict)) == (True, "RC504")
    assert 300 <= world.clock.seconds < 310


def test_what_gets_well_at_the_last_moment_may_still_hold() -> None:
    world = World(*[PULLING] * 11, RUNNING)

    assert world.one(timeout_s=22, hold_s=10).is_good


@pytest.mark.parametrize(
    ("health", "log", "code"),
    [
        (replace(DEGRADED, reason="ImagePullBackOff"), [], "RC501"),
        (replace(DEGRADED, pods=(PodHealth("p", "Pending", "ErrImagePull"),)), [], "RC501"),
        (replace(FAILED, pods=(PodHealth("p", "Failed", "OOMKilled"),)), [], "RC502"),
        (FAILED, ["torch.cuda.OutOfMemoryError: CUDA out of memory."], "RC502"),
        (FAILED, ["ValueError: no"], "RC503"),
        (replace(DEGRADED, reason="UpdateDropped"), [], "RC506"),
    ],
    ids=["image", "image of a pod", "memory of a pod", "memory in the log", "program", "dropped update"],
)
def test_a_failure_has_its_code(health: Health, log: list[str], code: str) -> None:
    assert code_of(World(health, log={"pod-0": log}).one()) == code


def test_the_log_is_kept_and_its_cause_quoted() -> None:
    lines = [f"step {n}" for n in range(100)] + [
        "FileNotFoundError: [Errno 2] No such file or directory: 'x'"
    ]

    verdict = World(PULLING, FAILED, log={"pod-0": lines}).one(log_tail=10)

    assert len(verdict.log["pod-0"]) == 10
    assert verdict.cause == lines[-1]
    assert verdict.problem is not None
    assert lines[-1] in verdict.problem.why


def test_a_restart_makes_the_life_before_it_worth_reading() -> None:
    back = replace(DEGRADED, pods=(PodHealth("pod-0", "Running", "CrashLoopBackOff", restarts=1),))

    world = World(back, log={"pod-0": []}, previous_log={"pod-0": ["ValueError: once"]})

    assert world.one().cause == "ValueError: once"
    assert world.platform.follows[:2] == [("pod-0", True), ("pod-0", False)]


def test_a_stream_that_has_not_ended_is_topped_up() -> None:
    world = World(PULLING, FAILED, log={"pod-0": ["step 1"]}, is_endless=True)
    world.platform.downloads = {"pod-0": ["step 1", "OSError: [Errno 28] No space left on device"]}

    assert world.one().cause == "OSError: [Errno 28] No space left on device"


def test_a_container_that_left_no_live_log_is_asked_for_its_last_one() -> None:
    world = World(DEGRADED, log={"pod-0": []}, previous_log={"pod-0": ["ValueError: once"]})

    assert world.one().cause == "ValueError: once"


def test_events_speak_where_no_log_is_left() -> None:
    verdict = World(FAILED, events=["Scheduled", "Back-off pulling image"]).one()

    assert verdict.log == {"events": ("Scheduled", "Back-off pulling image")}
    assert verdict.log_note == "no log; these are the platform's events"


def test_nothing_left_is_said_as_well() -> None:
    assert World(FAILED).one().log_note == "no log: the platform removed it"


def test_a_queue_opens_no_log() -> None:
    world = World(QUEUED, log={"pod-0": ["x"]})

    world.one()

    assert not world.platform.follows


def test_at_most_32_streams_are_open_at_once() -> None:
    world = World(RUNNING, log={f"pod-{n}": ["x"] for n in range(50)}, is_endless=True)

    world.one()

    assert world.platform.most_streams == 32
    assert world.platform.open_streams == 0


def test_a_read_that_fails_a_few_times_is_asked_again() -> None:
    broken = Unavailable(TARGET, "read", "status", status=503)

    assert World(RUNNING, broken, broken, broken, RUNNING).one().is_good


@pytest.mark.parametrize(
    "failure", [Unavailable(TARGET, "read", "status"), Forbidden(TARGET, "read", "status", status=403)]
)
def test_health_that_cannot_be_read_is_unknown(failure: ProviderError) -> None:
    verdict = World(failure).one()

    assert verdict.health.level is Level.UNKNOWN
    assert not verdict.is_good


def test_one_that_fails_does_not_hold_up_the_others() -> None:
    world = World(RUNNING)
    work = [Settling(a_resource("gone"), TEAM, id="x"), Settling(a_resource("here"), TEAM)]
    world.platform.put(a_resource("here"))

    gone, here = world.wait(work, {TARGET: world.platform})

    assert here.is_good
    assert gone.timed_out


def test_an_object_that_is_deleted_meanwhile_is_missing() -> None:
    world = World(RUNNING, Health(Level.MISSING, phase="Deleting"))

    verdict = world.one(hold_s=10)

    assert verdict.health.level is Level.MISSING
    assert "deleted while it settled" in (verdict.problem.what if verdict.problem else "")


def test_what_waits_for_us_ends_the_wait_well() -> None:
    waiting = Health(Level.PROGRESSING, phase="WaitingToConnect", is_final=True)

    assert World(waiting).one().is_good


def test_a_stop_ends_the_wait_cleanly() -> None:
    world = World(PULLING)
    world.clock.on_sleep = lambda now: setattr(world.stop, "requested", now >= 3)

    verdict = world.one()

    assert world.clock.seconds <= 4
    assert verdict.health == PULLING
    assert verdict.problem is None


TORCH = """\
Loading checkpoint shards
[rank0]: Traceback (most recent call last):
[rank0]:   File "/app/train.py", line 12, in <module>
[rank0]:     main()
[rank0]: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB
E1012 failed (exitcode: 1) local_rank: 0 (pid: 71)
torch.distributed.elastic.multiprocessing.errors.ChildFailedError:
"""
VLLM = """\
(EngineCore_0 pid=41) ERROR 10-12 09:14:03 [core.py:700] Traceback (most recent call last):
(EngineCore_0 pid=41) ERROR 10-12 09:14:03 [core.py:700]   File "core.py", line 691, in run
(EngineCore_0 pid=41) ERROR 10-12 09:14:03 [core.py:700] ValueError: No available memory for the cache blocks.
RuntimeError: Engine core initialization failed. See root cause above.
"""
CHAINED = """\
Traceback (most recent call last):
  File "a.py", line 1, in <module>
KeyError: 'lr'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 3, in <module>
RuntimeError: config is broken
"""


NCCL = "NCCL WARN Cuda failure 'out of memory'"
IMPORT = "ModuleNotFoundError: No module named 'flash_attn'"
PULL = 'Failed to pull image "x:9": manifest unknown'


@pytest.mark.parametrize(
    ("log", "line"),
    [
        (TORCH, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"),
        (VLLM, "ValueError: No available memory for the cache blocks."),
        (CHAINED, "KeyError: 'lr'"),
        ("python: can't open file '/app/x.py': [Errno 2] No such file or directory", None),
        ("/bin/sh: 1: train: command not found\nexit code: 127", "/bin/sh: 1: train: command not found"),
        ("bash: ./run.sh: Permission denied", None),
        ("OSError: [Errno 98] Address already in use", None),
        (f"{NCCL}\nRuntimeError: Some NCCL operations have failed", NCCL),
        ("exec /app/run: exec format error", None),
        (f"\x1b[31m{IMPORT}\x1b[0m", IMPORT),
        ("WARNING: cache: No such file or directory\nstep 1\nValueError: bad", "ValueError: bad"),
        ("train.py: error: unrecognized arguments: --epocs 3", None),
        (f'Back-off pulling image "x"\n{PULL}', PULL),
        ("step 1\nfatal: something went wrong\nanother error", "fatal: something went wrong"),
        ("2026-11-01T10:00:00Z ImportError: libcudart.so.12", "ImportError: libcudart.so.12"),
        ("all good\nsaved", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_the_first_causal_line_is_picked(log: str, line: str | None) -> None:
    assert causal_line(log.splitlines()) == (log if line is None else line)


def test_a_causal_line_is_cut_to_a_readable_length() -> None:
    assert len(causal_line(["ValueError: No space left on device " + "x" * 10_000])) == 300


@pytest.mark.parametrize(
    ("reason", "log", "line"),
    [("OOMKilled", "Killed", 9), ("Error", "torch.OutOfMemoryError: CUDA out of memory", 1)],
    ids=["host", "GPU"],
)
def test_too_little_memory_points_at_the_amount_declared_unless_it_was_that_of_a_gpu(
    reason: str, log: str, line: int
) -> None:
    places = {"/spec/compute/cpuMemoryRequest": Location("t.yaml", 8)}
    places |= {"/spec/compute/cpuMemoryLimit": Location("t.yaml", 9)}
    resource = replace(a_resource(), places=places, source=Location("t.yaml", 1))
    health = replace(FAILED, pods=(PodHealth("p", "Failed", reason),))
    verdict = Verdict(resource.key, health, diagnosis=diagnosed(health, {"p": (log,)}))

    problem = problem_of(resource, verdict, waited=1)

    assert (problem.code, problem.location) == ("RC502", Location("t.yaml", line))


def test_of_several_pods_the_one_that_failed_first_is_named_with_its_rank() -> None:
    waited = "[rank0]:[E110 06:22:40.7 x.cpp:632] [Rank 0] Watchdog caught collective operation timeout: x"
    log = {
        "worker-0": [waited],
        "worker-3": ["[rank3]: Traceback (most recent call last):", "[rank3]: KeyError: 'x'"],
    }

    problem = World(FAILED, log=log).one().problem

    assert problem
    assert (problem.code, problem.why) == ("RC503", "pod worker-3, rank 3: KeyError: 'x'")


@pytest.mark.parametrize(
    ("health", "log", "code"),
    [
        (FAILED, "exec /app/run: exec format error", "RC511"),
        (FAILED, "OSError: [Errno 28] No space left on device", "RC509"),
        (FAILED, "Segmentation fault (core dumped)", "RC513"),
        (FAILED, "AssertionError", "RC514"),
        (FAILED, "Memory access fault by GPU node-5 on address 0x7e. Reason: Unknown.", "RC513"),
        (replace(FAILED, message="Node is not ready"), "step 1", "RC512"),
        (replace(FAILED, reason="Preempted"), "received SIGTERM", "RC515"),
        (replace(DEGRADED, message='secret "hf-token" not found'), "", "RC510"),
    ],
    ids=["command", "disk", "crash", "assertion", "GPU", "node", "preempted", "secret"],
)  # fmt: skip
def test_a_cause_has_its_code_and_its_way_out(health: Health, log: str, code: str) -> None:
    problem = World(health, log={"pod-0": [log]}).one().problem

    assert problem
    assert problem.code == code
    assert problem.hint


def test_a_cause_is_found_before_the_lines_that_are_kept() -> None:
    fell = ["step 1", "[rank3]: torch.OutOfMemoryError: CUDA out of memory"]
    waited = [
        f"[rank{n}]:[E1 x.cpp:1] [Rank {n}] Watchdog caught collective operation timeout" for n in range(90)
    ]

    verdict = World(FAILED, log={"pod-0": [*fell, *waited]}).one(log_tail=50)

    assert verdict.diagnosis
    assert (verdict.diagnosis.cause, verdict.diagnosis.rank) == (Cause.GPU_MEMORY, 3)
    assert (len(verdict.log["pod-0"]), verdict.diagnosis.number) == (50, -40)


# -- one look ------------------------------------------------------------------------------------------


def looked_at(health: Health, log: Sequence[str], *, before: Sequence[str] = ()) -> Verdict:
    resource = a_resource()
    platform = FakeLogs(
        healths=[health],
        log={"pod-0": list(log)},
        downloads={"pod-0": list(log)},
        previous_log={"pod-0": list(before)},
    )
    live = a_live(observed(resource))
    plan = make_plan([resource], {TARGET: live}, known())
    return asyncio.run(Looker({TARGET: platform}, FLEET).look(plan))[0]


def test_a_look_at_what_is_degraded_reads_its_log_for_the_cause() -> None:
    verdict = looked_at(DEGRADED, ["step 1", "OSError: [Errno 28] No space left on device"])

    assert verdict.problem
    assert (verdict.problem.code, verdict.cause) == ("RC509", "OSError: [Errno 28] No space left on device")


def test_a_look_at_what_is_back_after_a_failure_reads_the_log_before_that() -> None:
    back = replace(DEGRADED, pods=(PodHealth("pod-0", "Running", "CrashLoopBackOff", restarts=1),))

    verdict = looked_at(back, ["step 1", "step 2", "step 3"], before=["ValueError: no such column"])

    assert verdict.cause == "ValueError: no such column"
    assert verdict.log == {"pod-0": ("ValueError: no such column",)}


def test_a_look_at_what_is_well_reads_no_log() -> None:
    verdict = looked_at(RUNNING, ["OSError: [Errno 28] No space left on device"])

    assert (verdict.cause, verdict.log, verdict.problem) == ("", {}, None)


def test_a_look_that_finds_no_cause_leaves_the_platforms_words_alone() -> None:
    verdict = looked_at(DEGRADED, ["step 1", "step 2"])

    assert (verdict.health, verdict.diagnosis, verdict.problem) == (DEGRADED, None, None)


# -- what drifted is asked about -----------------------------------------------------------------------


class Teller(FakePlatform):
    """Tell of each object, or fail; count how many are asked about at once."""

    failing: frozenset[str] = frozenset()
    now = most = 0

    async def told(self, observed: Observed) -> Told | None:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        if observed.key.name in self.failing:
            raise Unavailable(TARGET, "list events of", observed.key.name)
        return Told(cause=f"why {observed.key.name}")

    async def told_of_deleted(self, deleted: Deleted) -> Told | None:
        return Told(by="mina")


def asked(platform: Provider, count: int) -> Drift:
    resources = [a_resource(f"job-{number:02}") for number in range(count)]
    live = a_live(*(observed(resource, life=Life.FAILED) for resource in resources))
    plan = make_plan(resources, {TARGET: live}, known())
    return asyncio.run(told(drift_of(plan), plan, {TARGET: live}, {TARGET: platform}))


def test_eight_drifted_objects_are_asked_about_at_once() -> None:
    platform = Teller()

    drift = asked(platform, 30)

    assert platform.most == 8
    assert [item.cause for item in drift.items] == [f"why {item.key.name}" for item in drift.items]


def test_the_platforms_words_about_what_drifted_tell_the_kind_of_cause() -> None:
    class Puller(FakePlatform):
        async def told(self, observed: Observed) -> Told | None:
            return Told(cause="ErrImagePull: Failed to pull image")

        async def told_of_deleted(self, deleted: Deleted) -> Told | None:
            return None

    (item,) = asked(Puller(), 1).items

    assert item.diagnosis
    assert (item.diagnosis.cause, item.diagnosis.line) == (Cause.IMAGE, "ErrImagePull: Failed to pull image")


def test_a_read_that_fails_hides_nothing_of_the_others() -> None:
    platform = Teller()
    platform.failing = frozenset({"job-00"})

    drift = asked(platform, 2)

    assert [item.cause for item in drift.items] == ["", "why job-01"]
    assert (drift.failures, drift.exit_code()) == ((), ExitCode.CHANGES)


def test_a_platform_that_tells_nothing_more_is_not_asked() -> None:
    assert [item.cause for item in asked(FakePlatform(), 2).items] == ["", ""]


def test_who_deleted_is_asked_of_what_is_missing_alone() -> None:
    resource, other = a_resource(), a_resource("other")
    rows = (Deleted(resource.key, "id-0", deleted_at=FakeClock().now()),)
    live = a_live(observed(other, live={"image": "b"}), deleted=rows)
    plan = make_plan([resource, other], {TARGET: live}, known())
    found = drift_of(plan, lives={TARGET: live})

    drift = asyncio.run(told(found, plan, {TARGET: live}, {TARGET: Teller()}))

    assert {item.key.name: item.by for item in drift.items} == {"train": "mina", "other": ""}
