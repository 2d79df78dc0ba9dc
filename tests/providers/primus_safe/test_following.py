"""A job that is to follow another is sent with the id of what lives, or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import Rejected
from reconciler.resource import ResourceKey
from tests.providers.primus_safe.stage import LONG, MARK, SPEC, Stage, a_resource, stage

SECONDS = {"EMULATOR_SECONDS": "60"}


def followed(made: Stage, *before: dict[str, Any], wait_s: float = 30.0) -> tuple[list[str], list[str]]:
    """Make some jobs `prep`, let time pass, and one that is to follow them; give their ids and its own."""

    async def act(provider: Any, scope: Any) -> tuple[list[str], list[str]]:
        first = [
            await provider.create(scope, a_resource("prep", spec={**SPEC, **more}), MARK) for more in before
        ]
        made.wait(wait_s)
        train = a_resource("train", spec={**SPEC, "dependencies": ["prep"]})
        key = ResourceKey(provider.target, scope.name, "PyTorchJob", "prep")
        id_ = await provider.create(scope, replace(train, follows=(key,)), MARK)
        return first, list(made.emulator.world.resources[id_].spec.dependencies or ())

    return made.play(act)


def test_the_id_of_what_lives_is_sent() -> None:
    with stage(1) as made:
        first, sent = followed(made, {"env": LONG})

    assert sent == first


def test_what_has_succeeded_is_left_out() -> None:
    with stage(1) as made:
        _, sent = followed(made, {"env": SECONDS, "ttlSecondsAfterFinished": 600}, wait_s=200)

    assert sent == []


NOT_TO_FOLLOW: dict[str, tuple[tuple[dict[str, Any], ...], str]] = {
    "it is not there": ((), "it waits for .*prep, and it is not there"),
    "it failed": (
        ({"entryPoint": "python crash.py", "maxRetry": 0},),
        "it waits for .*prep, and it has not succeeded",
    ),
    "two live": (({"env": LONG}, {"env": LONG}), "it waits for .*prep, and 2 of it are live"),
}


@pytest.mark.parametrize(("before", "why"), NOT_TO_FOLLOW.values(), ids=NOT_TO_FOLLOW)
def test_what_cannot_be_followed_keeps_a_job_from_being_made(
    before: tuple[dict[str, Any], ...], why: str
) -> None:
    with stage(1) as made, pytest.raises(Rejected, match=why):
        followed(made, *before, wait_s=300)


def test_of_another_user_nothing_is_followed() -> None:
    with stage(1) as made:
        made.add("prep", by="mina")

        with pytest.raises(Rejected, match="it is not there"):
            followed(made)
