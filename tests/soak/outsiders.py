"""What others do to the platform behind our back: people, other tools, other fleets, the platform itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from reconciler.emulator.runai import acts
from reconciler.emulator.runai.merge import merge
from reconciler.emulator.runai.records import Workload
from reconciler.emulator.runai.world import World
from reconciler.mark import Mark
from reconciler.providers.runai.marks import MARK, MARK_NOTE, OURS
from tests.scenarios.oracle import image_of, remarked
from tests.soak.ground import OTHER_FLEET, Ground
from tests.soak.truth import key_of, mark_of, stands
from tests.soak.wishes import kind_of

ALIKE = ("a-2", "aa", "b-", "xa", "train-2", "trai")
"""Names that look like those of git, and one that no platform would take from us."""


@dataclass(frozen=True, slots=True)
class Deed:
    """Do something to the `nth` object that stands, counted around, or put one there."""

    what: str
    nth: int = 0
    name: str = "a"
    project: str = "team-a"

    def on(self, ground: Ground) -> str:
        """Do it, and give the id of what was changed; nothing where there was nothing to do."""
        world: World = ground.emulator.world
        standing = sorted(filter(stands, world.live()), key=key_of)
        if self.what in _MADE:
            held = any(key_of(one) == (self.project, self.name) for one in world.live())
            return "" if held else _MADE[self.what](self, world, standing)
        if not standing:
            return ""
        one = standing[self.nth % len(standing)]
        _DONE[self.what](world, one)
        return one.id


def _edit(world: World, one: Workload) -> None:
    """Give it another image in place; the platform's own web page does not ask whether it may."""
    if image_of(one) == "busybox:9":
        return
    if kind_of(one) in ("Workspace", "Training", "Inference", "NimService"):
        world.change(one.id, lambda now, at: acts.respec(now, merge(now.spec, {"image": "busybox:9"}), at))


def _remove(world: World, one: Workload) -> None:
    world.remove(one.id)


def _delete(world: World, one: Workload) -> None:
    world.change(one.id, lambda now, at: acts.deleting(now, at, by="mina"))


def _stop(world: World, one: Workload) -> None:
    """Stop it as a person does."""
    if one.kind in ("Workspace", "Training"):
        world.change(one.id, acts.suspended)


def _halt(world: World, one: Workload) -> None:
    """Stop it as the platform does, and says."""
    if one.kind in ("Workspace", "Training") and one.phase == "Running":
        world.stop(one.id)


def _unmark(world: World, one: Workload) -> None:
    """Take everything of ours off it."""
    spec = _unmarked(one.spec)
    if spec != one.spec:
        world.change(one.id, lambda now, at: replace(now, spec=spec, updated_at=at))


def _unmarked(tree: Any) -> Any:
    if isinstance(tree, Mapping):
        return {key: _unmarked(item) for key, item in tree.items() if key not in OURS}
    if isinstance(tree, list):
        return [_unmarked(item) for item in tree if not (isinstance(item, dict) and item.get("name") in OURS)]
    return tree


_DONE: Mapping[str, Callable[[World, Workload], None]] = {
    "edit": _edit,
    "remove": _remove,
    "delete": _delete,
    "stop": _stop,
    "halt": _halt,
    "unmark": _unmark,
}
_PLAIN = {"image": "busybox:1", "command": "sleep infinity"}


def _plain(deed: Deed, world: World, _: list[Workload]) -> str:
    return _put(deed, world, "Training", _PLAIN)


def _copy(deed: Deed, world: World, standing: list[Workload]) -> str:
    """Clone an object, marks and all: they name another one."""
    for one in standing:
        if one.kind in ("Workspace", "Training", "Inference") and mark_of(one):
            return _put(deed, world, one.kind, one.spec)
    return _put(
        deed, world, "Workspace", {**_PLAIN, "annotations": [{"name": MARK_NOTE, "value": '{"v": 9}'}]}
    )


def _foreign(deed: Deed, world: World, standing: list[Workload]) -> str:
    """Put an object there that belongs to another fleet, by a true mark."""

    def change(mark: Mark) -> Mark:
        cluster, _, kind, _ = mark.key.split("/")
        return replace(mark, key=f"{cluster}/{deed.project}/{kind}/{deed.name}", fleet_id=OTHER_FLEET)

    for one in standing:
        if one.kind in ("Workspace", "Training") and mark_of(one):
            return _put(deed, world, one.kind, remarked(one.spec, change))
    return _put(deed, world, "Training", {**_PLAIN, "environmentVariables": [{"name": MARK, "value": "{}"}]})


def _put(deed: Deed, world: World, kind: str, spec: dict[str, Any]) -> str:
    return world.add_workload(
        kind=kind, project=deed.project, name=deed.name, spec=spec, created_by="mina", phase="Running"
    )


_MADE: Mapping[str, Callable[[Deed, World, list[Workload]], str]] = {
    "plain": _plain,
    "copy": _copy,
    "foreign": _foreign,
}

names = st.sampled_from(("a", "b", "c", "d", "train"))
projects = st.sampled_from(("team-a", "team-a", "team-b"))
changing = st.builds(Deed, st.sampled_from(sorted(_DONE)), st.integers(0, 7))
making = st.builds(
    Deed, st.sampled_from(sorted(_MADE)), st.just(0), st.one_of(names, st.sampled_from(ALIKE)), projects
)
deeds = st.one_of(changing, making)
