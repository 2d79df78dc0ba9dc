"""What an apply on Primus-SaFE is killed in: a table, one row each, for servers of both generations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from reconciler.emulator.faults import Fault
from tests.soak.crashes import Scenario, Where
from tests.soak.primus_safe.ground import GENERATIONS, SafeGround, grounded
from tests.soak.primus_safe.invariants import check_i12
from tests.soak.primus_safe.outsiders import Deed
from tests.soak.primus_safe.truth import owned
from tests.soak.primus_safe.wishes import Wish


def _peopled(ground: SafeGround, wishes: Sequence[Wish]) -> None:
    """Let others have objects of every name that git wants, and a copy and a namesake of each of ours."""
    for wish in wishes:
        Deed("plain", name=wish.name, kind=wish.kind).on(ground)
    for nth in range(len(owned(ground.live()))):
        Deed("copy", nth).on(ground)
    Deed("foreign", name="train").on(ground)


WHERE: Mapping[int, Where] = {
    generation: Where(partial(grounded, generation=generation), check_i12, _peopled)
    for generation in GENERATIONS
}
_CREATES = "POST /api/v1/workloads"
_LOST = (Fault(_CREATES, kind="lost", every=2), Fault(_CREATES, nth=2, kind="truncate", every=2))
"""Every create has its effect, and its answer never comes whole."""
_REPLACE = "onImmutableChange: Replace"
_KINDS = {"train": "PyTorchJob", "desk": "Authoring", "serve": "Deployment", "state": "StatefulSet"}


def _fleet(*names: str, image: str = "rocm/pytorch:1", lifecycle: str = "") -> tuple[Wish, ...]:
    return tuple(Wish(name, _KINDS[name], image, lifecycle=lifecycle) for name in names)


_JOBS = tuple(Wish(name, does="ends") for name in ("one", "two", "three"))
_AGAIN = tuple(replace(job, lifecycle="runId: second") for job in _JOBS)
_MIXED = (
    Wish("train", image="rocm/pytorch:2", lifecycle=_REPLACE),
    Wish("serve", "Deployment", "rocm/pytorch:2", replicas=2),
    Wish("fresh", does="ends"),
    Wish("next", needs="fresh"),
)
SCENARIOS: Sequence[Scenario] = (
    Scenario("create", (), _fleet(*_KINDS)),
    Scenario("create, answers lost", (), _fleet(*_KINDS), script=_LOST),
    Scenario("update", _fleet("serve", "state"), _fleet("serve", "state", image="rocm/pytorch:2")),
    Scenario(
        "replace",
        _fleet("train", "desk"),
        _fleet("train", "desk", image="rocm/pytorch:2", lifecycle=_REPLACE),
        script=_LOST,
    ),
    Scenario("delete", _fleet(*_KINDS), _fleet("serve"), is_git=True),
    Scenario("stop", _fleet(*_KINDS), _fleet(*_KINDS, lifecycle="state: Stopped")),
    Scenario("rerun", _JOBS, _AGAIN, wait_s=300, script=_LOST),
    Scenario("run", _JOBS, _JOBS, wait_s=300, named=tuple(job.full for job in _JOBS)),
    Scenario("mixed", _fleet("train", "serve", "desk"), _MIXED, is_git=True),
)
