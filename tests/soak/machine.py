"""The machine: rules that edit git, meddle, let time pass and run our commands, and laws after each."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from reconciler.emulator.faults import Fault
from reconciler.emulator.runai import Switches
from reconciler.emulator.runai.records import Workload
from reconciler.errors import ExitCode
from reconciler.plan import Plan
from reconciler.report.jsonform import json_text, plan_document
from tests.soak import invariants, laws
from tests.soak.chances import (
    RESTLESS,
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
from tests.soak.ground import Ran, commit
from tests.soak.inside import Kill
from tests.soak.laws import Violation
from tests.soak.outsiders import Deed, changing, deeds, making, names
from tests.soak.runai import grounded
from tests.soak.score import SCORE
from tests.soak.truth import Key, is_ours, keeps, key_of, owned, stands
from tests.soak.wishes import INVALID, Wish, kind_of

DAY = 86_400
BROKEN = "invalid"
"""The file that holds a document which is not valid."""


class Machine(RuleBasedStateMachine):
    """Play one life of a fleet. A law that is broken raises AssertionError, naming it."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.wishes: dict[Key, Wish] = {}
        self.said: dict[tuple[Key, str], Wish] = {}
        self.deleted: set[str] = set()
        self.since: dict[tuple[Key, str, str, str], datetime] = {}
        SCORE.machines += 1

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

    @rule(nth=nths)
    def drop(self, nth: int) -> None:
        """Remove a manifest."""
        wish = self._nth(nth)
        if wish is not None:
            self._edited(lambda: self.wishes.pop(wish.key))

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

    @rule(verb=st.sampled_from(("apply", "plan", "drift", "health")))
    def spoil(self, verb: str) -> None:
        """Commit a document that is not valid, run a command, and take it out again."""
        broken = self.ground.stage.root / "manifests" / f"{BROKEN}.yaml"
        broken.write_text(INVALID)
        commit(self.ground.stage)
        ran = self.ground.run(verb)
        self._must(laws.check_i8(ran))
        self._hold(ran)
        broken.unlink()
        commit(self.ground.stage)

    # -- the world -----------------------------------------------------------------------------

    @rule(deed=deeds)
    def meddle(self, deed: Deed) -> None:
        """Let somebody else do something."""
        deed.on(self.ground)
        SCORE.steps += 1

    @rule(seconds=st.sampled_from((1, 61, 150, 3700, DAY, 15 * DAY)))
    def tick(self, seconds: int) -> None:
        """Let time pass: jobs end, are removed, and forgotten."""
        self.ground.stage.clock.advance(seconds)
        SCORE.steps += 1

    # -- our commands --------------------------------------------------------------------------

    @rule(
        seconds=st.sampled_from((0, 150, 3700, DAY)),
        consent=consents,
        prune=st.sampled_from((True, True, False)),
        again=st.none() | nths,
    )
    def apply(self, seconds: int, consent: int, prune: bool, again: int | None) -> None:
        """Apply some time later while all goes well, perhaps with --run; nothing is left to do then."""
        self.ground.stage.clock.advance(seconds)
        named = self._job(again)
        request = {"prune": prune, "allow": room(consent)}
        ran = self.ground.apply(run=tuple(wish.full for wish in named), **request)
        self._hold(ran, consented=consent, named=[wish.key for wish in named])
        if ran.planned and not prune:
            self._must(laws.check_i22(ran.planned.plan, ran.planned.plan))
        self._let_reads_catch_up()
        self._must(laws.check_i19(ran, _plan_of(self.ground.run("plan", **request))))

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

    @rule()
    def look_twice(self) -> None:
        """Plan in several ways: the same thing twice is the same to the byte, and less is less."""
        whole = self.ground.run("plan")
        self._hold(whole)
        lists = Fault(r"GET /api/v1/workloads\?.*", kind="mutate", mutate=_reversed, forever=True)
        with played(self.ground.emulator.faults, (lists,)):
            again = self.ground.run("plan")
        self._hold(again)
        assert whole.planned is not None
        assert again.planned is not None
        self._must(laws.check_i18([_text(whole), _text(again)]))
        for narrow in ({"prune": False}, {"projects": ("team-a",)}):
            less = self.ground.run("plan", **narrow)
            self._hold(less)
            self._must(laws.check_i22(_plan_of(less), whole.planned.plan) if less.planned else None)

    @rule(seed=st.integers(0, 999), apart=st.booleans(), script=writing)
    def apply_twice_at_once(self, seed: int, apart: bool, script: Script) -> None:
        """Apply from two places at once; on one machine the second is turned away while the first writes."""
        order = Random(seed)
        with played(self.ground.emulator.faults, script):
            rans = self.ground.both({"order": order}, {"order": order, "machine": "other" if apart else ""})
        for ran in rans:
            self._hold(ran, is_alone=False)

    # -- the end -------------------------------------------------------------------------------

    def teardown(self) -> None:
        """Heal, and see that the fleet comes to rest as git wants it."""
        try:
            if hasattr(self, "ground"):
                self._heal()
        finally:
            self.stack.close()

    def _heal(self) -> None:
        for wish in [*self.wishes.values()]:
            self._put(replace(wish, lifecycle="") if wish.lifecycle in RESTLESS else wish)
        self._declare()
        self.ground.stage.clock.advance(120)  # what was on its way has arrived
        rans = [self._healed() for _ in range(3)]
        while (len(rans) < 5) and not (rans[-1].effects == rans[-2].effects == ()):
            rans.append(self._healed())
        self._must(laws.check_i2(rans))
        self._must(laws.check_i3(rans[-1]))
        fresh = self.ground.run("plan", allow=self._consents())
        clashes = self._clashes()
        past = self.ground.past()
        kept = {key for key, one in owned(self.ground.live()).items() if self._outlives(one)}
        self._must(
            invariants.check_i1(
                self.wishes.values(),
                rans[-1],
                _plan_of(fresh),
                clashes=clashes,
                past=past,
                presumed=self._presumed(),
                kept=kept,
            )
        )

    def _healed(self) -> Ran:
        ran = self.ground.apply(allow=self._consents())
        self._hold(ran, consented=99)
        self.ground.stage.clock.advance(120)  # what others wait for has finished
        return ran

    def _consents(self) -> tuple[str, ...]:
        """Consent to all that a person could consent to."""
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
        return {key for key, wish in self.wishes.items() if self.since[_run_of(wish)] <= then}

    # -- how -----------------------------------------------------------------------------------

    def _hold(
        self,
        ran: Ran,
        *,
        consented: int = 0,
        moved: Collection[str] = (),
        named: Collection[Key] = (),
        is_alone: bool = True,
    ) -> None:
        """Hold a run to every law that is about one; those that count everything, to one that was alone."""
        SCORE.steps += 1
        SCORE.add(ran)
        done = invariants.Done(
            self.ground.past(), named, frozenset(self.deleted), shows_marks=self.shows_marks
        )
        for found in (
            invariants.check_i5(ran),
            invariants.check_i6(ran),
            invariants.check_i9(ran, consented=consented),
            laws.check_i11(ran, moved),
            laws.check_i23(ran),
            invariants.check_i28(ran, self.wishes, done),
            laws.check_i29(ran),
        ):
            self._must(found)
        self.deleted |= {effect.id for effect in ran.effects if effect.verb == "delete"}
        if is_alone:
            self._must(invariants.check_i4(ran, moved=moved))
            self._must(laws.check_i7(ran))
            self._must(invariants.check_i10(ran, self.ground.runs[:-1]))
            self._must(laws.check_i19(ran))

    def _must(self, found: Violation | None) -> None:
        assert found is None, str(found)

    def _meddled(self, deed: Deed | None, moved: list[str]) -> None:
        """Let somebody meddle, and note what that changed of what a plan rests on: spec and phase."""
        before = self.ground.live()
        if deed and (id_ := deed.on(self.ground)):
            now = self.ground.live().get(id_)
            is_same = now is not None and (now.spec, now.phase) == (before[id_].spec, before[id_].phase)
            moved += [] if is_same else [id_]

    def _nth(self, nth: int) -> Wish | None:
        listed = sorted(self.wishes.values(), key=lambda wish: wish.key)
        return listed[nth % len(listed)] if listed else None

    def _job(self, nth: int | None) -> list[Wish]:
        jobs = sorted((wish for wish in self.wishes.values() if wish.kind == "Training"), key=lambda w: w.key)
        return [jobs[nth % len(jobs)]] if jobs and nth is not None else []

    def _put(self, wish: Wish) -> None:
        self.wishes[wish.key] = wish

    def _edited(self, edit: Any) -> None:
        edit()
        self._declare()
        SCORE.steps += 1

    def _declare(self) -> None:
        """Write what git wants; needs that are gone are needed no more."""
        self.wishes = {
            key: wish if self._is_met(wish) else replace(wish, needs="") for key, wish in self.wishes.items()
        }
        self.ground.declare(self.wishes.values())
        now = self.ground.stage.clock.now()
        for wish in self.wishes.values():
            self.since.setdefault(_run_of(wish), now)
            self.said[wish.key, wish.kind] = wish

    def _is_met(self, wish: Wish) -> bool:
        other = self.wishes.get((wish.project, wish.needs))
        return other is not None and not other.needs and other.kind == wish.needed_kind

    def _let_reads_catch_up(self) -> None:
        self.ground.stage.clock.advance(self.ground.emulator.world.lag_s)


def _run_of(wish: Wish) -> tuple[Key, str, str, str]:
    return wish.key, wish.image, wish.does, wish.run_id


def _plan_of(ran: Ran) -> Plan:
    assert ran.planned is not None, str(ran.error)
    return ran.planned.plan


def _text(ran: Ran) -> str:
    assert ran.planned is not None
    return json_text(plan_document(ran.planned.plan, exit_code=ran.code or ExitCode.IN_ORDER))


def _reversed(body: Any) -> Any:
    if isinstance(body, dict) and isinstance(body.get("workloads"), list):
        return json.loads(json.dumps({**body, "workloads": body["workloads"][::-1]}))
    return body
