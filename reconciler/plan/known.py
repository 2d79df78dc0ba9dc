"""What planning knows beside desired and live: the fleet, kinds, consents, and what git remembers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reconciler.kind import Kind
from reconciler.mark import Mark, Owner, digest_of, owner_of
from reconciler.plan.change import Change, Prune
from reconciler.plan.consent import Consents
from reconciler.resource import EMPTY, Json, Observed, Resource, ResourceKey, Summary
from reconciler.secret import referenced

MEMORY = timedelta(days=14)
"""How long a platform is trusted to remember what it has deleted."""
SKEW = timedelta(days=1)
"""So far may the clock that dated a commit be ahead of the platform's."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Hold what the last version of a removed manifest said about its end.

    `needs` are those that it depended on and that are gone as well. `removed_by` is the commit that took it
    out of git, `file` where it stood, as it was read.
    """

    on_remove: str = "Delete"
    protect: bool = False
    needs: tuple[ResourceKey, ...] = ()
    removed_by: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Ran:
    """Remember one finished run: the digest of its spec, its runId, and when it was seen so (RFC 3339)."""

    digest: str
    run_id: str
    at: str


@dataclass(frozen=True, slots=True)
class Age:
    """Tell since when git has one job as it is declared now. Times are RFC 3339, "" is "never committed".

    `entered` is when this spec first came with this runId, `run_id_entered` when the runId came, with
    whatever spec; `now` is the platform's own time. `has_git` is False where no git holds the manifest,
    `is_shallow` where this clone lacks the commits that would tell.
    """

    entered: str = ""
    run_id_entered: str = ""
    now: str = ""
    has_git: bool = True
    is_shallow: bool = False

    @property
    def is_forgotten(self) -> bool:
        """Tell whether the platform may have forgotten a run of that age. A date yet to come is no age."""
        if not self.entered:
            return False
        age = datetime.fromisoformat(self.now) - datetime.fromisoformat(self.entered)
        return not -SKEW <= age <= MEMORY

    def is_later_run(self, ended: datetime | None) -> bool:
        """Tell whether the runId came into git after a run had ended; what is not committed comes last."""
        if ended is None or self.is_shallow or not self.has_git:
            return False
        if not self.run_id_entered:
            return True
        return ended < datetime.fromisoformat(self.run_id_entered) <= datetime.fromisoformat(self.now)


@dataclass(frozen=True, slots=True)
class Known:
    """Hold everything planning needs that is neither desired nor live.

    `kinds` is by (target, kind). `commit` is empty outside git; `is_edited` when the manifests are not as
    it has them. `ancestors` tells for each commit seen in a mark whether HEAD's history has it.
    `branches` names, for those that it has not, a branch that has them: "" for none, None where this clone
    lacks them; a missing key was not looked for.
    `last_policies` holds, for each object without a manifest, what git's last version of it says; a missing
    key means git does not know. `paths` maps a manifest's file as shown to its path in the repository;
    `shown` does the other way what is there no more. `runs` are the jobs named by `--run`, `adopts` the
    objects named by `--adopt`, as typed. Of the journal, by a key's full name: `half_done` holds the id of
    what was deleted to be created anew and was not, `finished` the newest run that was seen finished.
    `resumed` tells when a commit turned a manifest from Stopped to Running. `ages` are of the jobs about
    which git decides; empty for a fleet that has never applied anything. `removals` holds, by the
    platform's id, what this plan does with each object whose manifest is gone. `times` are the platforms'
    own, by target.
    """

    fleet_id: str
    fleet: str
    kinds: Mapping[tuple[str, str], Kind]
    consents: Consents = Consents()
    commit: str = ""
    commit_time: str = ""
    branch: str = ""
    is_edited: bool = False
    has_history: bool = False
    ancestors: Mapping[str, bool] = EMPTY
    branches: Mapping[str, str | None] = EMPTY
    last_policies: Mapping[ResourceKey, Policy] = EMPTY
    default_on_remove: str = "Delete"
    prune: Prune = field(default=Prune(is_on=True))
    paths: Mapping[str, str] = EMPTY
    shown: Mapping[str, str] = EMPTY
    runs: tuple[str, ...] = ()
    adopts: tuple[str, ...] = ()
    removals: Mapping[str, Change] = EMPTY
    half_done: Mapping[str, str] = EMPTY
    finished: Mapping[str, Ran] = EMPTY
    resumed: Mapping[ResourceKey, datetime] = EMPTY
    ages: Mapping[ResourceKey, Age] = EMPTY
    times: Mapping[str, datetime] = EMPTY

    def kind_of(self, key: ResourceKey) -> Kind | None:
        """Find the kind of a key."""
        return self.kinds.get((key.target, key.kind))

    def asks_to_run(self, key: ResourceKey) -> bool:
        """Tell whether `--run` names this job."""
        return any(key.answers_to(words) for words in self.runs)

    def asks_to_adopt(self, key: ResourceKey) -> bool:
        """Tell whether `--adopt` names this object."""
        return any(key.answers_to(words) for words in self.adopts)

    def owner(self, live: Summary | Observed) -> Owner:
        """Judge whose a live object is by the mark it shows."""
        summary = live.summary if isinstance(live, Observed) else live
        return owner_of(live.mark, fleet_id=self.fleet_id, identity=summary.identity)


def declared_spec(resource: Resource, kind: Kind) -> dict[str, Json]:
    """Give the canonical declared spec; secrets stay Secret."""
    return kind.canonical(resource.spec)


def mark_for(resource: Resource, kind: Kind, known: Known) -> Mark:
    """Make the mark that a created or updated object will carry; the provider fills in its key."""
    return Mark(
        fleet_id=known.fleet_id,
        fleet=known.fleet,
        key="",
        digest=digest_of(referenced(declared_spec(resource, kind))),
        run_id=resource.lifecycle.run_id,
        commit=known.commit,
        commit_time=known.commit_time,
        path=known.paths.get(resource.source.file, resource.source.file),
        on_remove=resource.lifecycle.on_remove,
        protect=resource.lifecycle.protect,
    )
