"""The server's endpoints, one thin function each: what is asked, and the shape of the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

from reconciler.errors import Malformed
from reconciler.mark import canonical_json
from reconciler.providers.primus_safe.sweep import Page
from reconciler.providers.primus_safe.wire import (
    Misshapen,
    asked,
    check_workspace,
    rows_in,
    text,
    total_in,
    words,
)
from reconciler.resource import Json, Scope
from reconciler.transport import Call, Transport

WORKLOADS = "/api/v1/workloads"
WORKSPACES = "/api/v1/workspaces"
NODES = "/api/v1/nodes"
FLAVORS = "/api/v1/nodeflavors"
ENVS = "/api/v1/envs"
SELF = "/api/v1/users/self"
KEY = "/api/v1/apikeys/current"

_ALL = "-1"


class Api:
    """Ask one server. Every method may raise ProviderError or Misshapen."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    async def flags(self, *, attempts: int = 5) -> Mapping[str, Json]:
        """Read how the server is set up, without signing in; its keys tell its generation."""
        url = self.transport.url_of(ENVS)
        call = Call("GET", url, "reach", "the server", is_signed=False, attempts=attempts)
        answer = await self.transport.ask(call)
        if answer.status != 200:
            self.transport.speech.refuse(call, answer)
        return _object(self.transport.speech.value(call, answer))

    async def me(self) -> dict[str, Json]:
        """Read who the credentials are, with their roles and workspaces."""
        found = _object(await self.transport.get(SELF, verb="read", subject="the user who signs in"))
        text(found, "id")
        return found

    async def key(self) -> dict[str, Json]:
        """Read what is known of the API key that signs in; servers of the second generation tell."""
        return _object(await self.transport.get(KEY, verb="read", subject="the API key"))

    async def workspaces(self) -> list[dict[str, Json]]:
        """List the workspaces the credentials see; there are no pages."""
        rows = rows_in(await self.transport.get(WORKSPACES, verb="list", subject="workspaces"))
        for row in rows:
            text(row, "workspaceId")
        return rows

    async def workspace(self, id_: str) -> dict[str, Json]:
        """Read one workspace in full, with what it has and what of it is in use."""
        path = f"{WORKSPACES}/{part(id_)}"
        return _object(await self.transport.get(path, verb="read", subject=f"workspace {id_}"))

    async def nodes(self, id_: str) -> list[dict[str, Json]]:
        """List all nodes of a workspace, with what is free on each."""
        query = {"workspaceId": id_, "limit": _ALL}
        return rows_in(await self.transport.get(NODES, verb="list", subject=f"nodes of {id_}", query=query))

    async def flavor(self, id_: str) -> dict[str, Json]:
        """Read what a node of a flavor has."""
        path = f"{FLAVORS}/{part(id_)}"
        return _object(await self.transport.get(path, verb="read", subject=f"flavor {id_}"))

    async def largest_pod(self, id_: str) -> dict[str, Json]:
        """Read the most that one pod may ask on a node of a flavor, by name of the resource."""
        path = f"{FLAVORS}/{part(id_)}/avail"
        return _object(await self.transport.get(path, verb="read", subject=f"flavor {id_}"))

    async def workloads(
        self, scope: Scope, until: datetime | None, limit: int, name: str = "", phase: str = ""
    ) -> Page:
        """List workloads of a workspace, those that have ended as well, the newest first.

        `until` is the latest creation, `name` a part of the id. Every row is checked to be of that workspace.
        """
        query = {"workspaceId": scope.id, "limit": str(limit)}
        query |= {"until": asked(until)} if until else {}
        query |= {"workloadId": name} if name else {}
        query |= {"phase": phase} if phase else {}
        found = await self.transport.get(
            WORKLOADS, verb="list", subject=f"workloads of {scope.name}", query=query
        )
        page = Page(rows_in(found), total_in(found))
        for row in page.rows:
            check_workspace(row, scope)
        return page

    async def count(self, scope: Scope) -> int:
        """Count all rows of a workspace, those that have ended as well."""
        query = {"workspaceId": scope.id, "limit": "1"}
        found = await self.transport.get(
            WORKLOADS, verb="count", subject=f"workloads of {scope.name}", query=query
        )
        return total_in(found)

    async def detail(self, id_: str, subject: str) -> dict[str, Json]:
        """Read one workload in full. Raises NotFound where no row has the id, or not yet."""
        found = _object(await self.transport.get(_path(id_), verb="read", subject=subject))
        if text(found, "workloadId") != id_:
            raise Misshapen("the answer is about another object")
        return found

    async def create(self, body: Json, subject: str) -> Json:
        """Send one create, once. An id of our choice is never sent: a failure would delete what has it."""
        return await self.transport.send("POST", WORKLOADS, verb="create", subject=subject, body=body)

    async def patch(self, id_: str, body: Json, subject: str) -> None:
        """Send one update, once."""
        await self._send("PATCH", _path(id_), "update", subject, body)

    async def stop(self, id_: str, subject: str) -> None:
        """End one workload, once; its row stays."""
        await self._send("POST", f"{_path(id_)}/stop", "stop", subject)

    async def delete(self, id_: str, subject: str) -> None:
        """End one workload and hide its row, once."""
        await self._send("DELETE", _path(id_), "delete", subject)

    async def stop_several(self, ids: Sequence[str], subject: str) -> None:
        """End several workloads by one request. One success hides all failures."""
        await self._batch("stop", ids, subject)

    async def clone(self, ids: Sequence[str], subject: str) -> None:
        """Copy workloads; the answer does not tell the new ids. Servers of the second generation cannot."""
        await self._batch("clone", ids, subject)

    async def pod_log(self, id_: str, pod: str, subject: str, query: Mapping[str, str]) -> list[str]:
        """Read what a pod has printed, parted at its line feeds. Raises NotFound where it is gone."""
        path = f"{_path(id_)}/pods/{part(pod)}/logs"
        found = _object(await self.transport.get(path, verb="read the log of", subject=subject, query=query))
        lines = found.get("logs")
        if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
            raise Misshapen('the answer holds no list "logs"')
        return lines

    async def search_log(self, id_: str, pod: str, subject: str, limit: int) -> list[str]:
        """Search the store of logs for the newest lines of a pod, in order; works when it is gone."""
        body = {"podNames": pod, "limit": limit, "order": "desc"}
        url = self.transport.url_of(f"{_path(id_)}/logs")
        call = Call("POST", url, "search the log of", subject, canonical_json(body).encode(), attempts=2)
        answer = await self.transport.ask(call)
        if answer.status != 200:
            self.transport.speech.refuse(call, answer)
        hits = _object(_object(self.transport.speech.value(call, answer)).get("hits")).get("hits")
        if not isinstance(hits, list):
            raise Misshapen('the answer holds no list "hits"')
        found = [one.get("_source") for one in hits if isinstance(one, Mapping)]
        return [words(one, "message") for one in reversed(found) if isinstance(one, Mapping)]

    async def containers(self, id_: str, pod: str, subject: str) -> list[str]:
        """Name the containers of a pod that is there."""
        path = f"{_path(id_)}/pods/{part(pod)}/containers"
        found = _object(await self.transport.get(path, verb="list containers of", subject=subject))
        listed = found.get("containers")
        if not isinstance(listed, list):
            raise Misshapen('the answer holds no list "containers"')
        return [text(one, "name") for one in listed if isinstance(one, Mapping)]

    async def service(self, id_: str, subject: str) -> dict[str, Json]:
        """Read how the pods are reached; nothing where a server of the second generation has none."""
        path = f"{_path(id_)}/service"
        found = await self.transport.get(path, verb="read the service of", subject=subject)
        return {} if found is None else _object(found)

    async def _batch(self, action: str, ids: Sequence[str], subject: str) -> None:
        if not ids:
            raise Misshapen(f"nothing to {action}: the server breaks on an empty list")
        await self._send("POST", f"{WORKLOADS}/{action}", action, subject, {"workloadIds": [*ids]})

    async def _send(self, method: str, path: str, verb: str, subject: str, body: Json = None) -> None:
        """Send one write that answers the four bytes `null`, which only say that it was heard."""
        answer = await self.transport.send(method, path, verb=verb, subject=subject, body=body)
        if answer is not None:
            raise Malformed(self.transport.target, verb, subject, said="the answer is not null")


def part(value: str) -> str:
    """Quote one part of a path."""
    return quote(value, safe="")


def _path(id_: str) -> str:
    return f"{WORKLOADS}/{part(id_)}"


def _object(found: Json) -> dict[str, Json]:
    if not isinstance(found, dict):
        raise Misshapen("the answer is no object")
    return found
