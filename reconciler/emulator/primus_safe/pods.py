"""The pods of a workload as its row shows them: worked out from its newest run."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from reconciler.emulator.primus_safe import moments
from reconciler.emulator.primus_safe.crew import has_ranks
from reconciler.emulator.primus_safe.fates import FAILS, fate, kind_of_death
from reconciler.emulator.primus_safe.generations import Generation
from reconciler.emulator.primus_safe.kinds import KINDS, is_application
from reconciler.emulator.primus_safe.names import made_uuid
from reconciler.emulator.primus_safe.records import Node, Place, Run, Workload

Json = Any
FIRST_FALLS_S = 1.0
SSH_HOST, SSH_PORT = "10.20.0.9", 2222
_EXITS: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "rccl": (134, "Error"),
        "hip": (134, "Error"),
        "hip-oom": (1, "Error"),
        "killed": (137, "OOMKilled"),
        "crash": (1, "Error"),
        "aborts": (1, "Error"),
        "completes": (0, "Completed"),
    }
)


@dataclass(frozen=True, slots=True)
class PodView:
    """One container of one pod, as logs and lists need it.

    `ending` is how it ends: `runs`, `no-image`, `completes`, `aborts` because rank `first` fell, or
    a death of its own.
    """

    place: Place
    image: str
    command: str
    container: str
    ending: str
    started_at: datetime | None
    ended_at: datetime | None
    lasts_s: float
    first: int
    replicas: int
    has_gpu: bool


def views(one: Workload) -> list[PodView]:
    """Give the pods of the newest run, in order of rank; none before a workload was dispatched."""
    run = one.run
    return [] if run is None else [_view(one, run, place) for place in run.places]


def _view(one: Workload, run: Run, place: Place) -> PodView:
    what = fate(run.spec, run.number)
    ending = what.kind
    if what.kind in FAILS and not is_application(one.spec.kind) and place.rank != run.first:
        ending = "aborts"
    elif what.kind in FAILS:
        ending = kind_of_death(what.kind, run.spec)
    images, commands = run.spec.images or ("",), run.spec.entry_points or ("",)
    asked = run.spec.resources[min(place.group, len(run.spec.resources) - 1)]
    early = FIRST_FALLS_S if ending not in {"aborts", "completes", "runs"} else 0.0
    return PodView(
        place=place, image=images[min(place.group, len(images) - 1)],
        command=commands[min(place.group, len(commands) - 1)],
        container=KINDS[one.spec.kind].container if one.spec.kind in KINDS else "main",
        ending=ending, started_at=run.running_at, ended_at=_end(one, run, early),
        lasts_s=max(0.0, what.after_s - early), first=run.first, replicas=len(run.places),
        has_gpu=bool(asked.gpu),
    )  # fmt: skip


def _end(one: Workload, run: Run, early: float) -> datetime | None:
    """Tell when a pod ended: that which fell first a moment before the others."""
    if run.ended_at is not None:
        return run.ended_at - timedelta(seconds=early)
    return one.ended_at if one.is_ended and run.running_at else None


def phase_of(one: Workload, view: PodView) -> str:
    """Tell the phase of a pod; what was stopped shows what it last was."""
    if view.started_at is None or not view.place.node:
        return "Pending"
    run = one.run
    if run is None or run.ended_at is None:
        return "Running"
    return "Succeeded" if _EXITS.get(view.ending, (0, ""))[0] == 0 else "Failed"


def pod_rows(
    one: Workload, nodes: Mapping[str, Node], generation: Generation, *, ssh_as: str = ""
) -> list[dict[str, Json]] | None:
    """Spell the pods of a row; null before there are any.

    `ssh_as` is the id of who asks, where pods tell how to log in.
    """
    found = []
    for view in views(one):
        told = _row(one, view, nodes, generation)
        if ssh_as and told["phase"] == "Running":
            told |= _ssh(one, view, ssh_as, generation)
        found.append(told)
    return found or None


def _ssh(one: Workload, view: PodView, caller: str, generation: Generation) -> dict[str, str]:
    """Tell how to log in: as the owner in the first generation, as oneself in the second."""
    name, space = view.place.name, one.spec.workspace
    if generation.is_first:
        return {"sshAddr": f"ssh {one.user_id}.{name}.{space}@{SSH_HOST}"}
    user = f"{caller}.{name}.{view.container}.bash.{space}"
    return {"sshCommand": f"ssh -o ServerAliveInterval=60 {user}@{SSH_HOST} -p {SSH_PORT}"}


def _row(one: Workload, view: PodView, nodes: Mapping[str, Node], generation: Generation) -> dict[str, Json]:
    node = nodes.get(view.place.node)
    phase = phase_of(one, view)
    is_up = view.started_at is not None and node is not None
    told = {
        "podId": view.place.name,
        "resourceId": view.place.group or None if generation.is_plural else None,
        "k8sNodeName": node.name if node and generation.is_first else None,
        "adminNodeName": node.id if node else None,
        "phase": phase,
        "hostIP": node.ip if node and is_up else None,
        "podIP": _pod_ip(one, view) if is_up else None,
        "rank": str(view.place.rank) if has_ranks(one.spec.kind) else None,
        "startTime": moments.naive(view.started_at),
        "endTime": moments.naive(view.ended_at) if phase in {"Succeeded", "Failed"} else None,
        "containers": _containers(one, view, phase, generation),
    }
    if generation.is_plural:
        told["failedMessage"] = _pull_message(view) or (_death(view)[1] if phase == "Failed" else None)
        told["groupId"] = view.place.group or None
    return {key: value for key, value in told.items() if value not in (None, "", [])}


def _pod_ip(one: Workload, view: PodView) -> str:
    tail = int(made_uuid(one.uid, view.place.name)[:2], 16)
    return f"10.244.{view.place.rank % 250}.{tail}"


def _containers(one: Workload, view: PodView, phase: str, generation: Generation) -> list[dict[str, Json]]:
    """Tell how the container last ended, or why its image does not come."""
    if message := _pull_message(view):
        told = {"name": view.container, "reason": "ImagePullBackOff", "message": message, "exitCode": 0}
    elif phase in {"Succeeded", "Failed"}:
        code, reason = _EXITS.get(view.ending, (0, "Completed"))
        told = {"name": view.container, "reason": reason, "exitCode": code}
    elif not one.holds_ready and view.ending in _EXITS:
        code, reason = _EXITS[view.ending]
        told = {"name": view.container, "reason": reason, "message": "back-off restarting", "exitCode": code}
    else:
        return []
    return [told if generation.is_first else {k: v for k, v in told.items() if k != "reason"}]


def _death(view: PodView) -> tuple[int, str]:
    code, reason = _EXITS.get(view.ending, (0, ""))
    return code, f"{view.container}: {reason}, exit code {code}"


def _pull_message(view: PodView) -> str:
    return f'Back-off pulling image "{view.image}"' if view.ending == "no-image" else ""
