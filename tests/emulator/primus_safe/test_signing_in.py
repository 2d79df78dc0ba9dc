"""Who is let in, and how: facts A."""

import base64
import hashlib
from typing import Any
from urllib.parse import quote

import pytest

from reconciler.emulator.primus_safe.seed import DEMO_KEY
from tests.emulator.primus_safe.bench import ROOT, Bench, no

Json = Any
both = pytest.mark.parametrize("generation", [1, 2])
SELF = "/api/v1/users/self"
DEMO = hashlib.md5(b"demo", usedforsecurity=False).hexdigest()


def bare(generation: int, **switches: Json) -> Bench:
    bench = Bench(generation, **switches)
    bench.http.headers = {}
    return bench


def login(bench: Bench, **asked: Json) -> Any:
    return bench.http.post("/api/v1/login", json={"name": "demo", "password": "demo-secret", **asked})


def ask(bench: Bench, **headers: str) -> Any:
    return bench.http.request("GET", SELF, headers=headers)


def test_the_seed_administrator_has_the_id_of_the_chart() -> None:
    assert Bench(1, who="root").read("/users/self")["id"] == "63a9f0ea7bb98050796b649e85481845"


@both
def test_nobody_is_unauthorised(generation: int) -> None:
    said = {1: "http: cookie Token not present", 2: "token not present"}[generation]

    assert no(ask(bare(generation))) == (401, "Primus.00009", said)


@both
def test_a_json_login_answers_and_sets_no_cookie(generation: int) -> None:
    bench = bare(generation, token_ttl_s=604_800)
    answer = login(bench)
    told = answer.json()

    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert (told["id"], told["name"], told["roles"], told["type"]) == (DEMO, "demo", ["default"], "default")
    assert told["expire"] == int(bench.clock.now().timestamp()) + 604_800
    assert ask(bench, cookie=f"Token={quote(told['token'], safe='')}").json()["name"] == "demo"


def test_a_login_fills_in_workspaces_in_the_second_generation_only() -> None:
    assert login(bare(1)).json()["workspaces"] is None
    assert [one["id"] for one in login(bare(2)).json()["workspaces"]] == [
        "train-mi300",
        "serve-mi300",
        "cpu-west",
    ]


@both
def test_a_form_login_sets_cookies(generation: int) -> None:
    bench = bare(generation)
    answer = bench.http.request(
        "POST", "http://safe.amd.example/api/v1/login", data={"name": "demo", "password": "demo-secret"}
    )
    cookies = answer.headers.get_list("set-cookie")

    names = [one.partition("=")[0] for one in cookies]
    assert names == {1: ["Token", "userId"], 2: ["Token", "userId", "userType"]}[generation]
    assert all("HttpOnly" in one and "Path=/" in one for one in cookies)
    assert all(("Domain=.amd.example" in one) == (generation == 1) for one in cookies)
    assert ask(bench, cookie=cookies[0].partition(";")[0]).status_code == 200


@both
def test_a_login_that_is_wrong_says_what(generation: int) -> None:
    bench = bare(generation)

    assert no(login(bench, name=""))[:2] == (400, "Primus.00002")
    assert no(login(bench, name="nobody"))[:2] == (401, "Primus.00011")
    assert no(login(bench, password="guess"))[:2] == (401, "Primus.00009")


def test_the_first_generation_lets_in_who_has_no_password_and_answers_teams_with_null() -> None:
    bench = bare(1)
    bench.emu.world.users.add("open", "", bench.clock.now())

    assert login(bench, name="open", password="anything").status_code == 200
    assert login(bench, type="teams").content == b"null"
    other = bare(2)
    other.emu.world.users.add("open", "", other.clock.now())
    assert login(other, name="open", password="anything").status_code == 401


@both
def test_a_token_has_the_parts_of_its_generation(generation: int) -> None:
    plain = base64.b64decode(login(bare(generation)).json()["token"]).decode().split(":")[1:]

    assert plain[0] == DEMO
    assert plain[2:] == {1: ["default"], 2: ["default", "demo"]}[generation]


@both
def test_a_token_expires_and_one_of_the_other_generation_is_invalid(generation: int) -> None:
    bench = bare(generation, token_ttl_s=60)
    token = login(bench).json()["token"]
    foreign = login(bare(3 - generation)).json()["token"]

    bench.wait(61)

    said = {1: "has expired", 2: "is invalid"}[generation]
    assert said in no(ask(bench, cookie=f"Token={quote(token, safe='')}"))[2]
    assert "is invalid" in no(ask(bench, cookie=f"Token={quote(foreign, safe='')}"))[2]


@both
@pytest.mark.parametrize("token", ["x", "YTpiOmM=", "%25", "YQ=="])
def test_a_made_up_token_is_unauthorised(generation: int, token: str) -> None:
    assert no(ask(bare(generation), cookie=f"Token={token}"))[:2] == (401, "Primus.00009")


@both
def test_tokens_can_be_revoked_and_keys_stay(generation: int) -> None:
    bench = Bench(generation)
    bench.emu.tokens.revoke_all()

    assert bench.http.get(SELF).status_code == 401
    if generation == 2:
        assert ask(bench, authorization=f"Bearer {DEMO_KEY}").status_code == 200


@both
def test_a_name_is_registered_once_and_is_not_empty(generation: int) -> None:
    bench = bare(generation)

    assert no(bench.http.post("/api/v1/users", json={"name": "demo"}))[:2] == (409, "AlreadyExists")
    assert no(bench.http.post("/api/v1/users", json={}))[:2] == (400, "Primus.00002")


def test_an_api_key_that_is_not_mine_cannot_be_taken_away() -> None:
    bench = Bench(2)
    made = bench.http.post("/api/v1/apikeys", json={"name": "ci", "ttlDays": 90}).json()

    assert no(bench.sign_in("mina").http.delete(f"/api/v1/apikeys/{made['id']}"))[0] == 404
    assert no(bench.http.delete("/api/v1/apikeys/x"))[0] == 404
    assert no(bench.http.get("/api/v1/apikeys/current"))[0] == 404


def test_a_token_can_last_for_ever() -> None:
    bench = bare(1, token_ttl_s=-1)

    assert login(bench).json()["expire"] == -1


def test_the_user_id_is_enough_in_the_first_generation_only() -> None:
    assert ask(bare(1), userid=DEMO).json()["name"] == "demo"
    assert ask(bare(2), userid=DEMO).status_code == 401
    assert ask(bare(1, user_id_header=False), userid=DEMO).status_code == 401
    assert ask(bare(2, user_id_header=True), userid=DEMO).status_code == 200


@both
def test_an_id_without_an_account_is_not_registered(generation: int) -> None:
    bench = bare(generation, user_id_header=True)

    assert no(ask(bench, userid="5")) == (401, "Primus.00011", "user(5) is not registered")


def test_a_bearer_token_is_taken_from_the_release_after_the_page() -> None:
    for generation, switches, status in ((1, {}, 401), (1, {"bearer": True}, 200), (2, {}, 200)):
        bench = bare(generation, **switches)
        token = login(bench).json()["token"]
        assert ask(bench, authorization=f"bEaReR {token}").status_code == status


@pytest.mark.parametrize("value", ["Bearer  {}", "Bearer {} x", "Token {}", "{}"])
def test_a_bearer_token_is_two_words_and_no_more(value: str) -> None:
    bench = bare(2)
    token = login(bench).json()["token"]

    assert ask(bench, authorization=value.format(token)).status_code == 401


def test_the_cookie_wins_over_the_user_id_and_an_api_key_over_the_cookie() -> None:
    first = Bench(1, who="mina")
    second = Bench(2, who="mina")

    assert ask(first, userid=DEMO).json()["name"] == "mina"
    assert ask(second, authorization=f"Bearer {DEMO_KEY}").json()["name"] == "demo"


def test_an_api_key_signs_in_as_bearer_or_as_a_password() -> None:
    bench = bare(2)
    basic = base64.b64encode(f"any:{DEMO_KEY}".encode()).decode()

    assert ask(bench, authorization=f"Bearer {DEMO_KEY}").json()["name"] == "demo"
    assert ask(bench, authorization=f"Basic {basic}").json()["name"] == "demo"
    assert ask(bench, authorization="Bearer ak-guess").status_code == 401
    assert ask(bare(1), authorization=f"Bearer {DEMO_KEY}").status_code == 401


def test_an_api_key_is_made_shown_once_and_taken_away() -> None:
    bench = Bench(2)
    made = bench.http.post("/api/v1/apikeys", json={"name": "ci", "ttlDays": 90}).json()

    assert made["apiKey"].startswith("ak-")
    assert made["expirationTime"] == "2026-05-31T09:00:00"
    assert "apiKey" not in bench.read("/apikeys")["items"][-1]
    headers = {"authorization": f"Bearer {made['apiKey']}"}
    assert bench.http.request("GET", "/api/v1/apikeys/current", headers=headers).json()["id"] == made["id"]
    bench.http.delete(f"/api/v1/apikeys/{made['id']}")
    assert bench.http.request("GET", SELF, headers={**headers, "cookie": ""}).status_code == 401


@pytest.mark.parametrize(("name", "days"), [("", 5), ("x" * 101, 5), ("a", 0), ("a", 367)])
def test_an_api_key_has_a_name_and_an_end(name: str, days: int) -> None:
    answer = Bench(2).http.post("/api/v1/apikeys", json={"name": name, "ttlDays": days})

    assert no(answer)[:2] == (400, "Primus.00002")


def test_a_key_ends_with_its_days() -> None:
    bench = Bench(2)
    made = bench.http.post("/api/v1/apikeys", json={"name": "ci", "ttlDays": 1}).json()
    bench.wait(86_400)

    assert ask(bench, authorization=f"Bearer {made['apiKey']}", cookie="").status_code == 401


@pytest.mark.parametrize(
    ("net", "status"), [("127.0.0.0/8", 200), ("127.0.0.1", 200), ("10.0.0.0/8", 401), ("x", 401)]
)
def test_a_key_may_count_from_some_addresses_only(net: str, status: int) -> None:
    bench = Bench(2)
    asked = {"name": "ci", "ttlDays": 9, "whitelist": [net]}
    made = bench.http.post("/api/v1/apikeys", json=asked).json()

    assert made["whitelist"] == [net]
    assert ask(bench, authorization=f"Bearer {made['apiKey']}", cookie="").status_code == status


def test_logging_out_needs_an_account_in_the_second_generation() -> None:
    assert bare(1).http.post("/api/v1/logout").content == b"null"
    assert bare(2).http.post("/api/v1/logout").status_code == 401


@both
def test_registering_makes_an_id_of_the_name(generation: int) -> None:
    bench = bare(generation)
    told = bench.http.post("/api/v1/users", json={"name": "new", "password": "p"}).json()

    assert told["id"] == hashlib.md5(b"new", usedforsecurity=False).hexdigest()
    assert login(bench, name="new", password="p").status_code == 200


@both
def test_envs_are_open_and_tell_the_generation(generation: int) -> None:
    told = bare(generation).read("/envs")

    assert {"enableLog", "enableLogDownload", "enableSsh", "sshPort", "sshIP"} < set(told)
    assert ("authoringImage" in told, "ssoEnable" in told) == (generation == 1, generation == 2)


def test_clusters_are_open_in_the_first_generation_only() -> None:
    assert bare(1).read("/clusters")["items"][0]["phase"] == "Ready"
    assert bare(2).http.get("/api/v1/clusters").status_code == 401


@both
def test_the_ledger_knows_who_asked_and_no_token(generation: int) -> None:
    bench = Bench(generation)
    token = bench.http.headers["cookie"].partition("=")[2]
    bench.http.get(ROOT)
    login(bench)

    entries = bench.emu.ledger.entries
    assert entries[0].principal == "demo"
    assert token not in repr(entries)
    assert "demo-secret" not in repr(entries)
