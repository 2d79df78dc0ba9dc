"""Who takes part in the sixty nights on Primus-SaFE: a table, one row each.

What has ended stays as a row for ever: a new run is a new object beside it, and nothing is deleted for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.emulator.primus_safe.records import Workload
from reconciler.emulator.primus_safe.world import World
from tests.scenarios.primus_safe.stage import a_manifest
from tests.soak.actor import DAY_S, EVERY_NIGHT, GONE, Actor
from tests.soak.primus_safe.outsiders import deletes, edits, preempts, scales, stops, times_out, unmarks
from tests.soak.primus_safe.wishes import WORKSPACES
from tests.soak.wishes import HEALTH

SLEEPS = "sleep infinity"
_CRASHES = "python crash.py"


def job(
    image: str = "rocm/pytorch:1",
    command: str = "sleep 60",
    *,
    kind: str = "PyTorchJob",
    pods: int = 1,
    more: str = "",
    lifecycle: str = "",
    needs: str = "",
) -> str:
    """Write the manifest of a job, its name to be filled in; `needs` names a job by dependsOn."""
    amounts = "cpu: '2', memory: 4Gi" + (f", replica: {pods}" if kind != "Authoring" else "")
    spec = [f"image: '{image}'", f"resource: {{{amounts}}}"]
    spec += [f"entryPoint: {command}"] if kind != "Authoring" else []
    spec += [more] if more else []
    blocks = {"health": HEALTH} | ({"lifecycle": lifecycle} if lifecycle else {})
    blocks |= {"dependsOn": f"[{{kind: PyTorchJob, name: {needs}}}]"} if needs else {}
    return a_manifest("NAME", kind, WORKSPACES[kind], ", ".join(spec), **blocks)


def runs(image: str = "rocm/pytorch:1", **more: Any) -> str:
    """Write the manifest of what runs until it is stopped."""
    return job(image, SLEEPS, **more)


def serves(image: str = "rocm/pytorch:1", **more: Any) -> str:
    """Write the manifest of a Deployment."""
    return job(image, "python serve.py", kind="Deployment", **more)


def is_forgotten(world: World, one: Workload) -> None:
    """Let somebody delete what has ended: its row is hidden, and no list shows it any more."""
    assert one.is_ended
    deletes(world, one)


def is_seen(_: World, __: Workload) -> None:
    """Do nothing, on a night whose apply sees how it is."""


_KEPT: Mapping[str, Any] = {"more": f"ttlSecondsAfterFinished: {90 * DAY_S}"}
"""Its custom resource stays after its end, not its row alone."""
_ALWAYS = "{run: Always}"
_ON_FAILURE = "{run: OnFailure}"
_ON_CHANGE = "{run: OnChange}"
_STOPPED = "{state: Stopped}"
_REPLACE = "{onImmutableChange: Replace}"

_STAYS = (
    Actor("runs", "it runs, and is as wanted", {0: runs()}),
    Actor("desk", "it runs, and is as wanted", {0: runs(kind="Authoring")}),
    Actor("serves", "it runs, and is as wanted", {0: serves()}),
    Actor("ordered", "it runs, and is as wanted", {0: runs(kind="StatefulSet")}),
    Actor("finished", "Once: it has finished, and its row says so", {0: job()}),
    Actor("finished-and-kept", "Once: it has finished, and is still there", {0: job(**_KEPT)}),
    Actor("ends-in-a-week", "Once: it runs for seven nights", {0: job(command=f"sleep {7 * DAY_S}")}),
    Actor("failed", "Once: a failed job is left as it is", {0: job(command=_CRASHES)}),
    Actor("failed-and-kept", "Once: a failed job is left as it is", {0: job(command=_CRASHES, **_KEPT)}),
    Actor(
        "hidden",
        "Once: its row is hidden; the journal, or the age of its spec in git tells that it finished",
        {20: job()},
        (20,),
        {40: is_forgotten},
        lives=False,
    ),
    Actor(
        "hidden-soon",
        "Once: its row is hidden, its spec is new in git; the journal tells that it finished",
        {40: job()},
        (40,),
        {45: is_seen, 50: is_forgotten},
        lives=False,
        needs_journal=True,
    ),
    Actor("changed-after-its-end", "Once: another spec is no new run", {0: job(), 8: job("rocm/pytorch:2")}),
    Actor(
        "changed-back-after-its-end",
        "Once: nor is the way back",
        {0: job(), 5: job("rocm/pytorch:2"), 8: job()},
    ),
    Actor(
        "refused-a-change", "what runs is not ended for another spec", {0: runs(), 55: runs("rocm/pytorch:2")}
    ),
    Actor(
        "preempted",
        "the platform queues it again by itself",
        {0: runs()},
        events={5: preempts, 30: preempts},
    ),
    Actor(
        "kept-by-git",
        "its manifest went, and said onRemove: Keep",
        {0: runs(lifecycle="{onRemove: Keep}"), 20: GONE},
    ),
    Actor(
        "unmarked",
        "somebody wrote over its description: nobody knows that it is ours, and it is left alone",
        {0: runs()},
        events={13: unmarks},
        lives=False,
    ),
)
"""Those that are submitted once, and left alone every other night."""

_HALTS = (
    Actor(
        "stopped-by-git",
        "git stops it, which ends it, and lets it run again: a new object",
        {0: runs(), 5: runs(lifecycle=_STOPPED), 20: runs()},
        (0, 20),
        stopped=(5,),
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
        {0: runs(kind="Authoring", lifecycle=_STOPPED), 30: runs(kind="Authoring")},
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
        (0, 13),
        {13: stops},
    ),
    Actor(
        "stopped-by-somebody-after-its-end",
        "Once: a stop writes over how it ended, and its conditions still tell that it finished",
        {0: job(**_KEPT)},
        events={8: stops},
    ),
    Actor("left-stopped", "the platform stops it: Leave", {0: runs()}, events={8: times_out}),
    Actor(
        "resumed",
        "the platform stops it: Resume, by a new object",
        {0: runs(lifecycle="{onPlatformStop: Resume}")},
        (0, 8),
        {8: times_out},
    ),
    Actor(
        "removed-and-stopped",
        "its manifest went, and said onRemove: Stop",
        {0: runs(lifecycle="{onRemove: Stop}"), 20: GONE},
        stopped=(20,),
    ),
)
"""Those that git, a person or the platform stops: what is stopped has ended."""

_COMES_AND_GOES = (
    Actor("committed-yesterday", "its first night", {59: job()}, (59,)),
    Actor("committed-late", "its first night", {30: job()}, (30,)),
    Actor("removed-while-it-runs", "its first night", {0: runs(), 20: GONE}, deleted=(20,), lives=False),
    Actor("removed-while-it-serves", "its first night", {0: serves(), 20: GONE}, deleted=(20,), lives=False),
    Actor("removed-after-its-end", "its first night: its row is history", {0: job(), 20: GONE}),
    Actor(
        "replaced",
        "git consents to end it for another spec",
        {0: runs(), 8: runs("rocm/pytorch:2", lifecycle=_REPLACE)},
        (0, 8),
        deleted=(8,),
    ),
    Actor(
        "deleted-while-it-runs",
        "somebody deleted it: it is missing, and had not finished",
        {0: runs()},
        (0, 13, 40),
        {13: deletes, 40: deletes},
    ),
    Actor(
        "scaled",
        "its number of pods is changed in place",
        {0: serves(), 13: serves(pods=2), 30: serves()},
        updated=(13, 30),
    ),
    Actor("rolled", "its image is changed in place", {0: serves(), 13: serves("vllm:2")}, updated=(13,)),
    Actor("scaled-by-somebody", "it is scaled back", {0: serves()}, events={13: scales}, updated=(13,)),
    Actor("edited-by-somebody", "its image is put back", {0: serves()}, events={13: edits}, updated=(13,)),
)
"""Those that git adds, changes and removes, and those that others change."""

_RUNS_AGAIN = (
    Actor("always", "Always: each night", {0: job(lifecycle=_ALWAYS)}, EVERY_NIGHT),
    Actor("always-and-kept", "Always: each night", {0: job(**_KEPT, lifecycle=_ALWAYS)}, EVERY_NIGHT),
    Actor(
        "always-and-long",
        "Always, but never two at once: when the last one has ended",
        {0: job(command=f"sleep {19 * DAY_S}", lifecycle=_ALWAYS)},
        (0, 20, 40),
    ),
    Actor(
        "failing-on-failure",
        "OnFailure: each night, for it fails each time",
        {0: job(command=_CRASHES, lifecycle=_ON_FAILURE)},
        EVERY_NIGHT,
    ),
    Actor(
        "mended-on-failure",
        "OnFailure: until it ends well",
        {0: job(command=_CRASHES, lifecycle=_ON_FAILURE), 3: job(lifecycle=_ON_FAILURE)},
        (0, 1, 2, 3),
    ),
    Actor(
        "failed-then-mended",
        "Once: a failed job holds nothing, so another spec runs beside it",
        {0: job(command=_CRASHES), 8: job()},
        (0, 8),
    ),
    Actor(
        "on-change",
        "OnChange: each spec once",
        {
            0: job(lifecycle=_ON_CHANGE),
            5: job("rocm/pytorch:2", lifecycle=_ON_CHANGE),
            40: job("rocm/pytorch:3", lifecycle=_ON_CHANGE),
        },
        (0, 5, 40),
    ),
    Actor(
        "run-id",
        "a new runId is a new run; one that leaves git is none",
        {0: job(), 13: job(lifecycle="{runId: second}"), 30: job(lifecycle="{runId: third}"), 50: job()},
        (0, 13, 30),
    ),
    Actor(
        "run-id-hidden",
        "a new runId is a new run, though the row of the last is hidden",
        {0: job(), 44: job(lifecycle="{runId: second}")},
        (0, 44),
        {20: is_forgotten},
    ),
    Actor("named-by-run", "--run names it on one night", {0: job()}, (0, 20), run_on=(20,)),
)
"""Those that git, or somebody, asks to run again."""

_WAITS = (
    Actor(
        "after-finished",
        "what it waits for has finished and gone, and is left out of what is sent: it does not fail",
        {30: runs(more="dependencies: [finished]", lifecycle=_ON_FAILURE)},
        (30,),
        {44: is_seen},
    ),
    Actor(
        "after-a-week",
        "it is sent with the id of what it waits for, which runs: it does not fail",
        {2: runs(more="dependencies: [ends-in-a-week]", lifecycle=_ON_FAILURE)},
        (2,),
        {13: is_seen},
    ),
    Actor(
        "after-failed",
        "what it waits for failed: it is never sent",
        {5: runs(more="dependencies: [failed]")},
        (),
        lives=False,
    ),
    Actor("needs-finished", "the night after what it needs has finished", {0: runs(needs="finished")}, (1,)),
    Actor(
        "needs-a-week",
        "the night after what it needs has finished",
        {0: runs(needs="ends-in-a-week")},
        (8,),
    ),
)
"""Those that need a job that has ended, or will."""

ACTORS: tuple[Actor, ...] = (*_STAYS, *_HALTS, *_COMES_AND_GOES, *_RUNS_AGAIN, *_WAITS)
