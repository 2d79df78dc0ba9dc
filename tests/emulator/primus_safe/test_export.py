"""How late and how faithfully the database shows what is: facts H, C9 and C3."""

from typing import Any

import pytest

from reconciler.emulator.primus_safe.seed import SERVE
from tests.emulator.primus_safe.bench import ROOT, Bench, kind, no

Json = Any
both = pytest.mark.parametrize("generation", [1, 2])


def status(bench: Bench, id_: str) -> int:
    return int(bench.http.get(f"{ROOT}/{id_}").status_code)


@both
def test_a_new_workload_is_not_found_until_it_is_exported(generation: int) -> None:
    bench = Bench(generation, lag_s=3)
    id_ = bench.made()

    assert (status(bench, id_), bench.names()) == (404, [])
    assert status(bench.wait(2.9), id_) == 404
    assert status(bench.wait(0.1), id_) == 200


@both
def test_reads_are_late_about_everything(generation: int) -> None:
    bench = Bench(generation, lag_s=3)
    id_ = bench.made(description="a")
    bench.wait(20)
    bench.patch(id_, description="b")

    assert bench.get(id_)["description"] == "a"
    assert bench.wait(3).get(id_)["description"] == "b"
    bench.stop(id_)
    assert (bench.phase(id_), bench.wait(3).phase(id_)) == ("Running", "Stopped")


@both
def test_how_late_varies_within_bounds_and_never_turns_back(generation: int) -> None:
    bench = Bench(generation, lag_s=2, jitter_s=18)
    ids = [bench.made() for _ in range(40)]

    def shown() -> int:
        return sum(status(bench, id_) == 200 for id_ in ids)

    counts = [shown()]
    for _ in range(10):
        bench.wait(2)
        counts.append(shown())

    assert (counts[:2], counts[-1]) == ([0, 0], 40)
    assert counts == sorted(counts)
    assert len(set(counts)) > 5


@both
def test_changes_of_one_workload_arrive_in_order(generation: int) -> None:
    bench = Bench(generation, lag_s=0, jitter_s=20)
    id_ = bench.made(description="0")
    for number in range(1, 10):
        bench.wait(2).patch(id_, description=str(number))

    told = [bench.wait(1).get(id_)["description"] for _ in range(25)]
    assert told == sorted(told)
    assert told[-1] == "9"


@both
def test_h_a_delete_that_races_the_first_export_leaves_a_zombie(generation: int) -> None:
    bench = Bench(generation, lag_s=5)
    id_ = bench.made()

    assert bench.delete(id_).status_code == 200
    assert status(bench, id_) == 404
    assert bench.wait(10).phase(id_) == "Stopped"
    assert bench.names() == ["job"]
    assert bench.delete(id_).status_code == 200
    assert status(bench, id_) == 404


@both
def test_h_a_hidden_row_stays_hidden_when_it_is_written_again(generation: int) -> None:
    bench = Bench(generation, lag_s=5)
    id_ = bench.made()
    bench.wait(20).delete(id_)

    assert status(bench, id_) == 404
    assert status(bench.wait(100), id_) == 404


@both
def test_h_a_patch_right_after_the_create_finds_nothing(generation: int) -> None:
    bench = Bench(generation, cache_s=2)
    id_ = bench.made()

    assert no(bench.patch(id_, description="x"))[:2] == (500, "Primus.00001")
    assert bench.wait(2).patch(id_, description="x").status_code == 200


@both
@pytest.mark.parametrize("verb", ["stop", "delete"])
def test_h_a_stop_right_after_the_create_says_200_and_does_nothing(generation: int, verb: str) -> None:
    bench = Bench(generation, cache_s=2, lag_s=2)
    id_ = bench.made()
    answer = bench.stop(id_) if verb == "stop" else bench.delete(id_)

    assert (answer.status_code, answer.content) == (200, b"null")
    assert bench.wait(20).phase(id_) == "Running"
    assert [effect.verb for effect in bench.emu.ledger.effects()] == ["create"]


@both
def test_an_object_outlives_the_answer_until_its_row_is_written(generation: int) -> None:
    bench = Bench(generation, lag_s=10)
    id_ = bench.made()
    bench.wait(30).stop(id_)

    assert bench.emu.world.resource(id_) is not None
    bench.wait(9)
    assert bench.emu.world.resource(id_) is not None
    bench.wait(2)
    assert bench.emu.world.resource(id_) is None


def test_a_new_row_has_no_phase_for_a_moment_in_the_first_generation() -> None:
    first, second = Bench(1, empty_phase_s=2), Bench(2, empty_phase_s=2)

    assert first.phase(first.made()) == ""
    assert first.wait(2).phase(first.listed()["items"][0]["workloadId"]) == "Pending"
    assert second.phase(second.made()) == "Pending"


# -- what columns hold -------------------------------------------------------------------------

PROBE = {"path": "/" + "h" * 60, "port": 8080}
SHORT_PROBE = {"path": "/health", "port": 8080}


def is_shown(bench: Bench, **asked: Json) -> bool:
    id_ = bench.made(**asked)
    return status(bench.wait(30), id_) == 200


def test_c9_an_image_of_more_than_128_letters_is_never_shown_in_the_first_generation() -> None:
    assert is_shown(Bench(1), image="r/" + "a" * 126)
    assert not is_shown(Bench(1), image="r/" + "a" * 127)
    assert is_shown(Bench(2), images=["r/" + "a" * 500])


@both
def test_c9_nor_is_a_probe_of_more_than_128(generation: int) -> None:
    asked: dict[str, Json] = {"workspaceId": SERVE, **kind("Deployment")}

    assert is_shown(Bench(generation), liveness=SHORT_PROBE, **asked)
    assert not is_shown(Bench(generation), liveness=PROBE, **asked)
    assert not is_shown(Bench(generation), readiness=PROBE, **asked)


def test_c9_a_long_description_that_does_not_compress_is_never_shown_in_the_second_generation() -> None:
    noise = "".join(chr(0x4E00 + (n * 7919) % 20000) for n in range(2000))

    assert is_shown(Bench(1), description=noise)
    assert not is_shown(Bench(2), description=noise)
    assert is_shown(Bench(2), description="a" * 20_000)
    assert is_shown(Bench(2), description=noise[:400])


def test_c9_a_row_that_no_longer_fits_goes_stale_while_the_workload_runs() -> None:
    bench = Bench(1)
    id_ = bench.made(description="a")

    assert bench.patch(id_, image="r/" + "a" * 200, description="b").status_code == 200

    told = bench.wait(20).get(id_)
    assert (told["phase"], told["description"]) == ("Pending", "a")
    live = bench.emu.world.resource(id_)
    assert live is not None
    assert live.phase == "Running"


def test_c9_the_object_of_what_cannot_be_written_never_goes() -> None:
    bench = Bench(1)
    bench.made(image="r/" + "a" * 200)
    id_ = bench.emu.ledger.effects()[0].id
    bench.wait(20).stop(id_)

    assert bench.wait(1000).emu.world.resource(id_) is not None


def test_c9_what_is_never_shown_still_holds_its_gpus() -> None:
    bench = Bench(1)
    hidden = {"replica": 8, "cpu": "8", "memory": "64Gi", "gpu": "8"}
    bench.made(image="r/" + "a" * 200, resource=hidden)
    bench.wait(10)

    assert bench.wait(10).phase(bench.made(resource={**hidden, "replica": 1})) == "Pending"


@both
def test_the_ledger_has_the_create_of_what_is_never_shown(generation: int) -> None:
    bench = Bench(generation, lag_s=1000)
    id_ = bench.made()

    assert [effect.id for effect in bench.emu.ledger.effects()] == [id_]


@both
def test_switches_that_make_no_sense_are_refused(generation: int) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        Bench(generation, lag_s=-1)
