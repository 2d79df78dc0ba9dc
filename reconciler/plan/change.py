"""The values of a plan: actions, field changes, impact, and the plan itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from reconciler.capacity import Forecast
from reconciler.diff import ABSENT, FieldChange
from reconciler.impact import Impact
from reconciler.kind import Kind
from reconciler.mark import Mark
from reconciler.problem import Location, Problem
from reconciler.resource import EMPTY, Observed, Resource, ResourceKey, Scope, StoppedBy, Summary

__all__ = [
    "ABSENT",
    "Action",
    "Change",
    "Commit",
    "FieldChange",
    "Impact",
    "Plan",
    "Prune",
    "Stranger",
]


class Action(StrEnum):
    """Name what apply would do with one object."""

    CREATE = "create"
    ADOPT = "adopt"
    UPDATE = "update"
    REPLACE = "replace"
    RERUN = "rerun"
    STOP = "stop"
    RESUME = "resume"
    DELETE = "delete"
    KEEP = "keep"
    DEFERRED = "deferred"
    REFUSED = "refused"
    UNKNOWN = "unknown"

    @property
    def writes(self) -> bool:
        """Tell whether apply sends anything for it."""
        return self in _WRITES

    @property
    def destroys(self) -> bool:
        """Tell whether it ends a live object."""
        return self in (Action.REPLACE, Action.STOP, Action.DELETE)

    @property
    def recreates(self) -> bool:
        """Tell whether it deletes an object and creates it anew."""
        return self in (Action.REPLACE, Action.RERUN)

    @property
    def is_halting(self) -> bool:
        """Tell whether it stops an object or lets it run on; its spec stays as it is."""
        return self in (Action.STOP, Action.RESUME)


_WRITES = frozenset(Action) - {Action.KEEP, Action.DEFERRED, Action.REFUSED, Action.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Commit:
    """Name one commit, when it was made, and its author."""

    hash: str
    time: datetime
    author: str


@dataclass(frozen=True, slots=True)
class Change:
    """Tell what happens to one object, why, and what is needed to do it.

    `resource` is None for a prune, `observed` None for a create. `hint` is what the reader may do:
    the words to type for consent, or where to raise a field. `consent` is the exact `--allow` word.
    `stopped_by` is who stopped what is let run again; None where git did.
    `gone_at` is when the platform lists what had this key as deleted, of what is made and is no new run.
    `is_new_run`: a job that has ended runs once more. `is_adopted`: the live object carries no mark of ours,
    and is claimed all the same. `source` is where its manifest stands, or stood before the commit
    `removed_by`. `holder` is who still has the name of what is created, and is going away; `last` is the
    ended run beside which it is created. `follows` are those of `needs` for which the platform itself holds
    it back: they must be there first, and need not have ended. `commits` brought what git says of it, the
    newest first, as far as git was asked; they lie outside the digest.
    """

    key: ResourceKey
    action: Action
    reason: str = ""
    fields: tuple[FieldChange, ...] = ()
    resource: Resource | None = None
    observed: Observed | None = None
    kind: Kind | None = None
    scope: Scope | None = None
    mark: Mark | None = None
    needs: tuple[ResourceKey, ...] = ()
    follows: frozenset[ResourceKey] = frozenset()
    impact: Impact | None = None
    gpus: float = 0.0
    source: Location | None = None
    removed_by: str = ""
    commits: tuple[Commit, ...] = ()
    hint: str = ""
    consent: str = ""
    is_destructive: bool = False
    is_new_run: bool = False
    is_adopted: bool = False
    holder: Summary | None = None
    last: Summary | None = None
    gone_at: datetime | None = None
    stopped_by: StoppedBy | None = None
    kept: tuple[str, ...] = ()  # live list items that git does not declare: kept, re-sent

    @property
    def keeps_ended(self) -> bool:
        """Tell whether what has ended stays beside a new run of it."""
        return self.kind is not None and self.kind.support.keeps_ended

    def anew(self, reason: str) -> Change:
        """Make it a create beside what has ended, which is left as it is."""
        return replace(
            self,
            action=Action.CREATE,
            reason=reason,
            fields=(),
            observed=None,
            last=self.observed.summary if self.observed else None,
            impact=None,
            is_destructive=False,
            is_new_run=True,
        )


@dataclass(frozen=True, slots=True)
class Stranger:
    """Show a live object that nobody of ours declared: unclaimed, foreign, or with a copied mark."""

    key: ResourceKey
    owner: str
    phase: str
    submitted_by: str = ""


@dataclass(frozen=True, slots=True)
class Prune:
    """Tell whether this run prunes, and if not, why.

    `is_listed` says whether what it leaves is shown: a narrowed run is not about the rest.
    """

    is_on: bool
    why: str = ""
    is_listed: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """Hold everything apply would do. Changes are sorted by key; `digest` covers them.

    `unknown` maps `target:scope` to why it could not be read. `strangers` are never touched.
    `commit` is HEAD's hash, "" outside git; `is_edited`: the manifests are not as it has them; `owned`
    counts live objects of ours; `read_at` is the platform's time then. `disowned`
    counts by target what carries our mark and was submitted by others, where nothing is ours. `forecast`
    tells what becomes of what it asks for; None if it asks for none.
    """

    fleet_id: str
    fleet: str
    changes: tuple[Change, ...]
    strangers: tuple[Stranger, ...] = ()
    unknown: Mapping[str, str] = EMPTY
    prune: Prune = Prune(is_on=True)
    notes: tuple[Problem, ...] = ()
    commit: str = ""
    branch: str = ""
    is_edited: bool = False
    targets: tuple[str, ...] = ()
    read_count: int = 0
    owned: int = 0
    disowned: Mapping[str, int] = EMPTY
    read_at: datetime | None = None
    declared: int = 0
    digest: str = ""
    forecast: Forecast | None = None

    def having(self, *actions: Action) -> tuple[Change, ...]:
        """List the changes with one of these actions, in key order."""
        return tuple(change for change in self.changes if change.action in actions)

    @property
    def writes(self) -> tuple[Change, ...]:
        """List the changes that apply would send."""
        return tuple(change for change in self.changes if change.action.writes)

    @property
    def is_empty(self) -> bool:
        """Tell whether apply has nothing to do and nothing is refused or unknown."""
        return not self.writes and not self.having(Action.REFUSED, Action.UNKNOWN) and not self.unknown
