"""A copy is found by what there was before, and carries no mark of ours."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.errors import Rejected, Unknown
from reconciler.providers.primus_safe.marks import read
from tests.providers.primus_safe.stage import LONG, MARK, SPEC, Stage, a_resource, only, stage


def copied(made: Stage, *, others: int = 0) -> tuple[str, str]:
    """Make a workload and copy it; give both ids."""

    async def act(provider: Any, scope: Any) -> tuple[str, str]:
        spec = {**SPEC, "description": "mine", "env": LONG}
        id_ = await provider.create(scope, a_resource(spec=spec), MARK)
        made.wait(30)
        observed = await only(provider, scope, "PyTorchJob", "train")
        for _ in range(others):
            made.add(by="mina")
        return id_, await provider.clone(observed)

    return made.play(act)


def test_a_copy_is_told_by_its_id_and_is_nobodys() -> None:
    with stage(1, lag_s=5.0, cache_s=3.0) as made:
        original, copy = copied(made)
        records = made.emulator.world.resources

        assert copy != original
        assert set(records) == {original, copy}
        assert records[copy].description == "mine"
        assert read(records[original].description).mark
        assert records[copy].spec == records[original].spec


def test_what_others_make_meanwhile_is_not_taken_for_the_copy() -> None:
    with stage(1) as made:
        original, copy = copied(made, others=2)

        assert made.emulator.world.resources[copy].user_name == "demo"
        assert len(made.emulator.world.resources) == 4
        assert original in made.emulator.world.resources


def test_what_another_copies_at_the_same_time_is_not_taken_for_the_copy() -> None:
    with stage(1) as made:
        made.spoil("POST /api/v1/workloads/clone", kind="mutate", mutate=lambda answer: _beside(made, answer))

        _, copy = copied(made)

        makers = {one.user_name for one in made.emulator.world.resources.values()}
        assert (makers, made.emulator.world.resources[copy].user_name) == ({"demo", "mina"}, "demo")


def _beside(made: Stage, answer: Any) -> Any:
    """Let somebody else copy the original as well before the answer is sent, its mark along."""
    original = min(made.emulator.world.resources.values(), key=lambda one: one.created_at)
    made.add(by="mina", text=original.description)
    return answer


def test_a_copy_whose_answer_was_lost_is_found_and_not_made_again() -> None:
    with stage(1) as made:
        made.spoil("POST /api/v1/workloads/clone", kind="lost")

        original, copy = copied(made)

        assert set(made.emulator.world.resources) == {original, copy}


def test_a_copy_that_never_shows_is_unknown() -> None:
    with stage(1) as made:
        made.spoil("POST /api/v1/workloads/clone", kind="status", status=502)

        with pytest.raises(Unknown, match="no read shows a copy"):
            copied(made)


@pytest.mark.parametrize(
    ("match", "fault"),
    [
        (r"GET /api/v1/workloads\?.*workloadId=.*", {"status": 403, "nth": 3}),
        (r"GET /api/v1/workloads\?.*workloadId=.*", {"kind": "empty_object", "nth": 3}),
        (r"GET /api/v1/workloads\?.*workloadId=.*", {"kind": "no_rows", "nth": 3}),
        ("GET /api/v1/workloads/[^/]+", {"status": 520, "nth": 2}),
        ("GET /api/v1/workloads/[^/]+", {"kind": "null", "nth": 2}),
        ("PATCH /api/v1/workloads/.*", {"kind": "lost"}),
        ("PATCH /api/v1/workloads/.*", {"kind": "login_page"}),
        ("PATCH /api/v1/workloads/.*", {"status": 403}),
        ("POST /api/v1/workloads/clone", {"kind": "empty_object", "phase": "after_effect"}),
    ],
)
def test_what_fails_after_the_copy_was_asked_for_does_not_end_the_search(
    match: str, fault: dict[str, Any]
) -> None:
    with stage(1) as made:
        made.spoil(match, **fault)

        original, copy = copied(made)

        assert made.emulator.faults.fired
        assert set(made.emulator.world.resources) == {original, copy}
        assert made.emulator.world.resources[copy].description == "mine"


def test_credentials_that_die_after_the_copy_leave_its_outcome_unknown() -> None:
    with stage(1) as made:
        made.spoil(r"GET /api/v1/workloads\?.*workloadId=.*", status=401, nth=3, forever=True)

        with pytest.raises(Unknown, match=r"no read shows a copy; .*401"):
            copied(made)


def test_a_copy_that_keeps_the_mark_is_told_by_its_id() -> None:
    with stage(1) as made:
        made.spoil("PATCH /api/v1/workloads/.*", status=403, forever=True)

        with pytest.raises(Rejected, match=r"the copy is train-\w{5}, and it still carries the mark .*403"):
            copied(made)


def test_a_namesake_made_by_hand_meanwhile_is_not_taken_for_the_copy() -> None:
    with stage(1, lag_s=5.0) as made:
        by_hand = list[str]()

        def add(rows: Any) -> Any:
            if not by_hand:
                by_hand.append(made.add())
            return rows

        made.spoil(r"GET /api/v1/workloads\?.*workloadId=.*", kind="mutate", mutate=add, nth=3)
        original, copy = copied(made)

        assert copy not in (original, *by_hand)
        assert len(made.emulator.world.resources) == 3


def test_a_server_of_today_copies_nothing_and_says_what_to_do() -> None:
    with stage(2) as made:
        with pytest.raises(Rejected, match="copies no workloads") as refused:
            copied(made)

        assert "manifest with another name" in refused.value.hint
        assert len(made.emulator.world.resources) == 1
