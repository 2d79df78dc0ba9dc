"""A queue is foretold by what is free on each node and by whose turn it is; what hangs on more may queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from reconciler.capacity import Capacity, Chance, Claim, Forecast, Outlook, Pool, PoolLine, Queue
from reconciler.forecast import forecast
from reconciler.health import Level
from reconciler.plan.change import Action, Change
from reconciler.resource import Life, Observed, ResourceKey, Scope, Summary
from tests.factories import a_kind, a_resource

HOME = Scope("train", "train", "west", "c1")
WHOLE: Mapping[str, float] = {"gpu": 8.0, "cpu": 96.0}
LIVE = {"is": "live"}
HALF: Mapping[str, float] = {"gpu": 4.0, "cpu": 48.0}


def there(*nodes: Mapping[str, float], **more: Any) -> Capacity:
    """Give a workspace of three nodes, with so much free on each."""
    free = sum(node["gpu"] for node in nodes)
    queue = Queue(free, more.pop("nodes", nodes), WHOLE, **more)
    return Capacity(
        {"train": Pool(24.0, 8.0, queue)},
        defaults={"train": ("train",)},
        priorities={"0": 0, "1": 1, "2": 2},
    )


def an_ask(
    name: str = "new", gpus: float = 8, pods: int = 1, action: Action = Action.CREATE, **more: Any
) -> Change:
    claim = Claim(
        gpus * pods,
        gpus,
        "workload",
        priority=more.pop("priority", "0"),
        pod={"gpu": gpus, "cpu": more.pop("cpu", 8.0)},
        unless=more.pop("unless", ""),
    )
    key = ResourceKey("t", "train", "PyTorchJob", name)
    was = more.pop("was", claim)
    kind = replace(
        a_kind(), claim=lambda spec: was if spec == LIVE else claim, surge=lambda _before, after: after
    )
    old = Observed(a_row(name, more.pop("holds")), LIVE, None) if "holds" in more else None
    return Change(key, action, resource=a_resource(name), kind=kind, scope=HOME, observed=old, **more)


def a_row(name: str, gpus: float, priority: int = 0) -> Summary:
    return Summary(
        key=ResourceKey("t", "train", "PyTorchJob", name),
        id=name,
        identity=name,
        phase="Running" if gpus else "Pending",
        life=Life.ACTIVE,
        level=Level.HEALTHY if gpus else Level.PROGRESSING,
        fingerprint=name,
        gpus=gpus,
        priority=priority,
    )


def seen(capacity: Capacity, *changes: Change, rows: Sequence[Summary] = ()) -> Forecast:
    return forecast(changes, {"t": rows}, {"t": {"c1": capacity}})


def the(capacity: Capacity, *changes: Change, rows: Sequence[Summary] = ()) -> Outlook:
    """Give the outlook of the first change."""
    outlooks = seen(capacity, *changes, rows=rows).outlooks
    return next(each for each in outlooks if each.key == changes[0].key)


STARTS, LATER, MAY, QUEUES, NEVER = (
    Chance.STARTS,
    Chance.LATER,
    Chance.MAY_QUEUE,
    Chance.QUEUES,
    Chance.NEVER,
)


@pytest.mark.parametrize(
    ("capacity", "change", "chance", "why"),
    [
        (there(WHOLE, HALF), an_ask(), STARTS, ""),
        (there(WHOLE, WHOLE), an_ask(pods=2), STARTS, ""),
        (there(WHOLE), an_ask(pods=2), QUEUES, "asks 16 GPUs at once, 8 of train are free"),
        (there(HALF, HALF), an_ask(), QUEUES, "asks room for a pod of 8 GPUs, and train has it for 0"),
        (there(HALF), an_ask(gpus=1, cpu=64), QUEUES, "asks room for a pod of 1 GPU, and train has it for 0"),
        (there(), an_ask(gpus=9), NEVER, "a pod asks 9 GPUs, a node of train has 8"),
        (there(), an_ask(cpu=97.0), NEVER, "a pod asks for more cpu than a node of train gives"),
        (there(WHOLE), an_ask(pods=4), NEVER, "asks 32 GPUs at once, train has 24"),
        (there(pods=3), an_ask(pods=4), NEVER, "asks 4 pods at once, train takes 3, one for each node"),
        (there(WHOLE, nodes=None), an_ask(), MAY, "how the free GPUs of train lie on its nodes is not told"),
        (there(HALF, nodes=None), an_ask(), QUEUES, "asks 8 GPUs at once, 4 of train are free"),
        (there(WHOLE), an_ask(unless="some nodes are excluded"), MAY, "some nodes are excluded"),
    ],
)  # fmt: skip
def test_room_is_looked_for_node_by_node(
    capacity: Capacity, change: Change, chance: Chance, why: str
) -> None:
    outlook = the(capacity, change)

    assert (outlook.chance, outlook.why) == (chance, why)


@pytest.mark.parametrize(
    ("is_strict", "waiting", "chance"),
    [
        (True, (1,), MAY),
        (True, (2,), MAY),
        (True, (0,), STARTS),
        (False, (1,), STARTS),
        (False, (2, 0), MAY),
        (False, (), STARTS),
    ],
)
def test_what_waits_before_it_holds_it_up_as_the_queue_is(
    *, is_strict: bool, waiting: tuple[int, ...], chance: Chance
) -> None:
    capacity = there(WHOLE, is_strict=is_strict, waiting=waiting)

    assert the(capacity, an_ask(priority="1")).chance is chance


def test_what_else_decides_is_said_first_where_it_may_queue_anyway() -> None:
    waits = an_ask("a", unless="it waits for its dependencies first")

    told = the(there(WHOLE, HALF), waits, an_ask("b", gpus=6))

    assert told.chance is MAY
    assert told.why.startswith("it waits for its dependencies first; asks room for")


def test_objects_of_a_plan_that_do_not_fit_together_may_queue() -> None:
    told = seen(there(WHOLE, HALF), an_ask("a"), an_ask("b", gpus=6)).outlooks

    assert [each.chance for each in told] == [MAY, MAY]
    assert "which of this plan's objects come first" in told[0].why


def test_one_pod_may_spoil_the_room_of_a_larger_one() -> None:
    assert the(there(WHOLE), an_ask("a"), an_ask("b", gpus=1)).chance is MAY
    assert the(there(WHOLE, WHOLE), an_ask("a"), an_ask("b", gpus=1)).chance is STARTS


@pytest.mark.parametrize(
    ("is_strict", "priority", "chance"), [(True, "1", MAY), (False, "1", STARTS), (False, "2", MAY)]
)
def test_what_queues_in_the_plan_itself_holds_up_others(
    *, is_strict: bool, priority: str, chance: Chance
) -> None:
    capacity = there(HALF, is_strict=is_strict)

    assert (
        the(capacity, an_ask("small", gpus=4, priority="1"), an_ask("large", priority=priority)).chance
        is chance
    )


def test_room_that_the_plan_frees_is_told_as_later() -> None:
    gone = an_ask("old", action=Action.DELETE, holds=8.0)

    assert the(there(HALF), an_ask(), gone).chance is LATER
    assert the(there(HALF, waiting=(0,)), an_ask(), gone).chance is MAY
    assert the(there(WHOLE, waiting=(0,)), an_ask(priority="1"), gone).chance is MAY


def test_an_update_to_less_leaves_open_what_it_frees() -> None:
    less = an_ask("old", gpus=4, action=Action.UPDATE, holds=8.0, was=Claim(8.0, 8.0, "workload", pod=WHOLE))

    assert the(there(), an_ask(), less).chance is MAY
    assert the(there(WHOLE, waiting=(0,)), an_ask(priority="1"), less).chance is MAY


def test_a_replacement_starts_in_its_own_place_unless_others_wait_for_it() -> None:
    again = an_ask(action=Action.REPLACE, holds=8.0, priority="2")

    assert the(there(HALF), again).chance is STARTS
    assert the(there(HALF, is_strict=False, waiting=(0,)), again).chance is MAY
    assert the(there(WHOLE, is_strict=False, waiting=(0,)), again).chance is MAY


def test_room_that_is_freed_in_pieces_promises_nothing() -> None:
    pieces = [an_ask(f"old-{number}", gpus=4, action=Action.DELETE, holds=4.0) for number in range(2)]

    assert the(there(), an_ask(), *pieces).chance is MAY


@pytest.mark.parametrize(
    ("preempts", "priority", "chance"), [(True, "1", MAY), (True, "0", QUEUES), (False, "1", QUEUES)]
)
def test_what_has_a_lower_priority_may_give_way(*, preempts: bool, priority: str, chance: Chance) -> None:
    outlook = the(there(preempts=preempts), an_ask(priority=priority), rows=[a_row("other", 8.0)])

    assert outlook.chance is chance


def test_what_pushes_others_out_may_make_room_for_more() -> None:
    first, second = an_ask("a", priority="0"), an_ask("b", priority="1")

    assert the(there(preempts=True), first, second, rows=[a_row("other", 8.0)]).chance is MAY


def test_an_update_stands_in_no_queue() -> None:
    roll = an_ask(action=Action.UPDATE, holds=8.0)

    assert the(there(WHOLE, waiting=(2,)), roll).chance is STARTS
    assert the(there(), roll).chance is MAY
    assert the(there(WHOLE), an_ask(action=Action.UPDATE, holds=0.0)).why == "it waits already"


def test_a_pool_is_told_with_what_is_free_and_no_quota() -> None:
    found = seen(there(WHOLE, HALF), an_ask())

    assert found.pools == (PoolLine("t", "train", 24.0, 12.0, 8.0),)
    assert found.shares == ()


def test_what_asks_for_no_gpu_stands_in_the_queue_as_well() -> None:
    cpus = an_ask("cpus", gpus=0, cpu=90.0)

    assert the(there(WHOLE), an_ask(), cpus).chance is MAY
    assert the(there(WHOLE, WHOLE), an_ask(), cpus).chance is STARTS
    assert [each.key.name for each in seen(there(WHOLE, WHOLE), an_ask(), cpus).outlooks] == ["new"]
    assert the(there(HALF), an_ask(gpus=1), cpus).why == "PyTorchJob/cpus may come first, and waits"


def test_a_workspace_without_gpus_takes_none() -> None:
    capacity = Capacity({"train": Pool(0.0, 0.0, Queue(0.0, ()))}, defaults={"train": ("train",)})

    assert the(capacity, an_ask()).why == "no node of train has a GPU"
