"""One Run:ai control plane as a Provider. Start here; the other modules of this folder serve it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from pydantic import ValidationError

from reconciler.capacity import Capacity
from reconciler.clock import Clock
from reconciler.console import Console, Entry
from reconciler.errors import FleetError, Malformed, ProviderError, Rejected
from reconciler.fleet import Target
from reconciler.health import Health
from reconciler.kind import Kind
from reconciler.mark import Mark
from reconciler.problem import Problem
from reconciler.provider import Edit, Finding, InstallInfo, LogLine, LogQuery, Told, Tunnel
from reconciler.providers.runai import logs, wire
from reconciler.providers.runai.api import Api
from reconciler.providers.runai.capacity import CapacityReader
from reconciler.providers.runai.checkup import Checkup
from reconciler.providers.runai.clusters import Clusters
from reconciler.providers.runai.health import Doctor
from reconciler.providers.runai.inside import Inside
from reconciler.providers.runai.kinds import KINDS
from reconciler.providers.runai.metrics import Metrics
from reconciler.providers.runai.reading import Reader
from reconciler.providers.runai.registry import KIND as CLUSTER
from reconciler.providers.runai.registry import Registry
from reconciler.providers.runai.sections import Sections
from reconciler.providers.runai.stops import stoppage_of
from reconciler.providers.runai.sweep import Torn, sweep
from reconciler.providers.runai.target import RunaiTarget
from reconciler.providers.runai.telling import Teller
from reconciler.providers.runai.tokens import Tokens
from reconciler.providers.runai.writing import Writer
from reconciler.resource import Deleted, Observed, Resource, Scope, Stoppage, Summary
from reconciler.secret import revealed, secrets_in
from reconciler.sight import Section, Series, Span
from reconciler.transport import Hosts, Transport


class RunaiProvider:
    """Serve one target. Nothing is sent before the first call."""

    name = "runai"
    keeps_previous = True
    keeps_times = True
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
        hosts = Hosts.of(settings.url, *settings.clusterApi.values(), patterns=allowed_hosts)
        if why := hosts.refusal(settings.url):
            hint = "a token goes only where the fleet file and RECONCILER_ALLOWED_HOSTS both allow it"
            raise FleetError(problems=[Problem("RC204", f"{target.name}: {why}", hint=hint)])
        self.target = target.name
        self.kinds: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}
        self.transport = Transport(target.name, settings.url, hosts=hosts, clock=clock, tell=tell)
        self.transport.tokens = tokens = Tokens(self.transport, settings)
        self._api = Api(self.transport)
        self._clusters = Clusters(self._api, settings)
        self._registry = Registry(self._api, self._clusters, target.name)
        self._reader = Reader(self._api, target.name)
        self._writer = Writer(self._api)
        self._doctor = Doctor(self._api, self._clusters, self.kinds)
        self._logs = logs.LogReader(self._api, self._clusters)
        self._teller = Teller(self._api)
        self._checkup = Checkup(self._api, tokens, self._clusters, self._registry, settings)
        self._sections = Sections(self._api)
        self._metrics = Metrics(self._api)
        self._capacity = CapacityReader(self._api)
        self._inside = Inside(self._api, self._clusters)
        self._only = frozenset(target.scopes or settings.scope.projects)

    def now(self) -> datetime:
        """Give the control plane's time by the Date of its last answer."""
        return self.transport.clock.now() + self.transport.ahead

    async def scopes(self) -> Sequence[Scope]:
        """List the projects the credentials see, ordered by name; only the target's, where it has some."""
        with self._trusting("list", "projects"):
            clusters = await self._clusters.known(again=True)
            names = {cluster.id: cluster.name for cluster in clusters.values()}
            rows = await sweep(self._api.projects)
            found = [wire.project_from_wire(row, names) for row in rows]
        shared = {scope.name for scope in found if sum(scope.name == other.name for other in found) > 1}
        named = [
            replace(scope, name=f"{scope.cluster or scope.cluster_id}/{scope.name}")
            if scope.name in shared
            else scope
            for scope in found
        ]
        return sorted((scope for scope in named if self._is_meant(scope)), key=lambda scope: scope.name)

    async def list(self, scope: Scope) -> Sequence[Summary]:
        """List the live workloads of a project, whole or not at all, each id once."""
        if not scope.name:
            with self._trusting("list", "clusters"):
                return await self._registry.list()
        with self._trusting("list", f"workloads of {scope.name}"):
            return await self._reader.list(scope)

    async def deleted(self, scope: Scope) -> Sequence[Deleted]:
        """List what the platform remembers as deleted in a project."""
        if not scope.name:
            return ()  # the list of clusters shows those that are being deleted, and no others are kept
        with self._trusting("list", f"deleted workloads of {scope.name}"):
            return await self._reader.deleted(scope)

    async def count(self, scope: Scope) -> int:
        """Count the live workloads of a project by the count endpoint."""
        if not scope.name:
            with self._trusting("count", "clusters"):
                return await self._registry.count()
        with self._trusting("count", f"workloads of {scope.name}"):
            return await self._api.count(scope)

    async def named(self, scope: Scope, names: Sequence[str]) -> Sequence[Summary]:
        """Look live objects up by exact name; of many names the first ones, the rest by a fresh list."""
        if not scope.name:
            with self._trusting("look up", "clusters"):
                return await self._registry.named(names)
        with self._trusting("look up", f"names in {scope.name}"):
            return await self._reader.named(scope, names)

    async def read(self, summary: Summary) -> Observed | None:
        """Read one object in full; None when two answers agree that it is gone."""
        if summary.key.kind == CLUSTER:
            with self._trusting("read", str(summary.key)):
                return await self._registry.read(summary)
        kind = self._kind(summary.key.kind, "read", str(summary.key))
        with self._trusting("read", str(summary.key)):
            return await self._reader.read(summary, kind)

    async def find(self, scope: Scope, kind: str, name: str) -> Sequence[Observed]:
        """Find live objects by key and read them in full."""
        if kind == CLUSTER:
            with self._trusting("look up", f"{kind}/{name}"):
                return await self._registry.find(name)
        rows = [row for row in await self.named(scope, [name]) if row.key.kind == kind]
        found = [await self.read(row) for row in rows]
        return [observed for observed in found if observed is not None]

    async def create(self, scope: Scope, resource: Resource, mark: Mark) -> str:
        """Send one create, once, and give the new id. Raises Conflict where the name is taken."""
        if resource.key.kind == CLUSTER:
            return await self._registry.create(resource)
        kind = self._kind(resource.key.kind, "create", str(resource.key))
        self._learn(resource)
        return await self._writer.create(scope, resource, mark, kind)

    async def update(self, observed: Observed, resource: Resource, edit: Edit, mark: Mark) -> None:
        """Send one update, once, with what changes and, where the kind lets it change, our mark."""
        if observed.key.kind == CLUSTER:
            await self._registry.rename(observed, resource.key.name)
            return
        kind = self._kind(observed.key.kind, "update", str(observed.key))
        self._learn(resource)
        self._doctor.note_update(observed.id, edit)
        await self._writer.update(observed, resource, edit, mark, kind)

    async def delete(self, observed: Observed, *, force: bool = False) -> None:
        """Send one delete, once. Not there is no error: reading tells whether it is gone."""
        if observed.key.kind == CLUSTER:
            await self._registry.delete(observed, force=force)
            return
        kind = self._kind(observed.key.kind, "delete", str(observed.key))
        await self._writer.delete(observed, kind)

    async def stop(self, observed: Observed) -> None:
        """Send one suspend, once; the object is kept and holds nothing."""
        await self._writer.stop(observed, self._kind(observed.key.kind, "stop", str(observed.key)))

    async def resume(self, observed: Observed) -> None:
        """Send one resume, once."""
        await self._writer.resume(observed, self._kind(observed.key.kind, "resume", str(observed.key)))

    async def halt_several(
        self, several: Sequence[Observed], *, resumes: bool
    ) -> Mapping[str, ProviderError | None]:
        """Send one batch of suspends or resumes, once, and give what was answered for each id."""
        pairs = [(one, self._kind(one.key.kind, "stop", str(one.key))) for one in several]
        return await self._writer.halt_several(pairs, resumes=resumes)

    async def health(self, observed: Observed, *, since: datetime | None = None) -> Health:
        """Judge one object now, by its cluster and by the control plane."""
        with self._trusting("judge", str(observed.key)):
            if observed.key.kind == CLUSTER:
                return await self._registry.judge(observed)
            return await self._doctor.judge(observed, since=since)

    async def carried(self, observed: Observed) -> Sequence[Summary]:
        """List the live workloads that end with a cluster; nothing else here ends with another."""
        if observed.key.kind != CLUSTER:
            return ()
        with self._trusting("list", f"workloads on {observed.key}"):
            return await self._registry.carried(observed)

    async def install_info(self, name: str, *, version: str = "", url: str = "") -> InstallInfo:
        """Give the instructions for a registered cluster, and let its secret appear nowhere else."""
        with self._trusting("read the install info of", f"{CLUSTER}/{name}"):
            told = await self._registry.install_info(name, version, url)
        self.transport.scrubber.learn(told.secret)
        return told

    async def pods(self, observed: Observed) -> Sequence[str]:
        """Name the pods that have logs now, failing ones first."""
        with self._trusting("list pods of", str(observed.key)):
            return await self._logs.pods(observed)

    def follow(
        self, observed: Observed, query: LogQuery, *, opened: Callable[[], None] = lambda: None
    ) -> AsyncIterator[LogLine]:
        """Stream lines of one pod until its log ends."""
        return self._logs.follow(observed, query, opened)

    def download(self, observed: Observed, query: LogQuery) -> AsyncIterator[LogLine]:
        """Fetch the lines of one pod there are now."""
        return self._logs.download(observed, query)

    def pieces(self, observed: Observed, query: LogQuery) -> AsyncIterator[bytes]:
        """Fetch the log of one pod there is now, byte for byte."""
        return self._logs.pieces(observed, query)

    async def last_words(self, observed: Observed) -> Sequence[str]:
        """Give the platform's event messages about a workload, newest last."""
        with self._trusting("list events of", str(observed.key)):
            return await self._logs.last_words(observed)

    async def why_stopped(self, observed: Observed) -> Stoppage:
        """Read from a workload's events who stopped it."""
        with self._trusting("list events of", str(observed.key)):
            events = await self._api.events(observed.id, str(observed.key))
        return stoppage_of(events, observed.summary.since)

    async def told(self, observed: Observed) -> Told | None:
        """Read the newest complaint about a workload out of its events."""
        if observed.key.kind == CLUSTER:
            return None
        with self._trusting("list events of", str(observed.key)):
            return await self._teller.told(observed)

    async def told_of_deleted(self, deleted: Deleted) -> Told | None:
        """Read who deleted a workload, where it is of the v2 API and still shown."""
        with self._trusting("read", str(deleted.key)):
            return await self._teller.told_of_deleted(deleted)

    async def examine(self) -> Sequence[Finding]:
        """Check the address, the sign-in, what the credentials may do, and the clusters; sends no write."""
        return await self._checkup.findings()

    def sections(self, observed: Observed) -> Sequence[str]:
        """Name the sections of a workload's description; a cluster has none."""
        return () if observed.key.kind == CLUSTER else self._sections.names(observed)

    async def section(self, observed: Observed, name: str) -> Section:
        """Read one section of a workload's description."""
        with self._trusting(f"read {name} of", str(observed.key)):
            return await self._sections.read(observed, name)

    async def used(self, row: Summary, span: Span) -> Sequence[Series]:
        """Read what a workload uses as a whole; a cluster uses nothing of its own."""
        if row.key.kind == CLUSTER:
            return ()
        with self._trusting("read metrics of", str(row.key)):
            return await self._metrics.used(row, span)

    async def used_in_full(self, observed: Observed, span: Span) -> Sequence[Series]:
        """Read what a workload uses and serves, as a whole and by pod."""
        if observed.key.kind == CLUSTER:
            return ()
        with self._trusting("read metrics of", str(observed.key)):
            return await self._metrics.used_in_full(observed, span)

    async def held(self) -> Mapping[str, float]:
        """Count the GPUs that are allocated, by project name."""
        with self._trusting("count", "GPUs by project"):
            return await self._metrics.held()

    async def capacity(self, scopes: Sequence[Scope]) -> Mapping[str, Capacity]:
        """Read what the clusters of some projects have to give, by cluster id."""
        with self._trusting("read", "capacity"):
            return await self._capacity.read(scopes)

    async def tunnel(self, observed: Observed, port: int, *, pod: str = "", container: str = "") -> Tunnel:
        """Open one connection to a port of a container."""
        return await self._inside.tunnel(observed, port, pod=pod, container=container)

    async def enter(self, observed: Observed, entry: Entry) -> Console:
        """Start a session in a container."""
        return await self._inside.enter(observed, entry)

    async def aclose(self) -> None:
        """Close connections."""
        await self.transport.aclose()

    def _is_meant(self, scope: Scope) -> bool:
        return not self._only or bool(wire.spellings_of(scope) & self._only)

    def _kind(self, name: str, verb: str, subject: str) -> Kind:
        if name not in self.kinds:
            raise Rejected(self.target, verb, subject, said=f'type "{name}" is not one we know')
        return self.kinds[name]

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


def _settings(target: Target) -> RunaiTarget:
    """Check the target's block. Raises FleetError, without showing a value."""
    block = {"provider": target.provider, "url": target.url, **target.settings}
    missing = {secret.reference for secret in secrets_in(block) if not secret.is_known}
    if missing:
        names = ", ".join(sorted(missing))
        raise FleetError(problems=[Problem("RC203", f"{target.name}: the environment lacks {names}")])
    try:
        return RunaiTarget.model_validate(revealed(block))
    except ValidationError as err:
        faults = err.errors(include_input=False, include_url=False, include_context=False)
        problems = [
            Problem("RC201", f"{target.name}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}")
            for fault in faults
        ]
        raise FleetError(problems=problems) from None
