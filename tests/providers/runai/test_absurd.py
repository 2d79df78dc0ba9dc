"""Answers of the right shape that say absurd things: an error or an unknown, and never a fault of ours."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from reconciler.errors import Malformed, ProviderError, Unauthenticated
from reconciler.providers.runai import wire
from reconciler.providers.runai.provider import RunaiProvider
from reconciler.resource import Scope
from tests.providers.runai.stage import stage

HUGE = 10**400
BY_TYPE = "GET /api/v1/workloads/(trainings|inferences)/.+"


def claiming(**claims: Any) -> str:
    """Make a token that nobody signed."""
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{middle}.x"


async def listed(provider: RunaiProvider, scope: Scope) -> Any:
    return await provider.list(scope)


def test_a_token_that_lives_longer_than_time_is_a_token() -> None:
    with stage() as here:
        here.spoil("POST /api/v2/token", kind="mutate", put={"expires_in": HUGE}, forever=True)

        assert here.play(listed) == []


@pytest.mark.parametrize(
    ("token", "error"),
    [
        (claiming(exp=HUGE), Unauthenticated),
        (claiming(exp=float("nan")), Unauthenticated),
        (claiming(exp=1, iat=HUGE), Unauthenticated),
        ("e30.e30e30e30==.x", Unauthenticated),
        ("t\u00f6ken", Malformed),
        ("two words", Malformed),
        ("x\r\nhost: elsewhere", Malformed),
    ],
    ids=["huge exp", "exp NaN", "huge iat", "no claims", "not ASCII", "a space", "two lines"],
)
def test_an_absurd_token_is_an_error_of_its_own(token: str, error: type[ProviderError]) -> None:
    with stage() as here:
        put = {"access_token": token, "expires_in": None}
        here.spoil("POST /api/v2/token", kind="mutate", put=put, forever=True)

        with pytest.raises(error):
            here.play(listed)


AMOUNTS = {
    "huge": (HUGE, 1e12),
    "a huge fraction": (1e308, 1e12),
    "negative": (-1.5, 0.0),
    "a text": ("8", 0.0),
    "true": (True, 0.0),
    "an amount": (8, 8.0),
}


@pytest.mark.parametrize(("said", "amount"), AMOUNTS.values(), ids=AMOUNTS)
def test_an_amount_beyond_all_measure_is_the_most_or_nothing(said: Any, amount: float) -> None:
    assert wire.number({"gpu": said}, "gpu") == amount


@pytest.mark.parametrize("stamp", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "soon", 5])
def test_a_time_that_is_none_is_unknown(stamp: Any) -> None:
    assert wire.moment(stamp) is None


DETAILS: Mapping[str, Mapping[str, Any]] = {
    "a phase that is a list": {"actualPhase": ["Running"]},
    "a wanted phase that is a list": {"desiredPhase": [1]},
    "names that are objects": {"spec": {"environmentVariables": [None, {"name": {}}, {"name": []}, 1]}},
    "lists that are objects": {"spec": {"environmentVariables": {"a": 1}, "annotations": "x", "compute": []}},
}


@pytest.mark.parametrize("row", [None, 404], ids=["with its row", "without a row"])
@pytest.mark.parametrize("put", DETAILS.values(), ids=DETAILS)
def test_an_absurd_detail_is_read_as_far_as_it_goes(put: Mapping[str, Any], row: int | None) -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        summary = (await provider.list(scope))[0]
        here.spoil(BY_TYPE, kind="mutate", put=put, forever=True)
        if row:
            here.spoil(f"GET /api/v1/workloads/{summary.id}", status=row, forever=True)
        return await provider.read(summary)

    with stage() as here:
        here.add()
        observed = here.play(act)

    assert observed.mark is None
