"""The routes that tell what there is: clusters, nodes, flavors, templates, and how the server is set up."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from starlette.routing import Route

from reconciler.emulator.primus_safe import capacity, moments
from reconciler.emulator.primus_safe.call import Answer, Call, Platform, route
from reconciler.emulator.primus_safe.errors import ApiError, bad_request, kubernetes_not_found
from reconciler.emulator.primus_safe.mutate import AUTHORING_IMAGE
from reconciler.emulator.primus_safe.pods import SSH_HOST, SSH_PORT
from reconciler.emulator.primus_safe.records import Cluster, Flavor, Node

Json = Any
_LIMIT, _ALL = 100, -1


def routes(platform: Platform) -> Iterator[Route]:
    """Yield the routes; clusters are open to everybody in the first generation."""
    is_open = platform.generation.is_first
    yield route(platform, "GET", "/envs", _envs, is_open=True)
    yield route(platform, "GET", "/clusters", _clusters, is_open=is_open)
    yield route(platform, "GET", "/clusters/{id}", _cluster, is_open=is_open)
    yield route(platform, "GET", "/nodes", _nodes)
    yield route(platform, "GET", "/nodes/{id}", _node)
    yield route(platform, "GET", "/nodeflavors", _flavors)
    yield route(platform, "GET", "/nodeflavors/{id}", _flavor)
    yield route(platform, "GET", "/nodeflavors/{id}/avail", _avail)
    yield route(platform, "GET", "/nodetemplates", _templates)


def _envs(call: Call) -> Answer:
    """Tell how the server is set up; the keys tell its generation."""
    switches = call.world.switches
    told: dict[str, Json] = {
        "enableLog": switches.logs,
        "enableLogDownload": False,
        "enableSsh": switches.ssh,
        "sshPort": SSH_PORT,
        "sshIP": SSH_HOST if switches.ssh else "",
    }
    if call.generation.is_first:
        return Answer(told | {"authoringImage": AUTHORING_IMAGE})
    return Answer(told | {"ssoEnable": False, "ssoAuthUrl": "", "cdRequireApproval": False})


def _clusters(call: Call) -> Answer:
    found = [_short(one) for _, one in sorted(call.world.clusters.items())]
    return Answer({"totalCount": len(found), "items": found})


def _cluster(call: Call) -> Answer:
    one = call.world.clusters.get(call.param("id"))
    if one is None:
        raise kubernetes_not_found("clusters.amd.com", call.param("id"))
    names = [node.name for node in call.world.nodes.values() if node.cluster == one.id]
    more = {
        "description": one.description,
        "endpoint": one.endpoint,
        "sshSecretId": "",
        "imageSecretId": "",
        "nodes": sorted(names),
        "kubePodsSubnet": "10.244.0.0/16",
        "kubeServiceAddress": "10.96.0.0/16",
        "kubeVersion": "1.32.5",
    }
    return Answer(_short(one) | more)


def _short(one: Cluster) -> dict[str, Json]:
    return {
        "clusterId": one.id,
        "userId": one.user_id,
        "phase": one.phase,
        "isProtected": one.is_protected,
        "creationTime": moments.naive(one.created_at),
    }


# -- nodes -------------------------------------------------------------------------------------


def _nodes(call: Call) -> Answer:
    """List nodes, of a workspace unless an administrator asks; a limit of -1 means all."""
    _ = call.user
    query = call.query
    call.must("list", kind="node", workspace=query.get("workspaceId", "").strip())
    tests: Mapping[str, Callable[[Node], str]] = {
        "workspaceId": lambda n: n.workspace,
        "clusterId": lambda n: n.cluster,
        "flavorId": lambda n: n.flavor,
        "nodeId": lambda n: n.id,
        "available": lambda n: str(n.is_available).lower(),
        "phase": lambda _: "Ready",
        "isAddonsInstalled": lambda _: "true",
    }
    asked = {name: query[name].strip() for name in tests if query.get(name)}
    found = sorted(
        (
            n
            for n in call.world.nodes.values()
            if all(tests[name](n) == value for name, value in asked.items())
        ),
        key=lambda n: n.name,
    )
    offset, limit = _whole(call, "offset", 0), _whole(call, "limit", _LIMIT) or _LIMIT
    page = found[offset:] if limit == _ALL else found[offset : offset + limit]
    spell = _brief if query.get("brief") == "true" else _spelt
    return Answer({"totalCount": len(found), "items": [spell(call, node) for node in page] or None})


def _whole(call: Call, name: str, default: int) -> int:
    text = call.query.get(name) or str(default)
    if not text.removeprefix("-").isdigit() or int(text) < _ALL:
        raise bad_request(f"invalid query: {name} is {text!r}")
    return max(int(text), 0) if name == "offset" else int(text)


def _brief(_: Call, node: Node) -> dict[str, Json]:
    return {"nodeId": node.id, "nodeName": node.name, "internalIP": node.ip}


def _spelt(call: Call, node: Node) -> dict[str, Json]:
    world = call.world
    space = world.workspaces.get(node.workspace)
    total = capacity.total(world.flavors[node.flavor])
    left = dict(capacity.available(world.flavors[node.flavor], call.generation))
    held = []
    for one in world.resources.values():
        mine = [place for place in one.held if place.node == node.name]
        if not mine:
            continue
        held.append({"id": one.id, "userId": one.user_id, "workspaceId": one.spec.workspace})
        for place in mine:
            for name, amount in capacity.request(one.spec.resources[place.group]).items():
                left[name] = left.get(name, 0) - amount
    told = {
        **_brief(call, node),
        "clusterId": node.cluster,
        "workspace": {"id": node.workspace, "name": space.name if space else ""},
        "phase": "Ready",
        "available": node.is_available,
        "totalResources": total,
        "availResources": left,
        "creationTime": moments.naive(node.created_at),
        "workloads": held or None,
        "isControlPlane": node.is_control_plane,
        "isAddonsInstalled": True,
    }
    return told | ({"message": node.message} if node.message else {})


def _node(call: Call) -> Answer:
    _ = call.user
    node = call.world.nodes.get(call.param("id"))
    if node is None:
        raise ApiError(404, "03002", f"Node {call.param('id')} not found.")
    call.must("get", kind="node", workspace=node.workspace)
    more = {
        "flavorId": node.flavor,
        "templateId": "",
        "taints": None,
        "customerLabels": dict(node.labels) or None,
        "lastStartupTime": moments.naive(node.created_at),
    }
    return Answer(_spelt(call, node) | more)


# -- flavors -----------------------------------------------------------------------------------


def _flavors(call: Call) -> Answer:
    _ = call.user
    found = [_flavor_row(one) for _, one in sorted(call.world.flavors.items())]
    return Answer({"totalCount": len(found), "items": found})


def _flavor(call: Call) -> Answer:
    return Answer(_flavor_row(_flavor_of(call)))


def _avail(call: Call) -> Answer:
    """Tell the largest pod that a node of the flavor takes, in whole units."""
    return Answer(capacity.available(_flavor_of(call), call.generation))


def _flavor_of(call: Call) -> Flavor:
    _ = call.user
    one = call.world.flavors.get(call.param("id"))
    if one is None:
        raise kubernetes_not_found("nodeflavors.amd.com", call.param("id"))
    return one


def _flavor_row(one: Flavor) -> dict[str, Json]:
    gpu = {"product": one.gpu_product, "resourceName": one.gpu_name, "quantity": str(one.gpu)}
    return {
        "flavorId": one.id,
        "cpu": {"product": one.cpu_product, "quantity": one.cpu},
        "memory": one.memory,
        "gpu": gpu if one.gpu else None,
        "rootDisk": {"type": "nvme", "quantity": "1", "count": 1},
        "dataDisk": {"type": "nvme", "quantity": "3840Gi", "count": 4},
        "extendedResources": dict(one.extended),
    }


def _templates(call: Call) -> Answer:
    _ = call.user
    found = [{"templateId": "amd-node-template", "addOnTemplates": ["amd-gpu-operator", "amd-device-plugin"]}]
    return Answer({"totalCount": len(found), "items": found})
