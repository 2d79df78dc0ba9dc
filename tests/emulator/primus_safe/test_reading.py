"""How requests are read and answered: facts B1."""

import json
from typing import Any

import pytest

from tests.emulator.primus_safe.bench import ROOT, Bench, body, no, program, resource

Json = Any
both = pytest.mark.parametrize("generation", [1, 2])
HOOK = 'admission webhook "vworkload.kb.io" denied the request: '


def send(bench: Bench, raw: bytes, method: str = "POST", path: str = ROOT) -> Any:
    return bench.http.request(method, path, content=raw, headers={"content-type": "application/json"})


@both
def test_a_success_is_200_and_nothing_is_null(generation: int) -> None:
    bench = Bench(generation)
    created = bench.post()
    stopped = bench.stop(created.json()["workloadId"])

    assert (created.status_code, list(created.json())) == (200, ["workloadId"])
    assert (stopped.status_code, stopped.content) == (200, b"null")
    assert stopped.headers["content-type"] == "application/json; charset=utf-8"


@both
def test_unknown_keys_are_ignored_and_keys_match_in_any_case(generation: int) -> None:
    bench = Bench(generation)
    asked = body(generation, **resource(generation), descripton="typo")
    asked["DESCRIPTION"] = "loud"

    id_ = bench.http.post(ROOT, json=asked).json()["workloadId"]

    assert bench.get(id_)["description"] == "loud"


@both
def test_the_last_of_two_keys_wins_and_null_means_absent(generation: int) -> None:
    bench = Bench(generation)
    text = json.dumps(body(generation, description="one"))
    twice = text[:-1] + ', "description": "two", "Description": null}'

    id_ = send(bench, twice.encode()).json()["workloadId"]

    assert bench.get(id_)["description"] == "two"


@both
@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (
            "priority",
            "1",
            "cannot unmarshal string into Go struct field CreateWorkloadRequest.priority of type int",
        ),
        ("timeout", 1.5, "cannot unmarshal number 1.5"),
        ("isSupervised", 1, "cannot unmarshal number into"),
        ("env", {"A": 1}, "CreateWorkloadRequest.env"),
        ("env", ["A=1"], "cannot unmarshal array"),
        ("dependencies", "a", "of type []string"),
        ("cronJobs", [{"schedule": 5}], "cronJobs.schedule"),
        ("displayName", 5, "displayName of type string"),
        ("maxRetry", 2**70, "maxRetry of type int"),
    ],
)
def test_a_value_of_the_wrong_type_is_a_bad_request(
    generation: int, key: str, value: Json, said: str
) -> None:
    status, code, message = no(Bench(generation).post(**{key: value}))

    assert (status, code) == (400, "Primus.00002")
    assert message.startswith("Bad request. json: ")
    assert said in message


@both
@pytest.mark.parametrize("raw", [b"", b"   ", b"{", b'{"priority": NaN}', b"[]", b'"a"', b"[" * 5000])
def test_a_create_that_is_no_json_object_is_a_bad_request(generation: int, raw: bytes) -> None:
    assert no(send(Bench(generation), raw))[:2] == (400, "Primus.00002")


@both
def test_a_body_above_two_mebibytes_is_too_large(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made()
    raw = json.dumps({"description": "x" * 2 * 1024 * 1024}).encode()

    assert no(send(bench, raw))[:2] == (413, "Primus.00006")
    assert no(send(bench, raw, "PATCH", f"{ROOT}/{id_}"))[:2] == (400, "Primus.00002")


@both
def test_a_patch_without_a_body_changes_nothing(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made()
    before = bench.get(id_)

    answer = send(bench, b"", "PATCH", f"{ROOT}/{id_}")

    assert (answer.status_code, answer.content) == (200, b"null")
    assert bench.get(id_) == before


@both
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/v1/nothing?a=b"), ("PUT", f"{ROOT}/x"), ("GET", "/"), ("DELETE", "/api/v1/login")],
)
def test_an_unknown_route_or_method_is_not_found_without_asking_who(
    generation: int, method: str, path: str
) -> None:
    bench = Bench(generation)
    bench.http.headers = {}

    assert no(bench.http.request(method, path)) == (404, "Primus.00005", f"{path} not found")


@both
def test_a_trailing_slash_redirects(generation: int) -> None:
    bench = Bench(generation)

    read = bench.http.get(f"{ROOT}/?limit=1")
    write = bench.http.post(f"{ROOT}/", json={})

    assert (read.status_code, read.headers["location"]) == (301, f"{ROOT}?limit=1")
    assert (write.status_code, write.headers["location"]) == (307, ROOT)


@both
def test_an_id_is_trimmed(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made()

    assert bench.http.get(f"{ROOT}/%20{id_}%20").json()["workloadId"] == id_


@both
def test_times_have_no_zone_but_those_of_conditions(generation: int) -> None:
    bench = Bench(generation)
    told = bench.get(bench.running())

    assert told["creationTime"] == "2026-03-02T09:00:00"
    assert told["startTime"] == "2026-03-02T09:00:07"
    assert told["endTime"] == ""
    assert told["conditions"][0]["lastTransitionTime"] == "2026-03-02T09:00:01Z"


@both
def test_what_is_not_there_reads_null(generation: int) -> None:
    bench = Bench(generation)
    told = bench.get(bench.made(ttlSecondsAfterFinished=0))

    nulls = {
        "conditions",
        "pods",
        "nodes",
        "ranks",
        "customerLabels",
        "env",
        "timeout",
        "ttlSecondsAfterFinished",
    }
    assert {key for key in nulls if told[key] is None} == nulls


def test_an_empty_list_is_null_in_the_first_generation_only() -> None:
    assert Bench(1).listed() == {"totalCount": 0, "items": None}
    assert Bench(2).listed() == {"totalCount": 0, "items": []}


@both
def test_a_webhooks_no_names_it_and_keeps_the_code(generation: int) -> None:
    status, code, message = no(Bench(generation).post(displayName="Loud"))

    assert (status, code) == (400, "Primus.00002")
    assert message.startswith(f"{HOOK}Bad request. ")


@both
def test_several_complaints_come_in_one_answer(generation: int) -> None:
    bench = Bench(generation)

    _, _, message = no(bench.post(**resource(generation, cpu="", memory="")))

    assert message == f"{HOOK}Bad request. [the cpu is empty, the memory is empty]"


@both
def test_a_panic_is_500_with_an_empty_body(generation: int) -> None:
    answer = Bench(generation).http.post(f"{ROOT}/stop", json={"workloadIds": []})

    assert (answer.status_code, answer.content) == (500, b"")


@both
def test_every_answer_says_that_it_is_emulated(generation: int) -> None:
    import httpx

    bench = Bench(generation)
    with bench.emu.serve() as url:
        answer = httpx.get(f"{url}/api/v1/envs", trust_env=False)

    assert answer.headers["x-emulator"] == "EMULATOR"
    assert answer.headers["date"] == "Mon, 02 Mar 2026 09:00:00 GMT"


def test_either_generation_takes_a_body_with_both_forms() -> None:
    for generation in (1, 2):
        both_forms = {**body(1), **body(2), **program(1), **program(2)}
        answer = Bench(generation).http.post(ROOT, json=both_forms)
        assert answer.status_code == 200


def test_each_generation_refuses_the_other_ones_form() -> None:
    first, second = Bench(1), Bench(2)

    _, _, wants_singular = no(first.http.post(ROOT, json=body(2)))
    _, _, wants_plural = no(second.http.post(ROOT, json=body(1)))

    assert "the entryPoint is empty, the image is empty, the replica is empty" in wants_singular
    assert wants_plural.endswith("the resources are empty")
