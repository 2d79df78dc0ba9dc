"""Every HTTP code and every close code that the cluster API documents, as whoever reads a log sees it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.scene import Scene

LOGS = "/cluster-api/api/v1/team-a/workloads/training/runai/lora/logs"
WORDS = "words of the cluster"
NO_WORKLOAD = "failed to get workload: not found"


@pytest.fixture
def scene(plain: Scene) -> Scene:
    spec = {"image": "busybox:1", "command": "flood --lines 8 --rate 10", "args": ""}
    world = plain.emulator.world
    plain.declare("lora", more="image: busybox:1\ncommand: flood")
    world.add_workload(kind="Training", project="team-a", name="lora", spec=spec, created_by="demo")
    plain.later(10)
    world.settle()
    plain.later(60)
    return plain


def tries(scene: Scene) -> int:
    return sum(entry.path.startswith(LOGS) for entry in scene.emulator.ledger.since(scene.sent))


def answer(code: int) -> dict[str, Any]:
    return {"status": code, "json": {"code": code, "reason": "X", "message": WORDS}}


def numbers(out: str) -> list[int]:
    return [int(line.split()[0]) for line in out.splitlines()]


# What is answered, the exit code, what is told, and how often a download and a handshake are tried.
CODES: dict[str, tuple[dict[str, Any], int, str, str, int, int]] = {
    "400": (answer(400), 6, "RC421]: prod refused to {} the log of", "check --pod and --container", 1, 1),
    "401": (answer(401), 5, "RC401]: prod did not accept the credentials", "RUNAI_CLIENT_ID", 2, 2),
    "403": (answer(403), 5, "RC420]: prod: these credentials may not {} the log of", "a role that may", 1, 1),
    "404": (answer(404), 6, "RC403]: the log of team-a/Training/lora not found", "or no pod at all", 1, 1),
    "409": (answer(409), 6, "RC421]: prod refused to {} the log of", "has ended or is between", 1, 1),
    "426": (answer(426), 6, "RC422]: prod failed while asked to {}", "takes WebSockets out", 1, 4),
    "429": (answer(429), 6, "RC423]: prod asks to slow down", "run again later", 5, 4),
    "500": (answer(500), 6, "RC422]: prod failed while asked to {}", "does not know the workload", 5, 4),
    "500 in plain text": (
        {"status": 500, "text": NO_WORKLOAD, "content_type": "text/plain"},
        6,
        "RC422]: prod failed while asked to {}",
        "does not know the workload",
        5,
        4,
    ),
    "503": (answer(503), 6, "RC422]: prod failed while asked to {}", "the cluster is restarting", 5, 4),
}


@pytest.mark.parametrize("words", [(), ("--download", "lora.log")], ids=["printed", "downloaded"])
@pytest.mark.parametrize("row", CODES.values(), ids=CODES)
def test_an_http_code_of_a_log_tells_what_to_do(
    scene: Scene, row: tuple[dict[str, Any], int, str, str, int, int], words: tuple[str, ...]
) -> None:
    fault, code, what, hint, most, _ = row
    scene.spoil(f"GET {LOGS}/download", forever=True, **fault)

    said = scene.types("logs", "lora", *words)

    assert (said.code, said.out) == (code, "")
    assert what.format("read") in said.err
    assert hint in " ".join(said.err.split())
    assert (NO_WORKLOAD if "text" in fault else WORDS) in said.err
    assert tries(scene) == most


@pytest.mark.parametrize("row", CODES.values(), ids=CODES)
def test_an_http_code_of_a_followed_log_tells_what_to_do(
    scene: Scene, row: tuple[dict[str, Any], int, str, str, int, int]
) -> None:
    fault, code, what, hint, _, most = row
    scene.spoil(f"WS {LOGS}", forever=True, **fault)

    said = scene.types("logs", "lora", "--follow")

    assert (said.code, said.out) == (code, "")
    assert what.format("follow") in said.err
    assert hint in " ".join(said.err.split())
    assert tries(scene) == most


@pytest.mark.parametrize("code", [429, 500, 503])
@pytest.mark.parametrize("words", [(), ("--follow",)], ids=["printed", "followed"])
def test_what_passes_is_waited_for(scene: Scene, code: int, words: tuple[str, ...]) -> None:
    scene.spoil(f"GET|WS {LOGS}(/download)?", count=2, **answer(code))
    scene.spoil(f"WS {LOGS}", nth=3, kind="ws_close", code=1000, after=6)

    said = scene.types("logs", "lora", *words)

    assert (said.code, numbers(said.out)[:6]) == (0, [1, 2, 3, 4, 5, 6])


# How a stream ends. All but the first are gone over: the log goes on after them.
ENDS: dict[str, dict[str, Any]] = {
    "1001 going away": {"kind": "ws_close", "code": 1001, "text": "pod terminated"},
    "1006 reset": {"kind": "ws_cut"},
    "1006 no close frame": {"kind": "ws_cut", "ending": "close"},
    "1006 half a frame": {"kind": "ws_half"},
    "1008 token expired": {"kind": "ws_close", "code": 1008},
    "1011 server error": {"kind": "ws_close", "code": 1011},
    "4000 of no table": {"kind": "ws_close", "code": 4000},
}


@pytest.mark.parametrize("fault", ENDS.values(), ids=ENDS)
def test_a_close_code_that_passes_is_gone_over(scene: Scene, fault: dict[str, Any]) -> None:
    scene.spoil(f"WS {LOGS}", after=3, **fault)
    scene.spoil(f"WS {LOGS}", nth=2, after=6, kind="ws_close", code=1000)
    signed = scene.types("logs", "lora").code  # a token is there before it runs out

    said = scene.types("logs", "lora", "--follow")

    assert (signed, said.code, numbers(said.out)) == (0, 0, [1, 2, 3, 4, 5, 6])
    assert tries(scene) == 2
    assert "error" not in said.err


LASTING: dict[str, tuple[int, str, int]] = {
    "1001 going away": (6, "RC410]: cannot reach HOST:PORT: the server went away, or the pod ended", 4),
    "1006 reset": (6, "RC410]: cannot reach HOST:PORT: the connection broke off", 4),
    "1006 no close frame": (6, "RC410]: cannot reach HOST:PORT: the connection broke off", 4),
    "1006 half a frame": (6, "RC410]: cannot reach HOST:PORT: the connection broke off", 4),
    "1008 token expired": (5, "RC401]: prod did not accept the credentials", 2),
    "1011 server error": (6, "RC410]: cannot reach HOST:PORT: the server failed", 4),
    "4000 of no table": (6, "RC410]: cannot reach HOST:PORT: the stream was closed with code 4000", 4),
}


@pytest.mark.parametrize("end", LASTING)
def test_a_close_code_that_lasts_is_an_error(scene: Scene, end: str) -> None:
    code, what, most = LASTING[end]
    scene.spoil(f"WS {LOGS}", forever=True, **ENDS[end])

    said = scene.types("logs", "lora", "--follow")

    assert (said.code, said.out) == (code, "")
    assert what in said.err
    assert tries(scene) == most


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "1002 protocol error": ({"kind": "ws_close", "code": 1002}, "the server broke the WebSocket protocol"),
    "1009 too big": ({"kind": "ws_close", "code": 1009}, "a message is larger than 1 MiB"),
    "no frame": ({"kind": "ws_raw"}, "the server broke the WebSocket protocol"),
    "text": ({"kind": "ws_text"}, "a text message came where bytes are due"),
}


@pytest.mark.parametrize("row", BROKEN.values(), ids=BROKEN)
def test_what_breaks_the_protocol_ends_it_at_once(scene: Scene, row: tuple[dict[str, Any], str]) -> None:
    fault, why = row
    scene.spoil(f"WS {LOGS}", after=3, forever=True, **fault)

    said = scene.types("logs", "lora", "--follow")

    assert (said.code, numbers(said.out)) == (6, [1, 2, 3])
    assert "RC412]: prod: the answer to follow the log of team-a/Training/lora" in said.err
    assert why in said.err
    assert tries(scene) == 1


def test_1000_is_the_good_end(scene: Scene) -> None:
    scene.spoil(f"WS {LOGS}", after=3, kind="ws_close", code=1000)

    said = scene.types("logs", "lora", "--follow")

    assert (said.code, numbers(said.out), said.err) == (0, [1, 2, 3], "")
    assert tries(scene) == 1
