"""A life of a fleet, on either platform: what anybody may do in it, and how it ends.

Each platform's `machine` adds what it has words of its own for, and names the laws.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from reconciler.emulator.faults import Fault
from reconciler.errors import ExitCode
from reconciler.plan import Plan
from reconciler.report.jsonform import json_text, plan_document
from tests.soak import laws
from tests.soak.chances import RESTLESS, consents, nths, room
from tests.soak.faults import played
from tests.soak.ground import Ground, Ran, commit
from tests.soak.laws import Violation
from tests.soak.score import Score

DAY = 86_400
BROKEN = "invalid"
"""The file that holds a document which is not valid."""


class Life(RuleBasedStateMachine):
    """Play one life of a fleet. A law that is broken raises AssertionError, naming it.

    `invalid` is a document that is not valid, `rows` what a list of the platform calls its rows, `narrow` the
    requests that see less than everything.
    """

    score: ClassVar[Score]
    invalid: ClassVar[str]
    rows: ClassVar[str]
    narrow: ClassVar[tuple[Mapping[str, Any], ...]]
    ground: Ground

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.wishes: dict[Any, Any] = {}
        self.said: dict[Any, Any] = {}
        self.deleted: set[str] = set()
        self.since: dict[Any, datetime] = {}
        self.score.machines += 1

    # -- git -----------------------------------------------------------------------------------

    @rule(nth=nths)
    def drop(self, nth: int) -> None:
        """Remove a manifest."""
        wish = self._nth(nth)
        if wish is not None:
            self._edited(lambda: self.wishes.pop(wish.key))

    @rule(verb=st.sampled_from(("apply", "plan", "drift", "health")))
    def spoil(self, verb: str) -> None:
        """Commit a document that is not valid, run a command, and take it out again."""
        broken = self.ground.stage.root / "manifests" / f"{BROKEN}.yaml"
        broken.write_text(self.invalid)
        commit(self.ground.stage)
        ran = self.ground.run(verb)
        self._must(laws.check_i8(ran))
        self._hold(ran)
        broken.unlink()
        commit(self.ground.stage)

    # -- the world -----------------------------------------------------------------------------

    @rule(seconds=st.sampled_from((1, 61, 150, 3700, DAY, 15 * DAY)))
    def tick(self, seconds: int) -> None:
        """Let time pass: jobs end, are removed, and forgotten."""
        self.ground.stage.clock.advance(seconds)
        self.score.steps += 1

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
        self._must(laws.check_i19(ran, plan_of(self.ground.run("plan", **request))))

    @rule()
    def look_twice(self) -> None:
        """Plan in several ways: the same thing twice is the same to the byte, and less is less."""
        clock = self.ground.stage.clock
        began, whole = clock.now(), self.ground.run("plan")
        self._hold(whole)
        lists = Fault(r"GET /api/v1/workloads\?.*", kind="mutate", mutate=self._reversed, forever=True)
        with played(self.ground.emulator.faults, (lists,)):
            again = self.ground.run("plan")
        self._hold(again)
        if clock.now() == began:  # else a plan waited, and what moves by itself may have moved
            self._must(laws.check_i18([_text(whole), _text(again)]))
        for narrow in ({"prune": False}, *self.narrow):
            less = self.ground.run("plan", **narrow)
            self._hold(less)
            self._must(laws.check_i22(plan_of(less), plan_of(whole)) if less.planned else None)

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
        self._must(self._not_converged(rans[-1], plan_of(fresh)))

    def _healed(self) -> Ran:
        ran = self.ground.apply(allow=self._consents())
        self._hold(ran, consented=99)
        self.ground.stage.clock.advance(120)  # what others wait for has finished
        return ran

    # -- what a platform has words of its own for --------------------------------------------------

    def _laws(
        self, ran: Ran, *, consented: int, moved: Collection[str], named: Collection[Any]
    ) -> Iterable[Violation | None]:
        """Hold a run to the platform's laws that are about one run, whatever goes on beside it."""
        raise NotImplementedError

    def _laws_alone(self, ran: Ran, *, moved: Collection[str]) -> Iterable[Violation | None]:
        """Hold a run that was alone to the platform's laws that count everything."""
        raise NotImplementedError

    def _not_converged(self, last: Ran, fresh: Plan) -> Violation | None:
        """Hold the last apply, and a plan after it, to convergence."""
        raise NotImplementedError

    def _consents(self) -> tuple[str, ...]:
        """Consent to all that a person could consent to."""
        raise NotImplementedError

    def _job(self, nth: int | None) -> list[Any]:
        """Give the job of a number, counted around; none where there is none."""
        raise NotImplementedError

    def _is_met(self, wish: Any) -> bool:
        """Tell whether git has what a wish needs."""
        raise NotImplementedError

    def _let_reads_catch_up(self) -> None:
        """Wait until reads show all that was written."""
        raise NotImplementedError

    # -- how -----------------------------------------------------------------------------------

    def _hold(
        self,
        ran: Ran,
        *,
        consented: int = 0,
        moved: Collection[str] = (),
        named: Collection[Any] = (),
        is_alone: bool = True,
    ) -> None:
        """Hold a run to every law that is about one; those that count everything, to one that was alone."""
        self.score.steps += 1
        self.score.add(ran)
        for found in self._laws(ran, consented=consented, moved=moved, named=named):
            self._must(found)
        for found in (laws.check_i11(ran, moved), laws.check_i23(ran), laws.check_i29(ran)):
            self._must(found)
        self.deleted |= {effect.id for effect in ran.effects if effect.verb == "delete"}
        if is_alone:
            for found in (*self._laws_alone(ran, moved=moved), laws.check_i7(ran), laws.check_i19(ran)):
                self._must(found)

    def _must(self, found: Violation | None) -> None:
        assert found is None, str(found)

    def _nth(self, nth: int) -> Any:
        listed = sorted(self.wishes.values(), key=lambda wish: wish.key)
        return listed[nth % len(listed)] if listed else None

    def _put(self, wish: Any) -> None:
        self.wishes[wish.key] = wish

    def _edited(self, edit: Any) -> None:
        edit()
        self._declare()
        self.score.steps += 1

    def _declare(self) -> None:
        """Write what git wants; needs that are gone are needed no more."""
        self.wishes = {
            key: wish if self._is_met(wish) else replace(wish, needs="") for key, wish in self.wishes.items()
        }
        self.ground.declare(self.wishes.values())
        now = self.ground.stage.clock.now()
        for wish in self.wishes.values():
            self.since.setdefault(run_of(wish), now)
            self.said[wish.key, wish.kind] = wish

    def _reversed(self, body: Any) -> Any:
        if isinstance(body, dict) and isinstance(body.get(self.rows), list):
            return json.loads(json.dumps({**body, self.rows: body[self.rows][::-1]}))
        return body


def run_of(wish: Any) -> tuple[Any, ...]:
    """Give what makes a run of a job another one."""
    return wish.key, wish.image, wish.does, wish.run_id


def plan_of(ran: Ran) -> Plan:
    """Give the plan that a command came to."""
    assert ran.planned is not None, str(ran.error)
    return ran.planned.plan


def _text(ran: Ran) -> str:
    return json_text(plan_document(plan_of(ran), exit_code=ran.code or ExitCode.IN_ORDER))
