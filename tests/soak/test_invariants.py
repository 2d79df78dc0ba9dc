"""Every law can be broken: each is held against a run that did what it forbids, and passes the honest one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from reconciler.emulator.runai.records import Change
from reconciler.errors import ExitCode
from reconciler.plan import Plan
from tests.scenarios.stage import FLEET_ID
from tests.soak import invariants, laws
from tests.soak.ground import Ran
from tests.soak.inside import World
from tests.soak.laws import Violation
from tests.soak.runai import grounded
from tests.soak.wishes import Wish

BEFORE = (Wish("train"), Wish("note", "Workspace"), Wish("gone", "Workspace"))
AFTER = (Wish("train", image="busybox:2", lifecycle="onImmutableChange: Replace"), BEFORE[1])
NOWHERE = Wish("nowhere")
WANTED = {wish.key: wish for wish in BEFORE}


@dataclass(frozen=True)
class Runs:
    """Hold honest runs: one that creates, one that replaces and prunes, one with nothing to do."""

    made: Ran
    swapped: Ran
    idle: Ran
    fresh: Plan
    past: World

    @property
    def held(self) -> str:
        """Give the id of what the swap deleted first."""
        return next(effect.id for effect in self.swapped.effects if effect.verb == "delete")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with grounded(tmp_path_factory.mktemp("laws") / "repo", is_git=True) as ground:
        ground.declare(BEFORE)
        made = ground.apply()
        ground.declare(AFTER)
        swapped, idle = ground.apply(), ground.apply()
        planned = ground.run("plan").planned
        assert planned is not None
        yield Runs(made, swapped, idle, planned.plan, ground.past())


def unmarked(ran: Ran) -> Ran:
    """Give a run whose objects were nobody's before it struck them."""
    bare = {id_: replace(one, spec={"image": "x"}) for id_, one in ran.before.items()}
    return replace(ran, strikes=tuple(replace(strike, before=bare) for strike in ran.strikes))


def doubled(ran: Ran) -> Ran:
    """Give a run that leaves each object twice."""
    return replace(ran, after={**ran.after, **{f"{id_}-2": one for id_, one in ran.after.items()}})


def ending_four(runs: Runs) -> Ran:
    """Give a run that ends four running objects at once, where three are the limit."""
    strike = runs.swapped.strikes[0]
    one, (effect, *_) = runs.swapped.before[runs.held], strike.entry.effects
    before = {f"{n}": replace(one, id=f"{n}", phase="Running") for n in range(4)}
    effects = tuple(replace(effect, verb="delete", id=id_) for id_ in before)
    struck = replace(strike, entry=replace(strike.entry, effects=effects))
    return replace(runs.swapped, before=before, strikes=(struck,))


def submitted_again(runs: Runs) -> World:
    """Give a past in which everything that is made had been there, and finished."""
    return {
        id_: replace(one, number=-1, history=(Change(one.created_at, "Completed", ""),))
        for id_, one in runs.made.after.items()
    }


def deleting_twice(ran: Ran) -> Ran:
    """Give a run that strikes an object once more in the middle of its replacement."""
    return replace(ran, strikes=(*ran.strikes, *ran.strikes))


Law = Callable[[Runs], Violation | None]
HONEST: dict[str, Law] = {
    "I1": lambda r: invariants.check_i1(AFTER, r.idle, r.fresh, clashes=(), past=r.past),
    "I2": lambda r: laws.check_i2([r.made, r.idle, r.idle]),
    "I3": lambda r: laws.check_i3(r.idle),
    "I4": lambda r: invariants.check_i4(r.swapped),
    "I5": lambda r: invariants.check_i5(r.swapped),
    "I6": lambda r: invariants.check_i6(r.swapped),
    "I7": lambda r: laws.check_i7(r.swapped),
    "I8": lambda r: laws.check_i8(replace(r.idle, code=ExitCode.REJECTED, entries=())),
    "I9": lambda r: invariants.check_i9(r.swapped),
    "I10": lambda r: invariants.check_i10(r.swapped, [r.made]),
    "I11": lambda r: laws.check_i11(r.swapped, ()),
    "I12": lambda r: invariants.check_i12([r.swapped, r.idle], AFTER, past=r.past),
    "I18": lambda _: laws.check_i18(["a", "a"]),
    "I19": lambda r: laws.check_i19(r.swapped, r.fresh),
    "I22": lambda r: laws.check_i22(r.fresh, r.fresh),
    "I23": lambda r: laws.check_i23(replace(r.idle, verb="plan")),
    "I24": lambda r: invariants.check_i24(r.made.after, r.made.after, fleets=[FLEET_ID]),
    "I28": lambda r: invariants.check_i28(r.made, WANTED, invariants.Done(r.past)),
    "I29": lambda r: laws.check_i29(r.swapped),
}
BROKEN: dict[str, Law] = {
    "I1": lambda r: invariants.check_i1([*AFTER, NOWHERE], r.idle, r.fresh, clashes=(), past=r.past),
    "I2": lambda r: laws.check_i2([r.idle, r.made]),
    "I3": lambda r: laws.check_i3(r.made),
    "I4": lambda r: invariants.check_i4(unmarked(r.swapped)),
    "I5": lambda r: invariants.check_i5(doubled(r.made)),
    "I6": lambda r: invariants.check_i6(replace(r.made, strikes=r.made.strikes * 3)),
    "I7": lambda r: laws.check_i7(replace(r.made, strikes=())),
    "I8": lambda r: laws.check_i8(r.made),
    "I9": lambda r: invariants.check_i9(ending_four(r)),
    "I10": lambda r: invariants.check_i10(replace(r.made, entries=())),
    "I11": lambda r: laws.check_i11(r.swapped, [r.held]),
    "I12": lambda r: invariants.check_i12([r.swapped, r.idle], [*AFTER, NOWHERE], past=r.past),
    "I18": lambda _: laws.check_i18(["a", "b"]),
    "I19": lambda r: laws.check_i19(replace(r.made, code=ExitCode.UNOBSERVED)),
    "I22": lambda r: laws.check_i22(_plan(r.swapped), r.fresh),
    "I23": lambda r: laws.check_i23(replace(r.made, verb="plan")),
    "I24": lambda r: invariants.check_i24(r.made.after, {}, fleets=[FLEET_ID]),
    "I28": lambda r: invariants.check_i28(r.made, WANTED, invariants.Done(submitted_again(r))),
    "I29": lambda r: laws.check_i29(deleting_twice(r.swapped)),
}


def _plan(ran: Ran) -> Plan:
    assert ran.planned is not None
    return ran.planned.plan


@pytest.mark.parametrize("law", HONEST)
def test_an_honest_run_keeps_every_law(law: str, runs: Runs) -> None:
    assert HONEST[law](runs) is None


@pytest.mark.parametrize("law", BROKEN)
def test_each_law_can_be_broken_and_says_so(law: str, runs: Runs) -> None:
    found = BROKEN[law](runs)

    assert found is not None
    assert found.law == law


def test_every_law_is_held_against_both() -> None:
    known = {
        f"I{name.removeprefix('check_i')}"
        for each in (laws, invariants)
        for name in dir(each)
        if name.startswith("check_i")
    }

    assert known == {*HONEST} == {*BROKEN}
