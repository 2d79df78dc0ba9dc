"""Start here: the whole story, used by every command.

git → `declare` → resources → `Session.plan` (observe, decide, guard) → `Session.apply` (write, settle,
plan afresh) → outcome. `drift` is the plan read the other way; `health` and `logs` look at what is live.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.apply import apply_plan, outlast_lag
from reconciler.declare import Checked, Declared, Request, World, declare
from reconciler.drift import Drift, drift_of
from reconciler.errors import (
    ExitCode,
    FleetError,
    ManifestError,
    ProviderError,
    StalePlan,
    Unauthenticated,
    UnsafePlan,
    heaviest,
)
from reconciler.fleet import Fleet
from reconciler.follow import Source
from reconciler.guard import Remembered, check_guards
from reconciler.history.ages import Asked, with_ages
from reconciler.history.blame import blamed, with_commits
from reconciler.history.remember import finished_now, known_for, owned_now, present
from reconciler.history.repeat import may_repeat
from reconciler.history.resumed import turned_to_running
from reconciler.journal import Journal, Memory, opened, recalled, remembered
from reconciler.look import Looking
from reconciler.observe import foreseen, observe_fleet
from reconciler.outcome import Applied, Result, Step, Verdict, seen_again
from reconciler.plan import Action, Plan, make_plan
from reconciler.plan.digest import not_expected
from reconciler.plan.known import Known, Ran
from reconciler.plan.make import newer_work
from reconciler.plan.saved import moved
from reconciler.problem import Problem
from reconciler.provider import InstallInfo, LogQuery, Provider, Timed, times
from reconciler.providers import providers
from reconciler.resolve import (
    doubt_credentials,
    missing_secrets,
    resolve,
    resolve_target,
    with_excerpt,
)
from reconciler.resource import Live, Observed, Resource
from reconciler.settle import Settler
from reconciler.settle.look import Looker, find_declared, find_logs, install_info
from reconciler.settle.told import told

__all__ = ["Checked", "Planned", "Request", "Session", "Stop", "World", "check"]


_STALE = frozenset({"RC307", "RC309", "RC313"})
_REFUSED = frozenset({400, 401})  # how a platform says that it does not know these credentials


@dataclass(slots=True)
class Stop:
    """Ask a running apply to end after what is in flight. Set by the first Ctrl-C."""

    requested: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """Hold a plan with everything that stands in its way.

    `refusals` are the guards' words, each naming its consent; `failures` the reads that failed.
    """

    plan: Plan
    refusals: tuple[Problem, ...] = ()
    failures: tuple[ProviderError, ...] = ()
    warnings: tuple[Problem, ...] = ()

    def exit_code(self, *, show_changes: bool = False) -> ExitCode:
        """Weigh the plan: 6 or 5 unread, 7 stale, 8 refused by a guard, 3 changes (where asked for)."""
        codes = [failure.exit_code for failure in self.failures]
        if self.plan.unknown or self.plan.having(Action.UNKNOWN):
            codes.append(ExitCode.UNOBSERVED)
        codes += [ExitCode.STALE if p.code in _STALE else ExitCode.REFUSED for p in self.refusals]
        if show_changes and not self.plan.is_empty:
            codes.append(ExitCode.CHANGES)
        return heaviest(codes)


def check(request: Request, world: World) -> Checked:
    """Validate what git says, offline. Raises FleetError when the fleet file itself is wrong."""
    return declare(request, world).checked


class Session:
    """Run one command against the live targets of a fleet."""

    def __init__(
        self, declared: Declared, resources: Sequence[Resource], doors: Mapping[str, Provider], world: World
    ) -> None:
        self.fleet: Fleet = declared.fleet
        self.warnings = tuple(problem for problem in declared.problems if not problem.is_error)
        self._declared = declared
        self._resources = tuple(resources)
        self._providers = doors
        self._world = world
        self._lives: Mapping[str, Live] = {}
        self._memory: Memory | None = None
        self._looker = Looker(doors, declared.fleet.id)

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, request: Request, world: World, *, is_looking: bool = False
    ) -> AsyncIterator[Session]:
        """Read and resolve what git says and open every target. Nothing is sent yet.

        Raises ManifestError or FleetError with every problem found, and StalePlan for a saved plan that
        is not for here and now. `is_looking`: a manifest with errors only counts as not declared, and the
        world is told of it.
        """
        if saved := request.saved:
            may_repeat(request, world, used=remembered(saved.fleet_id, world.environ).used_plans)
        declared = declare(request, world)
        if not is_looking:
            declared.raise_errors()
        resolved = resolve(declared.resources, declared.fleet, world.environ, need_secrets=False)
        wrong = [problem for problem in (*declared.problems, *resolved.problems) if problem.is_error]
        if wrong and not is_looking:
            raise ManifestError(problems=resolved.problems)
        world.scrubber.absorb(resolved.scrubber)
        if broken := sorted({problem.location.file for problem in wrong if problem.location}):
            world.tell(_not_declared(broken))
        doors = _connect(declared, world)
        try:
            sound = [each for each in resolved.resources if each.source.file not in broken]
            yield cls(declared, sound, doors, world)
        except Unauthenticated as refused:
            _doubt(refused, declared, world)
            raise
        finally:
            for provider in doors.values():
                await provider.aclose()

    async def plan(self, *, is_reading: bool = False) -> Planned:
        """Read every target and decide what apply would do. Sends nothing that changes anything.

        `is_reading`: no apply will follow, so a clone too shallow to prune from is only noted.
        """
        notes = await self._recall(is_reading=is_reading)
        documents, is_whole = self._declared.loaded.documents, not self._declared.narrowing.why
        seen = await observe_fleet(
            self.fleet, self._providers, self._resources, documents=documents, is_whole=is_whole
        )
        desired, lives = seen.desired, seen.lives
        for failure in seen.failures:
            _doubt(failure, self._declared, self._world)
        known = self._known(lives, desired, is_reading=is_reading)
        plan = make_plan(desired, lives, known)
        self._lives = lives
        asked = self._declared.request
        other = (*not_expected(plan, asked.expect_digest), *(moved(asked.saved, plan) if asked.saved else ()))
        refusals = (*newer_work(lives, known), *other, *self._guards(plan, lives, known))
        return Planned(plan, refusals, seen.failures, (*self.warnings, *notes))

    async def foreseen(self, planned: Planned) -> Planned:
        """Add to a plan what will become of what it asks for, and the commits that brought its changes."""
        plan = await foreseen(planned.plan, self._lives, self._providers)
        return replace(planned, plan=with_commits(plan, self._declared))

    async def apply(self, planned: Planned, *, listen: Callable[[Step], None], stop: Stop) -> Applied:
        """Carry out a plan, wait until what changed is healthy, and plan afresh.

        Raises UnsafePlan, StalePlan or the ProviderError that stopped it; then nothing was changed.
        """
        self._may_apply(planned)
        clock, started = self._world.clock, self._world.clock.monotonic()

        def warn(words: str) -> None:
            listen(Step(None, f"warning: {words}", clock.monotonic() - started, "note"))

        async with self._journal(planned, warn) as journal:
            settler = Settler(self._providers, clock, listen, stop, clock.now())
            await outlast_lag(planned.plan, self._providers, journal.memory, clock, warn)
            outcomes = await apply_plan(
                planned.plan,
                self._providers,
                journal=journal,
                clock=clock,
                listen=listen,
                stop=stop,
                ready=settler.ready,
            )
            if journal.lost and not journal.has_sent:
                raise journal.lost
            verdicts = await settler.rest(planned.plan.changes, outcomes)
            applied = Applied(outcomes, self._pointed_out(verdicts), is_interrupted=stop.requested)
            if stop.requested or journal.lost:
                journal.end(clean=False)
            else:
                applied = await self._planned_afresh(applied, journal)
        return replace(applied, seconds=clock.monotonic() - started)

    async def note_unchanged(self, planned: Planned) -> None:
        """Remember what is live after an apply that had nothing to do, for the guards of the next one."""
        if planned.failures or planned.refusals or planned.plan.unknown or self._declared.narrowing.why:
            return
        async with self._journal(planned, lambda words: self._world.tell(f"warning: {words}")) as journal:
            journal.end(
                owned=owned_now(self._lives, self.fleet.id),
                declared=planned.plan.declared,
                finished=self._finished(planned.plan),
            )

    async def drift(self, only: Sequence[str] = ()) -> Drift:
        """Find how live differs from git, since when and by whom; `only` in these states."""
        planned = await self.plan(is_reading=True)
        ill = await self._looker.ill(planned.plan, self.now())
        found = drift_of(planned.plan, planned.failures, ill=ill, lives=self._lives).narrowed(only)
        found = await told(found, planned.plan, self._lives, self._providers)
        return blamed(found, planned.plan, self._declared)

    async def health(self, planned: Planned) -> tuple[Verdict, ...]:
        """Look once at every declared object as a plan found it; what is not there is Missing."""
        return await self._looker.look(planned.plan)

    def now(self) -> datetime:
        """Give the time that ages count to: by a platform's clock where one tells it, else this machine's."""
        read = [t for t, live in self._lives.items() if any(not one.unknown for one in live.scopes.values())]
        ordered = (self._providers[target] for target in dict.fromkeys((*read, *self._providers)))
        told = [each.now() for each in ordered if isinstance(each, Timed)]
        return told[0] if told else self._world.clock.now()

    def looking(self) -> Looking:
        """Give what finds and describes live objects, whoever made them."""
        return Looking(self.fleet, self._resources, self._providers, self._world.clock)

    async def logs(self, names: Sequence[str], query: LogQuery) -> Sequence[Source]:
        """Find the logs of declared objects, each named `NAME`, `KIND/NAME` or by its file."""
        return await find_logs(names, self._resources, self._providers, self.fleet.targets, query)

    async def declared(self, name: str) -> tuple[Provider, Observed]:
        """Find the live object of one manifest, named `NAME` or `KIND/NAME`, and the platform it is on."""
        return await find_declared(name, self._resources, self._providers, self.fleet.targets)

    async def install_info(self, name: str, *, version: str = "", url: str = "") -> InstallInfo:
        """Read how to install a registered cluster. The answer holds a secret."""
        return await install_info(name, self._providers, version=version, url=url)

    # -- how --

    def _known(self, lives: Mapping[str, Live], desired: Sequence[Resource], *, is_reading: bool) -> Known:
        kinds = {(t, kind.name): kind for t, p in self._providers.items() for kind in p.kinds.values()}
        known = known_for(self._declared, lives, desired, kinds, is_reading=is_reading)
        memory, now = self._memory or Memory(), times(self._providers, self._world.clock.now())
        known = replace(known, finished=memory.finished, half_done=memory.half_done, times=now)
        known = replace(known, resumed=turned_to_running(self._declared, lives, desired, kinds))
        asked = Asked(self._declared, lives, desired, now, has_applied=bool(memory.at))
        return with_ages(known, asked, is_reading=is_reading)

    @asynccontextmanager
    async def _journal(self, planned: Planned, warn: Callable[[str], None]) -> AsyncIterator[Journal]:
        """Open the journal and begin a run in it."""
        world, commit = self._world, planned.plan.commit
        async with opened(
            self.fleet, clock=world.clock, environ=world.environ, warn=warn, commit=commit
        ) as journal:
            saved = self._declared.request.saved if planned.plan.writes else None
            may_repeat(self._declared.request, world, used=journal.memory.used_plans)  # now alone
            journal.start(commit=commit, digest=planned.plan.digest, plan=saved.issued.nonce if saved else "")
            if saved:
                await journal.publish()
            yield journal

    async def _recall(self, *, is_reading: bool) -> tuple[Problem, ...]:
        """Recall once what the runs before this one left; give what a plan should note about it."""
        if self._memory is not None:
            return ()
        world = self._world
        self._memory, notes = await recalled(self.fleet, clock=world.clock, environ=world.environ)
        if is_reading:
            for note in notes:
                world.tell(f"note[{note.code}]: {note.what}; what other machines remember is not known")
        return notes

    def _finished(self, plan: Plan) -> dict[str, Ran]:
        return finished_now(plan, self._lives, self.fleet.id, self._world.clock.now())

    def _guards(self, plan: Plan, lives: Mapping[str, Live], known: Known) -> tuple[Problem, ...]:
        memory = self._memory or Memory()
        return check_guards(
            plan,
            self.fleet.limits,
            known.consents,
            remembered=Remembered(owned=memory.owned, declared=memory.declared),
            present=present(lives, plan, memory.finished),
            is_whole=not self._declared.narrowing.why,
        )

    def _may_apply(self, planned: Planned) -> None:
        if missing := missing_secrets(self._resources):
            raise FleetError(problems=missing)
        if planned.failures and not self._declared.request.partial:
            raise max(planned.failures, key=lambda failure: failure.exit_code == ExitCode.DENIED)
        if planned.refusals:
            stale = any(problem.code in _STALE for problem in planned.refusals)
            raise (StalePlan if stale else UnsafePlan)(problems=planned.refusals)

    def _pointed_out(self, verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
        """Show with each verdict the line of the manifest that it is about."""
        documents = self._declared.loaded.documents
        return tuple(
            replace(each, problem=with_excerpt(each.problem, documents)) if each.problem else each
            for each in verdicts
        )

    async def _planned_afresh(self, applied: Applied, journal: Journal) -> Applied:
        """Plan again: whatever a finished apply still finds to do did not take."""
        try:
            fresh = (await self.plan()).plan
        except ProviderError as failure:
            return replace(applied, replan_problem=str(failure))
        excused = {outcome.key for outcome in applied.outcomes if outcome.result is not Result.DONE}
        open_ = (*fresh.writes, *fresh.having(Action.REFUSED, Action.UNKNOWN))
        ran = {outcome.key for outcome in applied.outcomes} - excused
        excused |= {change.key for change in fresh.writes if change.is_new_run and change.key in ran}
        left = [change for change in open_ if change.key not in excused]
        paths = [f"{c.key}{field.pointer}" for c in left for field in c.fields]
        paths += [f"{change.key} ({change.action})" for change in left if not change.fields]
        counts = self._counts(fresh, journal, is_sure=not any(c.action is Action.CREATE for c in left))
        journal.end(owned=counts.owned, declared=counts.declared, finished=self._finished(fresh))
        return replace(
            applied,
            outcomes=seen_again(applied.outcomes, self._lives),
            not_taken=tuple(paths),
            is_replan_empty=fresh.is_empty,
            replan_problem=_unread(fresh),
        )

    def _counts(self, fresh: Plan, journal: Journal, *, is_sure: bool) -> Remembered:
        """Count for the guards of the next run; one that cannot vouch for all leaves the old counts."""
        if not is_sure or fresh.unknown or self._declared.narrowing.why:
            return Remembered(journal.memory.owned, journal.memory.declared)
        return Remembered(owned=owned_now(self._lives, self.fleet.id), declared=fresh.declared)


def _doubt(failure: ProviderError, declared: Declared, world: World) -> None:
    """Add to credentials that were refused where they come from."""
    target = declared.fleet.targets.get(failure.target)
    if isinstance(failure, Unauthenticated) and failure.status in _REFUSED and target is not None:
        failure.hint = doubt_credentials(target, world.environ)


def _connect(declared: Declared, world: World) -> dict[str, Provider]:
    wanted = declared.request.targets or tuple(declared.fleet.targets)
    doors: dict[str, Provider] = {}
    for name in wanted:
        target = resolve_target(declared.fleet.targets[name], world.environ, world.scrubber)
        module = providers()[target.provider]
        doors[name] = module.connect(
            target, allowed_hosts=declared.fleet.allowed_hosts, clock=world.clock, tell=world.tell
        )
    return doors


def _not_declared(files: Sequence[str]) -> str:
    named = ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
    return f"warning: {named}: not taken for errors, so what they declare counts as not declared"


def _unread(plan: Plan) -> str:
    return "; ".join(f"{scope}: {why}" for scope, why in plan.unknown.items())
