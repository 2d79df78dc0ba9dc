"""The answer to a write is lost: what happened is found out, and nothing is ever made twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from reconciler.emulator.faults import Fault
from reconciler.emulator.runai import Switches
from reconciler.errors import ExitCode
from reconciler.outcome import Result, Step
from reconciler.providers.runai.routes import ROUTES
from tests.scenarios.oracle import (
    EVERY_KIND,
    IN_PLACE,
    WRITES,
    a_sleeper,
    an_inference,
    apply_hearing,
    effects,
    every_kind,
    image_of,
    mark,
    names,
    outcome_of,
)
from tests.scenarios.stage import Stage, staged

AFTER: Mapping[str, Mapping[str, Any]] = {
    "the connection is reset": {"kind": "lost"},
    "half the answer comes": {"kind": "truncate"},
    "half the answer comes in chunks": {"kind": "truncate", "framing": "chunked"},
    "500": {"kind": "status", "status": 500, "phase": "after_effect"},
    "502": {"kind": "status", "status": 502, "phase": "after_effect"},
    "504 with a web page": {"kind": "login_page", "status": 504, "phase": "after_effect"},
    "503 with Retry-After": {
        "kind": "status",
        "status": 503,
        "headers": {"Retry-After": "7"},
        "phase": "after_effect",
    },
    "429 with Retry-After": {
        "kind": "status",
        "status": 429,
        "headers": {"Retry-After": "7"},
        "phase": "after_effect",
    },
    "a login page": {"kind": "login_page", "phase": "after_effect"},
}
every_loss = pytest.mark.parametrize("loss", AFTER.values(), ids=AFTER)


def lose(stage: Stage, match: str, loss: Mapping[str, Any], nth: int = 1) -> None:
    stage.emulator.faults.add(Fault(match, nth=nth, **loss))


def lose_creates(stage: Stage, loss: Mapping[str, Any]) -> None:
    for route in ROUTES.values():
        lose(stage, f"POST {route.root}", loss)


FIXED = {name: kind for name, kind in EVERY_KIND.items() if name not in IN_PLACE}
"""Those that a new image replaces."""
ROOM = ("destroy=99", "shrunk")
ONE_OF_EACH = Counter({("create", name): 1 for name in EVERY_KIND})


@every_loss
def test_a_create_of_each_kind_whose_answer_is_lost_is_found_and_not_repeated(
    stage: Stage, loss: Mapping[str, Any]
) -> None:
    lose_creates(every_kind(stage), loss)

    applied = stage.apply()

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert effects(stage) == ONE_OF_EACH
    assert len(stage.mutations()) == len(EVERY_KIND)
    assert names(stage) == {*EVERY_KIND}


@every_loss
def test_updates_whose_answers_are_lost_are_seen_to_have_taken(stage: Stage, loss: Mapping[str, Any]) -> None:
    def of(image: str) -> dict[str, str]:
        return {name: a_sleeper(name, EVERY_KIND[name], image=image) for name in IN_PLACE}

    stage.write(**of("busybox:1")).apply()
    before = mark(stage.write(**of("busybox:2")))
    for path in ("PATCH /api/v1/.*", "PATCH /api/v2/.*", "PUT .*"):
        lose(stage, path, loss)

    applied = stage.apply()

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert effects(stage, before) == {("update", name): 1 for name in IN_PLACE}
    assert {image_of(one) for one in stage.live().values()} == {"busybox:2"}


@every_loss
def test_deletes_whose_answers_are_lost_are_seen_to_have_taken(stage: Stage, loss: Mapping[str, Any]) -> None:
    every_kind(stage).apply()
    others = {*EVERY_KIND} - {"train"}
    before = mark(stage.remove(*others))
    for nth in range(1, len(EVERY_KIND)):
        lose(stage, "DELETE .*", loss, nth=nth)

    applied = stage.apply(allow=ROOM)

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert effects(stage, before) == {("delete", name): 1 for name in others}
    assert names(stage) == {"train"}


@every_loss
def test_a_replacement_that_loses_the_answers_of_both_halves_ends_with_one_new_object(
    stage: Stage, loss: Mapping[str, Any]
) -> None:
    def of(image: str) -> dict[str, str]:
        return {name: a_sleeper(name, kind, image=image) for name, kind in FIXED.items()}

    stage.write(**of("busybox:1")).apply()
    old = {one.id for one in stage.live().values()}
    before = mark(stage.write(**of("busybox:2")))
    for nth in range(1, len(FIXED) + 1):
        lose(stage, "DELETE .*", loss, nth=nth)
    lose_creates(stage, loss)

    applied = stage.apply(allow=(*ROOM, *(f"replace={kind}/{name}" for name, kind in FIXED.items())))

    live = stage.live().values()
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert effects(stage, before) == {(verb, name): 1 for name in FIXED for verb in ("delete", "create")}
    assert {image_of(one) for one in live} == {"busybox:2"}
    assert not {one.id for one in live} & old


def test_creates_that_never_arrived_are_sent_once_more_and_made_once(stage: Stage) -> None:
    lose_creates(every_kind(stage), {"kind": "reset"})

    applied = stage.apply()

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert effects(stage) == ONE_OF_EACH
    assert len(stage.mutations()) == 2 * len(EVERY_KIND)


def test_a_create_that_never_arrives_is_not_sent_a_third_time(stage: Stage) -> None:
    stage.write(train=a_sleeper())
    stage.emulator.faults.add(Fault("POST /api/v1/workloads/.*", kind="reset", forever=True))

    applied = stage.apply()

    assert applied.exit_code() is ExitCode.UNKNOWN
    assert len(stage.mutations()) == 2
    assert effects(stage) == {}


@pytest.mark.parametrize("status", [400, 409])
def test_a_create_that_reads_show_too_late_is_refused_its_second_sending_and_found(
    tmp_path: Path, status: int
) -> None:
    switches = Switches(duplicate_name_status=status, lag_s=90)
    with staged(tmp_path / "repo", switches=switches) as stage:
        lose_creates(every_kind(stage), {"kind": "lost"})

        applied = stage.apply()

        assert applied.exit_code() is ExitCode.IN_ORDER
        assert effects(stage) == ONE_OF_EACH
        told = Counter(entry.status for entry in stage.mutations())
        assert told[0] == len(EVERY_KIND)  # and each second sending is refused: the name is taken
        assert {*told} <= {0, status, 409}


@pytest.mark.parametrize("status", [400, 409])
def test_a_create_on_a_name_that_is_still_being_deleted_waits_for_it(tmp_path: Path, status: int) -> None:
    with staged(tmp_path / "repo", switches=Switches(duplicate_name_status=status)) as stage:
        stage.write(train=a_sleeper()).apply()
        stage.remove("train").apply(allow=("empty",))
        before = mark(stage.write(train=a_sleeper(image="busybox:2")))

        applied = stage.apply()

        assert applied.exit_code() is ExitCode.IN_ORDER
        assert effects(stage, before) == {("create", "train"): 1}
        assert names(stage) == {"train"}


@pytest.mark.parametrize("verb", ["create", "update", "delete"])
@pytest.mark.parametrize("kind", ["lost", "reset"], ids=["after its effect", "before its effect"])
def test_writes_that_no_read_can_resolve_are_said_to_be_unknown_and_the_next_run_converges(
    stage: Stage, verb: str, kind: str
) -> None:
    before, due = due_for(verb, stage)
    lose(stage, WRITES, {"kind": kind, "forever": True})

    def blind(step: Step) -> None:
        if step.state == "sent":
            stage.emulator.faults.add(Fault("GET /.*", status=503, forever=True))

    applied = apply_hearing(stage, blind, allow=ROOM)
    stage.emulator.faults.clear()
    again = stage.apply(allow=ROOM)

    results = {outcome.result for outcome in applied.outcomes}
    assert applied.exit_code() is ExitCode.UNKNOWN
    assert Result.UNRESOLVED in results
    assert Result.DONE not in results
    assert again.exit_code() is ExitCode.IN_ORDER
    assert effects(stage, before) == {(verb, name): 1 for name in due}
    assert not stage.plan().plan.writes


def due_for(verb: str, stage: Stage) -> tuple[int, set[str]]:
    """Set a stage on which every object that can be is due for one sort of write; name them."""
    every_kind(stage)
    if verb == "create":
        return mark(stage), {*EVERY_KIND}
    stage.apply()
    if verb == "delete":
        others = {*EVERY_KIND} - {"train"}
        return mark(stage.remove(*others)), others
    of = {name: a_sleeper(name, EVERY_KIND[name], image="busybox:2") for name in IN_PLACE}
    return mark(stage.write(**of)), {*IN_PLACE}


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_changes_of_live_objects_that_never_arrived_are_left_to_the_next_run(stage: Stage, verb: str) -> None:
    before, due = due_for(verb, stage)
    lose(stage, WRITES, {"kind": "reset", "forever": True})

    first = stage.apply(allow=ROOM)
    sent = len(stage.mutations(before))
    stage.emulator.faults.clear()
    again = stage.apply(allow=ROOM)

    assert first.exit_code() is ExitCode.UNKNOWN
    assert sent == len(due)
    assert again.exit_code() is ExitCode.IN_ORDER
    assert effects(stage, before) == {(verb, name): 1 for name in due}


def test_a_create_that_is_refused_for_good_is_not_sent_again(stage: Stage) -> None:
    stage.write(train=a_sleeper(), note=a_sleeper("note", "Workspace"), chat=an_inference())
    lose(stage, "POST /api/v1/workloads/trainings", {"status": 422})

    applied = stage.apply()

    assert applied.exit_code() is ExitCode.PARTIAL
    assert outcome_of(applied, "train").result is Result.FAILED
    assert names(stage) == {"note", "chat"}
    assert len(stage.mutations()) == 3
