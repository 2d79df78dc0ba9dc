from collections.abc import Iterator

import pytest
from websockets.sync.client import connect

from reconciler.emulator.ledger import MASK, Effect, is_login_path
from tests.emulator.stand import Stand, stand

LOGIN = {"grantType": "client_credentials", "clientID": "demo", "clientSecret": "demo-secret"}


@pytest.fixture
def stood() -> Iterator[Stand]:
    with stand() as made:
        yield made


def test_a_request_is_complete_when_its_answer_arrives(stood: Stand) -> None:
    stood.make("train")

    entry = stood.ledger.entries[-1]

    assert (entry.seq, entry.method, entry.path, entry.status) == (1, "POST", "/rows", 202)
    assert entry.at == stood.clock.now()
    assert entry.body == {"name": "train"}
    assert entry.effect == Effect("create", "training", "id-1", "train")
    assert entry.fault is None


def test_the_query_is_kept_as_sent(stood: Stand) -> None:
    stood.get("/rows?filterBy=name%3D%3Da&limit=5")

    assert stood.ledger.entries[-1].query == "filterBy=name%3D%3Da&limit=5"


def test_the_principal_is_known_and_the_token_is_not_kept(stood: Stand) -> None:
    token = stood.tokens.issue("demo")

    stood.get(headers={"Authorization": f"Bearer {token}"})

    entry = stood.ledger.entries[-1]
    assert entry.principal == "demo"
    assert entry.headers["authorization"] == f"Bearer {MASK}"
    assert token not in repr(entry)


def test_of_cookies_only_the_names_are_kept(stood: Stand) -> None:
    stood.get(headers={"Cookie": "Token=abc%3D; userId=7"})

    assert stood.ledger.entries[-1].headers["cookie"] == f"Token={MASK}; userId={MASK}"


def test_a_body_nested_too_deep_is_kept_as_nothing(stood: Stand) -> None:
    stood.ask("POST", "/rows/none", content=b"[" * 5000)

    assert stood.ledger.entries[-1].body is None


@pytest.mark.parametrize("how", ["json", "data"])
def test_the_secrets_of_a_login_are_masked(stood: Stand, how: str) -> None:
    body = LOGIN if how == "json" else {"client_id": "demo", "client_secret": "demo-secret"}

    stood.ask("POST", f"/api/v{1 if how == 'json' else 2}/token", **{how: body})

    entry = stood.ledger.entries[-1]
    assert "demo-secret" not in repr(entry)
    assert MASK in entry.body.values()
    assert "demo" in entry.body.values()


def test_a_login_is_no_mutation(stood: Stand) -> None:
    stood.ask("POST", "/api/v1/token", json=LOGIN)
    stood.get()
    stood.make()

    assert [entry.path for entry in stood.ledger.mutations()] == ["/rows"]


def test_a_lost_answer_leaves_its_effect(stood: Stand) -> None:
    stood.spoil("POST /rows", kind="lost")

    with pytest.raises(Exception, match="reset"):
        stood.make()

    entry = stood.ledger.entries[-1]
    assert (entry.status, entry.fault) == (0, "lost")
    assert [effect.verb for effect in stood.ledger.effects()] == ["create"]


def test_a_mark_splits_the_ledger(stood: Stand) -> None:
    stood.get()
    mark = stood.ledger.mark()

    stood.make()

    assert [entry.method for entry in stood.ledger.since(mark)] == ["POST"]


def test_a_websocket_handshake_is_recorded(stood: Stand) -> None:
    with connect(stood.url.replace("http", "ws") + "/count?follow=true"):
        pass

    entry = stood.ledger.entries[-1]
    assert (entry.method, entry.path, entry.query) == ("WS", "/count", "follow=true")
    assert entry.status == 101


def test_an_unknown_path_is_recorded(stood: Stand) -> None:
    stood.get("/nowhere")

    assert stood.ledger.entries[-1].status == 404


def test_a_body_that_is_not_json_is_none(stood: Stand) -> None:
    stood.ask("DELETE", "/rows", content=b"\xff{")

    assert stood.ledger.entries[-1].body is None


@pytest.mark.parametrize("path", ["/api/v1/token", "/api/v2/token/", "/v1/k8s/auth/oauth/apptoken"])
def test_a_login_path_is_known(path: str) -> None:
    assert is_login_path(path)
