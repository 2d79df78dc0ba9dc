"""Each operation of the documents: it is served, answers in its shape, and refuses as all of them do."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import jsonschema
import pytest

from reconciler.emulator.faults import Fault
from reconciler.emulator.runai.emulator import Emulator
from tests.emulator.operations import JOB, NIM, NOT_SERVED, OPERATIONS, SESSIONS, V2, Operation, W
from tests.emulator.plane import Plane, gpus
from tests.emulator.shapes import ERROR

Json = Any
NOBODY = "00000000-0000-4000-8000-000000000000"
SINCE = {
    "2.24": {
        "POST /api/v2/token",
        "PUT /api/v2/workloads/{id}",
        "POST /api/v2/workloads/nim-services",
        "GET /api/v2/workloads/nim-services/{id}",
        "PATCH /api/v2/workloads/nim-services/{id}",
        "GET /api/v2/policy/nim-services",
    },
    "2.25": {
        "GET /api/v1/clusters/minimal",
        "GET /api/v1/clusters/{uuid}/minimal",
        "GET /api/v1/workloads/{id}/endpoints",
        "GET /api/v1/workloads/{id}/elements",
        "GET /api/v1/workloads/{id}/elements/count",
    },
}


def _each(operations: Iterable[Operation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("operation", list(operations), ids=lambda one: one.key)


every_read = _each(one for one in OPERATIONS if one.method == "GET")


class Stage(Plane):
    """A world with one of everything, and the ids by which operations name it."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: dict[str, str] = {}
        for plural in ("workspaces", "trainings", "inferences"):
            spec = {"command": "python train.py", "exposedUrls": [{"container": 8888}], **gpus(1)}
            self._pair(plural, **spec)
        self._pair("distributed", distributedFramework="PyTorch", numWorkers=1)
        for name in ("distributed-inferences", "distributed-inferences to delete"):
            self.ids[name] = self.group(name.replace(" ", "-"), workers=1)
        self.ids |= {"job": self.sent(_job("job"), "job"), "job to delete": self.sent(_job("gone"), "gone")}
        self.ids["nim"] = self.http.post(f"{V2}/nim-services", json=_named(NIM, "nim")).json()["metadata"][
            "id"
        ]
        for name in ("cluster", "cluster to delete"):
            made = self.http.post("/api/v1/clusters", json={"name": name.replace(" ", "-")}).json()
            self.ids[name] = made["uuid"]
        self.wait(60)
        self._look_up()

    def _pair(self, plural: str, **spec: Json) -> None:
        for name in (plural, f"{plural} to stop", f"{plural} to delete"):
            self.ids[name] = self.made(plural, name.replace(" ", "-"), **spec)

    def _look_up(self) -> None:
        for plural in ("trainings", "inferences"):
            self.ids[f"pod of {plural}"] = self.pods(self.ids[plural])[0]["id"]
        revisions = self.get(f"{W}/inferences/{self.ids['inferences']}/revisions")["revisions"]
        self.ids["revision"] = revisions[0]["id"]
        self.ids["type"] = self.get("/api/v1/workload-types")["types"][0]["id"]
        self.ids["category"] = self.get("/api/v1/workload-categories")["categories"][0]["id"]

    def path(self, one: Operation, **instead: str) -> str:
        """Fill a path with the ids of this world, or with others."""
        args = {name: self.ids.get(role, role) for name, role in one.args.items()} | instead
        if one.path.startswith("/cluster-api"):
            args = {**one.args, **instead}
        return one.path.format(**args)

    def call(self, one: Operation, **instead: str) -> Any:
        options: dict[str, Json] = {"params": one.query, "json": one.body}
        if one.form:
            options = {"data": one.form}
        return self.http.request(one.method, self.path(one, **instead), **options)


def _job(name: str) -> Json:
    manifest: dict[str, Json] = JOB["manifest"]
    return {**manifest, "metadata": {"name": name}}


def _named(body: dict[str, Json], name: str) -> Json:
    return {**body, "metadata": {**body["metadata"], "name": name}}


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage()


def _served(level: str) -> set[str]:
    routes = Emulator(api_level=level)._routes()
    return {
        f"{method} {getattr(route, 'path', '')}"
        for route in routes
        for method in getattr(route, "methods", None) or ()
        if method != "HEAD"
    }


def test_every_operation_is_served_or_left_out_for_a_reason() -> None:
    known = {one.key for one in OPERATIONS}

    assert _served("2.25") == known | SESSIONS
    assert not known & SESSIONS
    assert not known & set(NOT_SERVED)
    assert len(known) == len(OPERATIONS)
    assert all(NOT_SERVED.values())


@pytest.mark.parametrize("key", sorted(SESSIONS))
def test_a_session_wants_a_websocket(stage: Stage, key: str) -> None:
    path = key.split(" ")[1].format(project="team-a", type="training", framework="runai", name="trainings")
    answer = stage.http.get(path)

    assert (answer.status_code, answer.headers["upgrade"]) == (426, "websocket")
    assert answer.json()["code"] == 426


@pytest.mark.parametrize(
    ("level", "missing"),
    [("2.23", SINCE["2.24"] | SINCE["2.25"]), ("2.24", SINCE["2.25"]), ("2.25", set())],
    ids=["2.23", "2.24", "2.25"],
)
def test_a_server_of_an_older_level_lacks_what_is_newer(level: str, missing: set[str]) -> None:
    assert _served("2.25") - _served(level) == missing


@pytest.mark.parametrize("key", sorted(NOT_SERVED))
def test_what_is_left_out_is_unknown(stage: Stage, key: str) -> None:
    method, path = key.split(" ")
    answer = stage.http.request(method, re.sub(r"\{\w+\}", NOBODY, path))

    assert answer.status_code in {404, 405}


@_each(OPERATIONS)
def test_an_answer_has_the_shape_of_the_document(stage: Stage, operation: Operation) -> None:
    answer = stage.call(operation)

    assert answer.status_code == operation.status, answer.text
    if operation.schema is None:
        return
    body = answer.json()
    jsonschema.validate(body, dict(operation.schema), cls=jsonschema.Draft202012Validator)
    assert _is_full(body), "an empty list shows no shape"


def _is_full(body: Json) -> bool:
    lists = (
        [value for value in body.values() if isinstance(value, list)] if isinstance(body, dict) else [body]
    )
    return not lists or any(lists)


@every_read
def test_the_ledger_has_every_read_and_that_it_changed_nothing(stage: Stage, operation: Operation) -> None:
    mark = stage.emu.ledger.mark()
    stage.call(operation)

    entry = stage.emu.ledger.since(mark)[0]
    assert (entry.method, entry.path, entry.status) == ("GET", stage.path(operation), 200)
    assert (entry.principal, entry.effects) == ("demo", ())


@_each(one for one in OPERATIONS if not one.path.endswith("/token"))
def test_without_a_token_there_is_no_answer(stage: Stage, operation: Operation) -> None:
    token = stage.http.headers.pop("authorization")
    try:
        answer = stage.call(operation)
    finally:
        stage.http.headers["authorization"] = token

    assert answer.status_code == 401
    if operation.path.startswith("/api"):
        jsonschema.validate(answer.json(), dict(ERROR))


@pytest.mark.parametrize(
    "operation",
    [one for one in OPERATIONS if set(one.args) & {"id", "uuid", "revision"}],
    ids=lambda one: one.key,
)
def test_what_is_not_there_is_not_found(stage: Stage, operation: Operation) -> None:
    instead: Mapping[str, str] = {name: NOBODY for name in operation.args if name != "pod"}

    answer = stage.call(operation, **instead)

    assert answer.status_code == 404, answer.text
    jsonschema.validate(answer.json(), dict(ERROR))


@every_read
def test_any_answer_can_be_spoilt(stage: Stage, operation: Operation) -> None:
    match = f"GET {re.escape(stage.path(operation))}"
    faults = stage.emu.faults
    for fault in (Fault(match, kind="status", status=429), Fault(match, nth=2, kind="null")):
        faults.add(fault)
    try:
        first, second = stage.call(operation), stage.call(operation)
    finally:
        faults.clear()

    assert (first.status_code, second.status_code, second.text) == (429, 200, "null")
