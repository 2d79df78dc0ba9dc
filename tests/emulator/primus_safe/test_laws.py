"""What holds whatever is asked: nothing crashes the server, and the cluster never gives what it has not."""

from collections.abc import Sequence
from typing import Any

import jsonschema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.emulator.primus_safe import capacity, forms
from reconciler.emulator.primus_safe.quantity import Malformed, parse
from reconciler.emulator.primus_safe.seed import TRAIN
from tests.emulator.primus_safe import shapes
from tests.emulator.primus_safe.bench import ROOT, Bench, program, resource

Json = Any
GENERATIONS = st.sampled_from([1, 2])
TEXT = st.text(max_size=12)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)
KEYS = st.sampled_from([*forms.CREATE[1].fields, *forms.CREATE[2].fields, *forms.PATCH[1].fields])
PARAMETERS = st.sampled_from(
    [
        "phase", "kind", "description", "userName", "workloadId", "since", "until", "offset", "limit",
        "sortBy", "order", "envKey", "envValue",
    ]
)  # fmt: skip
FITTING = {
    "timeout": st.integers(-5, 2**62),
    "ttlSecondsAfterFinished": st.integers(-5, 2**62),
    "maxRetry": st.integers(),
    "env": st.dictionaries(TEXT, TEXT, max_size=3),
    "customerLabels": st.dictionaries(TEXT, TEXT, max_size=3),
    "dependencies": st.lists(TEXT, max_size=2),
    "description": st.text(max_size=300),
    "cronJobs": st.lists(st.fixed_dictionaries({}, optional={"schedule": TEXT, "action": TEXT}), max_size=2),
    "service": st.fixed_dictionaries({}, optional={"port": st.integers(-1, 70000), "serviceType": TEXT}),
    "liveness": st.fixed_dictionaries({}, optional={"port": st.integers(), "path": TEXT}),
}
LAW = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def must_be_sane(answer: Any) -> None:
    """A request that was not understood is refused in the server's envelope, and never crashes it."""
    assert answer.status_code in {200, 400, 403, 404, 409, 422, 503}, answer.text
    if answer.status_code != 200:
        jsonschema.validate(answer.json(), dict(shapes.ERROR))


@LAW
@given(generation=GENERATIONS, asked=st.dictionaries(KEYS, VALUES, max_size=5))
def test_no_body_crashes_a_create_or_a_patch(generation: int, asked: Json) -> None:
    bench = Bench(generation)
    id_ = bench.made()

    for answer in (bench.post(**asked), bench.patch(id_, **asked)):
        must_be_sane(answer)
    bench.wait(100).listed()


@LAW
@given(generation=GENERATIONS, asked=st.fixed_dictionaries({}, optional=FITTING))
def test_what_has_the_right_types_reads_back_in_shape_or_is_refused(generation: int, asked: Json) -> None:
    bench = Bench(generation)
    answer = bench.post(**asked)

    must_be_sane(answer)
    if answer.status_code != 200:
        return
    for _ in range(3):
        found = bench.wait(30).http.get(f"{ROOT}/{answer.json()['workloadId']}")
        if found.status_code == 200:
            jsonschema.validate(found.json(), dict(shapes.detail(generation)))


@LAW
@given(
    generation=GENERATIONS,
    query=st.dictionaries(PARAMETERS, TEXT),
)
def test_no_query_crashes_the_list(generation: int, query: dict[str, str]) -> None:
    bench = Bench(generation)
    bench.made()

    must_be_sane(bench.http.get(ROOT, params={"workspaceId": TRAIN, **query}))


@LAW
@given(
    text=st.text(max_size=20)
    | st.from_regex(r"[+-]?[0-9.]{1,9}([eE][+-]?[0-9]{1,9}|[numkMGTPE]i?)?", fullmatch=True)
)
def test_any_text_is_a_quantity_or_malformed(text: str) -> None:
    try:
        amount = parse(text)
    except Malformed:
        return
    assert abs(amount.whole) <= 2**63
    assert parse(amount.halved()).whole == amount.whole // 2 or amount.amount < 0


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["create", "create", "stop", "delete", "patch", "wait", "wait"]),
        st.integers(0, 30),
        st.sampled_from(["python train.py", "sleep 20", "crash", "sleep infinity"]),
    ),
    min_size=5,
    max_size=30,
)
# What may follow what, of which a poll may see any two; jobs only.
NEXT = {
    "Pending": {"Pending", "Running", "Succeeded", "Failed", "Stopped"},
    "Running": {"Running", "Pending", "Succeeded", "Failed", "Stopped"},
    "Succeeded": {"Succeeded", "Stopped"},
    "Failed": {"Failed", "Stopped"},
    "Stopped": {"Stopped"},
}


@LAW
@given(generation=GENERATIONS, steps=STEPS, lag_s=st.sampled_from([0.0, 3.0]))
def test_the_cluster_gives_only_what_it_has_and_phases_follow_each_other(
    generation: int, steps: Sequence[tuple[str, int, str]], lag_s: float
) -> None:
    bench = Bench(generation, lag_s=lag_s, jitter_s=lag_s)
    ids: list[str] = []
    seen: dict[str, str] = {}
    for what, number, command in steps:
        _do(bench, ids, what, number, command)
        for row in bench.listed()["items"] or []:
            before = seen.get(row["workloadId"], "Pending")
            assert row["phase"] in NEXT[before], row
            seen[row["workloadId"]] = row["phase"]
        _must_fit(bench)
    bench.wait(20)
    hidden = {e.id for e in bench.emu.ledger.effects() if e.verb == "delete"}
    assert set(ids) - hidden <= {row["workloadId"] for row in bench.listed()["items"] or []}


def _do(bench: Bench, ids: list[str], what: str, number: int, command: str) -> None:
    chosen = ids[number % len(ids)] if ids else "none"
    match what:
        case "create":
            asked = resource(bench.generation, replica=1 + number % 5, gpu=str(1 + number % 8))
            more = {"priority": number % 2, "maxRetry": number % 3, **program(bench.generation, command)}
            ids.append(bench.made(**asked, **more))
        case "stop":
            assert bench.stop(chosen).status_code == 200
        case "delete":
            assert bench.delete(chosen).status_code == 200
        case "patch":
            assert bench.patch(chosen, description=command).status_code in {200, 500}
        case _:
            bench.wait(number)


def _must_fit(bench: Bench) -> None:
    """No node gives more than it has, and the queue of a workspace is counted from one."""
    world = bench.emu.world
    gives = capacity.available(world.flavors["mi300x-8"], world.generation)
    used: dict[tuple[str, str], int] = {}
    for one in world.resources.values():
        for place in one.held:
            for name, amount in capacity.request(one.spec.resources[place.group]).items():
                used[place.node, name] = used.get((place.node, name), 0) + amount
    assert all(amount <= gives[name] for (_, name), amount in used.items())
    queue = sorted(one.queue for one in world.resources.values() if one.queue and one.step == "queued")
    assert queue == list(range(1, len(queue) + 1))
