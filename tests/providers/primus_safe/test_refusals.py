"""What the model refuses the server refuses too, or drops, or loses; what it takes the server takes."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.fleet import Fleet, Target
from reconciler.kind import Kind
from reconciler.problem import Problem
from reconciler.providers import kinds
from reconciler.providers.primus_safe.kinds import AUTHORING, DEPLOYMENT, KINDS, PYTORCH_JOB, STATEFUL_SET
from reconciler.validate import validate
from reconciler.yaml import parse
from tests.emulator.primus_safe.bench import ROOT, Bench
from tests.providers.primus_safe.wire import (
    FULL,
    LATER,
    PROBE,
    SERVICE,
    SOON,
    SPECS,
    changed,
    create,
    is_taken,
    sent,
    shown,
)

Json = Any
EVERY_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
BOTH = pytest.mark.parametrize("generation", [1, 2])

# -- taken -------------------------------------------------------------------------------------


@BOTH
@EVERY_KIND
@pytest.mark.parametrize("specs", [SPECS, FULL], ids=["least", "full"])
def test_what_is_accepted_the_server_takes(kind: Kind, specs: dict[str, Json], generation: int) -> None:
    spec = specs[kind.name]

    assert is_taken(kind, spec)
    assert create(Bench(generation), kind, spec).status_code == 200


@EVERY_KIND
def test_fields_of_later_servers_are_taken_by_those(kind: Kind) -> None:
    spec = {**SPECS[kind.name], **LATER}

    assert is_taken(kind, spec)
    assert create(Bench(2), kind, spec).status_code == 200


@BOTH
@EVERY_KIND
def test_the_example_of_a_kind_is_taken(kind: Kind, generation: int) -> None:
    (document,) = parse(kind.example().encode(), "example.yaml").documents
    spec, name = document.value["spec"], document.value["metadata"]["name"]
    workspace = document.value["metadata"]["workspace"]

    answer = Bench(generation).http.post(
        ROOT, json={**sent(kind, spec, generation, name), "workspaceId": workspace}
    )

    assert is_taken(kind, spec)
    assert answer.status_code == 200, answer.text


_QUANTITIES = st.sampled_from(["1", "0.5", "500m", "1.5", "+2", "8", "1e1", ".5", "3."])
_SIZES = st.sampled_from(["1Gi", "1536Mi", "2G", "100000000", "1e9", "64Gi", "3000M"])
_TEXT = st.text("abc XYZ09_=-é\n'\"$", max_size=12)
_LABEL_PARTS = st.from_regex(r"\A[a-z0-9]([a-zA-Z0-9._-]{0,8}[a-z0-9])?\Z")
_SPECS = st.fixed_dictionaries(
    {
        "image": st.sampled_from(["rocm/pytorch:1", "a", "harbor.x.example/a/b@sha256:" + "0" * 64]),
        "entryPoint": _TEXT.filter(str.strip),
        "resource": st.fixed_dictionaries(
            {"replica": st.integers(1, 2), "cpu": _QUANTITIES, "memory": _SIZES},
            optional={"gpu": st.sampled_from(["0", "1", "8"]), "ephemeralStorage": _SIZES},
        ),
    },
    optional={
        "description": _TEXT,
        "env": st.dictionaries(st.from_regex(r"\A[A-Z_][A-Z0-9_.]{0,6}\Z"), _TEXT, max_size=3),
        "customerLabels": st.dictionaries(_LABEL_PARTS, st.just("x"), max_size=2),
        "priority": st.integers(0, 1),
        "timeout": st.integers(0, 10**6),
        "ttlSecondsAfterFinished": st.integers(0, 10**6),
        "service": st.just(SERVICE),
        "cronJobs": st.just([{"schedule": SOON, "action": "start"}]),
    },
)


@given(_SPECS, st.sampled_from([PYTORCH_JOB, DEPLOYMENT, STATEFUL_SET]), st.sampled_from([1, 2]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_spec_that_is_accepted_is_refused(spec: dict[str, Json], kind: Kind, generation: int) -> None:
    workspace = "cpu-west" if kind is STATEFUL_SET else sent(kind, spec, 1)["workspaceId"]
    if workspace == "cpu-west":  # its nodes have no GPU, which the server knows and a manifest does not
        spec["resource"].pop("gpu", None)

    assert is_taken(kind, spec)
    answer = create(Bench(generation), kind, spec)
    assert answer.status_code == 200, answer.text


# -- refused -----------------------------------------------------------------------------------

_NODE_PORT = {**SERVICE, "serviceType": "NodePort"}
REFUSED: dict[str, tuple[Kind, dict[str, Json], set[int]]] = {
    "no image": (PYTORCH_JOB, {"image": None}, {1}),
    "no entry point": (PYTORCH_JOB, {"entryPoint": None}, {1}),
    "no resource": (PYTORCH_JOB, {"resource": None}, {1, 2}),
    "no cpu": (PYTORCH_JOB, {"resource__cpu": None}, {1, 2}),
    "no memory": (AUTHORING, {"resource__memory": None}, {1, 2}),
    "no replica": (PYTORCH_JOB, {"resource__replica": None}, {1, 2}),
    "no pods": (DEPLOYMENT, {"resource__replica": 0}, {1, 2}),
    "no cores": (PYTORCH_JOB, {"resource__cpu": "0"}, {1, 2}),
    "cores in words": (PYTORCH_JOB, {"resource__cpu": "eight"}, {1, 2}),
    "cores as a number": (PYTORCH_JOB, {"resource__cpu": 8}, {1, 2}),
    "half a byte of memory": (PYTORCH_JOB, {"resource__memory": "500m"}, {1, 2}),
    "a byte of memory": (AUTHORING, {"resource__memory": "1"}, {1, 2}),
    "memory in capitals": (PYTORCH_JOB, {"resource__memory": "64GB"}, {1, 2}),
    "memory in K": (PYTORCH_JOB, {"resource__memory": "64K"}, {1, 2}),
    "memory below zero": (PYTORCH_JOB, {"resource__memory": "-1"}, {1, 2}),
    "GPUs below zero": (PYTORCH_JOB, {"resource__gpu": "-1"}, {1, 2}),
    "no shared memory": (PYTORCH_JOB, {"resource__sharedMemory": "0"}, {1, 2}),
    "no disk": (PYTORCH_JOB, {"resource__ephemeralStorage": "0"}, {1, 2}),
    "a probe without a path": (DEPLOYMENT, {"liveness": {"port": 80}}, {1, 2}),
    "an empty path": (DEPLOYMENT, {"liveness": {"path": "", "port": 80}}, {1, 2}),
    "a probe without a port": (STATEFUL_SET, {"readiness": {"path": "/"}}, {1, 2}),
    "a probe of a high port": (STATEFUL_SET, {"readiness": {"path": "/", "port": 70000}}, {1, 2}),
    "an empty probe": (STATEFUL_SET, {"readiness": {}}, {1, 2}),
    "a service without a type": (DEPLOYMENT, {"service": {"port": 80, "targetPort": 80}}, {1, 2}),
    "a service without a port": (
        DEPLOYMENT,
        {"service": {"targetPort": 80, "serviceType": "ClusterIP"}},
        {1},
    ),
    "a service without a target": (DEPLOYMENT, {"service": {"port": 80, "serviceType": "ClusterIP"}}, {1, 2}),
    "an odd protocol": (DEPLOYMENT, {"service": {**SERVICE, "protocol": "SCTP"}}, {1, 2}),
    "a load balancer": (DEPLOYMENT, {"service": {**SERVICE, "serviceType": "LoadBalancer"}}, {1, 2}),
    "a node port that nobody chose": (DEPLOYMENT, {"service": _NODE_PORT}, {2}),
    "a node port too high": (DEPLOYMENT, {"service": {**_NODE_PORT, "nodePort": 70000}}, {1, 2}),
    "a cron line": (PYTORCH_JOB, {"cronJobs": [{"schedule": "0 3 * * *"}]}, {1, 2}),
    "a time with an offset": (PYTORCH_JOB, {"cronJobs": [{"schedule": "2026-03-03T03:00:00+01:00"}]}, {1, 2}),
    "no time": (PYTORCH_JOB, {"cronJobs": [{"action": "start"}]}, {1, 2}),
    "an hour that is none": (PYTORCH_JOB, {"cronJobs": [{"schedule": "2026-03-03T25:00:00Z"}]}, {1, 2}),
    "a key with two slashes": (PYTORCH_JOB, {"customerLabels": {"a/b/c": "x"}}, {2}),
    "a key in capitals": (PYTORCH_JOB, {"customerLabels": {"Rack": "x"}}, {2}),
    "a number as a variable": (PYTORCH_JOB, {"env": {"SEED": 7}}, {1, 2}),
    "two nodes for one pod": (AUTHORING, {"specifiedNodes": ["smc300x-01", "smc300x-02"]}, {1, 2}),
    "a list of scripts": (PYTORCH_JOB, {"entryPoint": ["a"]}, {1}),
    "a priority in words": (PYTORCH_JOB, {"priority": "high"}, {1, 2}),
}


@pytest.mark.parametrize(("kind", "changes", "generations"), REFUSED.values(), ids=REFUSED)
def test_what_the_server_refuses_is_found_offline(
    kind: Kind, changes: dict[str, Json], generations: set[int]
) -> None:
    spec = changed(SPECS[kind.name], **changes)

    assert not is_taken(kind, spec)
    assert {number for number in (1, 2) if _refuses(number, kind, spec)} == generations


def _refuses(generation: int, kind: Kind, spec: dict[str, Json]) -> bool:
    try:
        return create(Bench(generation), kind, spec).status_code >= 400
    except AttributeError:  # an entry point that is no text cannot even be encoded
        return generation == 1


def test_a_script_without_a_command_is_refused() -> None:
    assert not is_taken(DEPLOYMENT, changed(SPECS["Deployment"], entryPoint=" \n"))


DROPPED: dict[str, tuple[Kind, dict[str, Json], str, int]] = {
    "a priority too high": (PYTORCH_JOB, {"priority": 3}, "priority", 1),
    "a priority below 0": (PYTORCH_JOB, {"priority": -1}, "priority", 2),
    "too many retries": (PYTORCH_JOB, {"maxRetry": 51}, "maxRetry", 2),
    "retries of a server": (DEPLOYMENT, {"maxRetry": 1}, "maxRetry", 1),
    "a supervised server": (STATEFUL_SET, {"isSupervised": True}, "isSupervised", 1),
    "a program of an Authoring": (AUTHORING, {"entryPoint": "jupyter lab"}, "entryPoint", 1),
    "two pods of an Authoring": (AUTHORING, {"resource__replica": 2}, "resource", 1),
    "probes of a job": (PYTORCH_JOB, {"liveness": PROBE}, "liveness", 2),
    "dependencies of a server": (DEPLOYMENT, {"dependencies": ["x"]}, "dependencies", 2),
    "an empty label": (PYTORCH_JOB, {"customerLabels": {"rack": ""}}, "customerLabels", 1),
    "the label of nodes": (
        PYTORCH_JOB,
        {"customerLabels": {"kubernetes.io/hostname": "smc300x-01"}},
        "customerLabels",
        1,
    ),
    "the later label of nodes": (
        PYTORCH_JOB,
        {"customerLabels": {"specified-nodes": "smc300x-01"}},
        "customerLabels",
        2,
    ),
    "an affinity to nothing": (PYTORCH_JOB, {"nodesAffinity": "preferred"}, "nodesAffinity", 2),
    "nodes excluded from those required": (
        PYTORCH_JOB,
        {"resource__replica": None, "specifiedNodes": ["smc300x-01"], "excludedNodes": ["smc300x-02"]},
        "excludedNodes",
        2,
    ),
    "other pods than nodes": (
        PYTORCH_JOB,
        {"resource__replica": 3, "specifiedNodes": ["smc300x-01"]},
        "resource",
        1,
    ),
    "white space around the name of a variable": (PYTORCH_JOB, {"env": {" SEED": "7"}}, "env", 2),
}


@pytest.mark.parametrize(("kind", "changes", "field", "generation"), DROPPED.values(), ids=DROPPED)
def test_what_the_server_silently_changes_is_refused(
    kind: Kind, changes: dict[str, Json], field: str, generation: int
) -> None:
    spec = changed(SPECS[kind.name], **changes)
    bench = Bench(generation, who="root")

    id_ = create(bench, kind, spec).json()["workloadId"]
    row = bench.get(id_)
    read = {**row, **shown(kind, row, generation)}.get(field)

    assert not is_taken(kind, spec)
    assert read != spec[field]


LOST: dict[str, tuple[Kind, dict[str, Json], int]] = {
    "a long image": (PYTORCH_JOB, {"image": "a" * 129}, 1),
    "a long path": (DEPLOYMENT, {"liveness": {**PROBE, "path": "/" + "a" * 40}}, 1),
    "a path that is spelled out": (DEPLOYMENT, {"readiness": {**PROBE, "path": "/" + "é" * 40}}, 2),
}


@pytest.mark.parametrize(("kind", "changes", "generation"), LOST.values(), ids=LOST)
def test_what_the_server_would_lose_is_refused(kind: Kind, changes: dict[str, Json], generation: int) -> None:
    spec = changed(SPECS[kind.name], **changes)
    bench = Bench(generation)

    answer = create(bench, kind, spec)

    assert not is_taken(kind, spec)
    assert answer.status_code == 200
    assert bench.http.get(f"{ROOT}/{answer.json()['workloadId']}").status_code == 404


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (PYTORCH_JOB, {"image": "a" * 128}),
        (DEPLOYMENT, {"liveness": {**PROBE, "path": "/" + "a" * 38}}),
        (DEPLOYMENT, {"liveness": {"path": "/" + "a" * 36, "port": 65535, "periodSeconds": 30}}),
    ],
)
@BOTH
def test_what_just_fits_is_taken_and_shown(kind: Kind, changes: dict[str, Json], generation: int) -> None:
    spec, bench = changed(SPECS[kind.name], **changes), Bench(generation)

    answer = create(bench, kind, spec)

    assert is_taken(kind, spec)
    assert bench.get(answer.json()["workloadId"])["displayName"] == "job"


@EVERY_KIND
@pytest.mark.parametrize("field", LATER)
def test_a_field_of_later_servers_is_an_error_where_the_first_is_pinned(kind: Kind, field: str) -> None:
    manifest = {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "metadata": {"name": "job", "workspace": "train-mi300"},
        "spec": {**SPECS[kind.name], field: LATER[field]},
    }
    documents = parse(json.dumps(manifest), "m.yaml").documents

    found = {pin: validate(documents, pinned(pin), kinds=kinds()).problems for pin in (None, 1, 2)}

    assert [(problem.code, problem.pointer) for problem in found[1]] == [("RC114", f"/spec/{field}")]
    assert not [*found[None], *found[2]]


def pinned(generation: int | None) -> Fleet:
    settings = {} if generation is None else {"generation": generation}
    target = Target("safe", "primus-safe", "https://safe.wattfield.example", settings=settings)
    return Fleet("7f3a9c04d2b81e66", "wattfield", "reconciler.yaml", "/fleet", {"safe": target})


@EVERY_KIND
def test_a_word_of_the_api_that_a_manifest_does_not_state_says_what_to_do(kind: Kind) -> None:
    own = {str(field.alias) for field in kind.model().model_fields.values()}
    in_resource = {"gpuName", "rdmaResource"}
    spec = dict(SPECS[kind.name])
    spec |= {"resource": {**spec["resource"], **dict.fromkeys(in_resource, "x")}}
    spec |= dict.fromkeys({*kind.not_taken} - in_resource, "x")

    found = problems_of(kind, spec)

    assert not own & {*kind.not_taken}
    assert {(p.pointer.rpartition("/")[2], p.hint) for p in found} == {*kind.not_taken.items()}


def test_a_description_that_begins_a_mark_is_refused() -> None:
    (problem,) = problems_of(PYTORCH_JOB, {**SPECS["PyTorchJob"], "description": "x [reconciler 1 a]"})

    assert (problem.code, problem.pointer) == ("RC130", "/spec/description")


def test_a_description_with_half_a_character_is_left_to_the_loader_that_refuses_it() -> None:
    assert problems_of(PYTORCH_JOB, {**SPECS["PyTorchJob"], "description": "\ud800"}) == ()


def test_a_manifest_of_kubernetes_is_told_whose_kind_it_may_be() -> None:
    text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1}\n"

    (problem,) = validate(parse(text, "m.yaml").documents, pinned(None), kinds=kinds()).problems

    assert problem.hint == "write apiVersion: primus-safe/v1, and in spec that kind's own fields"


def problems_of(kind: Kind, spec: dict[str, Json]) -> tuple[Problem, ...]:
    manifest = {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "metadata": {"name": "job", "workspace": "train-mi300"},
        "spec": spec,
    }
    documents = parse(json.dumps(manifest), "m.yaml").documents
    return validate(documents, pinned(None), kinds=kinds()).problems


# -- times -------------------------------------------------------------------------------------

TIMES = (
    "2026-03-02T09:00:00Z",
    "2026-03-02T09:00:59Z",
    "2026-03-02T09:01:00Z",
    "2026-03-02T08:59:00",
    "2027-03-02T08:59:00.500Z",
    "2027-03-02T09:00:00Z",
)


@BOTH
@pytest.mark.parametrize("time", TIMES)
def test_a_time_is_in_time_where_the_server_takes_it(time: str, generation: int) -> None:
    spec, bench = changed(SPECS["PyTorchJob"], cronJobs=[{"schedule": time}]), Bench(generation)

    late = list(PYTORCH_JOB.check_sent(spec, bench.clock.now()))

    assert is_taken(PYTORCH_JOB, spec)
    assert bool(late) is (create(bench, PYTORCH_JOB, spec).status_code == 400)


# -- names -------------------------------------------------------------------------------------

NAMES = ("a", "ab", "a1", "1a", "a-", "a_b", "A", "a.b", "a" * 40, "a" * 41, "a" * 44, "a" * 45, "a\n")


@EVERY_KIND
@pytest.mark.parametrize("name", NAMES, ids=lambda name: f"{name[:5].strip()}-{len(name)}")
def test_a_name_that_is_accepted_every_server_takes(kind: Kind, name: str) -> None:
    is_name = re.fullmatch(kind.name_pattern, name) is not None
    answers = {create(Bench(number), kind, SPECS[kind.name], name).status_code for number in (1, 2)}

    if is_name:
        assert answers == {200}
    elif len(name) <= 40:
        assert 200 not in answers


@EVERY_KIND
def test_a_name_is_no_longer_than_the_server_says(kind: Kind) -> None:
    longest = 40 if kind in (DEPLOYMENT, STATEFUL_SET) else 44
    assert re.fullmatch(kind.name_pattern, "a" * longest)
    assert not re.fullmatch(kind.name_pattern, "a" * (longest + 1))
    assert kind.name_rule.endswith(f"2 to {longest}")
