"""What the server fills in is no drift, and writing a default out is none either."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.diff import Recorded, compare
from reconciler.kind import NOTHING, Kind
from reconciler.mark import digest_of
from reconciler.pointer import leaves
from reconciler.providers.primus_safe.kinds import AUTHORING, DEPLOYMENT, KINDS, PYTORCH_JOB
from reconciler.providers.primus_safe.kinds.canonical import canonical
from reconciler.secret import Secret
from tests.emulator.primus_safe.bench import Bench
from tests.providers.primus_safe.wire import FULL, LATER, SERVICE, SPECS, changed, create, shown

Json = Any
EVERY_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
BOTH = pytest.mark.parametrize("generation", [1, 2])


def read_back(kind: Kind, spec: dict[str, Json], generation: int) -> dict[str, Json]:
    """Create on an emulator, and give the canonical form of what it shows then."""
    bench = Bench(generation, who="root")
    answer = create(bench, kind, spec)
    assert answer.status_code == 200, answer.text
    return kind.canonical(shown(kind, bench.get(answer.json()["workloadId"]), generation))


def differing(kind: Kind, declared: dict[str, Json], live: dict[str, Json]) -> list[str]:
    found = compare(kind.canonical(declared), live, Recorded(), kind=kind)
    return [change.pointer for change in found.changes]


@BOTH
@EVERY_KIND
@pytest.mark.parametrize("specs", [SPECS, FULL], ids=["least", "full"])
def test_what_was_created_is_the_same(kind: Kind, specs: dict[str, Json], generation: int) -> None:
    spec = specs[kind.name]

    assert differing(kind, spec, read_back(kind, spec, generation)) == []


@EVERY_KIND
def test_what_only_later_servers_take_is_the_same_there(kind: Kind) -> None:
    spec = {**SPECS[kind.name], **LATER}

    assert differing(kind, spec, read_back(kind, spec, 2)) == []


@BOTH
@EVERY_KIND
@pytest.mark.parametrize("specs", [SPECS, FULL], ids=["least", "full"])
def test_what_is_shown_and_not_stated_is_the_default(
    kind: Kind, specs: dict[str, Json], generation: int
) -> None:
    spec = specs[kind.name]
    live = read_back(kind, spec, generation)
    stated = {pointer for pointer, _ in leaves(kind.canonical(spec))}

    for pointer, value in leaves(live):
        if pointer not in stated:
            assert kind.default(live, pointer) in (value, NOTHING), pointer


@BOTH
@EVERY_KIND
def test_a_default_that_is_written_out_is_the_same(kind: Kind, generation: int) -> None:
    live = read_back(kind, SPECS[kind.name], generation)
    later = {"privileged", "useWorkspaceStorage", "forceHostNetwork", "preheat"}
    known = {name: value for name, value in kind.defaults.items() if name.count("/") == 2}
    stated = {name.rpartition("/")[2]: value for name, value in known.items()}
    if generation == 1:
        stated = {name: value for name, value in stated.items() if name not in later}

    assert differing(kind, {**SPECS[kind.name], **stated}, live) == []


WRITTEN_OUT: dict[str, tuple[Kind, dict[str, Json], dict[str, Json]]] = {
    "disk": (PYTORCH_JOB, {}, {"resource__ephemeralStorage": "50Gi"}),
    "shared memory": (PYTORCH_JOB, {"resource__memory": "3Gi"}, {"resource__sharedMemory": "1.5Gi"}),
    "no GPU": (PYTORCH_JOB, {}, {"resource__gpu": "0"}),
    "nothing waited for": (PYTORCH_JOB, {"ttlSecondsAfterFinished": 0}, {}),
    "no limit": (PYTORCH_JOB, {}, {"timeout": 0}),
    "an empty variable": (PYTORCH_JOB, {"env": {"A": "", "B": "1"}}, {}),
    "no variables": (PYTORCH_JOB, {"env": {}}, {}),
    "memory in other words": (PYTORCH_JOB, {}, {"resource__memory": "65536Mi"}),
    "cores in other words": (PYTORCH_JOB, {}, {"resource__cpu": "8000m"}),
    "white space": (PYTORCH_JOB, {}, {"entryPoint": "python train.py\n", "image": "rocm/pytorch:1"}),
    "a protocol": (DEPLOYMENT, {"service": SERVICE}, {"service": {**SERVICE, "protocol": "TCP"}}),
    "how pods are exchanged": (
        DEPLOYMENT,
        {"service": SERVICE},
        {"service": {**SERVICE, "extends": {"maxSurge": "25%", "maxUnavailable": "25%"}}},
    ),
    "the times of a probe": (
        DEPLOYMENT,
        {"liveness": {"path": "/", "port": 80}},
        {"liveness": {"path": "/", "port": 80, "initialDelaySeconds": 600, "failureThreshold": 3}},
    ),
    "one pod": (AUTHORING, {}, {"resource__replica": 1}),
    "a pod on each node": (
        PYTORCH_JOB,
        {"resource__replica": None, "specifiedNodes": ["smc300x-01", "smc300x-02"]},
        {"resource__replica": 2, "specifiedNodes": ["smc300x-02", "smc300x-01"]},
    ),
    "what happens at a time": (
        PYTORCH_JOB,
        {"cronJobs": [{"schedule": "2026-03-03T03:00:00.000Z"}]},
        {"cronJobs": [{"schedule": "2026-03-03T03:00:30", "action": "start"}]},
    ),
}


@BOTH
@pytest.mark.parametrize(("kind", "was", "now"), WRITTEN_OUT.values(), ids=WRITTEN_OUT)
def test_other_words_for_the_same_are_the_same(
    kind: Kind, was: dict[str, Json], now: dict[str, Json], generation: int
) -> None:
    spec = changed(SPECS[kind.name], **was)

    assert differing(kind, changed(spec, **now), read_back(kind, spec, generation)) == []


DIFFERENT: dict[str, tuple[dict[str, Json], str]] = {
    "image": ({"image": "rocm/pytorch:2"}, "/spec/image"),
    "entry point": ({"entryPoint": "python eval.py"}, "/spec/entryPoint"),
    "memory": ({"resource__memory": "65Gi"}, "/spec/resource/memory"),
    "GPUs": ({"resource__gpu": "1"}, "/spec/resource/gpu"),
    "a variable": ({"env": {"SEED": "7"}}, "/spec/env/SEED"),
    "priority": ({"priority": 1}, "/spec/priority"),
    "a time": ({"cronJobs": [{"schedule": "2026-03-03T03:00:00Z"}]}, "/spec/cronJobs"),
    "how long it is kept": ({"ttlSecondsAfterFinished": 61}, "/spec/ttlSecondsAfterFinished"),
    "a note": ({"description": "mine"}, "/spec/description"),
}


@BOTH
@pytest.mark.parametrize(("changes", "pointer"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_differs_is_named(changes: dict[str, Json], pointer: str, generation: int) -> None:
    live = read_back(PYTORCH_JOB, SPECS["PyTorchJob"], generation)

    assert differing(PYTORCH_JOB, changed(SPECS["PyTorchJob"], **changes), live) == [pointer]


# -- canonical form ----------------------------------------------------------------------------

_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
_FIELDS = st.sampled_from(
    ["resource", "cronJobs", "dependencies", "secrets", "service", "env", "image", "timeout", "memory", "id"]
)
_TREES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_FIELDS | st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)
_ANY_SPEC = st.dictionaries(_FIELDS, _TREES, max_size=5)


@given(_ANY_SPEC)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_canonical_is_its_own_canonical_form_and_never_raises(spec: dict[str, Json]) -> None:
    once = canonical(spec)

    assert repr(canonical(once)) == repr(once)
    assert digest_of(once)


@given(_ANY_SPEC, _FIELDS)
def test_null_and_absent_are_the_same(spec: dict[str, Json], name: str) -> None:
    without = {key: value for key, value in spec.items() if key != name}

    assert repr(canonical({**without, name: None})) == repr(canonical(without))


@given(st.permutations(["a", "b", "c"]), st.sampled_from(["specifiedNodes", "excludedNodes", "hostpath"]))
def test_lists_without_an_order_are_sorted(names: list[str], field: str) -> None:
    assert canonical({field: names}) == {field: ["a", "b", "c"]}


def test_a_script_with_a_secret_is_trimmed_as_any_other() -> None:
    script = Secret("export T=secret:T\npython train.py\n", "export T=abc\npython train.py\n")

    spelled = canonical({"entryPoint": script})["entryPoint"]

    assert spelled.reveal() == "export T=abc\npython train.py"
    assert spelled.reference == "export T=secret:T\npython train.py"


def test_dependencies_and_secrets_are_known_by_name_alone() -> None:
    spelled = canonical({"dependencies": ["b", "a"], "secrets": [{"id": "s", "type": "image"}]})

    assert spelled == {
        "dependencies": {"name=b": {"name": "b"}, "name=a": {"name": "a"}},
        "secrets": {"id=s": {"id": "s"}},
    }
