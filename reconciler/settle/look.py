"""Look: find one live object, or what the platform says about it, for commands that change nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from posixpath import normpath

from reconciler.errors import ManifestError, NotFound, ProviderError, UsageError
from reconciler.fleet import Target
from reconciler.follow import Source, sources_of
from reconciler.health import STEADY, Health, Level
from reconciler.mark import Owner, owner_of
from reconciler.outcome import Verdict
from reconciler.plan import Action, Change, Plan
from reconciler.plan.stopped import is_standing_still
from reconciler.problem import Problem
from reconciler.provider import InstallInfo, Installs, LogQuery, Logs, Provider
from reconciler.resolve import place
from reconciler.resource import EMPTY, Life, Observed, Resource, ResourceKey, Scope
from reconciler.settle.cause import explained
from reconciler.settle.logs import Kept
from reconciler.settle.verdict import problem_of
from reconciler.validate.suggest import did_you_mean

_AT_ONCE = 8
BESIDE = Scope("")
"""Where objects live that are in no project, such as clusters; read only if git declares one."""


async def find_declared(
    name: str,
    resources: Sequence[Resource],
    providers: Mapping[str, Provider],
    targets: Mapping[str, Target],
) -> tuple[Provider, Observed]:
    """Find the live object of one manifest, named `NAME` or `KIND/NAME`.

    Raises UsageError where no manifest or several have the name, ManifestError where it is not there or
    the credentials do not see its project.
    """
    meant = [each for each in resources if name == each.key.name or each.key.answers_to(name)]
    if len(meant) != 1:
        many = ", ".join(str(each.key) for each in meant)
        names = {each.key.name for each in resources} | {f"{r.key.kind}/{r.key.name}" for r in resources}
        hint = did_you_mean(name, sorted(names), "`reconciler health` lists what is declared")
        raise UsageError(
            f'"{name}" names several objects: {many}' if meant else f'no manifest declares "{name}"; {hint}'
        )
    provider = providers[meant[0].key.target]
    scopes = [BESIDE] if not meant[0].key.scope else await provider.scopes()
    placed, wrong = place(meant, scopes, targets[provider.target])
    if wrong:
        raise ManifestError(problems=wrong)
    key = placed[0].key
    for scope in scopes:
        if scope.name == key.scope and (found := await provider.find(scope, key.kind, key.name)):
            return provider, found[0]
    what = f"{key} is declared, and {provider.target} lists no such object"
    raise ManifestError(problems=[Problem("RC403", what, subject=str(key))])


async def find_logs(
    words: Sequence[str],
    resources: Sequence[Resource],
    providers: Mapping[str, Provider],
    targets: Mapping[str, Target],
    query: LogQuery,
) -> list[Source]:
    """Find the logs of the objects that words name: `NAME`, `KIND/NAME`, or the file of their manifests.

    Raises as `find_declared`, and UsageError where a platform serves no such logs.
    """
    sources: list[Source] = []
    for name in _named_by(words, resources):
        provider, observed = await find_declared(name, resources, providers, targets)
        if not isinstance(provider, Logs):
            raise UsageError(f"{provider.name} serves no logs")
        if query.previous and not provider.keeps_previous:
            raise UsageError(f"{provider.name} keeps no log from before a restart; leave --previous out")
        if query.stamped and not provider.keeps_times:
            raise UsageError(f"{provider.name} tells no times of lines; leave --timestamps out")
        sources += await sources_of(provider, observed, query.pod)
    return sources


def _named_by(words: Sequence[str], resources: Sequence[Resource]) -> tuple[str, ...]:
    """Turn each word that is a manifest's file into the keys of what it declares; others stay as they are."""
    declared: dict[str, list[str]] = {}
    for resource in resources:
        declared.setdefault(normpath(resource.source.file), []).append(str(resource.key))
    return tuple(key for word in words for key in declared.get(normpath(word), [word]))


async def install_info(
    name: str, providers: Mapping[str, Provider], *, version: str, url: str
) -> InstallInfo:
    """Read how to install a registered cluster, named `NAME` or `Cluster/NAME`.

    Raises UsageError where several targets, or none, could know it, ManifestError where none does.
    """
    able = {target: each for target, each in providers.items() if isinstance(each, Installs)}
    if len(able) != 1:
        names = ", ".join(able)
        raise UsageError(f"say which with --target: {names}" if able else "no target here knows clusters")
    plain = name.partition("/")[2] if name.casefold().startswith("cluster/") else name
    target, provider = next(iter(able.items()))
    try:
        return await provider.install_info(plain, version=version, url=url)
    except NotFound as missing:
        what = f'cluster "{plain}" not found in {target}'
        problem = Problem("RC403", what, why=missing.said, hint="apply registers what a manifest declares")
        raise ManifestError(problems=[problem]) from missing


class Looker:
    """Judge the health of live objects once, a few at a time."""

    def __init__(self, providers: Mapping[str, Provider], fleet_id: str) -> None:
        self._providers, self._fleet_id = providers, fleet_id
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def look(self, plan: Plan) -> tuple[Verdict, ...]:
        """Look at every declared object as a plan found it; what is not there is Missing."""
        declared = [change for change in plan.changes if change.resource]
        return tuple(await asyncio.gather(*(self._look(change) for change in declared)))

    async def ill(self, plan: Plan, now: datetime) -> dict[ResourceKey, Health]:
        """Find the declared objects that are Degraded, though their row may not say so."""
        slow = [c.observed for c in plan.changes if c.observed and c.resource and _may_be_ill(c, now)]
        verdicts = await asyncio.gather(*(self._judge(observed) for observed in slow))
        return {v.key: v.health for v in verdicts if v.health.level is Level.DEGRADED}

    async def _look(self, change: Change) -> Verdict:
        key, observed = change.key, change.observed
        if change.action is Action.UNKNOWN:
            return Verdict(key, Health(Level.UNKNOWN, message=change.reason))
        if observed is None and change.action is Action.KEEP:
            return Verdict(key, _health_unseen(change))
        if observed is None or not self._is_ours(change, observed):
            return Verdict(key, Health(Level.MISSING, message=change.reason or "declared, not there"))
        verdict, row = await self._judge(observed), observed.summary
        verdict = replace(verdict, gpus_held=row.gpus, gpus_asked=change.gpus, began=row.since)
        is_ill = verdict.health.level is Level.DEGRADED
        return (
            await self._explained(verdict, observed, change.resource)
            if is_ill and change.resource
            else verdict
        )

    async def _explained(self, verdict: Verdict, observed: Observed, resource: Resource) -> Verdict:
        """Add why an object is not well, from its health and from what is left of its log."""
        provider, log, note = self._providers[observed.key.target], EMPTY, ""
        lines = resource.health.log_tail
        if isinstance(provider, Logs) and lines > 0:
            async with self._slots:
                log, note = await Kept(provider, lines).words(observed, verdict.health.pods)
        verdict = explained(verdict, log, note, keep=lines)
        if verdict.diagnosis is None:
            return verdict
        return replace(verdict, problem=problem_of(resource, verdict, waited=0.0))

    def _is_ours(self, change: Change, observed: Observed) -> bool:
        if change.is_adopted or (change.kind is not None and not change.kind.support.carries_mark):
            return True  # claimed, with or without a mark
        identity = observed.summary.identity
        return owner_of(observed.mark, fleet_id=self._fleet_id, identity=identity) is Owner.OURS

    async def _judge(self, observed: Observed) -> Verdict:
        async with self._slots:
            try:
                health = await self._providers[observed.key.target].health(observed)
            except ProviderError as failure:
                health = Health(Level.UNKNOWN, observed.summary.phase, message=str(failure))
        return Verdict(observed.key, health, is_queued=health.is_queued)


def _health_unseen(change: Change) -> Health:
    """Judge what is not there and need not be: it has ended, is not wanted, or is wanted stopped."""
    level, phase = Level.HEALTHY, "Completed"
    if change.resource and change.resource.is_absent:
        phase = "Absent"
    elif is_standing_still(change):
        level, phase = Level.SUSPENDED, "Stopped"
    return Health(level, phase, message=change.reason, is_final=True)


def _may_be_ill(change: Change, now: datetime) -> bool:
    """Tell whether a live object is worth a question: its row does not say that it runs, or not which spec.

    What changes in place may serve an older spec than the one it shows, and what has just come to run may
    have failed before that.
    """
    if change.observed is None or change.kind is None or change.observed.summary.life is not Life.ACTIVE:
        return False
    row = change.observed.summary
    is_new = row.since is not None and now - row.since < STEADY
    return row.level is not Level.HEALTHY or is_new or bool(change.kind.support.updatable)
