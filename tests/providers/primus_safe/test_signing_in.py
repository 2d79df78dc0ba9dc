"""Each of the four credentials goes where the server looks for it, and nowhere else."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from reconciler.emulator.primus_safe.seed import DEMO_KEY
from reconciler.errors import FleetError, Unauthenticated
from reconciler.secret import Secret
from tests.providers.primus_safe.stage import DEMO, Stage, stage


def names(made: Stage, auth: dict[str, Any]) -> list[str]:
    async def act(provider: Any, _: Any) -> list[str]:
        return [scope.name for scope in await provider.scopes()]

    return made.play(act, auth=auth)


def token_of(made: Stage) -> str:
    return made.emulator.tokens.issue(made.emulator.world.users.named("demo"))[0]


ALL = ["cpu-west", "serve-mi300", "train-mi300"]


def test_a_user_id_signs_in_where_no_token_is_asked_for() -> None:
    with stage(1) as made:
        assert names(made, {"userId": DEMO}) == ALL


@pytest.mark.parametrize("generation", [1, 2])
@pytest.mark.parametrize("encoded", [False, True])
def test_a_cookie_signs_in_as_it_was_copied(generation: int, *, encoded: bool) -> None:
    with stage(generation) as made:
        token = token_of(made)
        value = quote(token, safe="") if encoded else token

        assert names(made, {"cookie": Secret("secret:C", value)}) == ALL


def test_a_bearer_token_signs_in() -> None:
    with stage(2) as made:
        assert names(made, {"token": Secret("secret:T", token_of(made))}) == ALL


def test_an_api_key_signs_in() -> None:
    with stage(2) as made:
        assert names(made, {"apiKey": Secret("secret:K", DEMO_KEY)}) == ALL


def test_a_credential_that_is_refused_is_told_and_never_shown() -> None:
    with stage(2) as made, pytest.raises(Unauthenticated) as refused:
        names(made, {"apiKey": Secret("secret:K", "ak-hunter2-hunter2")})

    assert "the API key is invalid" in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("auth", [{}, {"userId": "u", "token": "t"}])
def test_anything_but_one_credential_is_refused(auth: dict[str, str]) -> None:
    with stage(1) as made, pytest.raises(FleetError, match="auth"):
        names(made, auth)
