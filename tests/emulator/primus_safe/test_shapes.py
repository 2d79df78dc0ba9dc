"""Each endpoint of either generation answers in its shape, needs a token, and can be spoilt."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jsonschema
import pytest

from reconciler.emulator.faults import Fault
from reconciler.emulator.primus_safe import Emulator
from reconciler.emulator.primus_safe.seed import CLUSTER, SERVE, TRAIN
from tests.emulator.primus_safe import shapes
from tests.emulator.primus_safe.bench import Bench, body, kind, program, resource
from tests.emulator.shape import Schema

Json = Any
W, ONE, POD = "/workloads", "/workloads/{id}", "/workloads/{id}/pods/{pod}"
SERVICE = {"port": 80, "targetPort": 8080, "serviceType": "ClusterIP"}


@dataclass(frozen=True)
class Operation:
    """One operation, its schema in each generation; `args` name parts of the path by a role in the world."""

    method: str
    path: str
    schema: Mapping[int, Schema]
    args: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[int, Json] | Json = None
    query: Mapping[str, str] = field(default_factory=dict)
    generations: tuple[int, ...] = (1, 2)
    is_open: bool = False

    @property
    def key(self) -> str:
        """Name it as the documents do."""
        return f"{self.method} {self.path}"


def _same(schema: Schema) -> Mapping[int, Schema]:
    return {1: schema, 2: schema}


def _each(of: Any) -> Mapping[int, Schema]:
    return {generation: of(generation) for generation in (1, 2)}


_NULL = _same(shapes.NULL)
_JOB, _PODS = {"id": "job"}, {"id": "job", "pod": "pod"}
_IN_TRAIN = {"workspaceId": TRAIN}
OPERATIONS = (
    Operation(
        "POST", "/login", _same(shapes.LOGIN), body={"name": "demo", "password": "demo-secret"}, is_open=True
    ),
    Operation("POST", "/logout", _NULL),
    Operation(
        "POST", "/users", _same({"type": "object"}), body={"name": "new", "password": "x"}, is_open=True
    ),
    Operation("GET", "/users/self", _same(shapes.USER)),
    Operation("GET", "/users", _same(shapes.USERS)),
    Operation("POST", "/apikeys", _same(shapes.NEW_KEY), body={"name": "ci", "ttlDays": 9}, generations=(2,)),
    Operation("GET", "/apikeys", _same(shapes.KEYS), generations=(2,)),
    Operation("DELETE", "/apikeys/{id}", _NULL, {"id": "key"}, generations=(2,)),
    Operation("GET", "/envs", shapes.ENVS, is_open=True),
    Operation("GET", "/clusters", _same(shapes.CLUSTERS)),
    Operation("GET", "/clusters/{id}", _same(shapes.CLUSTER), {"id": "cluster"}),
    Operation("GET", "/nodes", _same(shapes.NODES), query=_IN_TRAIN),
    Operation("GET", "/nodes/{id}", _same(shapes.NODE), {"id": "node"}),
    Operation("GET", "/nodeflavors", _same(shapes.FLAVORS)),
    Operation("GET", "/nodeflavors/{id}", _same(shapes.FLAVOR), {"id": "flavor"}),
    Operation("GET", "/nodeflavors/{id}/avail", _same(shapes.AVAIL), {"id": "flavor"}),
    Operation("GET", "/nodetemplates", _same(shapes.TEMPLATES)),
    Operation("GET", "/workspaces", _each(shapes.spaces)),
    Operation("GET", "/workspaces/{id}", _each(shapes.space), {"id": "space"}),
    Operation(
        "POST",
        "/workspaces",
        _same({"type": "object"}),
        body={"name": "new", "clusterId": CLUSTER, "flavorId": "mi300x-8"},
    ),
    Operation("PATCH", "/workspaces/{id}", _NULL, {"id": "space"}, body={"description": "x"}),
    Operation(
        "POST", "/workspaces/{id}/nodes", _NULL, {"id": "space"}, body={"nodeIds": [], "action": "add"}
    ),
    Operation("DELETE", "/workspaces/{id}", _NULL, {"id": "spare space"}),
    Operation("GET", "/secrets", _each(shapes.secrets)),
    Operation("POST", "/secrets", _same({"type": "object"}), body={"name": "a", "type": "image"}),
    Operation("GET", "/secrets/{id}", _each(shapes.secret), {"id": "secret"}),
    Operation("PATCH", "/secrets/{id}", _NULL, {"id": "secret"}, body={"params": [{"a": "b"}]}),
    Operation("DELETE", "/secrets/{id}", _NULL, {"id": "spare secret"}),
    Operation("POST", W, _same(shapes.CREATED), body={1: body(1), 2: body(2)}),
    Operation("GET", W, _each(shapes.listing)),
    Operation("GET", ONE, _each(shapes.detail), _JOB),
    Operation("PATCH", ONE, _NULL, _JOB, body={"description": "x"}),
    Operation("DELETE", ONE, _NULL, {"id": "to delete"}),
    Operation("POST", f"{W}/delete", _NULL, body={"workloadIds": ["x"]}),
    Operation("POST", f"{W}/stop", _NULL, body={"workloadIds": ["x"]}),
    Operation("POST", f"{W}/clone", _NULL, body={"workloadIds": ["{job}"]}, generations=(1,)),
    Operation("POST", f"{ONE}/stop", _NULL, {"id": "to stop"}),
    Operation(
        "POST", f"{ONE}/resume", _same(shapes.CREATED), {"id": "stopped"}, body=body(2), generations=(2,)
    ),
    Operation("GET", f"{ONE}/service", shapes.SERVICES, {"id": "app"}),
    Operation("GET", f"{POD}/logs", _same(shapes.LOG), _PODS),
    Operation("GET", f"{POD}/containers", _same(shapes.CONTAINERS), _PODS),
    Operation("POST", f"{ONE}/logs", _same(shapes.HITS), _JOB, body={}),
    Operation(
        "POST", f"{ONE}/logs/{{doc}}/context", _same(shapes.HITS), {"id": "job", "doc": "doc"}, body={}
    ),
)
PAIRS = [(generation, one) for one in OPERATIONS for generation in one.generations]


def _called(pairs: Iterable[tuple[int, Operation]]) -> pytest.MarkDecorator:
    named = [pytest.param(generation, one, id=f"{generation} {one.key}") for generation, one in pairs]
    return pytest.mark.parametrize(("generation", "operation"), named)


every_call = _called(PAIRS)
every_read = _called(pair for pair in PAIRS if pair[1].method == "GET")
NOBODY = {
    "GET /workloads/{id}": (404, 404),
    "PATCH /workloads/{id}": (500, 500),
    "DELETE /workloads/{id}": (200, 200),
    "POST /workloads/{id}/stop": (200, 200),
    "GET /workloads/{id}/service": (404, 200),
}


class Stage(Bench):
    """A server with one of everything, seen by its administrator, and the ids of it by role."""

    def __init__(self, generation: int) -> None:
        super().__init__(generation, who="root")
        g = generation
        self.ids: dict[str, str] = {}
        for name in ("job", "to delete", "to stop", "stopped"):
            self.ids[name] = self.made(
                displayName=name.replace(" ", "-"), env={"A": "1"}, **resource(g, gpu="1")
            )
        self.ids["app"] = self.made(
            workspaceId=SERVE, service=SERVICE, displayName="app", **kind("Deployment")
        )
        self.made(displayName="fails", maxRetry=1, cronJobs=None, **program(g, "crash"))
        self.made(displayName="waits", dependencies=[self.ids["job"]], specifiedNodes=["smc300x-01"])
        self.stop(self.ids["stopped"])
        self.wait(12)
        self.ids |= {
            "pod": f"{self.ids['job']}-master-0",
            "cluster": CLUSTER,
            "flavor": "mi300x-8",
            "space": SERVE,
        }
        self.ids |= {
            "node": self.emu.world.nodes_of(TRAIN)[0].id,
            "secret": "harbor-pull",
            "spare space": "cpu-west",
        }
        asked = {"name": "spare", "type": "image", "bindAllWorkspaces": True}
        self.ids["spare secret"] = self.http.post("/api/v1/secrets", json=asked).json()["secretId"]
        found = self.http.post(f"/api/v1/workloads/{self.ids['job']}/logs", json={}).json()
        self.ids["doc"] = found["hits"]["hits"][0]["_id"]
        if generation == 2:
            key = self.http.post("/api/v1/apikeys", json={"name": "a", "ttlDays": 5}).json()
            self.ids["key"] = str(key["id"])

    def path(self, operation: Operation, **instead: str) -> str:
        known = {name: self.ids.get(role, role) for name, role in operation.args.items()}
        args = {name: instead.get(name, id_) for name, id_ in known.items()}
        return "/api/v1" + operation.path.format(**args)

    def call(self, operation: Operation, **instead: str) -> Any:
        asked = (
            operation.body.get(self.generation, operation.body)
            if isinstance(operation.body, dict)
            else operation.body
        )
        if operation.path.endswith("/clone"):
            asked = {"workloadIds": [self.ids["job"]]}
        return self.http.request(
            operation.method, self.path(operation, **instead), json=asked, params=dict(operation.query)
        )


@every_call
def test_an_answer_has_the_shape_of_the_documents(generation: int, operation: Operation) -> None:
    stage = Stage(generation)
    answer = stage.call(operation)

    assert answer.status_code == 200, answer.text
    told = answer.json()
    jsonschema.validate(told, dict(operation.schema[generation]), cls=jsonschema.Draft202012Validator)
    assert told is None or told.get("items", "none") != [], "an empty list shows no shape"


@pytest.mark.parametrize("generation", [1, 2])
def test_every_route_is_among_them(generation: int) -> None:
    served = {
        (method, str(getattr(route, "path", "")).removeprefix("/api/v1"))
        for route in Emulator(generation=generation)._routes()
        for method in getattr(route, "methods", set()) - {"HEAD"}
    }

    told = {(one.method, one.path) for one in OPERATIONS if generation in one.generations}
    assert served - told == ({("GET", "/apikeys/current")} if generation == 2 else set())
    assert told - served == set()


@pytest.mark.parametrize("generation", [1, 2])
def test_every_workload_of_the_stage_has_the_shape(generation: int) -> None:
    stage = Stage(generation)
    for _ in range(6):
        for row in stage.read("/workloads")["items"]:
            jsonschema.validate(stage.get(row["workloadId"]), dict(shapes.detail(generation)))
        stage.wait(700)


@every_call
def test_without_a_token_there_is_no_answer(generation: int, operation: Operation) -> None:
    is_open = operation.is_open or (generation == 1 and operation.path.startswith(("/clusters", "/logout")))
    stage = Stage(generation)
    stage.http.headers = {}
    answer = stage.call(operation)

    assert (answer.status_code == 200) is is_open
    if not is_open:
        assert answer.status_code == 401
        jsonschema.validate(answer.json(), dict(shapes.ERROR))


@_called(pair for pair in PAIRS if "id" in pair[1].args)
def test_what_is_not_there_is_told_as_the_endpoint_does(generation: int, operation: Operation) -> None:
    answer = Stage(generation).call(operation, id="9999")
    expected = NOBODY.get(operation.key, (404, 404))[generation - 1]

    assert answer.status_code == expected, answer.text
    if expected != 200:
        jsonschema.validate(answer.json(), dict(shapes.ERROR))


@every_read
def test_the_ledger_has_every_read_and_that_it_changed_nothing(generation: int, operation: Operation) -> None:
    stage = Stage(generation)
    mark = stage.emu.ledger.mark()
    stage.call(operation)

    entry = stage.emu.ledger.since(mark)[0]
    assert (entry.method, entry.path, entry.status) == ("GET", stage.path(operation), 200)
    assert (entry.principal, entry.effects) == ("root", ())


@every_call
def test_any_answer_can_be_spoilt(generation: int, operation: Operation) -> None:
    stage = Stage(generation)
    match = f"{operation.method} {re.escape(stage.path(operation))}"
    stage.emu.faults.add(Fault(match, kind="status", status=503))
    stage.emu.faults.add(Fault(match, nth=2, kind="empty_object"))

    first, second = stage.call(operation), stage.call(operation)

    assert (first.status_code, second.status_code, second.json()) == (503, 200, {})
    jsonschema.validate(first.json(), dict(shapes.ERROR))
