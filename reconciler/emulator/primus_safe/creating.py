"""Making workloads: create, clone, and resume, which share one way in."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from reconciler.emulator.primus_safe import forms, phases
from reconciler.emulator.primus_safe.admission import Bench, admit
from reconciler.emulator.primus_safe.asked import spec_of
from reconciler.emulator.primus_safe.call import Answer, Call
from reconciler.emulator.primus_safe.errors import (
    ApiError,
    aggregate,
    bad_request,
    from_webhook,
    invalid,
    kubernetes_not_found,
    no_workload,
)
from reconciler.emulator.primus_safe.kinds import KINDS
from reconciler.emulator.primus_safe.mutate import Ground, on_create
from reconciler.emulator.primus_safe.names import metadata_faults, normalised
from reconciler.emulator.primus_safe.records import Resource, Spec, Workload
from reconciler.emulator.primus_safe.users import User, priority_kind

Json = Any
PREHEAT, HIDDEN = "preheat", "OpsJob"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A workload that somebody wants: its id, what it says, and whose it will be."""

    id: str
    spec: Spec
    display_name: str
    description: str
    owner: User


def create(call: Call) -> Answer:
    """Make a workload."""
    body = call.body(forms.CREATE[call.generation.number])
    spec = _spec(call, body)
    chosen = normalised(body.get("workloadId", ""))
    display_name = body.get("displayName", "")
    wanted = Wanted(
        chosen or call.world.new_id(display_name), spec, display_name, body.get("description", ""),
        _owner(call, body),
    )  # fmt: skip
    pulls = _pulls(call, wanted) if body.get("preheat") else {}
    after = (*(wanted.spec.dependencies or ()), *pulls)
    try:
        made = enter(
            call, replace(wanted, spec=replace(spec, dependencies=after or None)) if pulls else wanted
        )
    except ApiError:
        if chosen:
            _clean_up(call, chosen)
        raise
    call.note("create", made)
    for id_, pull in pulls.items():
        call.note(
            "create", call.world.submit(id_, pull, wanted.owner, display_name=PREHEAT, description=HIDDEN)
        )
    return Answer({"workloadId": made.id})


def _pulls(call: Call, wanted: Wanted) -> dict[str, Spec]:
    """Make the hidden jobs that pull the images of a workload before it, by id."""
    space, flavor = (
        call.world.workspaces.get(wanted.spec.workspace),
        call.world.flavor_of(wanted.spec.workspace),
    )
    ground = Ground(call.generation, space, flavor, call.world.switches.ttl_s)
    asked = Resource(1, "1", memory="1Gi")
    return {
        call.world.new_id(PREHEAT): on_create(
            Spec(
                workspace=wanted.spec.workspace, kind="Job", resources=(asked,), images=(image,),
                entry_points=("sleep 1",),
            ),
            ground,
        )
        for image in dict.fromkeys(wanted.spec.images or ())
    }  # fmt: skip


def resume(call: Call) -> Answer:
    """Make a workload anew under the id it had, from a whole create request."""
    body = call.body(forms.CREATE[2])
    row = call.world.row(call.param("id"))
    if row is None:
        raise no_workload(call.param("id"))
    old = row.workload
    call.must("resume", workspace=old.spec.workspace, owner=old.user_id)
    owner = call.world.users.get(old.user_id) or call.user
    display_name = body.get("displayName", "")
    wanted = Wanted(old.id, _spec(call, body), display_name, body.get("description", ""), owner)
    made = enter(call, wanted, is_allowed=True)
    call.note("resume", made)
    return Answer({"workloadId": made.id})


def clone(call: Call, id_: str) -> None:
    """Make a copy of a row under a new id, which the caller is not told.

    Raises ApiError 404 for what is not there.
    """
    row = call.world.row(id_)
    if row is None:
        raise no_workload(id_)
    old = row.workload
    call.must("get", workspace=old.spec.workspace, owner=old.user_id)
    wanted = Wanted(
        call.world.new_id(old.display_name), replace(old.spec, hostpath=()), old.display_name,
        old.description, call.user,
    )  # fmt: skip
    call.note("create", enter(call, wanted))


def _spec(call: Call, body: dict[str, Json]) -> Spec:
    _ = call.user  # an account is looked for before the body is understood
    spec = spec_of(body, call.generation)
    kind = KINDS.get(spec.kind)
    if kind is not None and kind.is_off and call.generation.is_plural:
        raise bad_request(f"the {spec.kind} is not enabled")
    return spec


def _owner(call: Call, body: dict[str, Json]) -> User:
    """Tell whose the workload will be; only an administrator makes it somebody else's."""
    stated = (body.get("userEntity") or {}).get("id", "")
    return (call.world.users.get(stated) if call.user.is_admin and stated else None) or call.user


def enter(call: Call, wanted: Wanted, *, is_allowed: bool = False) -> Workload:
    """Take in a workload: permission, defaults, Kubernetes' own rules, admission; the first no wins."""
    if not is_allowed:
        _must_may(call, wanted.spec)
    secrets = tuple(_readable(call, wanted.spec))
    world = call.world
    space = world.workspaces.get(wanted.spec.workspace)
    flavor = world.flavor_of(wanted.spec.workspace)
    asked = replace(wanted.spec, secrets=secrets)
    spec = on_create(asked, Ground(call.generation, space, flavor, world.switches.ttl_s))
    causes = list(metadata_faults(wanted.id, wanted.display_name))
    if causes:
        raise invalid(wanted.id, causes)
    now = world.clock.now()
    cluster = space.cluster if space else ""
    draft = Workload(
        wanted.id, "", 0, wanted.display_name, wanted.description, wanted.owner.id, wanted.owner.name,
        cluster, spec, now, now,
    )  # fmt: skip
    bench = Bench(call.generation, world.switches, now, space, flavor, world.ports())
    admit(draft, bench)
    _must_fit_owner(call, spec)
    if wanted.id in world.resources:
        raise ApiError(409, "AlreadyExists", f'workloads.amd.com "{wanted.id}" already exists')
    return world.submit(
        wanted.id, spec, wanted.owner, display_name=wanted.display_name, description=wanted.description
    )


def _must_may(call: Call, spec: Spec) -> None:
    call.must("create", workspace=spec.workspace)
    call.must("create", kind=priority_kind(spec.priority), workspace=spec.workspace)
    if spec.is_privileged:
        call.must("create", kind="workload/privileged", workspace=spec.workspace)


def _readable(call: Call, spec: Spec) -> Iterator[dict[str, str]]:
    """Yield the secrets that a workload asks for, with the type that each really has."""
    for asked in spec.secrets:
        secret = call.world.secrets.get(asked.get("id", ""))
        if secret is None:
            raise kubernetes_not_found("secrets", asked.get("id", ""))
        reach = secret.workspaces is None or spec.workspace in secret.workspaces
        if not reach and secret.user_id != call.user.id:
            call.must("get", kind="secret")
        yield {"id": secret.id, "type": secret.type}


def _must_fit_owner(call: Call, spec: Spec) -> None:
    if not spec.owner_id:
        return
    owner = call.world.resources.get(spec.owner_id)
    if owner is None or owner.spec.workspace != spec.workspace:
        raise from_webhook(aggregate([f"the owner {spec.owner_id} is not in the workspace"]))


def _clean_up(call: Call, id_: str) -> None:
    """Delete what has the id that a failed create chose, whoever made it: the server's own hazard."""
    if call.world.switches.cleans_up and id_ in call.world.resources:
        gone = call.world.change(id_, lambda one, at: phases.stopped(one, at, "the workload is deleted"))
        call.note("delete", gone)
