"""What an apply on Run:ai is killed in: a table, one row each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tests.scenarios.oracle import EVERY_KIND
from tests.soak.crashes import Scenario, Where
from tests.soak.invariants import check_i12
from tests.soak.runai import grounded
from tests.soak.wishes import Wish

_REPLACE = "onImmutableChange: Replace"
WHERE = Where(grounded, check_i12)


def _fleet(*names: str, image: str = "busybox:1", lifecycle: str = "") -> tuple[Wish, ...]:
    return tuple(Wish(name, EVERY_KIND[name], image=image, lifecycle=lifecycle) for name in names)


_JOBS = tuple(Wish(name, does="ends") for name in ("one", "two", "three"))
_MIXED = (
    Wish("train", image="busybox:2", lifecycle=_REPLACE),
    Wish("chat", "Inference", image="busybox:2"),
    Wish("fresh", "Workspace"),
    Wish("next", "Training", needs="fresh", needed_kind="Workspace"),
)
SCENARIOS: Sequence[Scenario] = (
    Scenario("create", (), _fleet("train", "note", "chat", "nim", "app")),
    Scenario("update", _fleet("chat", "nim", "app"), _fleet("chat", "nim", "app", image="busybox:2")),
    Scenario(
        "replace", _fleet("train", "note"), _fleet("train", "note", image="busybox:2", lifecycle=_REPLACE)
    ),
    Scenario("delete", _fleet("train", "note", "chat", "nim"), _fleet("chat"), is_git=True),
    Scenario("rerun", _JOBS, tuple(replace(job, lifecycle="runId: second") for job in _JOBS), wait_s=300),
    Scenario("run", _JOBS, _JOBS, wait_s=300, named=tuple(job.full for job in _JOBS)),
    Scenario("mixed", _fleet("train", "chat", "note"), _MIXED, is_git=True),
)
