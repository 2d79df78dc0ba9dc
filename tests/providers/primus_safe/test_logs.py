"""Logs of pods: the first to fall first, followed without a stream, searched for once the pods are gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.cause import Cause, diagnose, evidence_of
from reconciler.emulator.faults import Fault
from reconciler.errors import Lacking, Malformed, NotFound
from reconciler.provider import LogQuery
from reconciler.report.platform import failure_problem
from reconciler.resource import Observed
from tests.providers.primus_safe.stage import MARK, SPEC, Stage, a_resource, only, stage


@pytest.fixture(params=[1, 2], ids=["first", "second"])
def made(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with stage(request.param) as one:
        yield one


def created(made: Stage, **spec: Any) -> Observed:
    async def act(provider: Any, scope: Any) -> Observed:
        await provider.create(scope, a_resource(spec={**SPEC, **spec}), MARK)
        return await only(provider, scope, "PyTorchJob", "train")

    return made.play(act)


def ranks(count: int) -> dict[str, Any]:
    return {"resource": {**SPEC["resource"], "replica": count}}


async def lines(provider: Any, observed: Observed, query: LogQuery) -> list[str]:
    return [line.text async for line in provider.download(observed, query)]


def test_the_last_lines_of_a_pod_are_read(made: Stage) -> None:
    observed = created(made)
    made.wait(60)

    async def act(provider: Any, _: Any) -> list[str]:
        (pod,) = await provider.pods(observed)
        return await lines(provider, observed, LogQuery(pod, tail=2))

    found = made.play(act)

    assert len(found) == 2
    assert all("iteration" in line for line in found)


def test_a_log_is_followed_to_its_end_and_no_line_comes_twice(made: Stage) -> None:
    observed = created(made, env={"EMULATOR_SECONDS": "60"}, ttlSecondsAfterFinished=600)
    made.wait(10)

    async def act(provider: Any, _: Any) -> tuple[list[str], list[str]]:
        (pod,) = await provider.pods(observed)
        followed = [line.text async for line in provider.follow(observed, LogQuery(pod))]
        return followed, await lines(provider, observed, LogQuery(pod))

    followed, whole = made.play(act)

    assert followed == whole
    assert followed[-1] == "training finished after 60 s"


@pytest.mark.parametrize(
    ("command", "cause"),
    [("rccl-timeout", Cause.COLLECTIVE), ("python crash.py", Cause.TRACEBACK)],
)
def test_the_cause_is_told_by_the_rank_that_fell_first(made: Stage, command: str, cause: Cause) -> None:
    observed = created(made, entryPoint=command, ttlSecondsAfterFinished=600, **ranks(8))
    made.wait(50)

    async def act(provider: Any, _: Any) -> Any:
        pods = await provider.pods(observed)
        logs = {pod: await lines(provider, observed, LogQuery(pod, tail=50)) for pod in pods}
        return pods, diagnose(evidence_of(await provider.health(observed), logs))

    pods, found = made.play(act)
    run = next(iter(made.emulator.world.rows.values())).workload.run

    assert run
    assert pods[0] == run.places[run.first].name
    assert (found.cause, found.pod) == (cause, pods[0])


def test_what_waits_in_the_queue_has_no_log_yet_and_no_role_is_missing(made: Stage) -> None:
    for name in ("big", "other"):

        async def act(provider: Any, scope: Any, name: str = name) -> None:
            full = {**SPEC, "resource": {**SPEC["resource"], "gpu": "8", "replica": 8}}
            await provider.create(scope, a_resource(name, spec=full), MARK)

        made.play(act)
    full = {**SPEC["resource"], "gpu": "8", "replica": 8}
    observed = created(made.wait(20), resource=full)

    async def read(provider: Any, _: Any) -> Lacking:
        with pytest.raises(Lacking) as caught:
            await lines(provider, observed, LogQuery())
        return caught.value

    told = failure_problem(made.wait(30).play(read))

    assert (told.code, told.what) == ("RC443", "it has no pods yet: it waits in the queue")
    assert told.hint == "reconciler health PyTorchJob/train says what it waits for"
    assert str(observed.key) in told.subject


def test_once_the_pods_are_gone_the_log_is_searched_for(made: Stage) -> None:
    observed = created(made, entryPoint="python crash.py")
    made.wait(300)

    async def act(provider: Any, _: Any) -> list[str]:
        (pod,) = await provider.pods(observed)
        return await lines(provider, observed, LogQuery(pod, tail=3))

    found = made.play(act)

    assert len(found) == 3
    assert "FileNotFoundError" in found[-1]


def test_without_a_store_of_logs_the_pod_is_what_is_missing() -> None:
    with stage(1, logs=False) as made:
        observed = created(made, entryPoint="python crash.py")
        made.wait(300)

        async def act(provider: Any, _: Any) -> list[str]:
            (pod,) = await provider.pods(observed)
            return await lines(provider, observed, LogQuery(pod, tail=3))

        with pytest.raises(NotFound, match="not found"):
            made.play(act)


def test_a_pod_that_is_not_there_is_missing_and_those_with_logs_are_named(made: Stage) -> None:
    observed = created(made, entryPoint="python crash.py")
    made.wait(300)

    async def act(provider: Any, _: Any) -> list[str]:
        (pod,) = await provider.pods(observed)
        with pytest.raises(NotFound, match=f'no pod "mine" has a log; these have: {pod}'):
            await lines(provider, observed, LogQuery("mine"))
        return await lines(provider, observed, LogQuery("mine", tail=0))

    assert made.play(act) == []


def test_a_pod_that_printed_nothing_has_an_empty_log(made: Stage) -> None:
    observed = created(made, entryPoint="python crash.py")
    made.wait(300)
    empty: Any = {"hits": {"hits": []}}
    made.spoil("POST /api/v1/workloads/.*/logs", kind="mutate", mutate=lambda _: empty)

    async def act(provider: Any, _: Any) -> list[str]:
        (pod,) = await provider.pods(observed)
        return await lines(provider, observed, LogQuery(pod))

    assert made.play(act) == []


def test_where_no_log_is_left_the_conditions_speak(made: Stage) -> None:
    observed = created(made, entryPoint="python crash.py", **ranks(2))
    made.wait(300)

    async def act(provider: Any, _: Any) -> Any:
        return await provider.last_words(observed)

    said = made.play(act)

    assert any(line.startswith("K8sFailed: rank") for line in said)
    assert "exit code 1" in said[-1]


def test_a_container_that_waits_to_start_is_no_error_to_who_follows(made: Stage) -> None:
    observed = created(made, env={"EMULATOR_SECONDS": "20"}, ttlSecondsAfterFinished=600)
    made.wait(4)

    async def act(provider: Any, _: Any) -> list[str]:
        row = await provider._reader.row(observed)
        pod = row["pods"][0]["podId"]
        return [line.text async for line in provider.follow(observed, LogQuery(pod))]

    assert made.play(act)[-1] == "training finished after 20 s"


@pytest.mark.parametrize("body", [{}, None, [], {"logs": None}], ids=str)
@pytest.mark.parametrize("is_followed", [False, True])
def test_an_answer_that_is_no_log_is_told(made: Stage, body: Any, *, is_followed: bool) -> None:
    observed = created(made)
    made.wait(60)
    made.emulator.faults.add(
        Fault("GET /api/v1/workloads/.*/pods/.*/logs", kind="body", json=body, forever=True)
    )

    async def act(provider: Any, _: Any) -> None:
        (pod,) = await provider.pods(observed)
        read = provider.follow if is_followed else provider.download
        with pytest.raises(Malformed, match="cannot read the log of"):
            async for _line in read(observed, LogQuery(pod)):
                pass

    made.play(act)


TEXTS = {
    "a last line feed": (["one\r", "two", ""], -1, b"one\r\ntwo\n"),
    "none at the end": (["one", "tw\u0000o\r"], -1, b"one\ntw\0o\r"),
    "line separators that are no line feed": (
        ["a\u2028b\u0085c\u000bd", ""],
        -1,
        "a\u2028b\x85c\x0bd\n".encode(),
    ),
    "what was no UTF-8 when it was printed": (["a\ufffd", ""], -1, "a\ufffd\n".encode()),
    "an empty log": ([""], -1, b""),
    "so many bytes": (["grüße", ""], 3, "grüße".encode()[:3]),
}


@pytest.mark.parametrize(("texts", "limit", "expected"), TEXTS.values(), ids=TEXTS)
def test_the_text_of_a_log_is_given_as_it_was_parted(
    made: Stage, texts: list[str], limit: int, expected: bytes
) -> None:
    observed = created(made)
    made.wait(60)
    made.emulator.faults.add(
        Fault("GET /api/v1/workloads/.*/pods/.*/logs", kind="body", json={"logs": texts}, forever=True)
    )

    async def act(provider: Any, _: Any) -> bytes:
        (pod,) = await provider.pods(observed)
        query = LogQuery(pod, limit_bytes=max(0, limit))
        return b"".join([piece async for piece in provider.pieces(observed, query)])

    assert made.play(act) == expected
