"""Two fleets on one platform do not see each other, in whichever order they are applied."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.stage import FLEET_ID
from tests.soak.ground import OTHER_FLEET, Ground
from tests.soak.invariants import check_i4, check_i24
from tests.soak.runai import grounded
from tests.soak.truth import owned
from tests.soak.wishes import Wish

pytestmark = pytest.mark.no_cover  # two fleets over code that other tests cover

OURS = (Wish("train"), Wish("chat", "Inference"), Wish("old", "Workspace"))
THEIRS = (Wish("train", project="team-b"), Wish("trai"), Wish("nim", "NimService"))


def applied(root: Path, order: tuple[int, int]) -> Ground:
    """Apply two fleets in an order, change and prune in both, and apply them again."""
    with grounded(root / "ours") as ours:
        with grounded(root / "theirs", emulator=ours.emulator, fleet_id=OTHER_FLEET) as theirs:
            fleets = ((ours, OURS), (theirs, THEIRS))
            for ground, wishes in (fleets[n] for n in order):
                ground.declare(wishes)
                assert ground.apply().code == 0
            for ground, wishes in (fleets[n] for n in order):
                ground.declare(wishes[:2])
                left = f"delete=team-a/{wishes[2].kind}/{wishes[2].name}"
                assert ground.apply(allow=(left,)).code == 0
        ids = {"ours": FLEET_ID, "theirs": OTHER_FLEET}
        found = [check_i4(ran, ids[g.stage.root.name]) for g, _ in fleets for ran in g.runs]
        assert [violation for violation in found if violation] == []
        return ours


def test_the_order_of_two_fleets_changes_nothing(tmp_path: Path) -> None:
    one, other = applied(tmp_path / "one", (0, 1)), applied(tmp_path / "other", (1, 0))

    assert check_i24(one.live(), other.live(), fleets=[FLEET_ID, OTHER_FLEET]) is None
    assert {*owned(one.live())} == {wish.key for wish in OURS[:2]}
    assert {*owned(one.live(), OTHER_FLEET)} == {wish.key for wish in THEIRS[:2]}
