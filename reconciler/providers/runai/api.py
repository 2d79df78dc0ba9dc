"""The control plane's endpoints, one thin function each: what is asked, and the shape of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reconciler.errors import Malformed, NotFound, ProviderError, Rejected
from reconciler.mark import canonical_json
from reconciler.providers.runai.details import Detail, detail_of
from reconciler.providers.runai.routes import ROUTES, WORKLOADS, part
from reconciler.providers.runai.sweep import LIMIT, Page
from reconciler.providers.runai.wire import Misshapen, check_project, next_in, number, rows_in, text
from reconciler.resource import Json, Scope
from reconciler.transport import Call, Transport

PROJECTS = "/api/v1/org-unit/projects"
CLUSTERS = "/api/v1/clusters"
NODE_POOLS = "/api/v1/node-pools"
NODES = "/api/v1/nodes"
WORKLOAD_TYPES = "/api/v1/workload-types"
PERMITTED = "/api/v1/authorization/permitted-scopes"
_TO_A_STRANGER = frozenset({401, 403})
_NO_ENDPOINT = frozenset({404, 405})
_ORDER = {"sortBy": "createdAt", "sortOrder": "asc"}


class Api:
    """Ask one control plane. Every method may raise ProviderError or Misshapen."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    async def projects(self, offset: int, limit: int) -> Page:
        """List projects, a page."""
        query = {"sortBy": "createdAt", "sortOrder": "asc", **_paging(offset, limit)}
        found = await self.transport.get(PROJECTS, verb="list", subject="projects", query=query)
        return Page(_with(rows_in(found, "projects"), "id", "name", "clusterId"), next_in(found))

    async def clusters(self, *, verbosity: str = "metadata", leaving: bool = False) -> list[dict[str, Json]]:
        """List clusters. `verbosity` is full or metadata; `leaving` adds those being deleted."""
        query = {"verbosity": verbosity} | ({"includeRequestedForDelete": "true"} if leaving else {})
        found = await self.transport.get(CLUSTERS, verb="list", subject="clusters", query=query)
        return _with(rows_in({"clusters": found}, "clusters"), "uuid", "name")

    async def minimal_clusters(self, offset: int, limit: int, name: str = "") -> Page:
        """List of clusters what more people may read, a page; of one name where it is given.

        Servers before 2.25 have no such list and answer NotFound or Rejected.
        """
        query = _paging(offset, limit) | ({"filterBy": f"name=={name}"} if name else {})
        found = await self.transport.get(f"{CLUSTERS}/minimal", verb="list", subject="clusters", query=query)
        rows = _with(rows_in({"clusters": found}, "clusters"), "uuid", "name")
        return Page([{**row, "id": row["uuid"]} for row in rows])

    async def cluster(self, uuid: str, subject: str, *, minimal: bool = False) -> dict[str, Json]:
        """Read one cluster, whole or what more people may read."""
        path = f"{CLUSTERS}/{part(uuid)}" + ("/minimal" if minimal else "")
        query = None if minimal else {"verbosity": "full"}
        found = await self.transport.get(path, verb="read", subject=subject, query=query)
        return _the(found, "uuid", uuid)

    async def create_cluster(self, body: Json, subject: str) -> Json:
        """Register a cluster, once."""
        return await self.transport.send("POST", CLUSTERS, verb="create", subject=subject, body=body)

    async def rename_cluster(self, uuid: str, name: str, subject: str) -> None:
        """Give a cluster another name, once; nothing else of it can change."""
        path, body = f"{CLUSTERS}/{part(uuid)}", {"name": name}
        await self.transport.send("PUT", path, verb="update", subject=subject, body=body, reads=False)

    async def delete_cluster(self, uuid: str, subject: str, *, force: bool) -> None:
        """Ask for a cluster to be deleted, once: after it has cleaned up, or at once."""
        path = f"{CLUSTERS}/{part(uuid)}" + ("?force=true" if force else "")
        await self.transport.send("DELETE", path, verb="delete", subject=subject, reads=False)

    async def install_info(self, uuid: str, subject: str, version: str, url: str) -> dict[str, Json]:
        """Read how to install a cluster. The answer holds a secret."""
        path = f"{CLUSTERS}/{part(uuid)}/cluster-install-info"
        query = {"version": version} | ({"remoteClusterUrl": url} if url else {})
        found = await self.transport.get(path, verb="read the install info of", subject=subject, query=query)
        if not isinstance(found, dict):
            raise Misshapen("the answer is no object")
        return found

    async def on_cluster(self, uuid: str, offset: int, limit: int) -> Page:
        """List the workloads of all projects of a cluster, a page."""
        query = {"filterBy": f"clusterId=={uuid}", **_ORDER, **_paging(offset, limit)}
        found = await self.transport.get(
            WORKLOADS, verb="list", subject=f"workloads on cluster {uuid}", query=query
        )
        page = Page(_with(rows_in(found, "workloads"), "id", "clusterId"), next_in(found))
        if any(text(row, "clusterId").lower() != uuid.lower() for row in page.rows):
            raise Misshapen("a row of another cluster came back")
        return page

    async def cluster_answers(self, url: str, subject: str) -> None:
        """Ask a cluster's own API whether it is there. Asked once: health is asked again anyway."""
        await self.transport.get(
            f"{url}/cluster-api/status", verb="read the status of", subject=subject, attempts=1
        )

    async def reach(self) -> float:
        """Ask once, without a token, whether this is a control plane; gives the seconds it took to answer."""
        url = self.transport.url_of(CLUSTERS)
        call = Call("GET", url, "reach", "the control plane", is_signed=False, attempts=1)
        started = self.transport.clock.monotonic()
        answer = await self.transport.ask(call)
        took = self.transport.clock.monotonic() - started
        if 200 <= answer.status < 300:
            self.transport.speech.value(call, answer)
        elif answer.status not in _TO_A_STRANGER or answer.is_html:
            self.transport.speech.refuse(call, answer)
        return took

    async def permitted(self, resource: str) -> dict[str, Json]:
        """Read which actions on a kind of resource the credentials may do, each with its scopes."""
        body = canonical_json({"resourceType": resource}).encode()
        call = Call("POST", self.transport.url_of(PERMITTED), "read", f"rights to {resource}", body)
        answer = await self.transport.ask(call)
        if answer.status != 200:
            self.transport.speech.refuse(call, answer)
        found = self.transport.speech.value(call, answer)
        if not isinstance(found, dict):
            raise Misshapen("the answer is no object")
        return found

    async def node_pools_answer(self) -> None:
        """Ask whether node pools may be read, and the nodes in them."""
        await self.transport.get(NODE_POOLS, verb="list", subject="node pools", query={"limit": "1"})
        await self.transport.get(NODES, verb="list", subject="nodes", query={"limit": "1"})

    async def nodes(self, offset: int, limit: int) -> Page:
        """List the nodes of all clusters, a page; servers before 2.23 have no such list."""
        found = await self.transport.get(
            NODES, verb="list", subject="nodes", query={"sortBy": "name", **_paging(offset, limit)}
        )
        return Page(_with(rows_in(found, "nodes"), "id", "clusterUuid"), next_in(found))

    async def workload_types(self) -> list[dict[str, Json]]:
        """List the types of workloads with their default priority and category; from 2.22 on."""
        found = await self.transport.get(WORKLOAD_TYPES, verb="list", subject="workload types")
        return _with(rows_in(found, "types"), "name")

    async def workloads(self, scope: Scope, offset: int, limit: int, *, deleted: bool = False) -> Page:
        """List the workloads of a project, a page; every row is checked to be of that project."""
        query = {"filterBy": f"projectId=={scope.id}", **_ORDER, **_paging(offset, limit)}
        query |= {"deleted": "true"} if deleted else {}
        what = "deleted workloads" if deleted else "workloads"
        found = await self.transport.get(
            WORKLOADS, verb="list", subject=f"{what} of {scope.name}", query=query
        )
        page = Page(_with(rows_in(found, "workloads"), "id"), next_in(found))
        for row in page.rows:
            check_project(row, scope)
        return page

    async def named(self, name: str, offset: int, limit: int) -> Page:
        """List the workloads of one name in all projects, a page."""
        query = {"filterBy": f"name=={name}", **_ORDER, **_paging(offset, limit)}
        found = await self.transport.get(WORKLOADS, verb="look up", subject=name, query=query)
        page = Page(_with(rows_in(found, "workloads"), "id", "name", "projectId"), next_in(found))
        if any(row["name"] != name for row in page.rows):
            raise Misshapen("a row of another name came back")
        return page

    async def count(self, scope: Scope) -> int:
        """Count the live workloads of a project."""
        query = {"filterBy": f"projectId=={scope.id}"}
        subject = f"workloads of {scope.name}"
        found = await self.transport.get(f"{WORKLOADS}/count", verb="count", subject=subject, query=query)
        count = found.get("count") if isinstance(found, dict) else None
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise Misshapen("the answer holds no count")
        return count

    async def row(self, id_: str, subject: str) -> dict[str, Json]:
        """Read one workload without its spec, with the reasons why it waits."""
        found = await self.transport.get(f"{WORKLOADS}/{part(id_)}", verb="read", subject=subject)
        return _the(found, "id", id_)

    async def detail(self, kind: str, id_: str, subject: str) -> Detail:
        """Read one workload with its spec."""
        path = f"{ROUTES[kind].root}/{part(id_)}"
        detail = detail_of(kind, await self.transport.get(path, verb="read", subject=subject))
        if detail.id.lower() != id_.lower():
            raise Misshapen("the answer is about another object")
        return detail

    async def create(self, kind: str, body: Json, subject: str) -> Json:
        """Submit a workload, once."""
        route = ROUTES[kind]
        try:
            return await self.transport.send("POST", route.root, verb="create", subject=subject, body=body)
        except (NotFound, Rejected, Malformed) as err:
            if route.since and err.status in _NO_ENDPOINT and await self._counts(subject):
                raise _too_old(err, f"has no {kind}", route.since) from err
            raise

    async def update(self, kind: str, id_: str, body: Json, subject: str) -> None:
        """Change a workload in place, once."""
        route = ROUTES[kind]
        path = f"{route.root}/{part(id_)}"
        try:
            await self.transport.send(
                route.update, path, verb="update", subject=subject, body=body, reads=False
            )
        except (NotFound, Rejected, Malformed) as err:
            is_old = route.updates_since and err.status in _NO_ENDPOINT
            if is_old and await self._stands(kind, id_, subject):
                raise _too_old(err, f"cannot change {kind} objects in place", route.updates_since) from err
            raise

    async def delete(self, kind: str, id_: str, subject: str) -> None:
        """Ask for a workload to be deleted, once."""
        path = ROUTES[kind].delete_path(id_)
        await self.transport.send("DELETE", path, verb="delete", subject=subject, reads=False)

    async def suspend(self, kind: str, id_: str, subject: str) -> None:
        """Ask for a workload to be stopped, once."""
        path = f"{ROUTES[kind].root}/{part(id_)}/suspend"
        await self.transport.send("POST", path, verb="stop", subject=subject, reads=False)

    async def resume(self, kind: str, id_: str, subject: str) -> None:
        """Ask for a stopped workload to run again, once."""
        path = f"{ROUTES[kind].root}/{part(id_)}/resume"
        await self.transport.send("POST", path, verb="resume", subject=subject, reads=False)

    async def batch(self, ids: Sequence[str], action: str, subject: str) -> Json:
        """Ask for several workloads to be stopped or to run again, once. Some may fail within a 200."""
        body = {"ids": list(ids), "action": action}
        return await self.transport.send(
            "POST", f"{WORKLOADS}/batch", verb=action, subject=subject, body=body
        )

    # An endpoint that is not there answers as one that refuses, so a neighbour known to be there is asked.

    async def _counts(self, subject: str) -> bool:
        """Tell whether the control plane counts workloads, as every one does."""
        try:
            await self.transport.get(f"{WORKLOADS}/count", verb="count", subject=subject)
        except ProviderError:
            return False
        return True

    async def _stands(self, kind: str, id_: str, subject: str) -> bool:
        """Tell whether an object can be read where it cannot be changed."""
        try:
            return not (await self.detail(kind, id_, subject)).is_deleted
        except (ProviderError, Misshapen):
            return False

    async def parts(self, id_: str, name: str, subject: str, **query: str) -> list[dict[str, Json]]:
        """List what belongs to a workload: its `events` or `pods`, the first page."""
        path = f"{WORKLOADS}/{part(id_)}/{name}"
        found = await self.transport.get(path, verb=f"list {name} of", subject=subject, query=query)
        return rows_in(found, name)

    async def part_page(self, id_: str, name: str, subject: str, *, key: str = "") -> Page:
        """List what belongs to a workload, as much as one answer holds; `key` is where the rows stand."""
        path = f"{WORKLOADS}/{part(id_)}/{name}"
        query = _paging(0, LIMIT)
        found = await self.transport.get(path, verb=f"list {name} of", subject=subject, query=query)
        return Page(rows_in(found, key or name), next_in(found))

    async def element_count(self, id_: str, subject: str) -> int:
        """Count the elements of a workload, also those that the platform does not keep."""
        path = f"{WORKLOADS}/{part(id_)}/elements/count"
        found = await self.transport.get(path, verb="count elements of", subject=subject)
        return int(number(found, "totalElementsCount"))

    async def events(self, id_: str, subject: str) -> list[dict[str, Json]]:
        """List the newest events of a workload, as many as one answer holds."""
        return await self.parts(id_, "events", subject, limit="500", sortOrder="desc")

    async def revisions(self, id_: str, subject: str) -> list[dict[str, Json]]:
        """List the revisions of an inference."""
        path = f"{WORKLOADS}/inferences/{part(id_)}/revisions"
        found = await self.transport.get(path, verb="list revisions of", subject=subject)
        return _with(rows_in(found, "revisions"), "id", "phase", "createdAt")

    async def cluster_status(self, url: str, path: str, subject: str) -> str:
        """Ask a cluster itself for a workload's phase. Asked once: health is asked again anyway."""
        found = await self.transport.get(
            f"{url}{path}/status", verb="read the status of", subject=subject, attempts=1
        )
        return text(found if isinstance(found, dict) else {}, "status")


def _too_old(error: ProviderError, what: str, level: str) -> Rejected:
    """Say that a control plane is of an older level than is needed."""
    return Rejected(
        error.target,
        error.verb,
        error.subject,
        said=error.said,
        status=error.status,
        url=error.url,
        hint=f"this control plane {what}: that needs {level}; apiLevel in the fleet file finds it offline",
    )


def _paging(offset: int, limit: int) -> dict[str, str]:
    return {"offset": str(offset), "limit": str(limit)}


def _with(rows: list[dict[str, Any]], *keys: str) -> list[dict[str, Any]]:
    """Check that every row holds these texts."""
    for row in rows:
        for key in keys:
            text(row, key)
    return rows


def _the(found: Json, key: str, id_: str) -> dict[str, Any]:
    """Check that an answer is about the object that was asked for."""
    if not isinstance(found, dict) or text(found, key).lower() != id_.lower():
        raise Misshapen("the answer is about another object")
    return found
