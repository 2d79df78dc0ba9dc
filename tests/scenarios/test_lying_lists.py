"""The lists lie: what is not proven to be absent is never created, and nothing is deleted on their word."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from reconciler.emulator.faults import Fault
from reconciler.errors import ExitCode
from reconciler.journal import remembered
from reconciler.outcome import Result, Step
from reconciler.plan import Action
from tests.scenarios.oracle import (
    COUNT,
    EVERY_KIND,
    LIST,
    a_sleeper,
    apply_hearing,
    codes,
    effects,
    every_kind,
    mark,
    names,
    outcome_of,
    record,
    refusal,
)
from tests.scenarios.stage import FLEET_ID, Stage, staged

Json = Any
DELETED = r"GET /api/v1/workloads\?.*deleted=true.*"
LOOK_UP = r"GET /api/v1/workloads\?filterBy=name.*"
ROWS_OF_A = r"GET /api/v1/workloads\?filterBy=projectId%3D%3D1(&(?!.*deleted=true).*)?"
OF_PROJECT_A = r"GET /api/v1/workloads(/count)?\?filterBy=projectId%3D%3D1(&.*)?"


def standing_still() -> Callable[[Json], Json]:
    """Make a list that shows its first page for ever and always has a next one."""
    first: list[Json] = []

    def answer(body: Json) -> Json:
        first.append(body)
        return {**first[0], "next": 100_000}

    return answer


def each_row(change: Callable[[dict[str, Json]], Json]) -> Callable[[Json], Json]:
    return lambda body: {"workloads": [change(row) for row in body["workloads"]]}


DENIED, UNOBSERVED = ExitCode.DENIED, ExitCode.UNOBSERVED
LIES: Mapping[str, tuple[ExitCode, Mapping[str, Any]]] = {
    "403": (DENIED, {"status": 403}),
    "404": (UNOBSERVED, {"status": 404}),
    "404 with a web page": (UNOBSERVED, {"kind": "body", "status": 404, "html": "<html>404</html>"}),
    "400": (UNOBSERVED, {"status": 400}),
    "405": (UNOBSERVED, {"status": 405}),
    "409": (UNOBSERVED, {"status": 409}),
    "410": (UNOBSERVED, {"status": 410}),
    "500": (UNOBSERVED, {"status": 500}),
    "a login page": (DENIED, {"kind": "login_page"}),
    "a redirect to a login page": (DENIED, {"kind": "redirect", "location": "https://sso.example.com/"}),
    "an empty object": (UNOBSERVED, {"kind": "empty_object"}),
    "null": (UNOBSERVED, {"kind": "null"}),
    "a bare list": (UNOBSERVED, {"kind": "empty_list"}),
    "null for the list": (UNOBSERVED, {"kind": "body", "json": {"workloads": None}}),
    "an error in a 200": (
        UNOBSERVED,
        {"kind": "body", "json": {"code": 500, "message": "no", "workloads": []}},
    ),
    "no content": (UNOBSERVED, {"kind": "no_content"}),
    "an empty body": (UNOBSERVED, {"kind": "body"}),
    "half a page": (UNOBSERVED, {"kind": "truncate"}),
    "half a page in chunks": (UNOBSERVED, {"kind": "truncate", "framing": "chunked"}),
    "half a page until the close": (UNOBSERVED, {"kind": "truncate", "framing": "close", "ending": "close"}),
    "rows that are no objects": (UNOBSERVED, {"kind": "mutate", "mutate": each_row(lambda _: 1)}),
    "rows without an id": (
        UNOBSERVED,
        {"kind": "mutate", "mutate": each_row(lambda row: {**row, "id": None})},
    ),
    "rows without a phase": (
        UNOBSERVED,
        {"kind": "mutate", "mutate": each_row(lambda row: {**row, "phase": {}})},
    ),
    "rows of another project": (
        UNOBSERVED,
        {"kind": "mutate", "mutate": each_row(lambda row: {**row, "projectId": "2"})},
    ),
    "a next page that is this one": (UNOBSERVED, {"kind": "mutate", "put": {"next": 0}}),
    "a next page without a number": (UNOBSERVED, {"kind": "mutate", "put": {"next": "soon"}}),
    "pages that repeat": (UNOBSERVED, {"kind": "mutate", "mutate": standing_still()}),
    "a row too few": (UNOBSERVED, {"kind": "mutate", "drop_rows": (0,)}),
    "no rows": (UNOBSERVED, {"kind": "no_rows"}),
}


OLD = [*EVERY_KIND][1::2]
FRESH = {f"{name}-fresh": kind for name, kind in EVERY_KIND.items()}


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Give a fleet of every kind, of which each second lost its manifest, and has one yet to be created."""
    with staged(tmp_path_factory.mktemp("lying") / "repo") as stage:
        every_kind(stage).apply()
        stage.remove(*OLD).write(**{name: a_sleeper(name, kind) for name, kind in FRESH.items()})
        yield stage


@pytest.fixture(autouse=True)
def forget(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave the shared stage without a script."""
    yield
    if "settled" in request.fixturenames:
        request.getfixturevalue("settled").emulator.faults.clear()


def lie(stage: Stage, *matches: str, **lie: Any) -> None:
    for match in matches:
        stage.emulator.faults.add(Fault(match, forever=True, **lie))


def snapshot(stage: Stage) -> list[bytes]:
    return [record(one) for one in stage.emulator.world.live()]


@pytest.mark.parametrize(("code", "answer"), LIES.values(), ids=LIES)
def test_a_list_that_cannot_be_believed_stops_the_apply_before_any_write(
    settled: Stage, code: ExitCode, answer: Mapping[str, Any]
) -> None:
    before = snapshot(settled)
    lie(settled, ROWS_OF_A, **answer)

    error = refusal(settled)

    assert error.exit_code is code
    assert snapshot(settled) == before


@pytest.mark.parametrize("part", [DELETED, COUNT, LOOK_UP], ids=["deleted list", "count", "look-up"])
@pytest.mark.parametrize("answer", ["404", "a login page", "an empty object", "null", "half a page"])
def test_what_corroborates_a_list_must_be_believable_as_well(settled: Stage, part: str, answer: str) -> None:
    code, fault = LIES[answer]
    lie(settled, part, **fault)

    assert refusal(settled).exit_code is code


@pytest.mark.parametrize("answer", ["404", "a login page", "an empty object", "null", "half a page"])
def test_projects_that_cannot_be_believed_stop_the_apply_before_any_write(
    settled: Stage, answer: str
) -> None:
    code, fault = LIES[answer]
    lie(settled, "GET /api/v1/org-unit/projects", **fault)

    assert refusal(settled).exit_code is code


@pytest.mark.parametrize("answer", LIES)
def test_a_plan_of_what_cannot_be_believed_exits_as_the_apply_does(settled: Stage, answer: str) -> None:
    code, fault = LIES[answer]
    lie(settled, ROWS_OF_A, **fault)

    planned = settled.plan()

    assert planned.exit_code(show_changes=True) is code
    assert {change.action for change in planned.plan.changes} == {Action.UNKNOWN}


def test_a_lie_told_once_is_looked_at_again_and_does_not_stop_the_plan(settled: Stage) -> None:
    settled.emulator.faults.add(Fault(ROWS_OF_A, kind="no_rows"))

    planned = settled.plan()

    assert planned.exit_code() is ExitCode.IN_ORDER
    assert {change.key.name: change.action for change in planned.plan.writes} == {
        **dict.fromkeys(FRESH, Action.CREATE),
        **dict.fromkeys(OLD, Action.DELETE),
    }


# -- twenty are live and the list is empty -----------------------------------------------------------

TWENTY = [f"job-{number:02}" for number in range(20)]


@pytest.fixture(scope="module")
def twenty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("twenty") / "repo") as stage:
        stage.write(**{name: a_sleeper(name) for name in TWENTY})
        assert stage.apply().exit_code() is ExitCode.IN_ORDER
        yield stage


@pytest.fixture
def emptied(twenty: Stage) -> Iterator[Stage]:
    """Give the fleet of twenty behind a live list that is always empty."""
    lie(twenty, LIST, kind="no_rows")
    yield twenty
    twenty.emulator.faults.clear()


@pytest.fixture
def amnesia(emptied: Stage) -> Stage:
    """Give the same to a machine that has never applied this fleet."""
    return replace(emptied, environ={**emptied.environ, "XDG_STATE_HOME": emptied.environ["HOME"] + "/other"})


def lying_count(stage: Stage) -> None:
    lie(stage, COUNT, kind="body", json={"count": 0})


def test_an_empty_list_is_not_believed_where_the_count_tells_the_truth(amnesia: Stage) -> None:
    lie(amnesia, LOOK_UP, kind="no_rows")

    assert refusal(amnesia).exit_code is ExitCode.UNOBSERVED


@pytest.mark.parametrize("inputs", [(), ("Training/job-07",)], ids=["twenty names", "one name"])
def test_an_empty_list_and_count_are_not_believed_where_the_look_up_by_name_tells_the_truth(
    amnesia: Stage, inputs: Sequence[str]
) -> None:
    lying_count(amnesia)

    error = refusal(amnesia, inputs=tuple(inputs))

    assert error.exit_code is ExitCode.UNOBSERVED
    assert "job-07" in str(error)


def test_an_empty_list_is_not_believed_where_the_deleted_list_does_not_answer(amnesia: Stage) -> None:
    lying_count(amnesia)
    lie(amnesia, LOOK_UP, kind="no_rows")
    amnesia.emulator.faults.add(Fault(DELETED, status=500, forever=True))

    assert refusal(amnesia).exit_code is ExitCode.UNOBSERVED


def test_where_everything_lies_the_journal_of_an_earlier_apply_refuses(emptied: Stage) -> None:
    lying_count(emptied)
    lie(emptied, LOOK_UP, kind="no_rows")

    error = refusal(emptied)

    assert error.exit_code is ExitCode.REFUSED
    assert "RC308" in codes(error)


def test_a_fresh_plan_that_is_lied_to_does_not_make_the_journal_forget(settled: Stage) -> None:
    settled.write(more=a_sleeper("more"))

    def lie_after_the_create(step: Step) -> None:
        if step.text == "created":
            for path in ("", "/count"):
                none = {"workloads": [], "count": 0}
                settled.emulator.faults.add(
                    Fault(f"GET /api/v1/workloads{path}", kind="body", json=none, forever=True)
                )

    applied = apply_hearing(settled, lie_after_the_create)

    assert applied.exit_code() is ExitCode.PARTIAL
    assert "RC308" in codes(refusal(settled))


@pytest.mark.parametrize(
    "request_",
    [{"inputs": ("team-a/Training/job-07",)}, {"projects": ("team-a",)}],
    ids=["KIND/NAME", "--project"],
)
@pytest.mark.parametrize("image", ["busybox:1", "busybox:2"], ids=["nothing to do", "a change"])
def test_a_narrowed_apply_does_not_make_the_journal_forget(
    stage: Stage, request_: dict[str, Any], image: str
) -> None:
    stage.write(**{name: a_sleeper(name) for name in TWENTY})
    stage.write(**{f"b-{name}": a_sleeper(name, project="team-b") for name in TWENTY})
    stage.apply()
    known = remembered(FLEET_ID, stage.environ)

    stage.write(**{"job-07": a_sleeper("job-07", image=image)})
    applied = stage.apply(**request_, allow=("replace=team-a/Training/job-07",))

    after = remembered(FLEET_ID, stage.environ)
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert (after.owned, after.declared) == (known.owned, known.declared) == ({"prod": 40}, 40)


def test_where_everything_lies_and_nothing_is_remembered_the_unique_names_refuse_each_create(
    amnesia: Stage,
) -> None:
    lying_count(amnesia)
    lie(amnesia, LOOK_UP, kind="no_rows")
    before = mark(amnesia)

    applied = amnesia.apply()

    assert applied.exit_code() is ExitCode.PARTIAL
    assert {outcome.result for outcome in applied.outcomes} == {Result.FAILED}
    assert [entry.status for entry in amnesia.mutations(before)] == [409] * 20
    assert effects(amnesia, before) == {}
    assert names(amnesia) == set(TWENTY)


# -- one project is closed to us ---------------------------------------------------------------------


def test_a_project_that_is_forbidden_stops_the_apply_of_all(stage: Stage) -> None:
    stage.write(one=a_sleeper("one"), two=a_sleeper("two", project="team-b"))
    lie(stage, OF_PROJECT_A, status=403)

    error = refusal(stage)

    assert error.exit_code is ExitCode.DENIED
    assert list(stage.plan().plan.unknown) == ["prod:team-a"]


def test_a_project_that_is_forbidden_stays_as_it_is_while_a_partial_apply_does_the_other(
    stage: Stage,
) -> None:
    stage.write(one=a_sleeper("one"), two=a_sleeper("two", project="team-b"), old=a_sleeper("old"))
    stage.write(gone=a_sleeper("gone", project="team-b")).apply(projects=("team-a",))
    stage.remove("old").write(one=a_sleeper("one", image="busybox:2"), more=a_sleeper("more"))
    before, live = mark(stage), [record(one) for one in stage.emulator.world.live("team-a")]
    lie(stage, OF_PROJECT_A, status=403)

    applied = stage.apply(partial=True)

    assert applied.exit_code() is ExitCode.PARTIAL
    assert effects(stage, before) == {("create", "two"): 1, ("create", "gone"): 1}
    assert {json.dumps(entry.body["projectId"]) for entry in stage.mutations(before)} == {'"2"'}
    assert [record(one) for one in stage.emulator.world.live("team-a")] == live
    assert outcome_of(applied, "more").result is Result.NOT_ATTEMPTED
