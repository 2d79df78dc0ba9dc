"""The machine on Primus-SaFE: rules that edit git, meddle, let time pass and run our commands."""

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

from reconciler.emulator.primus_safe import Switches
from reconciler.emulator.primus_safe.records import Workload
from reconciler.plan import Plan
from tests.soak.chances import consents, kills, lifecycles, nths, room
from tests.soak.faults import Script, played
from tests.soak.ground import Place, Ran
from tests.soak.inside import Kill
from tests.soak.laws import Violation
from tests.soak.life import Life, run_of
from tests.soak.primus_safe import invariants
from tests.soak.primus_safe.chances import changing, deeds, fitting, images, making, names, switches, wishes
from tests.soak.primus_safe.faults import reading, writing
from tests.soak.primus_safe.ground import GENERATIONS, SafeGround, grounded
from tests.soak.primus_safe.outsiders import Deed
from tests.soak.primus_safe.truth import is_by_us, is_ours, keeps, key_of, owned, stands
from tests.soak.primus_safe.wishes import INVALID, SERVES, Wish
from tests.soak.score import Score

SCORE = Score()


class Machine(Life):
    """Play one life of a fleet on Primus-SaFE. A law that is broken raises AssertionError, naming it."""

    score = SCORE
    invalid = INVALID
    rows = "items"
    narrow = ({"projects": ("train-mi300",)},)
    ground: SafeGround

    @initialize(
        generation=st.sampled_from(GENERATIONS),
        how=switches,
        is_git=st.sampled_from((False, False, False, True)),
        first=st.lists(wishes(), min_size=1, max_size=4),
        strangers=st.lists(making, max_size=3),
    )
    def begin(
        self, generation: int, how: Switches, is_git: bool, first: list[Wish], strangers: list[Deed]
    ) -> None:
        """Set the ground, let git want a little, and apply it."""
        random.seed(0)  # the transport's jitter
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        ground = grounded(folder / "repo", generation=generation, switches=how, is_git=is_git)
        self.ground = self.stack.enter_context(ground)
        for wish in first:
            self.wishes[wish.key] = wish
        for deed in strangers:
            deed.on(self.ground)
        self._let_reads_catch_up()
        self._declare()
        self._hold(self.ground.apply())

    # -- git -----------------------------------------------------------------------------------

    @rule(wish=wishes())
    def want(self, wish: Wish) -> None:
        """Add a manifest, or put another in its place."""
        self._edited(lambda: self._put(wish))

    @rule(nth=nths, image=images, life=lifecycles, pods=st.sampled_from((1, 2)))
    def change(self, nth: int, image: str, life: str, pods: int) -> None:
        """Change the image, the pods and the lifecycle of a manifest."""
        wish = self._nth(nth)
        if wish is not None:
            fit, many = fitting(wish.kind, life), pods if wish.kind in SERVES else 1
            self._edited(lambda: self._put(replace(wish, image=image, lifecycle=fit, replicas=many)))

    @rule(nth=nths, name=names)
    def rename(self, nth: int, name: str) -> None:
        """Give an object another name: one goes, another comes."""
        wish = self._nth(nth)
        if wish is not None and replace(wish, name=name).key not in self.wishes:
            self._edited(lambda: self._put(replace(self.wishes.pop(wish.key), name=name)))

    @rule(nth=nths, need=nths)
    def need(self, nth: int, need: int) -> None:
        """Let one job wait for another, on the server."""
        wish, other = self._nth(nth), self._nth(need)
        if wish and other and self._may_need(wish, other):
            self._edited(lambda: self._put(replace(wish, needs=other.name)))

    # -- the world -----------------------------------------------------------------------------

    @rule(deed=deeds)
    def meddle(self, deed: Deed) -> None:
        """Let somebody else do something, some time ago."""
        deed.on(self.ground)
        self._let_reads_catch_up()
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

    @rule(seed=st.integers(0, 999), script=writing)
    def apply_twice_at_once(self, seed: int, script: Script) -> None:
        """Apply twice at once; the second is turned away while the first writes, for names do not collide."""
        order = Random(seed)
        with played(self.ground.emulator.faults, script):
            rans = self.ground.both({"order": order}, {"order": order})
        for ran in rans:
            self._hold(ran, is_alone=False)

    # -- the laws of Primus-SaFE -----------------------------------------------------------------

    def _laws(
        self, ran: Ran, *, consented: int, moved: Collection[str], named: Collection[Place]
    ) -> Iterator[Violation | None]:
        yield invariants.check_i5(ran)
        yield invariants.check_i6(ran)
        yield invariants.check_i9(ran, consented=consented)
        rows = self.ground.emulator.world.rows.values()
        hidden = frozenset(row.workload.id for row in rows if row.is_deleted)
        done = invariants.Done(self.ground.past(), named, hidden)
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
            past=self.ground.past(),
            clashes=self._clashes(),
            presumed=self._presumed(),
            kept=kept,
        )

    def _consents(self) -> tuple[str, ...]:
        wanted = [f"replace={wish.full}" for wish in self.wishes.values()]
        left = [f"delete={'/'.join(key)}" for key in owned(self.ground.live())]
        return (*room(99), *wanted, *left)

    def _clashes(self) -> set[Place]:
        """Name the keys whose objects our account made and no mark of ours tells, or that git protects from
        what it wants, with those that need them.
        """
        standing = [one for one in self.ground.live().values() if stands(one)]
        held = {key_of(one) for one in standing if is_by_us(one) and not is_ours(one)}
        held |= {
            key_of(one)
            for one in standing
            if is_ours(one)
            and (wish := self.wishes.get(key_of(one)))
            and wish.protects
            and not wish.is_met_by(one)
        }
        return held | {wish.key for wish in self.wishes.values() if wish.needed in held}

    def _outlives(self, one: Workload) -> bool:
        """Tell whether an object outlives its manifest: by its mark, or by git's last word of it."""
        last = self.said.get((key_of(one), one.spec.kind))
        return keeps(one) or (self.ground.stage.is_git and last is not None and last.outlives)

    def _presumed(self) -> set[Place]:
        """Name the jobs that git has had, so and not otherwise, for longer than the platform remembers."""
        then = self.ground.stage.clock.now() - timedelta(days=13)
        return {key for key, wish in self.wishes.items() if self.since[run_of(wish)] <= then}

    # -- how -----------------------------------------------------------------------------------

    def _meddled(self, deed: Deed | None, moved: list[str]) -> None:
        """Let somebody meddle so that reads show it, and note what that changed of what a plan rests on."""
        before = self.ground.live()
        if deed and (id_ := deed.on(self.ground)):
            self._let_reads_catch_up()
            now = self.ground.live().get(id_)
            is_same = now is not None and _stake(now) == _stake(before[id_])
            moved += [] if is_same else [id_]

    def _job(self, nth: int | None) -> list[Wish]:
        jobs = sorted(
            (wish for wish in self.wishes.values() if wish.kind == "PyTorchJob"), key=lambda w: w.key
        )
        return [jobs[nth % len(jobs)]] if jobs and nth is not None else []

    def _may_need(self, wish: Wish, other: Wish) -> bool:
        are_jobs = wish.kind == other.kind == "PyTorchJob"
        return are_jobs and wish.key > other.key and not other.needs

    def _is_met(self, wish: Wish) -> bool:
        other = self.wishes.get(wish.needed)
        return other is not None and not other.needs

    def _let_reads_catch_up(self) -> None:
        how = self.ground.emulator.switches
        self.ground.stage.clock.advance(how.lag_s + how.jitter_s + how.empty_phase_s)


def _stake(one: Workload) -> tuple[object, ...]:
    """Give what a plan rests on; that a job is queued again, its nodes taken away, is nothing to it."""
    return one.spec, one.description, one.is_ended
