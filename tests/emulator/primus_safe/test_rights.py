"""Who may do what: the roles of facts A."""

from typing import Any

import pytest

from reconciler.emulator.primus_safe.seed import SERVE, TRAIN
from reconciler.emulator.primus_safe.users import READER
from tests.emulator.primus_safe.bench import ROOT, Bench, body, kind, no

Json = Any
both = pytest.mark.parametrize("generation", [1, 2])


@both
def test_a_member_lists_one_workspace_and_not_all(generation: int) -> None:
    bench = Bench(generation)

    assert no(bench.http.get(ROOT))[:2] == (403, "Primus.00003")
    me = bench.emu.world.users.named("demo").id
    assert bench.http.get(ROOT, params={"userId": me}).status_code == 403
    assert bench.http.get(ROOT, params={"workspaceId": TRAIN}).status_code == 200
    assert bench.sign_in("root").http.get(ROOT).status_code == 200


@both
def test_a_stranger_is_refused_everything(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made()
    bench.sign_in("jonas")

    calls = [
        bench.http.get(f"{ROOT}/{id_}"),
        bench.http.get(ROOT, params={"workspaceId": TRAIN}),
        bench.patch(id_, description="x"),
        bench.stop(id_),
        bench.delete(id_),
        bench.http.get(f"/api/v1/workspaces/{TRAIN}"),
        bench.post(),
    ]

    assert [no(answer)[:2] for answer in calls] == [(403, "Primus.00003")] * len(calls)


@both
@pytest.mark.parametrize(
    ("who", "statuses"), [("mina", [200, 403, 403, 403]), ("demo", [200] * 4), ("root", [200] * 4)]
)
def test_members_see_each_others_work_and_only_owners_change_it(
    generation: int, who: str, statuses: list[int]
) -> None:
    bench = Bench(generation)
    id_ = bench.made()
    bench.sign_in(who)

    answers = [
        bench.http.get(f"{ROOT}/{id_}"),
        bench.patch(id_, description="x"),
        bench.stop(id_),
        bench.delete(id_),
    ]

    assert [answer.status_code for answer in answers] == statuses


@both
def test_a_manager_may_all_in_the_workspace_that_is_theirs(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(workspaceId=SERVE, **kind("Deployment"))
    bench.sign_in("lee")

    assert bench.patch(id_, priority=2).status_code == 200
    assert bench.stop(id_).status_code == 200
    assert bench.post(workspaceId=SERVE, priority=2, **kind("Deployment")).status_code == 200
    assert no(bench.post(priority=2))[:2] == (403, "Primus.00003")


@both
@pytest.mark.parametrize(
    ("priority", "status", "stored"), [(0, 200, 0), (1, 200, 1), (2, 403, 0), (3, 200, 2), (-1, 200, 0)]
)
def test_a_priority_needs_its_right_and_one_that_does_not_exist_counts_as_low(
    generation: int, priority: int, status: int, stored: int
) -> None:
    bench = Bench(generation)
    answer = bench.post(priority=priority)

    assert answer.status_code == status
    if status == 200:
        assert bench.get(answer.json()["workloadId"])["priority"] == stored


def test_a_priority_that_is_mentioned_unchanged_is_checked_in_the_first_generation() -> None:
    for generation, status in ((1, 403), (2, 200)):
        bench = Bench(generation)
        id_ = bench.made()
        bench.sign_in("root").patch(id_, priority=2)
        bench.sign_in("demo")

        assert bench.patch(id_, priority=2).status_code == status
        assert bench.patch(id_, description="x").status_code == 200


@both
def test_whoever_is_restricted_may_do_nothing(generation: int) -> None:
    bench = Bench(generation)
    bench.emu.world.users.freeze("demo")

    status, code, message = no(bench.http.get(ROOT, params={"workspaceId": TRAIN}))

    assert (status, code) == (403, "Primus.00003")
    assert "restricted" in message


def test_a_refusal_names_the_user_in_the_second_generation() -> None:
    first, second = Bench(1), Bench(2)
    me = second.emu.world.users.named("demo").id

    assert no(first.http.get(ROOT))[2] == "The user is not allowed to list workload"
    assert me in no(second.http.get(ROOT))[2]


def test_a_reader_reads_everything_and_changes_nothing() -> None:
    bench = Bench(2)
    id_ = bench.made()
    bench.emu.world.users.add("auditor", "x", bench.clock.now(), roles=(READER,))
    bench.sign_in("auditor")

    assert bench.http.get(ROOT).status_code == 200
    assert bench.http.get(f"{ROOT}/{id_}").status_code == 200
    assert bench.stop(id_).status_code == 403


def test_privileged_needs_a_manager() -> None:
    bench = Bench(2)
    asked = body(2, workspaceId=SERVE, privileged=True, **kind("Deployment"))

    assert no(bench.http.post(ROOT, json=asked))[:2] == (403, "Primus.00003")
    assert bench.sign_in("lee").http.post(ROOT, json=asked).status_code == 200


def test_only_an_administrator_makes_a_workload_for_somebody_else() -> None:
    bench = Bench(2)
    mina = bench.emu.world.users.named("mina")
    asked = body(2, userEntity={"id": mina.id, "name": "mina"})

    mine = bench.http.post(ROOT, json=asked).json()["workloadId"]
    hers = bench.sign_in("root").http.post(ROOT, json=asked).json()["workloadId"]

    assert bench.get(mine)["userName"] == "demo"
    assert bench.get(hers)["userName"] == "mina"
