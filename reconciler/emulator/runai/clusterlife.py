"""The life of a cluster: it is registered, connects when somebody installs it, and goes in its own time.

Nothing here happens by a request. A test, or whoever runs the emulator, says when a cluster connects
and what troubles it; what was due is played whenever somebody looks.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.emulator.runai import acts
from reconciler.emulator.runai.records import Cluster
from reconciler.emulator.runai.world import World

CLEANUP_S = 20.0
"""How long a cluster that answers takes to clean up when it is asked to go."""

TROUBLES = {
    "Disconnected": "the cluster has stopped reporting",
    "MissingPrerequisites": "required dependency is missing: prometheus",
    "ServiceIssues": "service runai-scheduler is not ready",
    "Unknown": "",
}
_INSTALLED = "2.25.6"


def settle(world: World) -> None:
    """Play what was due: connects, and ends of clean-ups."""
    now = world.clock.now()
    for one in list(world.clusters.values()):
        if one.deleted_at is None and (then := _as_of(one, now)) != one:
            world.clusters[one.uuid] = then
            if then.deleted_at:
                _empty(world, then)


def _as_of(one: Cluster, now: datetime) -> Cluster:
    if one.state == "WaitingToConnect" and one.connects_at and one.connects_at <= now:
        one = _connected(one)
    if one.delete_requested_at and one.state not in TROUBLES:
        end = one.delete_requested_at + timedelta(seconds=CLEANUP_S)
        return replace(one, deleted_at=end) if end <= now else one
    return one


def _connected(one: Cluster) -> Cluster:
    """Let it report what it is: its release, and where it answers if nobody said."""
    said = one.version or ""
    version = said if said.count(".") == 2 else f"{said}.6" if said else _INSTALLED
    return replace(
        one, state="Connected", trouble="", version=version, domain="" if one.domain is None else one.domain
    )


def _empty(world: World, one: Cluster) -> None:
    """Take a cluster's projects and workloads along."""
    for workload in [each for each in world.live() if each.project.cluster == one.uuid]:
        if workload.desired != "Deleted":
            world.change(workload.id, acts.deleting)
    for project in [each for each in world.projects.values() if each.cluster == one.uuid]:
        del world.projects[project.id]


def _named(world: World, name: str) -> Cluster:
    settle(world)
    known = (one for one in world.clusters.values() if one.name == name and one.deleted_at is None)
    return next(known)


def connect(world: World, name: str) -> None:
    """Let a cluster connect now, or after trouble again.  Raises StopIteration for none of that name."""
    with world.lock:
        one = _named(world, name)
        world.clusters[one.uuid] = _connected(one)


def trouble(world: World, name: str, state: str) -> None:
    """Let a connected cluster fall into one of TROUBLES.  Raises StopIteration or KeyError."""
    with world.lock:
        one = _named(world, name)
        world.clusters[one.uuid] = replace(one, state=state, trouble=TROUBLES[state])


def gone(world: World, one: Cluster) -> None:
    """Drop a cluster at once, with all that is on it."""
    world.clusters[one.uuid] = replace(one, deleted_at=world.clock.now())
    _empty(world, world.clusters[one.uuid])
