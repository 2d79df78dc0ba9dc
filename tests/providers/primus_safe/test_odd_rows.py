"""Rows that are not as documented: read as far as they go, or not trusted; never a fault of ours."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.emulator.primus_safe.seed import TRAIN
from reconciler.errors import Malformed
from reconciler.mark import Mark
from reconciler.providers.primus_safe import phases
from reconciler.providers.primus_safe.marks import described
from reconciler.providers.primus_safe.wire import Misshapen, from_wire
from reconciler.resource import Scope
from tests.providers.primus_safe.stage import DEMO, FLEET_ID, stage

ODD: tuple[Any, ...] = (None, 7, -1, 10**30, 1.5, True, "", "x", [], [1], [[]], {}, {"a": {}}, [{"a": []}])
MARK = Mark(FLEET_ID, "ml", f"{TRAIN}/PyTorchJob/train", "1:0123456789abcdef")
ROW: dict[str, Any] = {
    "workloadId": "train-x",
    "workspaceId": TRAIN,
    "displayName": "train",
    "description": described("", MARK),
    "userId": DEMO,
    "groupVersionKind": {"kind": "PyTorchJob"},
    "phase": "Pending",
    "creationTime": "2026-03-02T09:00:00",
}


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("field", ["conditions", "dispatchCount", "schedulerOrder", "queuePosition", "phase"])
def test_how_far_a_run_has_got_is_read_from_any_row(field: str, odd: Any) -> None:
    assert phases.stage_of({**ROW, field: odd}).split(" ")[1] in ("queued", "started")


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("field", ["type", "reason", "message"])
def test_conditions_may_hold_anything(field: str, odd: Any) -> None:
    row = {**ROW, "conditions": [{"type": "AdminScheduled", "reason": "run_1_times", field: odd}]}

    assert phases.stage_of(row).startswith("1 ")


@pytest.mark.parametrize("odd", [None, 7, True, "", [], {}], ids=repr)
def test_a_mark_on_what_does_not_tell_its_user_is_not_taken_for_a_copy(odd: Any) -> None:
    scope = Scope(TRAIN, TRAIN)

    with pytest.raises(Misshapen, match="userId"):
        from_wire({**ROW, "userId": odd}, target="safe", scope=scope, user_id=DEMO)
    unmarked = from_wire({**ROW, "userId": odd, "description": ""}, target="safe", scope=scope, user_id=DEMO)

    assert not unmarked.is_by_us


def test_a_list_whose_rows_do_not_tell_their_user_is_not_trusted() -> None:
    with stage(1) as made:
        made.add(text=described("", MARK))
        made.spoil("GET /api/v1/workloads", kind="mutate", mutate=_without_users, forever=True)

        async def act(provider: Any, scope: Any) -> None:
            await provider.list(scope)

        with pytest.raises(Malformed, match="userId"):
            made.play(act)


def _without_users(body: Any) -> Any:
    return {**body, "items": [{**row, "userId": None} for row in body["items"]]}
