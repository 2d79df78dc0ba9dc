"""Sections of a description: what the server knows of a workload beside its row and its spec.

Source: GET /api/v1/workloads/{id}, the containers of its pods, and its service.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from reconciler.errors import Malformed, NotFound
from reconciler.providers.primus_safe.api import Api
from reconciler.providers.primus_safe.pods import pods_of
from reconciler.providers.primus_safe.wire import listed, moment, words
from reconciler.resource import Observed
from reconciler.sight import Cell, Section

_MOST_ASKED = 8
_NEWEST = 20


class Sections:
    """Read sections of workloads. Every method may raise ProviderError or Misshapen."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._readers: Mapping[str, Callable[[Observed], Awaitable[Section]]] = {
            "pods": self._pods,
            "conditions": self._conditions,
            "service": self._service,
        }

    def names(self, observed: Observed) -> Sequence[str]:
        """Name the sections; a service only where the spec asks for one."""
        return [name for name in self._readers if name != "service" or "service" in observed.spec]

    async def read(self, observed: Observed, name: str) -> Section:
        """Read one section."""
        return await self._readers[name](observed)

    async def _pods(self, observed: Observed) -> Section:
        row = await self._api.detail(observed.id, str(observed.key))
        pods, nodes = pods_of(row), {words(one, "podId"): _node(one) for one in listed(row, "pods")}
        live = [pod.name for pod in pods if pod.phase == "Running"][:_MOST_ASKED]
        containers = {name: await self._containers(observed, name) for name in live}
        cells = [
            (pod.name, pod.phase, nodes[pod.name], containers.get(pod.name, ""), pod.end) for pod in pods
        ]
        return _section("pods", ("POD", "PHASE", "NODE", "CONTAINERS", "WHY"), cells)

    async def _containers(self, observed: Observed, pod: str) -> str:
        """Name the containers of a pod; none where it went away meanwhile."""
        try:
            return ", ".join(await self._api.containers(observed.id, pod, str(observed.key)))
        except (NotFound, Malformed):
            return ""

    async def _conditions(self, observed: Observed) -> Section:
        row = await self._api.detail(observed.id, str(observed.key))
        told = listed(row, "conditions")
        cells = [
            (
                moment(one.get("lastTransitionTime")),
                *(words(one, key) for key in ("type", "reason", "message")),
            )
            for one in reversed(told[-_NEWEST:])
        ]
        left = len(told) - len(cells)
        note = f"{left} older ones are not shown" if left else ""
        return _section("conditions", ("SINCE", "CONDITION", "RUN", "MESSAGE"), cells, note)

    async def _service(self, observed: Observed) -> Section:
        try:
            found = await self._api.service(observed.id, str(observed.key))
        except (NotFound, Malformed) as refused:
            return _section("service", (), (), f"not there: {refused.said}")
        inside, outside = words(found, "internalDomain"), words(found, "externalDomain")
        address = words(found, "clusterIp") or words(found, "clusterIP")
        cells = [(words(found, "type"), address, inside, outside)] if found else []
        return _section("service", ("TYPE", "ADDRESS", "INSIDE", "OUTSIDE"), cells)


def _node(row: Mapping[str, object]) -> str:
    return words(row, "k8sNodeName") or words(row, "adminNodeName")


def _section(name: str, head: tuple[str, ...], rows: Sequence[tuple[Cell, ...]], note: str = "") -> Section:
    return Section(name, head, tuple(rows), note or ("" if rows else "none"))
