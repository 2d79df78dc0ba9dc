"""Which form of the API a server speaks: told by its flags, confirmed by its rows, or pinned."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.errors import Rejected
from reconciler.providers.primus_safe.generation import Generation, decided, of_flags, of_row
from tests.providers.primus_safe.stage import MARK, SPEC, a_resource, only, stage

FIRST, SECOND = {"authoringImage": "x"}, {"ssoEnable": False}
ROW1: dict[str, Any] = {"resource": {}}
ROW2: dict[str, Any] = {"resources": []}


@pytest.mark.parametrize(
    ("flags", "rows", "found"),
    [
        (FIRST, [], Generation.FIRST),
        (SECOND, [], Generation.SECOND),
        ({}, [ROW1], Generation.FIRST),
        ({}, [ROW2], Generation.SECOND),
        (SECOND, [ROW2, ROW2], Generation.SECOND),
        ({}, [], None),
        ({**FIRST, **SECOND}, [], None),
        (FIRST, [ROW2], None),
        (FIRST, [ROW1, ROW2], None),
        ({}, [{}], None),
        ({}, [{**ROW1, **ROW2}], None),
    ],
)
def test_flags_and_rows_decide_together(
    flags: dict[str, Any], rows: list[dict[str, Any]], found: Generation | None
) -> None:
    shown = [row for row in rows if of_row(row)]

    decision, why = decided(flags, shown)

    assert decision is found
    assert bool(why) is (found is None)


def test_flags_of_both_tell_nothing() -> None:
    assert of_flags({**FIRST, **SECOND}) is None


@pytest.mark.parametrize("generation", [1, 2])
def test_a_server_is_written_to_in_its_own_form(generation: int) -> None:
    with stage(generation) as made:

        async def act(provider: Any, scope: Any) -> Any:
            await provider.create(scope, a_resource(), MARK)
            return await only(provider, scope, "PyTorchJob", "train")

        observed = made.play(act)

    assert observed.spec["image"] == SPEC["image"]
    assert observed.spec["entryPoint"] == SPEC["entryPoint"]
    assert observed.stage == f"{generation} queued"


def test_while_it_is_not_decided_nothing_is_written() -> None:
    with stage(1) as made:
        made.spoil("GET /api/v1/envs", kind="mutate", mutate=lambda flags: {**flags, **SECOND})

        async def act(provider: Any, scope: Any) -> Any:
            await provider.create(scope, a_resource(), MARK)

        with pytest.raises(Rejected, match="which server this is, is not known") as refused:
            made.play(act)

        assert refused.value.hint.startswith("say which with generation: 1 or 2")
        assert not made.emulator.ledger.mutations()


def test_a_server_is_asked_once_which_form_it_speaks() -> None:
    with stage(2) as made:

        async def act(provider: Any, scope: Any) -> None:
            for name in ("one", "two", "three"):
                await provider.create(scope, a_resource(name), MARK)

        made.play(act)

        assert sum(entry.path == "/api/v1/envs" for entry in made.emulator.ledger.entries) == 1


def test_the_fleet_file_may_say_which() -> None:
    with stage(1) as made:
        made.spoil("GET /api/v1/envs", kind="status", status=500)

        async def act(provider: Any, scope: Any) -> Any:
            return await provider.create(scope, a_resource(), MARK)

        assert made.play(act, generation=1).startswith("train-")


@pytest.mark.parametrize(("replicas", "groups"), [(1, [1]), (2, [1, 1]), (5, [1, 4])])
def test_pods_that_train_together_are_a_master_and_workers_and_read_as_one_number(
    replicas: int, groups: list[int]
) -> None:
    spec = {**SPEC, "resource": {**SPEC["resource"], "replica": replicas}}
    with stage(2) as made:

        async def act(provider: Any, scope: Any) -> Any:
            await provider.create(scope, a_resource(spec=spec), MARK)
            return await only(provider, scope, "PyTorchJob", "train")

        observed = made.play(act)
        (record,) = made.emulator.world.resources.values()

    assert [one.replica for one in record.spec.resources] == groups
    assert observed.spec["resource"]["replica"] == replicas
