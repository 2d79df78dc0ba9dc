"""The oracle of the fault scenarios: what the emulator's ledger and world say happened, never our report."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

from reconciler.emulator.ledger import Entry
from reconciler.emulator.runai.records import Workload
from reconciler.emulator.runai.rows import asked
from reconciler.emulator.runai.switches import Switches
from reconciler.errors import ReconcilerError
from reconciler.mark import Mark, mark_from_text, mark_to_text
from reconciler.outcome import Applied, Outcome, Step
from reconciler.reconcile import Session, Stop
from tests.scenarios.stage import Stage, a_manifest

Effects = Counter[tuple[str, str]]
"""How often each verb struck each name: `("create", "train")`."""

LIST = r"GET /api/v1/workloads\?filterBy=projectId(?!.*deleted=true).*"
"""The list of one project's live workloads."""
COUNT = "GET /api/v1/workloads/count"
WRITES = r"POST|PATCH|PUT|DELETE /api/v[12]/workloads(/.+)?"
EVERY_KIND: Mapping[str, str] = {
    "note": "Workspace",
    "train": "Training",
    "ranks": "DistributedTraining",
    "chat": "Inference",
    "groups": "DistributedInference",
    "nim": "NimService",
    "app": "ExternalWorkload",
}
"""A name and a kind of workload, each once."""

IN_PLACE: Mapping[str, str] = {"chat": "PATCH", "nim": "PATCH", "app": "PUT"}
"""Those whose image the platform changes in place, and how."""


def effects(stage: Stage, since: int = 0) -> Effects:
    """Count what really changed after a mark of the ledger."""
    return Counter((effect.verb, effect.name) for entry in stage.mutations(since) for effect in entry.effects)


def mark(stage: Stage) -> int:
    return stage.emulator.ledger.mark()


def names(stage: Stage, project: str = "team-a") -> set[str]:
    """Name what is live and not on its way out."""
    return {name for name, one in stage.live(project).items() if one.phase != "Deleting"}


def apply_hearing(
    stage: Stage,
    listen: Callable[[Step], None] = lambda _: None,
    *,
    between: Callable[[], object] = lambda: None,
    stop: Stop | None = None,
    **request: Any,
) -> Applied:
    """Plan and apply with a listener of the test's own; `between` runs after the plan."""

    async def act(session: Session) -> Applied:
        planned = await session.plan()
        between()
        return await session.apply(planned, listen=listen, stop=stop or Stop())

    return stage.run(act, **request)


def refusal(stage: Stage, **request: Any) -> ReconcilerError:
    """Apply what must not even begin: nothing is sent, and the error that says so comes back."""
    before = mark(stage)
    with pytest.raises(ReconcilerError) as raised:
        stage.apply(**request)
    assert stage.mutations(before) == []
    return raised.value


def codes(error: ReconcilerError) -> list[str]:
    return [problem.code for problem in error.problems]


def outcome_of(applied: Applied, name: str) -> Outcome:
    return next(outcome for outcome in applied.outcomes if outcome.key.name == name)


def record(one: Workload) -> bytes:
    """Write a workload as the platform shows it, to the byte."""
    shown = asked(one, Switches())
    return json.dumps([shown, one.source, str(one.updated_at)], sort_keys=True).encode()


def touched(entries: Iterable[Entry], ids: Iterable[str]) -> list[Entry]:
    """Pick the requests to change something that name one of these ids, with an effect or without."""
    listed = tuple(ids)
    return [
        entry
        for entry in entries
        if any(id_ in entry.path for id_ in listed) or any(e.id in listed for e in entry.effects)
    ]


def remarked(spec: dict[str, Any], change: Callable[[Mark], Mark]) -> dict[str, Any]:
    """Give a spec whose marks, wherever its kind has them, say something else."""
    changed: dict[str, Any] = _remarked(spec, change)
    assert changed != spec
    return changed


def _remarked(tree: Any, change: Callable[[Mark], Mark]) -> Any:
    if isinstance(tree, dict):
        return {key: _remarked(item, change) for key, item in tree.items()}
    if isinstance(tree, list):
        return [_remarked(item, change) for item in tree]
    known = mark_from_text(tree) if isinstance(tree, str) else None
    return tree if known is None else mark_to_text(change(known))


def a_sleeper(
    name: str = "train",
    kind: str = "Training",
    project: str = "team-a",
    *,
    image: str = "busybox:1",
    **blocks: str,
) -> str:
    """Write a workload that runs for ever and is believed healthy soon."""
    spec = json.dumps(sleeping(kind, image))
    return a_manifest(name, kind, project, **{"spec": spec, "health": "{hold: 1s}", **blocks})


def every_kind(stage: Stage, image: str = "busybox:1") -> Stage:
    """Declare a workload of each kind."""
    return stage.write(**{name: a_sleeper(name, kind, image=image) for name, kind in EVERY_KIND.items()})


def made_by_mina(stage: Stage, like: Workload, name: str, spec: Any, **more: Any) -> str:
    """Put an object of somebody else there that is like one of ours, and give its id."""
    return stage.emulator.world.add_workload(
        kind=like.kind,
        project="team-a",
        name=name,
        spec=spec,
        created_by="mina",
        master=like.master,
        sync=like.sync,
        shown_as=like.shown_as,
        **more,
    )


def sleeping(kind: str, image: str = "busybox:1") -> dict[str, Any]:
    """Give a spec of a kind that runs for ever."""
    pod = {"image": image, "command": "sleep infinity"}
    if kind == "DistributedInference":
        return {"leader": pod, "worker": dict(pod), "workers": 1, "servingPort": {"port": 8000}}
    if kind == "DistributedTraining":
        return {**pod, "distributedFramework": "PyTorch", "numWorkers": 1}
    if kind == "NimService":
        return {"image": image, "servingPort": {"port": 8000}}
    if kind == "ExternalWorkload":
        container = {"name": "main", "image": image, "command": ["sleep", "infinity"]}
        pods = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [container]}}
        spec = {"selector": {"matchLabels": {"app": "x"}}, "template": pods}
        return {"manifest": {"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec}}
    return pod


def container_of(kind: str, spec: Any) -> Any:
    """Give the part of a spec that says what runs; of groups, the leader's."""
    if kind == "ExternalWorkload":
        return spec["manifest"]["spec"]["template"]["spec"]["containers"][0]
    return spec["leader"] if kind == "DistributedInference" else spec


def variables_of(kind: str) -> str:
    """Name the field of a container that holds its environment."""
    return "env" if kind == "ExternalWorkload" else "environmentVariables"


def image_of(one: Workload) -> str:
    """Give the image that a workload's spec asks for, wherever its kind has it."""
    spec = one.spec.get("leader") or one.spec
    if "manifest" in spec:
        spec = spec["manifest"]["spec"]["template"]["spec"]["containers"][0]
    return str(spec["image"])


def an_inference(
    name: str = "chat", *, image: str = "busybox:1", project: str = "team-a", more: str = ""
) -> str:
    """Write an inference that serves; `more` goes on with the spec."""
    spec = f"{{image: '{image}', servingPort: {{container: 8000}}{more}}}"
    return a_manifest(name, "Inference", project, spec=spec, health="{hold: 1s}")


__all__ = [
    "COUNT",
    "EVERY_KIND",
    "IN_PLACE",
    "LIST",
    "WRITES",
    "Effects",
    "a_sleeper",
    "an_inference",
    "apply_hearing",
    "codes",
    "container_of",
    "effects",
    "every_kind",
    "image_of",
    "made_by_mina",
    "mark",
    "names",
    "outcome_of",
    "record",
    "refusal",
    "remarked",
    "sleeping",
    "touched",
    "variables_of",
]
