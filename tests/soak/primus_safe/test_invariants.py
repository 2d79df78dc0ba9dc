"""Every law of Primus-SaFE can be broken: each is held against a run that breaks it, and an honest one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from reconciler.emulator.primus_safe.users import user_id
from reconciler.plan import Plan
from tests.soak.ground import Ran
from tests.soak.inside import World
from tests.soak.laws import Violation
from tests.soak.life import plan_of
from tests.soak.primus_safe import invariants as laws
from tests.soak.primus_safe.ground import grounded
from tests.soak.primus_safe.wishes import Wish

BEFORE = (Wish("train"), Wish("serve", "Deployment"), Wish("gone", "Authoring"))
AFTER = (Wish("train", image="rocm/pytorch:2", lifecycle="onImmutableChange: Replace"), BEFORE[1])
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


@pytest.fixture(scope="module", params=[1, 2], ids=["first", "second"])
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    root = tmp_path_factory.mktemp("laws") / "repo"
    with grounded(root, generation=request.param, is_git=True) as ground:
        ground.declare(BEFORE)
        made = ground.apply()
        ground.stage.clock.advance(60)  # reads show that it runs
        ground.declare(AFTER)
        swapped, idle = ground.apply(), ground.apply()
        yield Runs(made, swapped, idle, plan_of(ground.run("plan")), ground.past())


def copied(ran: Ran) -> Ran:
    """Give a run whose objects were copies in somebody else's name before it struck them."""
    theirs = {id_: replace(one, user_id=user_id("mina")) for id_, one in ran.before.items()}
    return replace(ran, strikes=tuple(replace(strike, before=theirs) for strike in ran.strikes))


def doubled(ran: Ran) -> Ran:
    """Give a run that leaves each object twice."""
    return replace(ran, after={**ran.after, **{f"{id_}-2": one for id_, one in ran.after.items()}})


def ending_four(ran: Ran) -> Ran:
    """Give a run that ends four running objects at once, where three are the limit."""
    strike = next(one for one in ran.strikes if one.entry.method == "DELETE")
    one, (effect, *_) = ran.before[strike.entry.effects[0].id], strike.entry.effects
    before = {f"{n}": replace(one, id=f"{n}") for n in range(4)}
    effects = tuple(replace(effect, id=id_) for id_ in before)
    return replace(
        ran, before=before, strikes=(replace(strike, entry=replace(strike.entry, effects=effects)),)
    )


def finished(runs: Runs) -> World:
    """Give a past in which everything that is made had been there, and finished."""
    return {id_: replace(one, number=-1, phase="Succeeded") for id_, one in runs.made.after.items()}


Law = Callable[[Runs], Violation | None]
HONEST: dict[str, Law] = {
    "I1": lambda r: laws.check_i1(AFTER, r.idle, r.fresh, past=r.past),
    "I4": lambda r: laws.check_i4(r.swapped),
    "I5": lambda r: laws.check_i5(r.swapped),
    "I6": lambda r: laws.check_i6(r.swapped),
    "I9": lambda r: laws.check_i9(r.swapped),
    "I10": lambda r: laws.check_i10(r.swapped, [r.made]),
    "I12": lambda r: laws.check_i12([r.swapped, r.idle], AFTER, past=r.past),
    "I28": lambda r: laws.check_i28(r.made, WANTED, laws.Done(r.past)),
}
BROKEN: dict[str, Law] = {
    "I1": lambda r: laws.check_i1([*AFTER, NOWHERE], r.idle, r.fresh, past=r.past),
    "I4": lambda r: laws.check_i4(copied(r.swapped)),
    "I5": lambda r: laws.check_i5(doubled(r.made)),
    "I6": lambda r: laws.check_i6(replace(r.made, strikes=r.made.strikes * 2)),
    "I9": lambda r: laws.check_i9(ending_four(r.swapped)),
    "I10": lambda r: laws.check_i10(replace(r.made, entries=())),
    "I12": lambda r: laws.check_i12([r.swapped, r.idle], [*AFTER, NOWHERE], past=r.past),
    "I28": lambda r: laws.check_i28(r.made, WANTED, laws.Done(finished(r))),
}


@pytest.mark.parametrize("law", HONEST)
def test_an_honest_run_keeps_every_law(law: str, runs: Runs) -> None:
    assert HONEST[law](runs) is None


@pytest.mark.parametrize("law", BROKEN)
def test_each_law_can_be_broken_and_says_so(law: str, runs: Runs) -> None:
    found = BROKEN[law](runs)

    assert found is not None
    assert found.law == law


def test_every_law_is_held_against_both() -> None:
    known = {f"I{name.removeprefix('check_i')}" for name in vars(laws) if name.startswith("check_i")}

    assert known - {"I29"} == {*HONEST} == {*BROKEN}
