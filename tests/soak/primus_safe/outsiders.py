"""What others do to a Primus-SaFE behind our back: people, other fleets, the platform itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from reconciler.emulator.primus_safe import phases
from reconciler.emulator.primus_safe.kinds import is_application
from reconciler.emulator.primus_safe.mutate import Ground as Defaults
from reconciler.emulator.primus_safe.mutate import on_create
from reconciler.emulator.primus_safe.records import Resource, Spec, Workload
from reconciler.emulator.primus_safe.seed import SERVE
from reconciler.emulator.primus_safe.world import World
from reconciler.mark import Mark
from reconciler.providers.primus_safe import marks
from tests.soak.ground import OTHER_FLEET
from tests.soak.primus_safe.ground import SafeGround
from tests.soak.primus_safe.truth import is_ours, key_of, stands
from tests.soak.primus_safe.wishes import WORKSPACES

_MEMBERS = {SERVE: "lee"}
_MINA = "mina"
"""Who else may use a workspace: `lee` the one that serves, `mina` the others."""


@dataclass(frozen=True, slots=True)
class Deed:
    """Do something to the `nth` object that stands, counted around, or put one there."""

    what: str
    nth: int = 0
    name: str = "a"
    kind: str = "PyTorchJob"

    def on(self, ground: SafeGround) -> str:
        """Do it, and give the id of what was changed; nothing where there was nothing to do."""
        world, live = ground.emulator.world, ground.live()
        if self.what in MADE:
            return MADE[self.what](self, world, live)
        meant = sorted(filter(_MEANT.get(self.what, stands), live.values()), key=lambda one: one.number)
        if not meant:
            return ""
        one = meant[self.nth % len(meant)]
        DONE[self.what](world, one)
        return one.id


def edits(world: World, one: Workload) -> None:
    """Give what serves another image; nobody may of a job that runs."""
    if is_application(one.spec.kind) and one.id in world.resources:
        world.respec(one.id, replace(one, spec=replace(one.spec, images=("busybox:9",))))


def scales(world: World, one: Workload) -> None:
    """Give what serves one pod more."""
    if is_application(one.spec.kind) and one.id in world.resources:
        asked = tuple(replace(each, replica=each.replica + 1) for each in one.spec.resources)
        world.respec(one.id, replace(one, spec=replace(one.spec, resources=asked)))


def stops(world: World, one: Workload) -> None:
    """Stop it as a person does."""
    if one.id in world.resources:
        world.change(one.id, lambda now, at: phases.stopped(now, at, f"the workload is stopped by {_MINA}"))


def times_out(world: World, one: Workload) -> None:
    """Stop it as the platform does, and says."""
    if one.id in world.resources:
        world.change(one.id, lambda now, at: phases.stopped(now, at, "the workload has timed out"))


def deletes(world: World, one: Workload) -> None:
    """Delete it as a person does: it ends, and its row is hidden."""
    if one.id in world.resources:
        world.change(one.id, lambda now, at: phases.stopped(now, at, f"the workload is deleted by {_MINA}"))
    if world.row(one.id):
        world.hide(one.id)


def preempts(world: World, one: Workload) -> None:
    """Take its nodes away; it queues and gets others."""
    if one.id in world.resources and one.run is not None:
        world.change(one.id, phases.preempted)


def unmarks(world: World, one: Workload) -> None:
    """Take our mark off it, as whoever rewrites the description does."""
    if one.id in world.resources:
        world.change(one.id, lambda now, _: replace(now, description="mine now"))


def _is_over(one: Workload) -> bool:
    return one.is_ended and is_ours(one)


DONE: Mapping[str, Callable[[World, Workload], None]] = {
    "edit": edits,
    "scale": scales,
    "stop": stops,
    "time out": times_out,
    "delete": deletes,
    "hide": deletes,
    "preempt": preempts,
    "unmark": unmarks,
}
_MEANT: Mapping[str, Callable[[Workload], bool]] = {"hide": _is_over}
"""Which objects a deed is done to, where it is not one that stands."""


def _plain(deed: Deed, world: World, _: Mapping[str, Workload]) -> str:
    """Put an object of somebody else there, by the same name and kind."""
    space = world.workspaces[WORKSPACES[deed.kind]]
    asked = Resource(1, "2", memory="4Gi")
    spec = Spec(
        workspace=space.id,
        kind=deed.kind,
        resources=(asked,),
        images=("busybox:1",),
        entry_points=("c2xlZXAgaW5maW5pdHk=",),
    )
    flavor = world.flavor_of(space.id)
    whole = on_create(spec, Defaults(world.generation, space, flavor, world.switches.ttl_s))
    return _put(world, deed.name, whole, "made by hand")


def _copy(deed: Deed, world: World, live: Mapping[str, Workload]) -> str:
    """Clone an object of ours, mark and all, under its own name: somebody else has it then."""
    ours = sorted(filter(is_ours, live.values()), key=lambda one: one.number)
    if not ours:
        return ""
    one = ours[deed.nth % len(ours)]
    return _put(world, one.display_name, replace(one.spec, dependencies=None), one.description)


def _foreign(deed: Deed, world: World, live: Mapping[str, Workload]) -> str:
    """Put an object there that belongs to another fleet, by a true mark, made with our credentials."""
    ours = sorted(filter(is_ours, live.values()), key=lambda one: one.number)
    if not ours:
        return ""
    one = ours[deed.nth % len(ours)]
    mark = Mark(OTHER_FLEET, "", "/".join((*key_of(one)[:2], deed.name)), "1:0123456789ab")
    spec = replace(one.spec, dependencies=None)
    return _put(world, deed.name, spec, marks.described("theirs", mark), by="demo")


def _put(world: World, name: str, spec: Spec, description: str, *, by: str = "") -> str:
    maker = by or _MEMBERS.get(spec.workspace, _MINA)
    user = world.users.named(maker)
    with world.lock:
        id_ = world.new_id(name)
        return world.submit(id_, spec, user, display_name=name, description=description).id


MADE: Mapping[str, Callable[[Deed, World, Mapping[str, Workload]], str]] = {
    "plain": _plain,
    "copy": _copy,
    "foreign": _foreign,
}
