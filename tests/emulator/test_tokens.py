import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from reconciler.emulator.clock import ManualClock
from reconciler.emulator.tokens import Tokens, Unauthenticated
from tests.emulator.stand import Stand, stand

GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def stood() -> Iterator[Stand]:
    with stand() as made:
        yield made


def v1(stood: Stand, **body: Any) -> httpx.Response:
    return stood.ask("POST", "/api/v1/token", json=body)


def v2(stood: Stand, **form: str) -> httpx.Response:
    return stood.ask("POST", "/api/v2/token", data=form)


@pytest.mark.parametrize(
    "body",
    [
        {"grantType": "client_credentials", "clientID": "demo", "clientSecret": "demo-secret"},
        {"grantType": "client_credentials", "clientId": "demo", "clientSecret": "demo-secret"},
        {"grantType": "app_token", "AppId": "demo", "AppSecret": "demo-secret"},
        {"GRANTTYPE": "app_token", "appid": "demo", "APPSECRET": "demo-secret"},
    ],
)
def test_v1_takes_json_with_keys_in_any_case(stood: Stand, body: dict[str, str]) -> None:
    answer = v1(stood, **body)

    assert answer.status_code == 200
    assert answer.json()["expiresIn"] == 3600
    assert stood.tokens.check(answer.json()["accessToken"]).name == "demo"


def test_v2_takes_a_form(stood: Stand) -> None:
    answer = v2(stood, grant_type="client_credentials", client_id="demo", client_secret="demo-secret")

    assert answer.json()["token_type"] == "Bearer"
    assert answer.json()["expires_in"] == 3600
    assert stood.tokens.check(answer.json()["access_token"]).name == "demo"


def test_a_token_is_a_jwt_that_says_when_it_expires(stood: Stand) -> None:
    parts = stood.tokens.issue("demo").split(".")

    claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))

    assert len(parts) == 3
    assert claims["exp"] == stood.clock.now().timestamp() + 3600


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({**GRANT, "client_id": "demo", "client_secret": "x"}, 401, "invalid_client"),
        ({**GRANT, "client_id": "who", "client_secret": "x"}, 401, "invalid_client"),
        (GRANT, 400, "invalid_request"),
        ({"grant_type": "app_token", "client_id": "demo"}, 400, "unsupported_grant_type"),
        ({"client_id": "demo"}, 400, "invalid_request"),
    ],
)  # fmt: skip
def test_v2_refuses_in_oauth_words(stood: Stand, form: dict[str, str], status: int, error: str) -> None:
    answer = v2(stood, **form)

    assert answer.status_code == status
    assert answer.json()["error"] == error


def test_v2_refuses_json(stood: Stand) -> None:
    answer = stood.ask("POST", "/api/v2/token", json={"grant_type": "client_credentials"})

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    "body",
    [
        {"grantType": "client_credentials", "clientID": "demo", "clientSecret": "wrong"},
        {"grantType": "app_token", "AppId": "demo"},
        {"grantType": "magic", "clientID": "demo", "clientSecret": "demo-secret"},
        {},
    ],
)
def test_v1_refuses_in_its_own_error_shape(stood: Stand, body: dict[str, str]) -> None:
    answer = v1(stood, **body)

    assert answer.status_code == 400
    assert answer.json()["code"] == 400
    assert answer.json()["message"]


def test_v1_can_refuse_wrong_credentials_with_401(stood: Stand) -> None:
    stood.tokens.v1_refusal = 401

    answer = v1(stood, grantType="client_credentials", clientID="demo", clientSecret="wrong")

    assert answer.json()["code"] == answer.status_code == 401


def test_v1_refuses_what_is_not_json(stood: Stand) -> None:
    assert stood.ask("POST", "/api/v1/token", content=b"nonsense").status_code == 400


@pytest.mark.parametrize(("level", "paths"), [("2.23", ["v1"]), ("2.24", ["v1", "v2"])])
def test_v2_came_with_2_24(level: str, paths: list[str]) -> None:
    tokens = Tokens(ManualClock(), api_level=level)

    assert [route.path.split("/")[2] for route in tokens.routes()] == paths


def test_a_token_expires_on_the_emulated_clock() -> None:
    clock = ManualClock()
    tokens = Tokens(clock, token_ttl_s=30)
    token = tokens.issue("demo")

    clock.advance(29)
    assert tokens.check(token).name == "demo"

    clock.advance(1)
    with pytest.raises(Unauthenticated, match="expired"):
        tokens.check(token)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "a.b", "..", "é.é.é"])
def test_a_malformed_token_does_not_count(token: str) -> None:
    with pytest.raises(Unauthenticated):
        Tokens(ManualClock()).check(token)


def test_revoked_tokens_do_not_count_and_new_ones_do() -> None:
    tokens = Tokens(ManualClock())
    old = tokens.issue("demo")

    tokens.revoke_all()

    with pytest.raises(Unauthenticated, match="revoked"):
        tokens.check(old)
    assert tokens.check(tokens.issue("demo")).name == "demo"


def test_a_principal_may_be_kept_to_some_projects() -> None:
    tokens = Tokens(ManualClock())

    tokens.add("ci", "s3cret", "ci-bot", projects=["team-a"], can_write=False)

    ci = tokens.check(tokens.issue("ci"))
    assert ci.can_see("team-a")
    assert not ci.can_see("team-b")
    assert not ci.can_write
    assert tokens.check(tokens.issue("demo")).can_see("team-b")
