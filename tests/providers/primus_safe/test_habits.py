"""The server's bad habits: misleading codes, answers that say nothing, and writes that hit nothing."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.errors import Conflict, Forbidden, Malformed, ProviderError, Rejected, Unknown
from reconciler.mark import Mark
from reconciler.provider import Edit
from reconciler.resource import Observed
from tests.providers.primus_safe.stage import ASKED, MARK, SPEC, Stage, a_resource, only, stage


@pytest.fixture(params=[1, 2], ids=["first", "second"])
def made(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with stage(request.param) as one:
        yield one


def refused(made: Stage, spec: dict[str, Any]) -> ProviderError:
    async def act(provider: Any, scope: Any) -> None:
        await provider.create(scope, a_resource(spec=spec), MARK)

    with pytest.raises(ProviderError) as error:
        made.play(act)
    return error.value


def test_a_lack_of_room_is_no_outage_and_nothing_was_made(made: Stage) -> None:
    error = refused(made, {**SPEC, "resource": {**ASKED, "replica": 99, "gpu": "8"}})

    assert isinstance(error, Rejected)
    assert "ask for less" in error.hint
    assert not made.emulator.world.resources


@pytest.mark.parametrize(
    "asked", [{"gpu": "16"}, {"cpu": "1000"}, {"memory": "1Ei"}, {"ephemeralStorage": "1Ei"}], ids=str
)
def test_a_pod_that_fits_no_node_lacks_no_rights(made: Stage, asked: dict[str, str]) -> None:
    error = refused(made, {**SPEC, "resource": {**ASKED, **asked}})

    assert isinstance(error, Rejected)
    assert error.status in (403, 503)
    assert "ask for less" in error.hint


def test_what_a_workspace_does_not_take_is_no_lack_of_rights(made: Stage) -> None:
    async def act(provider: Any, scope: Any) -> None:
        await provider.create(scope, a_resource(kind="Deployment", spec=SPEC), MARK)

    with pytest.raises(Rejected, match="only supports") as error:
        made.play(act)

    assert "choose a workspace for this kind" in error.value.hint


def test_what_only_managers_may_is_a_lack_of_rights(made: Stage) -> None:
    error = refused(made, {**SPEC, "priority": 2})

    assert isinstance(error, Forbidden)


def running(made: Stage) -> Observed:
    async def act(provider: Any, scope: Any) -> Observed:
        await provider.create(scope, a_resource(spec={**SPEC, "env": {"EMULATOR_SECONDS": "30"}}), MARK)
        made.wait(20)
        return await only(provider, scope, "PyTorchJob", "train")

    observed: Observed = made.play(act)
    return observed


def updated(made: Stage, observed: Observed, **spec: Any) -> None:
    changed = a_resource(spec={**SPEC, **spec})
    edit = Edit(tuple(f"/spec/{name}" for name in spec), {})

    async def act(provider: Any, _: Any) -> None:
        await provider.update(observed, changed, edit, MARK)

    made.play(act)


def test_a_frozen_field_is_a_conflict_and_no_lack_of_rights(made: Stage) -> None:
    observed = running(made)

    with pytest.raises(Conflict):
        updated(made, observed, image="rocm/pytorch:2")


def test_a_change_of_what_has_ended_meanwhile_is_a_conflict_and_no_fault(made: Stage) -> None:
    observed = running(made)
    made.wait(300)

    with pytest.raises(Conflict, match="can only be edited when it is running"):
        updated(made, observed, priority=1)


def test_what_is_known_to_have_ended_is_sent_nothing(made: Stage) -> None:
    observed = running(made)
    made.wait(300)

    async def act(provider: Any, _: Any) -> str:
        now = await provider.read(observed.summary)
        before = len(made.emulator.ledger.entries)
        for write in (provider.stop(now), provider.update(now, a_resource(), Edit((), {}), MARK)):
            with pytest.raises(Rejected, match="never changes"):
                await write
        assert await provider.halt_several([now], resumes=False) == {now.id: None}
        sent = [one for one in made.emulator.ledger.entries[before:] if one.method != "GET"]
        assert not sent
        phase: str = now.summary.phase
        return phase

    assert made.play(act) == "Succeeded"


def test_an_empty_batch_is_never_sent(made: Stage) -> None:
    async def act(provider: Any, _: Any) -> None:
        assert await provider.halt_several([], resumes=False) == {}
        with pytest.raises(ValueError, match="breaks on an empty list"):
            await provider._api.stop_several([], "nothing")

    made.play(act)

    assert not [one for one in made.emulator.ledger.entries if one.path.endswith("/stop")]


def test_an_answer_that_is_not_the_null_of_a_success_is_told(made: Stage) -> None:
    observed = running(made)
    made.spoil("PATCH /api/v1/workloads/.*", kind="mutate", mutate=lambda _: {"ok": True})

    with pytest.raises(Malformed, match="not null"):
        updated(made, observed, priority=1)


def test_the_id_of_a_workload_is_the_servers_choice(made: Stage) -> None:
    """A server that is sent an id deletes what has it where the create fails."""

    async def act(provider: Any, scope: Any) -> list[str]:
        return [await provider.create(scope, a_resource(), MARK) for _ in range(2)]

    one, other = made.play(act)

    assert one != other
    assert all(re.fullmatch(r"train-[a-z0-9]{5}", id_) for id_ in (one, other))


def test_a_create_without_an_id_is_unknown(made: Stage) -> None:
    made.spoil("POST /api/v1/workloads", kind="mutate", mutate=lambda _: None)

    assert isinstance(refused(made, SPEC), Unknown)


def test_a_description_that_leaves_no_room_for_the_mark_is_refused_here(made: Stage) -> None:
    error = refused(made, {**SPEC, "description": "x" * 1990})

    assert isinstance(error, Rejected)
    assert "beside our mark there is room for" in error.said
    assert not made.emulator.ledger.mutations()


@pytest.mark.parametrize("command", ["bash", "run1", "python12", "echo hi\n", "ZWNobyBoaQ=="])
def test_a_command_reaches_the_container_as_it_is_written(made: Stage, command: str) -> None:
    async def act(provider: Any, scope: Any) -> Observed:
        await provider.create(scope, a_resource(spec={**SPEC, "entryPoint": command}), MARK)
        return await only(provider, scope, "PyTorchJob", "train")

    assert made.play(act).spec["entryPoint"] == command


def test_a_priority_that_does_not_change_is_not_mentioned(made: Stage) -> None:
    observed = running(made)
    sent: list[Any] = []

    async def act(provider: Any, _: Any) -> None:
        original = provider.transport.send

        async def send(method: str, path: str, **more: Any) -> Any:
            sent.append(more.get("body"))
            return await original(method, path, **more)

        provider.transport.send = send
        newer = Mark(MARK.fleet_id, "ml", "", MARK.digest, run_id="2")
        await provider.update(
            observed, a_resource(spec={**SPEC, "timeout": 900}), Edit(("/spec/timeout",), {}), newer
        )

    made.play(act)

    assert [sorted(body) for body in sent] == [["description", "timeout"]]


def test_a_row_that_has_no_phase_yet_waits_like_any_other() -> None:
    with stage(1, empty_phase_s=30.0) as made:

        async def act(provider: Any, scope: Any) -> Any:
            await provider.create(scope, a_resource(), MARK)
            return await provider.list(scope)

        (row,) = made.play(act)

    assert (row.phase, row.life.value) == ("Pending", "active")


def test_many_ask_at_once_who_we_are_and_one_request_answers(made: Stage) -> None:
    made.add()

    async def act(provider: Any, scope: Any) -> int:
        before = len(made.emulator.ledger.entries)
        await asyncio.gather(*(provider.list(scope) for _ in range(5)))
        asked = made.emulator.ledger.entries[before:]
        return sum(one.path == "/api/v1/users/self" for one in asked)

    assert made.play(act) == 1
