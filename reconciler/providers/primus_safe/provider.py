"""The Primus-SaFE provider: workspaces and workloads of one server. Each promise has a file of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from datetime import datetime

from pydantic import ValidationError

from reconciler.capacity import Capacity
from reconciler.clock import Clock
from reconciler.errors import FleetError, Malformed, NotFound, ProviderError, Rejected
from reconciler.fleet import Target
from reconciler.health import Health, Level
from reconciler.kind import Kind
from reconciler.mark import Mark
from reconciler.problem import Problem
from reconciler.provider import Edit, Finding, LogLine, LogQuery
from reconciler.providers.primus_safe import health, wire
from reconciler.providers.primus_safe.api import Api
from reconciler.providers.primus_safe.capacity import CapacityReader
from reconciler.providers.primus_safe.checkup import Checkup
from reconciler.providers.primus_safe.cloning import Cloner
from reconciler.providers.primus_safe.generation import Generation
from reconciler.providers.primus_safe.history import recent
from reconciler.providers.primus_safe.kinds import KINDS
from reconciler.providers.primus_safe.logs import LogReader
from reconciler.providers.primus_safe.phases import ENDED
from reconciler.providers.primus_safe.reading import Reader
from reconciler.providers.primus_safe.refusals import judged
from reconciler.providers.primus_safe.sections import Sections
from reconciler.providers.primus_safe.stops import stoppage_of
from reconciler.providers.primus_safe.sweep import Torn
from reconciler.providers.primus_safe.target import PrimusSafeTarget
from reconciler.providers.primus_safe.tokens import Tokens
from reconciler.providers.primus_safe.writing import Writer
from reconciler.resource import Deleted, Observed, Resource, Scope, Stoppage, Summary
from reconciler.secret import revealed, secrets_in
from reconciler.sight import Section
from reconciler.transport import Hosts, Transport


class PrimusSafeProvider:
    """Serve one target. Nothing is sent before the first call."""

    name = "primus-safe"
    keeps_previous = False
    keeps_times = False
    settle_s = 30.0  # well above the lag of a healthy exporter
    most_at_once = 100  # so many ids one batch request may name

    def __init__(
        self,
        target: Target,
        *,
        allowed_hosts: tuple[str, ...],
        clock: Clock,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        settings = _settings(target)
        hosts = Hosts.of(settings.url, patterns=allowed_hosts)
        if why := hosts.refusal(settings.url):
            hint = "a token goes only where the fleet file and RECONCILER_ALLOWED_HOSTS both allow it"
            raise FleetError(problems=[Problem("RC204", f"{target.name}: {why}", hint=hint)])
        self.target = target.name
        self.kinds: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}
        self.transport = Transport(target.name, settings.url, hosts=hosts, clock=clock, tell=tell)
        self.transport.speech.judge = judged
        tokens = Tokens(self.transport, settings.auth)
        self.transport.tokens = tokens
        self._api = Api(self.transport)
        pinned = Generation(str(settings.generation)) if settings.generation else None
        self._reader = Reader(self._api, target.name, pinned)
        self._writer = Writer(self._api, self._reader)
        self._logs = LogReader(self._api, clock)
        self._sections = Sections(self._api)
        self._cloner = Cloner(self._api, self._reader, clock, self.settle_s)
        self._updates = health.Updates()
        self._capacity = CapacityReader(self._api, self._reader)
        self._checkup = Checkup(self._api, tokens, self._reader, settings)
        self._only = frozenset(target.scopes or settings.scope.workspaces)

    def now(self) -> datetime:
        """Give the server's time by the Date of its last answer."""
        return self.transport.clock.now() + self.transport.ahead

    async def scopes(self) -> Sequence[Scope]:
        """List the workspaces the credentials see, ordered by name; only the target's, where it has some."""
        with self._trusting("list", "workspaces"):
            found = await self._reader.scopes()
        return sorted((scope for scope in found if self._is_meant(scope)), key=lambda scope: scope.name)

    async def list(self, scope: Scope) -> Sequence[Summary]:
        """List what stands in a workspace, whole or not at all: what lives, and how our runs ended."""
        with self._trusting("list", f"workloads of {scope.name}"):
            return await self._reader.whole(scope) if scope.name else ()

    async def deleted(self, scope: Scope) -> Sequence[Deleted]:
        """Give nothing: what was deleted is hidden for good, and what has ended stays in the list."""
        return ()

    async def count(self, scope: Scope) -> int:
        """Count what stands in a workspace by a count of its own."""
        with self._trusting("count", f"workloads of {scope.name}"):
            return await self._reader.count(scope) if scope.name else 0

    async def named(self, scope: Scope, names: Sequence[str]) -> Sequence[Summary]:
        """Look live objects up by exact name; of many names the first ones, the rest by a fresh list."""
        with self._trusting("look up", f"names in {scope.name}"):
            return await self._reader.named(scope, names) if scope.name else ()

    async def read(self, summary: Summary) -> Observed | None:
        """Read one object in full; None when two answers agree that it is gone."""
        with self._trusting("read", str(summary.key)):
            return await self._reader.read(summary, self.kinds.get(summary.key.kind))

    async def find(self, scope: Scope, kind: str, name: str) -> Sequence[Observed]:
        """Find objects of this kind and name and read them in full: ours first, and what lives at the front.

        Of runs that have ended only the last one: the others are history.
        """
        with self._trusting("look up", f"{kind}/{name}"):
            rows = await self._reader.all_named(scope, name)
        same = [row for row in recent(rows) if row.key.kind == kind]
        same.sort(key=lambda row: (not row.is_by_us, row.phase in ENDED))
        found = [await self.read(row) for row in same]
        return [observed for observed in found if observed is not None]

    async def create(self, scope: Scope, resource: Resource, mark: Mark) -> str:
        """Send one create, once, and give the new id."""
        self._learn(resource)
        with self._trusting("create", str(resource.key)):
            return await self._writer.create(scope, resource, mark)

    async def update(self, observed: Observed, resource: Resource, edit: Edit, mark: Mark) -> None:
        """Send one update, once, with what changes and our mark."""
        self._learn(resource)
        self._updates.note(observed.id, edit, self.now())
        with self._trusting("update", str(observed.key)):
            await self._writer.update(observed, resource, edit, mark)

    async def delete(self, observed: Observed, *, force: bool = False) -> None:
        """Send one delete, once: the run ends and its row is hidden."""
        with self._trusting("delete", str(observed.key)):
            await self._writer.delete(observed)

    async def stop(self, observed: Observed) -> None:
        """Send one stop, once: the run ends for good and its row stays."""
        with self._trusting("stop", str(observed.key)):
            await self._writer.stop(observed)

    async def resume(self, observed: Observed) -> None:
        """Refuse: what was stopped has ended, and a new run is a new object."""
        said = "a workload that was stopped has ended; the next apply creates it anew"
        raise Rejected(self.target, "resume", str(observed.key), said=said)

    async def halt_several(
        self, several: Sequence[Observed], *, resumes: bool
    ) -> Mapping[str, ProviderError | None]:
        """Send one batch of stops, once; each is to be read back, for one success hides all failures."""
        if resumes:
            said = "workloads that were stopped have ended"
            raise Rejected(self.target, "resume", f"{len(several)} workloads", said=said)
        with self._trusting("stop", f"{len(several)} workloads"):
            return await self._writer.stop_several(several)

    async def clone(self, observed: Observed) -> str:
        """Copy one workload, once, and give the id of the copy, which carries no mark of ours."""
        with self._trusting("clone", str(observed.key)):
            return await self._cloner.clone(observed, self._reader.scope_of(observed.summary))

    async def health(self, observed: Observed, *, since: datetime | None = None) -> Health:
        """Judge one object now, by its phase, conditions and pods."""
        with self._trusting("judge", str(observed.key)):
            try:
                row = await self._reader.row(observed)
            except NotFound:
                return Health(Level.MISSING, message="it is not there any more", source=health.SOURCE)
        kind, update = self.kinds.get(observed.key.kind), self._updates.of(observed.id)
        serves = kind is not None and not kind.ends(observed.spec)
        return health.judge(row, self.now(), serves=serves, update=update if since else None)

    async def why_stopped(self, observed: Observed) -> Stoppage:
        """Read from a workload's conditions who stopped it."""
        with self._trusting("read", str(observed.key)):
            return stoppage_of(await self._reader.row(observed))

    async def pods(self, observed: Observed) -> Sequence[str]:
        """Name the pods that have logs now, those that failed first at the front."""
        with self._trusting("list pods of", str(observed.key)):
            return await self._logs.pods(observed)

    async def follow(
        self, observed: Observed, query: LogQuery, *, opened: Callable[[], None] = lambda: None
    ) -> AsyncIterator[LogLine]:
        """Give the lines of one pod as they are printed, until it has ended."""
        with self._trusting("read the log of", str(observed.key)):
            async with aclosing(self._logs.follow(observed, query, opened)) as lines:
                async for line in lines:
                    yield line

    async def download(self, observed: Observed, query: LogQuery) -> AsyncIterator[LogLine]:
        """Fetch the lines of one pod there are now."""
        with self._trusting("read the log of", str(observed.key)):
            async for line in self._logs.download(observed, query):
                yield line

    async def pieces(self, observed: Observed, query: LogQuery) -> AsyncIterator[bytes]:
        """Fetch the log of one pod there is now."""
        with self._trusting("read the log of", str(observed.key)):
            async for piece in self._logs.pieces(observed, query):
                yield piece

    async def last_words(self, observed: Observed) -> Sequence[str]:
        """Give what the conditions say, and how the pods ended, newest last."""
        with self._trusting("read", str(observed.key)):
            return await self._logs.last_words(observed)

    async def examine(self) -> Sequence[Finding]:
        """Check the address, the sign-in, the generation and what the credentials may do; sends no write."""
        return await self._checkup.findings()

    def sections(self, observed: Observed) -> Sequence[str]:
        """Name the sections of a workload's description."""
        return self._sections.names(observed)

    async def section(self, observed: Observed, name: str) -> Section:
        """Read one section of a workload's description."""
        with self._trusting(f"read {name} of", str(observed.key)):
            return await self._sections.read(observed, name)

    async def capacity(self, scopes: Sequence[Scope]) -> Mapping[str, Capacity]:
        """Read what some workspaces have to give, by cluster id; each is a pool of its own."""
        with self._trusting("read", "capacity"):
            return await self._capacity.read(scopes)

    async def aclose(self) -> None:
        """Close connections."""
        await self.transport.aclose()

    def _is_meant(self, scope: Scope) -> bool:
        return not self._only or bool(wire.spellings_of(scope) & self._only)

    def _learn(self, resource: Resource) -> None:
        for secret in secrets_in(resource.spec):
            if secret.is_known:
                self.transport.scrubber.learn(secret.reveal())

    @contextmanager
    def _trusting(self, verb: str, subject: str) -> Iterator[None]:
        """Turn payloads that cannot be trusted into Malformed."""
        try:
            yield
        except (wire.Misshapen, Torn) as err:
            raise Malformed(self.target, verb, subject, said=str(err)) from err


def _settings(target: Target) -> PrimusSafeTarget:
    """Check the target's block. Raises FleetError, without showing a value."""
    block = {"provider": target.provider, "url": target.url, **target.settings}
    missing = {secret.reference for secret in secrets_in(block) if not secret.is_known}
    if missing:
        names = ", ".join(sorted(missing))
        raise FleetError(problems=[Problem("RC203", f"{target.name}: the environment lacks {names}")])
    try:
        return PrimusSafeTarget.model_validate(revealed(block))
    except ValidationError as err:
        faults = err.errors(include_input=False, include_url=False, include_context=False)
        problems = [
            Problem("RC201", f"{target.name}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}")
            for fault in faults
        ]
        raise FleetError(problems=problems) from None
