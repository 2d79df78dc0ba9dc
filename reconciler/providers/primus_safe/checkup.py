"""Examine one server: is it reached, does it know us, which form does it speak, where may we do what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from reconciler.errors import ExitCode, ProviderError
from reconciler.provider import Finding
from reconciler.providers.primus_safe import wire
from reconciler.providers.primus_safe.api import Api
from reconciler.providers.primus_safe.generation import decided
from reconciler.providers.primus_safe.permitted import told_of
from reconciler.providers.primus_safe.reading import Reader
from reconciler.providers.primus_safe.target import PrimusSafeTarget
from reconciler.providers.primus_safe.tokens import API_KEY, USER_ID, Tokens
from reconciler.resource import Json, Scope

_SKEW_WORTH_A_WORD = timedelta(seconds=30)
_RUNS_OUT = timedelta(days=14)
_REACHING = "check the url, the network and the VPN, HTTPS_PROXY and NO_PROXY"
_ASK = "let an administrator or a manager of a workspace add the user to it"
_RUNNING = "Running"
Look = Callable[[], Awaitable[list[Finding]]]
Row = Mapping[str, Json]


class Checkup:
    """Look at one target for `doctor`. Sends no write and raises nothing."""

    def __init__(self, api: Api, tokens: Tokens, reader: Reader, settings: PrimusSafeTarget) -> None:
        self._api, self._tokens, self._reader, self._settings = api, tokens, reader, settings
        self._flags: Row = {}
        self._me: Row = {}
        self._seen: Mapping[Scope, Row] = {}

    async def findings(self) -> list[Finding]:
        """Check one thing after the other; who is not reached or does not know us is asked no more."""
        found: list[Finding] = []
        needed: dict[str, Look] = {"control plane": self._address, "sign-in": self._sign_in}
        for area, look in needed.items():
            found += await _looked(area, look)
            if found[-1].grade == "fail":
                return found
        for area, look in {
            "workspaces": self._workspaces,
            "generation": self._generation,
            "permissions": self._permissions,
        }.items():
            found += await _looked(area, look)
        return found

    async def _address(self) -> list[Finding]:
        """Reach the server, without signing in, and compare the clocks."""
        clock = self._api.transport.clock
        started = clock.monotonic()
        self._flags = await self._api.flags(attempts=1)
        took = clock.monotonic() - started
        skew = self._api.transport.ahead.total_seconds()
        where = f"{self._settings.url}, {took * 1000:.0f} ms, clock skew {abs(skew):.1f}s"
        if abs(skew) <= _SKEW_WORTH_A_WORD.total_seconds():
            return [Finding("control plane", where)]
        told = f"this machine is {abs(skew):.0f}s {'behind' if skew > 0 else 'ahead of'} the server"
        mend = "let it keep time (NTP); a start time may be refused as past, and ages are told wrong"
        return [Finding("control plane", where), Finding("clock", told, mend)]

    async def _sign_in(self) -> list[Finding]:
        """Tell by what we sign in and who we are then; whoever is restricted may do nothing."""
        self._me = await self._api.me()
        way = self._tokens.way
        told = f"{way.name}, as {wire.words(self._me, 'name') or wire.text(self._me, 'id')}"
        if way is USER_ID:
            told = f"{told}; no secret: whoever knows the id is taken for them"
        found = [await self._lasting(told) if way is API_KEY else Finding("sign-in", told)]
        if kind := wire.whole(self._me, "restrictedType"):
            said = f"the user is restricted (type {kind}) and may do nothing"
            mend = "let an administrator lift the restriction"
            found.append(Finding("permissions", said, mend, ExitCode.DENIED))
        return found

    async def _lasting(self, told: str) -> Finding:
        """Tell until when an API key holds, where the server tells."""
        try:
            ends = wire.moment((await self._api.key()).get("expirationTime"))
        except (ProviderError, wire.Misshapen):
            ends = None
        if ends is None:
            return Finding("sign-in", told)
        transport = self._api.transport
        left = ends - (transport.clock.now() + transport.ahead)
        told = f"{told}, until {ends:%Y-%m-%d}"
        mend = "make a new key in time, and put it in the secret's place" if left < _RUNS_OUT else ""
        return Finding("sign-in", told, mend)

    async def _workspaces(self) -> list[Finding]:
        """Tell which workspaces are looked at, and which of those named are not seen."""
        scopes = await self._reader.scopes()
        rows = {row["workspaceId"]: row for row in await self._api.workspaces()}
        seen = {scope: rows[scope.id] for scope in scopes if scope.id in rows}
        named = self._settings.scope.workspaces
        only = frozenset(named)
        self._seen = {s: row for s, row in seen.items() if not only or wire.spellings_of(s) & only}
        names = ", ".join(sorted(scope.name for scope in seen)) or "none"
        found = [_stands(scope, row) for scope, row in sorted(self._seen.items(), key=lambda it: it[0].name)]
        known = frozenset[str]().union(*map(wire.spellings_of, seen))
        for name in (name for name in named if name not in known):
            told = f'scope names "{name}", which these credentials do not see'
            mend = f"mend scope.workspaces, or ask to be let in; they see {names}"
            found.append(Finding("workspaces", told, mend, ExitCode.REJECTED))
        if not seen and not named:
            found.append(Finding("workspaces", "these credentials see none", _ASK, ExitCode.DENIED))
        return found

    async def _generation(self) -> list[Finding]:
        """Tell which form of the API is spoken, by what answers, and whether another one is pinned."""
        pinned = str(self._settings.generation or "")
        rows = [row for scope in self._seen for row in (await self._api.workloads(scope, None, 1)).rows]
        live, why = decided(self._flags, rows)
        if live and pinned and live != pinned:
            told = f"{live}, but generation says {pinned}: such writes are refused, or dropped in silence"
            mend = f"write generation: {live} below the target, or take the line out"
            return [Finding("generation", told, mend, ExitCode.REJECTED)]
        if live:
            return [Finding("generation", f"{live}, by what answers; {'pinned' if pinned else 'not pinned'}")]
        if pinned:
            return [Finding("generation", f"{pinned}, as pinned; {why}")]
        mend = "write generation: 1 or 2 below the target; until then nothing is written"
        return [Finding("generation", f"not known: {why}", mend, ExitCode.REJECTED)]

    async def _permissions(self) -> list[Finding]:
        """Tell what the user may do to workloads, by the roles as the platform ships them."""
        found = []
        for may in told_of(self._me, self._seen):
            lacks = "create" not in may.verbs
            found.append(Finding("permissions", f"workloads: {may}", _ASK if lacks else ""))
        return [*found, *[await self._nodes(scope) for scope in list(self._seen)[:1]]]

    async def _nodes(self, scope: Scope) -> Finding:
        """Tell by one workspace whether the nodes may be read."""
        try:
            await self._api.nodes(scope.id)
        except ProviderError as refused:
            told = f"nodes: no read ({refused.said}), so what starts is not foretold"
            return Finding("permissions", told, "let an administrator allow the user to list nodes")
        return Finding("permissions", "nodes: read")


def _stands(scope: Scope, row: Row) -> Finding:
    """Tell of a workspace what it takes and how it queues, and whether it is well."""
    takes = row.get("scopes")
    kinds = ", ".join(map(str, takes)) if isinstance(takes, list) and takes else "all kinds"
    told = f"{scope.name} ({kinds}; {wire.words(row, 'queuePolicy') or 'fifo'} queue)"
    phase, broken = wire.words(row, "phase"), wire.whole(row, "abnormalNodeCount")
    if phase not in (_RUNNING, ""):
        told = f"{told} is {phase}"
    elif not broken:
        return Finding("workspaces", told)
    nodes = broken + wire.whole(row, "currentNodeCount")
    more = f", {broken} of {nodes} nodes out of order" if broken else ""
    return Finding(
        "workspaces", f"{told}{more}", "look at its nodes: what does not fit the others waits, or is refused"
    )


async def _looked(area: str, look: Look) -> list[Finding]:
    """Look at one thing; what fails is a finding too."""
    try:
        return await look()
    except ProviderError as failed:
        said = failed.said or str(failed)
        return [Finding(area, said, failed.hint or _REACHING, failed.exit_code)]
    except wire.Misshapen as wrong:
        said = f"the answer is not as documented: {wrong}"
        return [Finding(area, said, "check that the url is that of the API", ExitCode.UNOBSERVED)]
