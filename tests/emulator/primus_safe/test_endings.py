"""How workloads end by hand: stop, delete, batches, clone and resume; facts B8 and C3."""

from typing import Any

import pytest

from reconciler.emulator.primus_safe.seed import TRAIN
from tests.emulator.primus_safe.bench import ROOT, Bench, body, no

Json = Any
both = pytest.mark.parametrize("generation", [1, 2])
SHORT = {"EMULATOR_SECONDS": "1"}


def batch(bench: Bench, verb: str, *ids: str) -> Any:
    return bench.http.post(f"{ROOT}/{verb}", json={"workloadIds": list(ids)})


def is_listed(bench: Bench, id_: str) -> bool:
    return id_ in [row["workloadId"] for row in bench.listed()["items"] or []]


@both
def test_c3_a_stopped_workload_stays_as_a_row(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.running()
    bench.stop(id_)

    told = bench.wait(10).get(id_)
    assert (told["phase"], told["endTime"], told["deletionTime"]) == (
        "Stopped", "2026-03-02T09:00:10", "2026-03-02T09:00:10",
    )  # fmt: skip
    assert is_listed(bench, id_)
    assert bench.emu.world.resource(id_) is None


@both
def test_c3_a_deleted_one_is_gone_at_once(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.running()

    assert bench.delete(id_).content == b"null"

    assert no(bench.http.get(f"{ROOT}/{id_}")) == (404, "Primus.01001", f"Workload {id_} not found.")
    assert not is_listed(bench, id_)
    assert no(bench.wait(100).http.get(f"{ROOT}/{id_}"))[0] == 404


@both
@pytest.mark.parametrize(("ttl", "kept_s"), [(60, 60), (0, 0), (600, 600)])
def test_c3_what_has_ended_loses_its_object_after_a_while_and_never_its_row(
    generation: int, ttl: int, kept_s: int
) -> None:
    bench = Bench(generation)
    id_ = bench.made(env=SHORT, ttlSecondsAfterFinished=ttl)
    bench.wait(8)
    assert bench.phase(id_) == "Succeeded"
    if kept_s:
        assert bench.wait(kept_s - 1).get(id_)["deletionTime"] == ""
        assert bench.patch(id_, description="x").status_code == 200

    told = bench.wait(10).get(id_)
    assert (told["phase"], told["deletionTime"] != "") == ("Succeeded", True)
    assert bench.patch(id_, description="y").status_code == 500
    assert bench.wait(10_000_000).phase(id_) == "Succeeded"


@both
def test_c3_a_timeout_stops(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.running(timeout=30)

    assert bench.get(id_)["secondsUntilTimeout"] == 27
    assert bench.phases(id_, 26, 1, 100) == ["Running", "Stopped", "Stopped"]
    assert bench.conditions(id_)[-1] == ("AdminStopped", "run_1_times")
    assert bench.get(id_)["conditions"][-1]["message"] == "the workload has timed out"


def test_the_first_generation_stops_even_what_has_ended() -> None:
    first, second = Bench(1), Bench(2)
    for bench, phase in ((first, "Stopped"), (second, "Succeeded")):
        fresh, old = bench.made(env=SHORT), bench.made(env=SHORT)
        bench.wait(10).stop(fresh)
        assert bench.phase(fresh) == phase
        bench.wait(100).stop(old)
        assert bench.phase(old) == phase


@both
def test_deleting_what_has_ended_stops_it_first(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(env=SHORT)
    bench.wait(10).delete(id_)

    assert bench.emu.world.rows[id_].workload.phase == "Stopped"


@both
def test_whoever_ends_a_workload_is_named_in_a_condition(generation: int) -> None:
    bench = Bench(generation)
    running, fresh = bench.running(), bench.made()
    bench.stop(fresh)
    bench.stop(running)

    assert bench.conditions(fresh) == [("AdminStopped", "run_0_times")]
    assert bench.conditions(running)[-1] == ("AdminStopped", "run_1_times")
    assert bench.get(running)["conditions"][-1]["message"] == "the workload is stopped by demo"


@both
@pytest.mark.parametrize("verb", ["stop", "delete"])
def test_what_is_not_known_is_stopped_and_deleted_well(generation: int, verb: str) -> None:
    bench = Bench(generation)
    answer = bench.stop("never-was") if verb == "stop" else bench.delete("never-was")

    assert (answer.status_code, answer.content) == (200, b"null")
    assert bench.emu.ledger.effects() == []


@both
def test_stopping_twice_is_fine(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.running()
    first = bench.stop(id_)
    ended = bench.get(id_)["endTime"]

    assert [
        first.status_code,
        bench.wait(1).stop(id_).status_code,
        bench.wait(100).stop(id_).status_code,
    ] == [200] * 3
    assert bench.get(id_)["endTime"] == ended


@both
@pytest.mark.parametrize("verb", ["stop", "delete"])
def test_a_batch_does_all_it_can(generation: int, verb: str) -> None:
    bench = Bench(generation)
    mine, other = bench.running(), bench.running()
    hers = bench.sign_in("mina").running()
    bench.sign_in("demo")

    answer = batch(bench, verb, mine, hers, other)

    assert (answer.status_code, answer.content) == (200, b"null")
    assert [bench.emu.world.rows[id_].workload.phase for id_ in (mine, hers, other)] == [
        "Stopped", "Running", "Stopped",
    ]  # fmt: skip


@both
def test_a_batch_that_fails_wholly_is_500_in_the_first_ones_words(generation: int) -> None:
    bench = Bench(generation, who="mina")
    id_ = bench.running()
    bench.sign_in("demo")

    status, code, message = no(batch(bench, "stop", id_, id_))

    assert (status, code) == (500, "Primus.00001")
    assert "not allowed to delete workload" in message


VERBS = [(1, "stop"), (1, "delete"), (1, "clone"), (2, "stop"), (2, "delete")]


@pytest.mark.parametrize(("generation", "verb"), VERBS)
@pytest.mark.parametrize("raw", [b"", b"{}", b'{"workloadIds": []}', b'{"workloadIds": null}'])
def test_a_batch_of_nothing_is_a_panic(generation: int, verb: str, raw: bytes) -> None:
    answer = Bench(generation).http.request("POST", f"{ROOT}/{verb}", content=raw)

    assert (answer.status_code, answer.content) == (500, b"")


# -- clone -------------------------------------------------------------------------------------


def test_a_clone_answers_null_and_makes_a_new_id() -> None:
    bench = Bench(1)
    id_ = bench.made(description="mine", env={"A": "1"}, maxRetry=2)
    bench.sign_in("mina")

    assert batch(bench, "clone", id_).content == b"null"

    old, new = sorted(bench.listed()["items"], key=lambda row: row["workloadId"] != id_)
    assert new["workloadId"] != id_
    assert (new["displayName"], new["description"], new["userName"]) == ("job", "mine", "mina")
    assert (old["userName"], bench.get(new["workloadId"])["env"]) == ("demo", {"A": "1"})


def test_a_clone_copies_what_was_worked_out_and_the_nodes() -> None:
    bench = Bench(1)
    id_ = bench.made(specifiedNodes=["smc300x-03"])
    batch(bench, "clone", id_)

    new = next(r["workloadId"] for r in bench.listed()["items"] if r["workloadId"] != id_)
    assert bench.get(new)["specifiedNodes"] == ["smc300x-03"]
    assert bench.get(new)["resource"] == bench.get(id_)["resource"]


def test_a_clone_works_on_finished_rows_and_not_on_deleted_ones() -> None:
    bench = Bench(1)
    ended, gone = bench.made(env=SHORT), bench.made()
    bench.delete(gone)
    bench.wait(200)

    assert batch(bench, "clone", ended).status_code == 200
    assert no(batch(bench, "clone", gone)) == (
        500,
        "Primus.00001",
        f"Internal error. Workload {gone} not found.",
    )


def test_the_second_generation_has_no_clone() -> None:
    bench = Bench(2)

    assert no(batch(bench, "clone", bench.made()))[:2] == (404, "Primus.00005")


def test_each_clone_is_in_the_ledger() -> None:
    bench = Bench(1)
    batch(bench, "clone", bench.made(), bench.made())

    assert [effect.verb for effect in bench.emu.ledger.entries[-1].effects] == ["create", "create"]


# -- resume ------------------------------------------------------------------------------------


def resume(bench: Bench, id_: str, **changes: Json) -> Any:
    return bench.http.post(f"{ROOT}/{id_}/resume", json=body(2, **changes))


def test_a_stopped_workload_is_made_anew_under_its_id() -> None:
    bench = Bench(2)
    id_ = bench.running(description="a", customerLabels={"topology.amd.com/rack": "r1"})
    uid = bench.get(id_)["workloadUid"]
    bench.stop(id_)
    bench.wait(10)

    answer = resume(bench, id_, description="b", customerLabels=None, ttlSecondsAfterFinished=5)

    assert (answer.status_code, answer.json()) == (200, {"workloadId": id_})
    told = bench.get(id_)
    assert (told["phase"], told["description"], told["deletionTime"]) == ("Pending", "b", "")
    assert told["workloadUid"] != uid
    # These columns are written at birth only.
    assert told["customerLabels"] == {"topology.amd.com/rack": "r1"}
    assert (told["ttlSecondsAfterFinished"], told["creationTime"]) == (60, "2026-03-02T09:00:00")
    assert bench.wait(10).phase(id_) == "Running"


def test_a_finished_workload_can_be_resumed_too() -> None:
    bench = Bench(2)
    id_ = bench.made(env=SHORT)
    bench.wait(100)

    assert resume(bench, id_).status_code == 200
    assert bench.phase(id_) == "Pending"


def test_what_still_has_an_object_is_not_resumed() -> None:
    bench = Bench(2)
    id_ = bench.running()
    assert no(resume(bench, id_))[:2] == (409, "AlreadyExists")

    bench.stop(id_)
    assert no(resume(bench, id_))[:2] == (409, "AlreadyExists")
    assert bench.phase(id_) == "Stopped"


def test_a_resume_needs_a_row_a_right_and_a_whole_request() -> None:
    bench = Bench(2)
    id_, deleted = bench.running(), bench.made()
    bench.stop(id_)
    bench.delete(deleted)
    bench.wait(10)

    assert no(resume(bench, "never-was"))[:2] == (404, "Primus.01001")
    assert no(resume(bench, deleted))[:2] == (404, "Primus.01001")
    assert no(resume(bench, id_, resources=None))[:2] == (400, "Primus.00002")
    assert no(resume(bench.sign_in("mina"), id_))[:2] == (403, "Primus.00003")


def test_a_resumed_workload_is_still_its_owners() -> None:
    bench = Bench(2)
    id_ = bench.running()
    bench.stop(id_)
    bench.wait(10)

    assert resume(bench.sign_in("root"), id_).status_code == 200
    assert bench.get(id_)["userName"] == "demo"


def test_the_first_generation_has_no_resume() -> None:
    bench = Bench(1)

    assert no(bench.http.post(f"{ROOT}/{bench.made()}/resume", json=body(1)))[:2] == (404, "Primus.00005")


# -- owners and workspaces ---------------------------------------------------------------------


def test_a_child_is_stopped_when_its_owner_ends() -> None:
    bench = Bench(2)
    owner = bench.running()
    child = bench.running(ownerId=owner)
    assert bench.refused(ownerId="never-was")[:2] == (400, "Primus.00002")

    bench.stop(owner)

    assert bench.phase(child) == "Stopped"


@both
def test_c1_deleting_a_workspace_takes_its_workloads_along(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.running()

    assert bench.http.delete(f"/api/v1/workspaces/{TRAIN}").status_code == 403
    bench.sign_in("root").http.delete(f"/api/v1/workspaces/{TRAIN}")

    assert bench.phase(id_) == "Stopped"
    assert bench.http.get(f"/api/v1/workspaces/{TRAIN}").status_code == 404
