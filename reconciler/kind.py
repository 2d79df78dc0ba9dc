"""Kinds: what the platform calls a thing, and what it lets us do with it, as data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reconciler.capacity import Claim, growth
from reconciler.pointer import is_below
from reconciler.problem import Problem
from reconciler.resource import EMPTY, Json

if TYPE_CHECKING:
    from pydantic import BaseModel


class _Nothing:
    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Any = _Nothing()
"""Stands for "no default is documented", where None would mean a default of null."""


@dataclass(frozen=True, slots=True)
class Support:
    """Say what may be done with a kind once it lives.

    `updatable` holds spec pointers below which the platform changes in place (`/image`); `("",)`
    means all of the spec. `mark_rewritable`: the mark can be sent with an update. `carries_mark` False:
    the object holds nothing of ours, so it is claimed by being declared and never pruned. `replaces`
    False: it is never deleted and created anew. `by_stage` has what takes the place of `updatable` at each
    stage of an object, where the phase or the generation of the server decides.
    `keeps_ended`: what has ended, or was stopped, stays as a row that holds nothing, not even its name.
    Nothing changes or removes it, it never runs on, and a new run is created beside it. `keeps_record` False:
    the object has no room for the last-applied record.
    """

    updatable: tuple[str, ...] = ()
    stops: bool = False
    mark_rewritable: bool = False
    carries_mark: bool = True
    replaces: bool = True
    by_stage: Mapping[str, tuple[str, ...]] = EMPTY
    keeps_ended: bool = False
    keeps_record: bool = True

    def changes_in_place(self, pointer: str, stage: str = "") -> bool:
        """Tell whether the platform changes this pointer (`/spec/…` or below spec) in place, at a stage."""
        path = pointer.removeprefix("/spec")
        return any(is_below(path, root) for root in self.by_stage.get(stage, self.updatable))

    def open_stages(self, pointer: str) -> tuple[str, ...]:
        """List the stages at which the platform changes this pointer in place; none where there are none."""
        return tuple(stage for stage in self.by_stage if self.changes_in_place(pointer, stage))


@dataclass(frozen=True, slots=True, repr=False)
class Kind:
    """Describe one kind.

    `platform` is the provider's name as people write it; `about` says in a line what the kind is for.
    `slug` is its name in paths, "" for its words with dashes between them.
    `example` reads a whole manifest of it, with comments, for people to start from.
    `model` loads the pydantic model of `spec` (a function, so that nothing heavy loads early).
    `canonical` turns a spec into the form that is compared: quantities by value, keyed lists as maps
    (`{"name=HF_TOKEN": {...}}`), `exclude` markers and nulls gone. Secret leaves pass through.
    `defaults` maps canonical pointers (`/spec/autoscaling/minReplicas`) to the platform's documented
    defaults. `default_of` answers those that depend on the spec; NOTHING where none is documented.
    `check` finds what the schema cannot say; it yields problems with `pointer` set, without places.
    `check_sent` finds what the platform would refuse only by the time at which it is sent.
    `lint` does the same as `check` for what the platform takes and is probably not meant: warnings only.
    `gpus` tells what the spec will hold when it runs; `claim` what it asks of the scheduler at its start,
    None where nobody can tell; `surge` what an update newly asks beside what is held. `name_space` is shared
    by kinds whose names clash.
    `finishes`: its objects run to an end by themselves; where only some do, `finishes_with` judges a spec.
    `scope_word` is the metadata field that names its scope; "" for what lives beside the scopes, in
    `Scope("")`. `named_by` are pointers into spec that, where stated, must repeat the object's name.
    `called` are names that people bring for the kind itself. `since` is the oldest API level that has
    it; "" for all.
    `follows` are pointers to lists of names of jobs in the same scope for which the platform itself holds an
    object back: those must be there first, and need not have ended.
    `level` orders kinds: lower first. `aliases` maps common wrong words to fields; `not_taken` are
    words of the platform's own API that a spec does not state, with what to do instead. `record_only` are
    pointers that the platform takes and never returns. `dies_with` names volumes that end with
    an object of a spec when it is deleted, `stops_with` those that end when it is stopped.
    """

    api_version: str
    name: str
    provider: str
    model: Callable[[], type[BaseModel]]
    canonical: Callable[[Mapping[str, Json]], dict[str, Json]]
    support: Support = Support()
    platform: str = ""
    about: str = ""
    slug: str = ""
    example: Callable[[], str] = lambda: ""
    finishes: bool = False
    finishes_with: Callable[[Mapping[str, Json]], bool] | None = None
    scope_word: str = "project"
    name_space: str = ""
    level: int = 10
    defaults: Mapping[str, Json] = EMPTY
    default_of: Callable[[Mapping[str, Json], str], Json] = lambda _spec, _pointer: NOTHING
    check: Callable[[Mapping[str, Json]], Iterable[Problem]] = lambda _spec: ()
    check_sent: Callable[[Mapping[str, Json], datetime], Iterable[Problem]] = lambda _spec, _now: ()
    lint: Callable[[Mapping[str, Json]], Iterable[Problem]] = lambda _spec: ()
    gpus: Callable[[Mapping[str, Json]], float] = lambda _spec: 0.0
    claim: Callable[[Mapping[str, Json]], Claim | None] = lambda _spec: None
    surge: Callable[[Claim, Claim], Claim | None] = growth
    called: tuple[str, ...] = ()
    since: str = ""
    aliases: Mapping[str, str] = EMPTY
    not_taken: Mapping[str, str] = EMPTY
    record_only: tuple[str, ...] = ()
    named_by: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    dies_with: Callable[[Mapping[str, Json]], tuple[str, ...]] = lambda _spec: ()
    stops_with: Callable[[Mapping[str, Json]], tuple[str, ...]] = lambda _spec: ()
    name_pattern: str = r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$"
    name_rule: str = "lower-case letters, digits and '-', first a letter, at most 63"

    def __repr__(self) -> str:
        """Name the kind; its functions say nothing to a reader."""
        return f"Kind({self.api_version} {self.name})"

    @property
    def schema_path(self) -> str:
        """Give the path of its JSON Schema below `schemas/`: a folder per API, a file per kind."""
        words = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in self.name)
        return f"{self.api_version.partition('/')[0]}/{self.slug or words.lstrip('-')}.json"

    def ends(self, spec: Mapping[str, Json] | None) -> bool:
        """Tell whether an object of this spec, in any form, runs to an end by itself."""
        if self.finishes_with is None or spec is None:
            return self.finishes
        return self.finishes_with(spec)

    def default(self, spec: Mapping[str, Json], pointer: str) -> Json:
        """Give the platform's documented default at a canonical pointer, or NOTHING."""
        if pointer in self.defaults:
            return self.defaults[pointer]
        return self.default_of(spec, pointer)
