"""Examine one control plane: is it reached, does it know us, what may we do, do its clusters answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

from reconciler.errors import ExitCode, Malformed, NotFound, ProviderError, Rejected
from reconciler.health import Level
from reconciler.provider import Finding
from reconciler.providers.runai.api import Api
from reconciler.providers.runai.clusters import Clusters
from reconciler.providers.runai.permitted import RESOURCES, told_of
from reconciler.providers.runai.registry import Registry
from reconciler.providers.runai.sweep import Torn, sweep
from reconciler.providers.runai.target import RunaiTarget
from reconciler.providers.runai.tokens import Tokens
from reconciler.providers.runai.wire import Misshapen, project_from_wire, spellings_of
from reconciler.resource import Json, Scope, Summary

_SKEW_WORTH_A_WORD = timedelta(seconds=30)
_OLDEST = "2.23"
_REACHING = "check the url, the network and the VPN, HTTPS_PROXY and NO_PROXY"
_ROLE = "give the service account a role in the project that may do it"
Look = Callable[[], Awaitable[list[Finding]]]
Row = Mapping[str, Json]


class Checkup:
    """Look at one target for `doctor`. Sends no write and raises nothing."""

    def __init__(
        self, api: Api, tokens: Tokens, clusters: Clusters, registry: Registry, settings: RunaiTarget
    ) -> None:
        self._api, self._tokens, self._settings = api, tokens, settings
        self._clusters, self._registry = clusters, registry

    async def findings(self) -> list[Finding]:
        """Check one thing after the other; who is not reached or does not know us is asked no more."""
        found: list[Finding] = []
        needed: dict[str, Look] = {"control plane": self._address, "sign-in": self._sign_in}
        for area, look in needed.items():
            found += await _looked(area, look)
            if found[-1].grade == "fail":
                return found
        for area, look in {
            "API level": self._level,
            "projects": self._projects,
            "permissions": self._permissions,
            "cluster": self._connected,
        }.items():
            found += await _looked(area, look)
        return found

    async def _address(self) -> list[Finding]:
        """Reach the control plane, without a token, and compare the clocks."""
        took = await self._api.reach()
        skew = self._api.transport.ahead.total_seconds()
        where = f"{self._settings.url}, {took * 1000:.0f} ms, clock skew {abs(skew):.1f}s"
        if abs(skew) <= _SKEW_WORTH_A_WORD.total_seconds():
            return [Finding("control plane", where)]
        told = f"this machine is {abs(skew):.0f}s {'behind' if skew > 0 else 'ahead of'} the control plane"
        mend = "let it keep time (NTP); a token may seem not yet valid, and ages are told wrong"
        return [Finding("control plane", where), Finding("clock", told, mend)]

    async def _sign_in(self) -> list[Finding]:
        await self._tokens.token()
        held = self._tokens.held
        return [Finding("sign-in", f"client credentials, token {held.way}, valid {held.life_s / 60:.0f} min")]

    async def _level(self) -> list[Finding]:
        """Tell the API level by what answers, and whether the pinned one is another."""
        pinned, live = self._settings.apiLevel, await self._live_level()
        found = f"{live} or older" if live == _OLDEST else live
        if pinned and pinned > live:
            told = f"{found}, but apiLevel says {pinned}: what is newer would be dropped in silence"
            return [Finding("API level", told, f'write apiLevel: "{live}" below the target')]
        if not pinned and live == _OLDEST:
            mend = f'write apiLevel: "{live}" below the target, so that validate finds what it does not know'
            return [Finding("API level", f"{found}: it does not know all that manifests may say", mend)]
        return [
            Finding(
                "API level", f"{found}, by what answers; {f'pinned to {pinned}' if pinned else 'not pinned'}"
            )
        ]

    async def _live_level(self) -> str:
        try:
            await self._api.minimal_clusters(0, 1)
        except (NotFound, Rejected):
            return "2.24" if self._tokens.held.way == "v2" else _OLDEST
        return "2.25"

    async def _projects(self) -> list[Finding]:
        """Tell which projects are looked at, and which of those named are not seen."""
        seen = await self._seen()
        meant, lost = self._meant(seen), self._lost(seen)
        names = ", ".join(sorted(scope.name for scope in seen)) or "none"
        found = [Finding("projects", ", ".join(sorted(scope.name for scope in meant)))] if meant else []
        for name in lost:
            told = f'scope names "{name}", which these credentials do not see'
            mend = f"mend scope.projects, or ask for a role in it; they see {names}"
            found.append(Finding("projects", told, mend, ExitCode.REJECTED))
        if not seen and not lost:
            told = "these credentials see none"
            found.append(Finding("projects", told, "give the service account a role in one", ExitCode.DENIED))
        return found

    async def _seen(self) -> dict[Scope, Row]:
        names = {cluster.id: cluster.name for cluster in (await self._clusters.known()).values()}
        return {project_from_wire(row, names): row for row in await sweep(self._api.projects)}

    def _meant(self, seen: Mapping[Scope, Row]) -> dict[Scope, Row]:
        only = frozenset(self._settings.scope.projects)
        return {scope: row for scope, row in seen.items() if not only or spellings_of(scope) & only}

    def _lost(self, seen: Mapping[Scope, Row]) -> list[str]:
        known = frozenset[str]().union(*map(spellings_of, seen))
        return [name for name in self._settings.scope.projects if name not in known]

    async def _permissions(self) -> list[Finding]:
        """Tell what the credentials may do to workloads in each project, and whether they read node pools."""
        meant = self._meant(await self._seen())
        rows = {scope.name: row for scope, row in sorted(meant.items(), key=lambda item: item[0].name)}
        try:
            permitted = {resource: await self._api.permitted(resource) for resource in RESOURCES}
        except (NotFound, Rejected, Malformed):
            told = "workloads: this control plane does not tell what the credentials may do"
            found = [
                Finding("permissions", told, "the first apply will; the platform shows the role's rights")
            ]
        else:
            found = [_may(label, actions, names) for label, actions, names in told_of(permitted, rows)]
        return [*found, await self._pools()]

    async def _pools(self) -> Finding:
        try:
            await self._api.node_pools_answer()
        except ProviderError as refused:
            told = f'node pools: no read ({refused.said}), so capacity is told as "unknown"'
            return Finding("permissions", told, "give the service account a role that reads node pools")
        return Finding("permissions", "node pools: read")

    async def _connected(self) -> list[Finding]:
        """Tell which clusters are connected, and whether their own API may be asked and answers."""
        return [
            await self._cluster(row) for row in sorted(await self._registry.list(), key=lambda row: row.key)
        ]

    async def _cluster(self, row: Summary) -> Finding:
        name = row.key.name
        if row.level is not Level.HEALTHY:
            return Finding("cluster", f"{name} is {row.phase}", _to_connect(row))
        door = await self._clusters.door(row.id)
        if not door.url:
            mend = f"add below the target:\n{door.line}" if door.line else "give the cluster a domain"
            return Finding("cluster", f"{name} connected; {door.note}", mend)
        try:
            await self._api.cluster_answers(door.url, str(row.key))
        except ProviderError as failed:
            mend = f"check that {door.url}/cluster-api answers here; else only the control plane tells health"
            return Finding("cluster", f"{name} connected, but its cluster-api fails: {failed.said}", mend)
        return Finding("cluster", f"{name} connected; cluster-api answers")


async def _looked(area: str, look: Look) -> list[Finding]:
    """Look at one thing; what fails is a finding too."""
    try:
        return await look()
    except ProviderError as failed:
        said = failed.said or str(failed)
        return [Finding(area, said, failed.hint or _REACHING, failed.exit_code)]
    except (Misshapen, Torn) as wrong:
        said = f"the answer is not as documented: {wrong}"
        return [Finding(area, said, "check that the url is that of the API", ExitCode.UNOBSERVED)]


def _may(label: str, actions: Sequence[str], projects: Sequence[str]) -> Finding:
    where = f"in {', '.join(projects)}"
    if "read" not in actions:
        return Finding("permissions", f"{label}: no read {where}", _ROLE, ExitCode.DENIED)
    lacking = [action for action in ("create", "update", "delete") if action not in actions]
    told = f"{label}: {' '.join(actions)} {where}"
    return Finding(
        "permissions", f"{told}; no {' '.join(lacking)}" if lacking else told, _ROLE if lacking else ""
    )


def _to_connect(row: Summary) -> str:
    """Say how a cluster comes to be connected, for the first time or again."""
    if row.phase == "WaitingToConnect":
        return f"reconciler cluster install-info {row.key.name} --version VERSION prints how to install it"
    return "health of its workloads is old until it is Connected again; look at the cluster's agent"
