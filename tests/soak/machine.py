"""The machine: rules that edit git, meddle, let time pass and run our commands, and laws after each."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from reconciler.emulator.runai import Switches
from reconciler.emulator.runai.records import Workload
from reconciler.plan import Plan
from tests.soak import invariants
from tests.soak.chances import (
    consents,
    fitting,
    images,
    kills,
    lifecycles,
    nths,
    room,
    switches,
    wishes,
)
from tests.soak.faults import Script, played, reading, writing
from tests.soak.ground import Ran
from tests.soak.inside import Kill
from tests.soak.laws import Violation
from tests.soak.life import Life, run_of
from tests.soak.outsiders import Deed, changing, deeds, making, names
from tests.soak.runai import RunaiGround, grounded
from tests.soak.score import SCORE
from tests.soak.truth import Key, is_ours, keeps, key_of, owned, stands
from tests.soak.wishes import INVALID, Wish, kind_of


class Machine(Life):
    """Play one life of a fleet on Run:ai. A law that is broken raises AssertionError, naming it."""

    score = SCORE
    invalid = INVALID
    rows = "workloads"
    narrow = ({"projects": ("team-a",)},)
    ground: RunaiGround

    @initialize(
        how=switches,
        is_git=st.sampled_from((False, False, False, True)),
        first=st.lists(wishes(), min_size=1, max_size=4),
        strangers=st.lists(making, max_size=3),
    )
    def begin(self, how: Switches, is_git: bool, first: list[Wish], strangers: list[Deed]) -> None:
        """Set the ground, let git want a little, and apply it."""
        random.seed(0)  # the transport's jitter
        self.shows_marks = how.list_env
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.ground = self.stack.enter_context(grounded(folder / "repo", switches=how, is_git=is_git))
        for wish in first:
            self.wishes[wish.key] = wish
        for deed in strangers:
            deed.on(self.ground)
        self._declare()
        self._hold(self.ground.apply())

    # -- git -----------------------------------------------------------------------------------

    @rule(wish=wishes())
    def want(self, wish: Wish) -> None:
        """Add a manifest, or put another in its place."""
        self._edited(lambda: self._put(wish))

    @rule(nth=nths, image=images, life=lifecycles)
    def change(self, nth: int, image: str, life: str) -> None:
        """Change the image and the lifecycle of a manifest."""
        wish = self._nth(nth)
        if wish is not None:
            fit = fitting(wish.kind, life)
            self._edited(lambda: self._put(replace(wish, image=image, lifecycle=fit)))

    @rule(nth=nths, name=names)
    def rename(self, nth: int, name: str) -> None:
        """Give an object another name: one goes, another comes."""
        wish = self._nth(nth)
        if wish is not None and (wish.project, name) not in self.wishes:
            self._edited(lambda: self._put(replace(self.wishes.pop(wish.key), name=name)))

    @rule(nth=nths, need=nths)
    def need(self, nth: int, need: int) -> None:
        """Let one wait for another."""
        wish, other = self._nth(nth), self._nth(need)
        if wish and other and wish.project == other.project and wish.key > other.key and not other.needs:
            needy = replace(wish, needs=other.name, needed_kind=other.kind)
            self._edited(lambda: self._put(needy))

    # -- the world -----------------------------------------------------------------------------

    @rule(deed=deeds)
    def meddle(self, deed: Deed) -> None:
        """Let somebody else do something."""
        deed.on(self.ground)
        self.score.steps += 1

    # -- our commands --------------------------------------------------------------------------

    @rule(script=writing, deed=st.none() | changing, consent=consents, partial=st.booleans())
    def apply_badly(self, script: Script, deed: Deed | None, consent: int, partial: bool) -> None:
        """Apply while requests fail, and somebody meddles after the plan."""
        moved: list[str] = []
        with played(self.ground.emulator.faults, script):
            ran = self.ground.apply(
                between=lambda: self._meddled(deed, moved), partial=partial, allow=room(consent)
            )
        self._hold(ran, consented=consent, moved=moved)

    @rule(wish=wishes(), script=writing, kill=kills, consent=consents, again=st.none() | nths)
    def apply_and_die(self, wish: Wish, script: Script, kill: Kill, consent: int, again: int | None) -> None:
        """Change git, apply, and be killed on the way."""
        self._edited(lambda: self._put(wish))
        named = self._job(again)
        with played(self.ground.emulator.faults, script):
            ran = self.ground.apply(kill=kill, allow=room(consent), run=tuple(wish.full for wish in named))
        self._hold(ran, consented=consent, named=[wish.key for wish in named])

    @rule(script=reading, verb=st.sampled_from(("plan", "drift", "health")))
    def look(self, script: Script, verb: str) -> None:
        """Only look, while reads fail."""
        with played(self.ground.emulator.faults, script):
            ran = self.ground.run(verb)
        self._hold(ran)

    @rule(seed=st.integers(0, 999), apart=st.booleans(), script=writing)
    def apply_twice_at_once(self, seed: int, apart: bool, script: Script) -> None:
        """Apply from two places at once; on one machine the second is turned away while the first writes."""
        order = Random(seed)
        with played(self.ground.emulator.faults, script):
            rans = self.ground.both({"order": order}, {"order": order, "machine": "other" if apart else ""})
        for ran in rans:
            self._hold(ran, is_alone=False)

    # -- the laws of Run:ai ----------------------------------------------------------------------

    def _laws(
        self, ran: Ran, *, consented: int, moved: Collection[str], named: Collection[Key]
    ) -> Iterator[Violation | None]:
        yield invariants.check_i5(ran)
        yield invariants.check_i6(ran)
        yield invariants.check_i9(ran, consented=consented)
        shows, deleted = self.shows_marks, frozenset(self.deleted)
        done = invariants.Done(self.ground.past(), named, deleted, shows_marks=shows)
        yield invariants.check_i28(ran, self.wishes, done)

    def _laws_alone(self, ran: Ran, *, moved: Collection[str]) -> Iterator[Violation | None]:
        yield invariants.check_i4(ran, moved=moved)
        yield invariants.check_i10(ran, self.ground.runs[:-1])

    def _not_converged(self, last: Ran, fresh: Plan) -> Violation | None:
        kept = {key for key, one in owned(self.ground.live()).items() if self._outlives(one)}
        return invariants.check_i1(
            self.wishes.values(),
            last,
            fresh,
            clashes=self._clashes(),
            past=self.ground.past(),
            presumed=self._presumed(),
            kept=kept,
        )

    def _consents(self) -> tuple[str, ...]:
        wanted = [f"replace={wish.full}" for wish in self.wishes.values()]
        left = [f"delete={p}/{kind_of(o)}/{n}" for (p, n), o in owned(self.ground.live()).items()]
        return (*room(99), *wanted, *left)

    def _clashes(self) -> set[Key]:
        """Name the keys that others hold, or what outlives its manifest or is protected from what git wants,
        with those that need them.
        """
        standing = {key_of(one): one for one in self.ground.live().values() if stands(one)}
        held = {
            key
            for key, wish in self.wishes.items()
            if (one := standing.get(key))
            and not (is_ours(one) and (kind_of(one) == wish.kind or not self._outlives(one)))
        }
        held |= {
            key
            for key, wish in self.wishes.items()
            if wish.protects and (one := standing.get(key)) and not wish.is_met_by(one)
        }
        return held | {wish.key for wish in self.wishes.values() if (wish.project, wish.needs) in held}

    def _outlives(self, one: Workload) -> bool:
        """Tell whether an object outlives its manifest: by its mark, or by git's last word of it."""
        last = self.said.get((key_of(one), kind_of(one)))
        return keeps(one) or (self.ground.stage.is_git and last is not None and last.outlives)

    def _presumed(self) -> set[Key]:
        """Name the jobs that git has had, so and not otherwise, for longer than the platform remembers."""
        then = self.ground.stage.clock.now() - timedelta(days=13)
        return {key for key, wish in self.wishes.items() if self.since[run_of(wish)] <= then}

    def _meddled(self, deed: Deed | None, moved: list[str]) -> None:
        """Let somebody meddle, and note what that changed of what a plan rests on: spec and phase."""
        before = self.ground.live()
        if deed and (id_ := deed.on(self.ground)):
            now = self.ground.live().get(id_)
            is_same = now is not None and (now.spec, now.phase) == (before[id_].spec, before[id_].phase)
            moved += [] if is_same else [id_]

    def _job(self, nth: int | None) -> list[Wish]:
        jobs = sorted((wish for wish in self.wishes.values() if wish.kind == "Training"), key=lambda w: w.key)
        return [jobs[nth % len(jobs)]] if jobs and nth is not None else []

    def _is_met(self, wish: Wish) -> bool:
        other = self.wishes.get((wish.project, wish.needs))
        return other is not None and not other.needs and other.kind == wish.needed_kind

    def _let_reads_catch_up(self) -> None:
        self.ground.stage.clock.advance(self.ground.emulator.world.lag_s)
