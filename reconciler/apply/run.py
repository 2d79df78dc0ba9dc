"""Order the changes of a plan: needs first, deletes last and in reverse, each scope one delete at a time."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.apply.halt import Halt, halt_together
from reconciler.apply.poll import Patience
from reconciler.apply.words import failed
from reconciler.apply.write import Stop, Tools, Write
from reconciler.clock import Clock
from reconciler.errors import ReconcilerError
from reconciler.journal import WriteAhead
from reconciler.order import waves
from reconciler.outcome import Outcome, Result, Step
from reconciler.plan.change import Action, Change, Plan
from reconciler.problem import Problem
from reconciler.provider import Provider
from reconciler.resource import ResourceKey

PATIENCE = Patience()

_UNSENT = {
    Action.REFUSED: Result.REFUSED,
    Action.DEFERRED: Result.DEFERRED,
    Action.UNKNOWN: Result.NOT_ATTEMPTED,
}
_STEP_STATES = {Result.DONE: "done", Result.SKIPPED: "skipped", Result.NOT_ATTEMPTED: "skipped"}
_PAST = {
    Action.CREATE: "created",
    Action.ADOPT: "adopted",
    Action.UPDATE: "updated",
    Action.REPLACE: "replaced",
    Action.RERUN: "run again",
    Action.STOP: "stopped",
    Action.RESUME: "resumed",
    Action.DELETE: "deleted",
}


Ready = Callable[[Change, Outcome], Awaitable[Outcome | None]]
"""Wait until a change is well. None: it is; else the outcome that holds back what needs it."""


async def _at_once(_change: Change, _outcome: Outcome) -> Outcome | None:
    return None


async def apply_plan(
    plan: Plan,
    providers: Mapping[str, Provider],
    *,
    journal: WriteAhead,
    clock: Clock,
    listen: Callable[[Step], None],
    stop: Stop,
    ready: Ready = _at_once,
    concurrency: int = 8,
    patience: Patience = PATIENCE,
) -> tuple[Outcome, ...]:
    """Carry out a plan and tell how each of its changes ended, in the plan's order; what is kept is left out.

    A change begins when its needs are done and `ready`; a failure blocks only what needs it. After a
    stop nothing begins any more. At most `concurrency` changes of one target run at once.
    """
    begun = clock.monotonic()

    def tell(change: Change, text: str, state: str) -> None:
        listen(Step(change.key, text, clock.monotonic() - begun, state))

    tools = Tools(plan.fleet_id, journal, clock, stop, patience, tell)
    run = _Run(plan.changes, providers, tools, ready, concurrency)
    async with asyncio.TaskGroup() as group:
        together = run.together()
        for several in together:
            group.create_task(run.several(several))
        for index in run.before.keys() - {index for several in together for index in several}:
            group.create_task(run.one(index))
    return tuple(outcome for outcome in run.outcomes if outcome is not None)


@dataclass
class _Run:
    changes: Sequence[Change]
    providers: Mapping[str, Provider]
    tools: Tools
    ready: Ready
    concurrency: int
    before: Mapping[int, frozenset[int]] = field(init=False)
    outcomes: list[Outcome | None] = field(init=False)
    denied: set[str] = field(default_factory=set)
    is_ousted: bool = False
    unready: dict[int, Outcome] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.before = _order(self.changes)
        self.outcomes = [_unsent(change) for change in self.changes]
        self._ended = {index: asyncio.Event() for index in self.before}
        self._slots: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(self.concurrency))
        self._deletes: dict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def one(self, index: int) -> None:
        """Wait for what comes before one change, do it, and let others know."""
        for earlier in self.before[index]:
            await self._ended[earlier].wait()
        change = self.changes[index]
        async with self._slots[change.key.target]:
            outcome = self._blocked(index, change) or await self._do(change)
        await self._finish(index, change, outcome)

    def together(self) -> list[list[int]]:
        """Find the stops, and the resumes, of one target that may all begin at once: two of them or more."""
        found: dict[tuple[str, Action], list[int]] = defaultdict(list)
        for index, earlier in self.before.items():
            change = self.changes[index]
            if change.action.is_halting and not earlier:
                found[change.key.target, change.action].append(index)
        return [indexes for indexes in found.values() if len(indexes) > 1]

    async def several(self, indexes: Sequence[int]) -> None:
        """Stop, or resume, several objects together, and let others know of each."""
        changes = {index: self.changes[index] for index in indexes}
        done = {i: blocked for i, change in changes.items() if (blocked := self._blocked(i, change))}
        due = [index for index in indexes if index not in done]
        if due:
            outcomes = await self._do_together([changes[index] for index in due])
            done |= dict(zip(due, outcomes, strict=True))
        async with asyncio.TaskGroup() as group:
            for index, outcome in done.items():
                group.create_task(self._finish(index, changes[index], outcome))

    async def _do_together(self, changes: Sequence[Change]) -> list[Outcome]:
        target = changes[0].key.target
        halts = [Halt(change, self._provider(change), self.tools) for change in changes]
        try:
            return await halt_together(halts, self._slots[target])
        except OSError as failure:
            return [_unnoted(change, failure) for change in changes]

    async def _finish(self, index: int, change: Change, outcome: Outcome) -> None:
        """Note how a change ended, and wait until it is well; those that need it wait as well."""
        self.outcomes[index] = outcome
        if outcome.problem and outcome.problem.code == "RC401":
            self.denied.add(change.key.target)
        self.is_ousted |= outcome.problem is not None and outcome.problem.code == "RC322"
        text = _past(outcome) if outcome.result is Result.DONE else outcome.why or outcome.result.value
        self.tools.tell(change, text, _STEP_STATES.get(outcome.result, "failed"))
        is_done, is_needed = outcome.result is Result.DONE, self._is_needed(change)
        if is_done and is_needed and (held := await self.ready(change, outcome)):
            self.unready[index] = held
        self._ended[index].set()
        if is_done and not is_needed:
            await self.ready(change, outcome)  # nobody waits for it, but its log may be short-lived

    def _is_needed(self, change: Change) -> bool:
        building = (other for other in self.changes if other.action.writes)
        awaited = (other for other in building if other.action is not Action.DELETE)
        return any(change.key in other.needs and change.key not in other.follows for other in awaited)

    def _blocked(self, index: int, change: Change) -> Outcome | None:
        """Say why a change must not begin; None if it may."""
        if change.key.target in self.denied:
            why = "the platform no longer accepts the credentials"
            return Outcome(change.key, change.action, Result.NOT_ATTEMPTED, why=why)
        if self.is_ousted:
            why = "the lease was taken from this run"
            return Outcome(change.key, change.action, Result.NOT_ATTEMPTED, why=why)
        if self.tools.stop.requested:
            return Outcome(change.key, change.action, Result.NOT_ATTEMPTED, why="stopped before it began")
        every = [
            outcome if outcome and outcome.key in change.follows else self.unready.get(i, outcome)
            for i, outcome in enumerate(self.outcomes)
        ]
        if change.action is Action.DELETE:
            return next((_needed(change, outcome) for outcome in self._users(change)), None)
        needs = [other for other in every if other and other.key in change.needs]
        earlier = [self.outcomes[i] for i in sorted(self.before[index])]
        needs += [other for other in earlier if other and other.action is Action.DELETE]
        return next((_held(change, other) for other in needs if other.result is not Result.DONE), None)

    def _users(self, change: Change) -> Iterator[Outcome]:
        """Give what needs an object, is to be deleted before it, and was not."""
        for other, outcome in zip(self.changes, self.outcomes, strict=True):
            is_user = other.action is Action.DELETE and change.key in other.needs
            if is_user and outcome is not None and outcome.result is not Result.DONE:
                yield outcome

    async def _do(self, change: Change) -> Outcome:
        provider = self._provider(change)
        lock = self._deletes[change.key.target, change.key.scope]
        try:
            if change.action.is_halting:
                return await Halt(change, provider, self.tools).run()
            return await Write(change, provider, self.tools, lock).run()
        except OSError as failure:
            return _unnoted(change, failure)

    def _provider(self, change: Change) -> Provider:
        provider = self.providers.get(change.key.target)
        if provider is None:
            raise ReconcilerError(f"{change.key}: no provider for target {change.key.target}")
        return provider


def _past(outcome: Outcome) -> str:
    return "delete accepted, it is going away" if outcome.is_leaving else _PAST[outcome.action]


def _unnoted(change: Change, failure: OSError) -> Outcome:
    why = f"the journal cannot be written ({failure.strerror or failure}), so it was not sent"
    return failed(change, why, Problem("RC100", f"{change.key}: {why}"))


def _unsent(change: Change) -> Outcome | None:
    result = _UNSENT.get(change.action)
    return Outcome(change.key, change.action, result, why=change.reason) if result else None


def _held(change: Change, need: Outcome) -> Outcome:
    result = {Result.DEFERRED: Result.DEFERRED, Result.NOT_ATTEMPTED: Result.NOT_ATTEMPTED}.get(
        need.result, Result.SKIPPED
    )
    said = need.why if need.is_waited_for else need.result.value
    why = f"needs {need.key} ({said})"
    return Outcome(change.key, change.action, result, why=why)


def _needed(change: Change, user: Outcome) -> Outcome:
    why = f"{user.key} needs it and was not deleted ({user.result.value})"
    return Outcome(change.key, change.action, Result.SKIPPED, why=why)


def _order(changes: Sequence[Change]) -> dict[int, frozenset[int]]:
    """Tell for each change that writes which others must have ended before it begins."""
    builds = [i for i, c in enumerate(changes) if c.action.writes and c.action is not Action.DELETE]
    deletes = [i for i, c in enumerate(changes) if c.action is Action.DELETE]
    named = {changes[i].key: i for i in builds}
    depths = _depths([changes[d] for d in deletes])
    before = {i: {named[need] for need in changes[i].needs if need in named} for i in builds}
    for i in builds:
        before[i].update(_in_the_way(changes[i], ((d, changes[d]) for d in deletes)))
    early = {d for needed in before.values() for d in needed if d in deletes}
    while users := {d for d in deletes if d not in early and _needs_one_of(changes, d, early)}:
        early |= users
    for d in deletes:
        sooner = {other for other in deletes if _goes_before(changes[other], changes[d], depths)}
        before[d] = sooner if d in early else {*builds, *sooner}
    for d in early:
        before[d] &= early
    return {i: frozenset(earlier) for i, earlier in before.items()}


def _in_the_way(change: Change, deletes: Iterable[tuple[int, Change]]) -> Iterable[int]:
    """Find deletes that must come first: the name is still theirs, under another kind."""
    space = change.kind.name_space if change.kind else ""
    for index, other in deletes:
        same_place = _place(change.key) == _place(other.key)
        if same_place and space and other.kind is not None and other.kind.name_space == space:
            yield index


def _place(key: ResourceKey) -> tuple[str, str, str]:
    return key.target, key.scope, key.name


def _needs_one_of(changes: Sequence[Change], user: int, needed: Iterable[int]) -> bool:
    return any(changes[index].key in changes[user].needs for index in needed)


def _depths(deletes: Sequence[Change]) -> dict[ResourceKey, int]:
    """Tell how deep each object stands on others that go as well: what nothing else needs goes first."""
    sorted_ = waves({change.key: change.needs for change in deletes})
    return {key: depth for depth, wave in enumerate(sorted_) for key in wave}


def _goes_before(one: Change, other: Change, depths: Mapping[ResourceKey, int]) -> bool:
    """Tell whether a delete must have ended first: by level, then in reverse of needs, one at a time a scope.

    All of these agree with one order, by level, depth and key, so none ever waits for itself.
    """
    if _level(one) != _level(other):
        return _level(one) > _level(other)
    first, second = one.key, other.key
    if second in one.needs:
        return True
    is_later = (depths[first], first) > (depths[second], second)
    return (first.target, first.scope) == (second.target, second.scope) and is_later


def _level(change: Change) -> int:
    return change.kind.level if change.kind else 10
