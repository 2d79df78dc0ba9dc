"""The routes of workspaces: their nodes, queues, quotas and managers."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from starlette.routing import Route

from reconciler.emulator.primus_safe import capacity, moments, phases
from reconciler.emulator.primus_safe.call import Answer, Call, Platform, route
from reconciler.emulator.primus_safe.decode import Map, Slice, Struct
from reconciler.emulator.primus_safe.errors import (
    ApiError,
    bad_request,
    forbidden,
    insufficient,
    kubernetes_not_found,
)
from reconciler.emulator.primus_safe.generations import Generation
from reconciler.emulator.primus_safe.names import normalised
from reconciler.emulator.primus_safe.records import Node, Workspace
from reconciler.emulator.primus_safe.users import User, Wish, must_allow, must_be_admin
from reconciler.emulator.primus_safe.world import World

Json = Any
FIRST_SCOPES = ("Train", "Infer", "Authoring")
_VOLUME = Struct(
    "WorkspaceVolume",
    {
        "type": str, "mountPath": str, "hostPath": str, "storageClass": str, "capacity": str,
        "accessMode": str,
    },
)  # fmt: skip
_CHANGE = {
    "description": str,
    "queuePolicy": str,
    "flavorId": str,
    "replica": int,
    "scopes": Slice(str),
    "volumes": Slice(_VOLUME),
    "enablePreempt": bool,
    "managers": Slice(str),
    "isDefault": bool,
    "imageSecretIds": Slice(str),
    "maxRuntime": Map(int),
    "idleTime": int,
}
_NEW = Struct("CreateWorkspaceRequest", {**_CHANGE, "name": str, "clusterId": str})
_PATCH = Struct("PatchWorkspaceRequest", _CHANGE)
_NODES = Struct("ProcessNodesRequest", {"nodeIds": Slice(str), "action": str})
_POLICIES = ("fifo", "balance")
_PLAIN = {
    "description": "description",
    "queuePolicy": "queue_policy",
    "enablePreempt": "enables_preempt",
    "isDefault": "is_default",
    "replica": "replica",
}
_SECOND = {"maxRuntime": "max_runtime", "idleTime": "idle_time"}


def routes(platform: Platform) -> Iterator[Route]:
    """Yield the routes."""
    yield route(platform, "GET", "/workspaces", _list)
    yield route(platform, "POST", "/workspaces", _create)
    yield route(platform, "GET", "/workspaces/{id}", _get)
    yield route(platform, "PATCH", "/workspaces/{id}", _patch)
    yield route(platform, "DELETE", "/workspaces/{id}", _delete)
    yield route(platform, "POST", "/workspaces/{id}/nodes", _nodes)


def _list(call: Call) -> Answer:
    """List what one may see; there are no pages, and what one may not see is left out."""
    user, cluster = call.user, call.query.get("clusterId", "")
    shown = [
        space
        for _, space in sorted(call.world.workspaces.items())
        if cluster in {"", space.cluster} and _may_see(user, space, call.generation)
    ]
    return Answer({"totalCount": len(shown), "items": [_item(call, space) for space in shown]})


def _may_see(user: User, space: Workspace, generation: Generation) -> bool:
    try:
        must_allow(user, Wish("list", "workspace", space.id), generation)
    except ApiError:
        return False
    return True


def _get(call: Call) -> Answer:
    space = _of(call)
    call.must("get", kind="workspace", workspace=space.id)
    if space.flavor not in call.world.flavors:
        raise kubernetes_not_found("nodeflavors.amd.com", space.flavor)
    total, abnormal, used = _quotas(call.world, space, call.generation)
    names = {*total, *used}
    left = {name: total.get(name, 0) - abnormal.get(name, 0) - used.get(name, 0) for name in sorted(names)}
    busy = {place.node for one in _held(call.world, space) for place in one}
    return Answer(
        _item(call, space)
        | {
            "totalQuota": total or None,
            "availQuota": left or None,
            "abnormalQuota": abnormal or None,
            "usedQuota": used or None,
            "usedNodeCount": len(busy - {""}),
            "imageSecretIds": list(space.image_secrets) or None,
        }
    )


def _of(call: Call) -> Workspace:
    _ = call.user
    space = call.world.workspaces.get(call.param("id"))
    if space is None:
        raise kubernetes_not_found("workspaces.amd.com", call.param("id"))
    return space


def _held(world: World, space: Workspace) -> list[Any]:
    return [one.held for one in world.resources.values() if one.held and one.spec.workspace == space.id]


def _quotas(
    world: World, space: Workspace, generation: Generation
) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    """Count what a workspace has in all, what of it is out of order, and what is in use."""
    gives = capacity.available(world.flavors[space.flavor], generation)
    nodes = world.nodes_of(space.id)
    broken = sum(not node.is_available for node in nodes)
    used: dict[str, int] = {}
    for one in world.resources.values():
        if one.held and one.spec.workspace == space.id:
            for name, amount in capacity.requested(one.spec).items():
                used[name] = used.get(name, 0) + amount
    total = {name: amount * len(nodes) for name, amount in gives.items()} if nodes else {}
    abnormal = {name: amount * broken for name, amount in gives.items()} if broken else {}
    return total, abnormal, used


def _item(call: Call, space: Workspace) -> dict[str, Json]:
    nodes = call.world.nodes_of(space.id)
    broken = sum(not node.is_available for node in nodes)
    managers = [
        {"id": user.id, "name": user.name} for user in call.world.users.all() if space.id in user.managed
    ]
    told: dict[str, Json] = {
        "workspaceId": space.id,
        "workspaceName": space.name,
        "clusterId": space.cluster,
        "flavorId": space.flavor,
        "userId": space.user_id,
        "targetNodeCount": space.replica,
        "currentNodeCount": len(nodes) - broken,
        "abnormalNodeCount": broken,
        "phase": "Abnormal" if space.is_abnormal else "Running" if nodes else "Creating",
        "creationTime": moments.naive(space.created_at),
        "description": space.description,
        "queuePolicy": space.queue_policy,
        "scopes": list(space.scopes),
        "volumes": [dict(volume) for volume in space.volumes],
        "enablePreempt": space.enables_preempt,
        "managers": managers or None,
        "isDefault": space.is_default,
    }
    if call.generation.is_first:
        return told
    flavor = call.world.flavors.get(space.flavor)
    product = flavor.gpu_product if flavor else ""
    return told | {
        "maxRuntime": dict(space.max_runtime),
        "idleTime": space.idle_time,
        "gpuProduct": product,
    }


# -- writing -----------------------------------------------------------------------------------


def _create(call: Call) -> Answer:
    must_be_admin(call.user)
    body = call.body(_NEW)
    if not body.get("name") or body.get("clusterId", "") not in call.world.clusters:
        raise bad_request("the name or the cluster is empty or unknown")
    id_ = normalised(f"{body['clusterId']}-{body['name']}")
    if id_ in call.world.workspaces:
        raise ApiError(409, "AlreadyExists", f'workspaces.amd.com "{id_}" already exists')
    scopes = tuple(body.get("scopes") or ()) or (FIRST_SCOPES if call.generation.is_first else ())
    made = Workspace(
        id_, body["name"], body["clusterId"], body.get("flavorId", ""), 0, call.world.clock.now(),
        user_id=call.user.id, scopes=scopes,
    )  # fmt: skip
    _must_exist(call, made.flavor)
    _put(call, _changed(call, made, {**body, "scopes": list(scopes)}))
    call.note_on("create", "Workspace", id_, made.name)
    return Answer({"workspaceId": id_})


def _patch(call: Call) -> Answer:
    space = _of(call)
    call.must("update", kind="workspace", workspace=space.id)
    body = call.body(_PATCH)
    if body.get("flavorId"):
        _must_exist(call, body["flavorId"])
    _put(call, _changed(call, space, body))
    call.note_on("update", "Workspace", space.id, space.name)
    return Answer(None)


def _must_exist(call: Call, flavor: str) -> None:
    if flavor not in call.world.flavors:
        raise kubernetes_not_found("nodeflavors.amd.com", flavor)


def _changed(call: Call, space: Workspace, body: dict[str, Json]) -> Workspace:
    if body.get("queuePolicy", "fifo") not in _POLICIES:
        raise bad_request(f"the queuePolicy only supports {' and '.join(_POLICIES)}")
    names = _PLAIN if call.generation.is_first else {**_PLAIN, **_SECOND}
    fields: dict[str, Json] = {ours: body[key] for key, ours in names.items() if key in body}
    lists = {"scopes": "scopes", "volumes": "volumes", "imageSecretIds": "image_secrets"}
    fields |= {ours: tuple(body[key]) for key, ours in lists.items() if key in body}
    if body.get("flavorId"):
        fields["flavor"] = body["flavorId"]
    if "managers" in body:
        _set_managers(call, space.id, body["managers"])
    return replace(space, **fields)


def _set_managers(call: Call, space: str, ids: list[str]) -> None:
    for user in call.world.users.all():
        rest = tuple(id_ for id_ in user.managed if id_ != space)
        managed = (*rest, space) if user.id in ids else rest
        if managed != user.managed:
            call.world.users.change(replace(user, managed=managed))


def _put(call: Call, space: Workspace) -> None:
    """Store a workspace and give it the nodes it wants, of those of its flavor that are free."""
    world = call.world
    mine = world.nodes_of(space.id)
    free = [n for n in world.nodes.values() if not n.workspace and n.flavor == space.flavor]
    short = space.replica - len(mine)
    if short > len(free):
        raise insufficient(f"free nodes: {len(free)}, wanted: {short}")
    for node in sorted(free, key=lambda n: n.name)[: max(0, short)]:
        world.nodes[node.id] = replace(node, workspace=space.id)
    for node in mine[len(mine) + short :] if short < 0 else ():
        world.nodes[node.id] = replace(node, workspace="")
    world.workspaces[space.id] = space
    world.reconsider(space.id)


def _nodes(call: Call) -> Answer:
    """Add nodes to a workspace, or take them away."""
    space = _of(call)
    call.must("update", kind="workspace", workspace=space.id)
    body = call.body(_NODES)
    nodes = [_node(call, id_) for id_ in body.get("nodeIds", [])]
    match body.get("action"):
        case "add":
            wrong = [n.id for n in nodes if n.workspace not in {"", space.id} or n.flavor != space.flavor]
            if wrong:
                raise forbidden(f"the node {wrong[0]} cannot be added to the workspace")
            changed, count = space.id, len([n for n in nodes if n.workspace != space.id])
        case "remove":
            changed, count = "", -len([n for n in nodes if n.workspace == space.id])
        case _:
            raise bad_request("the action only supports add and remove")
    for node in nodes:
        call.world.nodes[node.id] = replace(node, workspace=changed)
    call.world.workspaces[space.id] = replace(space, replica=space.replica + count)
    call.world.reconsider(space.id)
    call.note_on("update", "Workspace", space.id, space.name)
    return Answer(None)


def _node(call: Call, id_: str) -> Node:
    node = call.world.nodes.get(id_)
    if node is None:
        raise ApiError(404, "03002", f"Node {id_} not found.")
    return node


def _delete(call: Call) -> Answer:
    """Delete a workspace, and all its workloads with it."""
    space = _of(call)
    call.must("delete", kind="workspace", workspace=space.id)
    for one in [w for w in call.world.resources.values() if w.spec.workspace == space.id]:
        call.note(
            "delete",
            call.world.change(one.id, lambda w, at: phases.stopped(w, at, "the workspace is deleted")),
        )
    for node in call.world.nodes_of(space.id):
        call.world.nodes[node.id] = replace(node, workspace="")
    del call.world.workspaces[space.id]
    call.note_on("delete", "Workspace", space.id, space.name)
    return Answer(None)
