"""Who takes part in the sixty nights on Run:ai: a table, one row each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from reconciler.emulator.runai import acts
from reconciler.emulator.runai.records import Workload
from reconciler.emulator.runai.world import World
from tests.scenarios.stage import a_manifest
from tests.soak.actor import DAY_S, EVERY_NIGHT, GONE, HOUR_S, Actor
from tests.soak.wishes import HEALTH


def job(
    image: str = "busybox:1",
    command: str = "sleep 60",
    *,
    kept_s: int = 90 * DAY_S,
    kind: str = "Training",
    lifecycle: str = "",
    **more: Any,
) -> str:
    """Write the manifest of a job, its name to be filled in; it is kept so long after its end."""
    spec = {"image": image, "command": command, **more}
    if kind == "Training":
        spec |= {"autoDeletionTimeAfterCompletionSeconds": kept_s}
    blocks = {"spec": json.dumps(spec), "health": HEALTH} | ({"lifecycle": lifecycle} if lifecycle else {})
    return a_manifest("NAME", kind, **blocks)


def is_deleted(world: World, one: Workload) -> None:
    """Delete it as a person does."""
    world.remove(one.id)


def is_purged(world: World, one: Workload) -> None:
    """Make the platform forget it before its time: no list shows it any more."""
    world.change(one.id, lambda now, at: replace(now, deleted_at=at - timedelta(days=400)))


def is_stopped(world: World, one: Workload) -> None:
    """Stop it as the platform does, for being idle."""
    world.stop(one.id)


def is_suspended(world: World, one: Workload) -> None:
    """Stop it as a person does."""
    world.change(one.id, acts.suspended)


def goes_on(world: World, one: Workload) -> None:
    """Resume it as the platform does."""
    world.change(one.id, acts.resumed)


def is_preempted(world: World, one: Workload) -> None:
    """Take its GPUs away; it queues and gets others."""
    world.change(one.id, lambda now, at: acts.evicted(now, now.run, at))


SLEEPS = "sleep infinity"
_SERVES: Mapping[str, Any] = {"servingPort": {"container": 8000}}
_CRASHES: Mapping[str, Any] = {"command": "crash", "backoffLimit": 0}
_GOES: Mapping[str, Any] = {"kept_s": HOUR_S}
_GPU: Mapping[str, Any] = {"compute": {"gpuDevicesRequest": 1}}
_ALWAYS = "{run: Always}"
_ON_FAILURE = "{run: OnFailure}"
_ON_CHANGE = "{run: OnChange}"
_STOPPED = "{state: Stopped}"
_REPLACE = "{onImmutableChange: Replace}"


def runs(image: str = "busybox:1", **more: Any) -> str:
    """Write the manifest of what runs until it is removed."""
    return job(image, SLEEPS, **more)


_STAYS = (
    Actor("runs", "it runs, and is as wanted", {0: runs()}),
    Actor("notebook", "it runs, and is as wanted", {0: runs(kind="Workspace")}),
    Actor("finished", "Once: it has finished", {0: job()}),
    Actor("ends-in-a-week", "Once: it runs for seven nights", {0: job(command=f"sleep {7 * DAY_S}")}),
    Actor(
        "auto-deleted",
        "Once: the deleted list, then the journal, or the age of its spec in git tells that it finished",
        {0: job(**_GOES)},
        lives=False,
    ),
    Actor(
        "purged",
        "Once: it is gone and forgotten; the journal, or the age of its spec in git tells that it finished",
        {20: job(**_GOES)},
        (20,),
        {40: is_purged},
        lives=False,
    ),
    Actor(
        "purged-soon",
        "Once: it is gone and forgotten, its spec is new in git; the journal tells that it finished",
        {40: job(**_GOES)},
        (40,),
        {50: is_purged},
        lives=False,
        needs_journal=True,
    ),
    Actor(
        "auto-deleted-late",
        "Once: the deleted list tells that it finished",
        {50: job(**_GOES)},
        (50,),
        lives=False,
    ),
    Actor("failed", "Once: a failed job is left as it is", {0: job(**_CRASHES)}),
    Actor(
        "failed-and-auto-deleted",
        "Once: the deleted list tells that it ended",
        {50: job(**_CRASHES, **_GOES)},
        (50,),
        lives=False,
    ),
    Actor("changed-after-its-end", "Once: another spec is no new run", {0: job(), 8: job("busybox:2")}),
    Actor(
        "changed-back-after-its-end",
        "Once: nor is the way back",
        {0: job(), 5: job("busybox:2"), 8: job()},
    ),
    Actor("refused-a-change", "what runs is not ended for another spec", {0: runs(), 55: runs("busybox:2")}),
    Actor(
        "preempted",
        "the platform queues it again by itself",
        {0: runs(**_GPU)},
        events={5: is_preempted, 30: is_preempted},
    ),
    Actor(
        "stopped-and-gone-on",
        "the platform stops it, and lets it go on some nights later",
        {0: runs()},
        events={8: is_stopped, 13: goes_on},
    ),
    Actor(
        "kept-by-git",
        "its manifest went, and said onRemove: Keep",
        {0: runs(lifecycle="{onRemove: Keep}"), 20: GONE},
    ),
)
"""Those that are submitted once, and left alone every other night."""

_HALTS = (
    Actor(
        "stopped-by-git",
        "git stops it, and lets it go on: it is the same object",
        {0: runs(), 5: runs(lifecycle=_STOPPED), 20: runs()},
        stopped=(5,),
        resumed=(20,),
    ),
    Actor(
        "never-to-run",
        "Stopped from the first day: it is not made",
        {0: runs(lifecycle=_STOPPED)},
        (),
        lives=False,
    ),
    Actor(
        "to-run-at-last",
        "the night on which git wants it to run",
        {0: runs(kind="Workspace", lifecycle=_STOPPED), 30: runs(kind="Workspace")},
        (30,),
    ),
    Actor(
        "stopped-after-its-end",
        "Once: it has finished, and there is nothing to stop",
        {0: job(), 8: job(lifecycle=_STOPPED), 13: job()},
    ),
    Actor(
        "stopped-by-somebody",
        "a person stops it, and git wants it to run",
        {0: runs()},
        events={13: is_suspended},
        resumed=(13,),
    ),
    Actor("left-stopped", "the platform stops it: Leave", {0: runs()}, events={8: is_stopped}),
    Actor(
        "resumed",
        "the platform stops it: Resume",
        {0: runs(lifecycle="{onPlatformStop: Resume}")},
        events={8: is_stopped},
        resumed=(8,),
    ),
    Actor(
        "removed-and-stopped",
        "its manifest went, and said onRemove: Stop",
        {0: runs(lifecycle="{onRemove: Stop}"), 20: GONE},
        stopped=(20,),
    ),
)
"""Those that git, a person or the platform stops."""

HELD = ("beside", "held")
"""How the names of what others made begin: whether git has a manifest of that name."""

_HELD = tuple(
    Actor(
        f"held-{whose}",
        "somebody else's object has its name, and is left alone",
        {5: runs("busybox:2", lifecycle=_REPLACE)},
        (),
        lives=False,
    )
    for whose in ("plain", "foreign", "copy")
)

_COMES_AND_GOES = (
    Actor("committed-yesterday", "its first night", {59: job()}, (59,)),
    Actor("committed-late", "its first night", {30: job()}, (30,)),
    Actor(
        "named-again",
        "another job has its name, weeks after the first one went",
        {2: job(**_GOES), 3: GONE, 30: job("busybox:2")},
        (2, 30),
    ),
    Actor("removed-while-it-runs", "its first night", {0: runs(), 20: GONE}, deleted=(20,), lives=False),
    Actor("removed-after-its-end", "its first night", {0: job(), 20: GONE}, deleted=(20,), lives=False),
    Actor("removed-after-deletion", "its first night", {0: job(**_GOES), 13: GONE}, lives=False),
    Actor(
        "replaced",
        "git consents to end it for another spec",
        {0: runs(), 8: runs("busybox:2", lifecycle=_REPLACE)},
        (0, 8),
        deleted=(8,),
    ),
    Actor(
        "deleted-while-it-runs",
        "somebody deleted it: it is missing, and had not finished",
        {0: runs()},
        (0, 13, 40),
        {13: is_deleted, 40: is_deleted},
    ),
    Actor(
        "deleted-after-its-end",
        "Once: somebody deleted it, and it had finished",
        {50: job()},
        (50,),
        {55: is_deleted},
        lives=False,
    ),
    Actor(
        "served",
        "its image is changed in place",
        {0: runs(kind="Inference", **_SERVES), 13: runs("busybox:2", kind="Inference", **_SERVES)},
        updated=(13,),
    ),
)
"""Those that git adds, changes and removes, and those that others delete."""

_RUNS_AGAIN = (
    Actor("always", "Always: each night", {0: job(lifecycle=_ALWAYS)}, EVERY_NIGHT, deleted=EVERY_NIGHT[1:]),
    Actor("always-auto-deleted", "Always: each night", {0: job(**_GOES, lifecycle=_ALWAYS)}, EVERY_NIGHT),
    Actor(
        "always-and-long",
        "Always, but never two at once: when the last one has ended",
        {0: job(command=f"sleep {19 * DAY_S}", lifecycle=_ALWAYS)},
        (0, 20, 40),
        deleted=(20, 40),
    ),
    Actor(
        "failing-on-failure",
        "OnFailure: each night, for it fails each time",
        {0: job(**_CRASHES, lifecycle=_ON_FAILURE)},
        EVERY_NIGHT,
        deleted=EVERY_NIGHT[1:],
    ),
    Actor(
        "mended-on-failure",
        "OnFailure: until it ends well",
        {0: job(**_CRASHES, lifecycle=_ON_FAILURE), 3: job(lifecycle=_ON_FAILURE)},
        (0, 1, 2, 3),
        deleted=(1, 2, 3),
    ),
    Actor(
        "failed-then-mended",
        "Once: a failed job holds nothing, so another spec takes its place",
        {0: job(**_CRASHES), 8: job()},
        (0, 8),
        deleted=(8,),
    ),
    Actor(
        "on-change",
        "OnChange: each spec once",
        {
            0: job(lifecycle=_ON_CHANGE),
            5: job("busybox:2", lifecycle=_ON_CHANGE),
            40: job("busybox:3", lifecycle=_ON_CHANGE),
        },
        (0, 5, 40),
        deleted=(5, 40),
    ),
    Actor(
        "on-change-auto-deleted",
        "OnChange: each spec once, though the last run is gone and forgotten",
        {
            0: job(**_GOES, lifecycle=_ON_CHANGE),
            5: job("busybox:2", **_GOES, lifecycle=_ON_CHANGE),
            40: job("busybox:3", **_GOES, lifecycle=_ON_CHANGE),
        },
        (0, 5, 40),
        lives=False,
    ),
    Actor(
        "run-id",
        "a new runId is a new run; one that leaves git is none",
        {0: job(), 13: job(lifecycle="{runId: second}"), 30: job(lifecycle="{runId: third}"), 50: job()},
        (0, 13, 30),
        deleted=(13, 30),
    ),
    Actor(
        "run-id-auto-deleted",
        "a new runId is a new run, though the last run is gone and forgotten",
        {
            0: job(**_GOES),
            13: job(**_GOES, lifecycle="{runId: second}"),
            44: job(**_GOES, lifecycle="{runId: third}"),
        },
        (0, 13, 44),
        lives=False,
    ),
    Actor("named-by-run", "--run names it on one night", {0: job()}, (0, 20), run_on=(20,), deleted=(20,)),
    Actor(
        "named-by-run-auto-deleted",
        "--run names it on one night, when it is gone and forgotten",
        {0: job(**_GOES)},
        (0, 20),
        run_on=(20,),
        lives=False,
    ),
)
"""Those that git, or somebody, asks to run again."""

ACTORS: tuple[Actor, ...] = (*_STAYS, *_HALTS, *_HELD, *_COMES_AND_GOES, *_RUNS_AGAIN)
