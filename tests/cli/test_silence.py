"""A cluster that is gone without a word, as each command that keeps a connection open sees it."""

from __future__ import annotations

import asyncio

import pytest

from reconciler import stream
from reconciler.forward import HOST, End, Way, forwarding
from reconciler.providers.runai.provider import RunaiProvider
from reconciler.resource import Scope
from tests.cli.entered import Setter, setting
from tests.cli.scene import Scene
from tests.providers.runai.stage import only, stage

__all__ = ["setting"]

WORDS = "nothing came for 0.4 seconds, not even an answer to a ping"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "PING_S", 0.2)


def test_a_followed_log_goes_on_without_a_line_lost_or_twice(plain: Scene) -> None:
    logs = "/cluster-api/api/v1/team-a/workloads/training/runai/lora/logs"
    plain.declare("lora", more="image: busybox:1\ncommand: python train.py").types("apply", "--yes")
    plain.later(30)
    whole = plain.types("logs", "lora").out
    plain.spoil(f"WS {logs}", kind="ws_hang", after=4)
    plain.spoil(f"WS {logs}", nth=2, kind="ws_hang")  # at once: before its first message

    said = plain.types("logs", "lora", "--follow", "--limit-bytes", str(len(whole.encode()) - 1))

    assert (said.code, said.out) == (0, whole)


SESSIONS = {
    "exec, in the middle": (("exec", "box", "--", "yes"), {"after": 2}),
    "exec, idle": (("exec", "box", "--", "sleep", "infinity"), {"after_s": 0}),
    "attach, idle": (("attach", "box"), {"after_s": 0}),
}


@pytest.mark.parametrize(("words", "when"), SESSIONS.values(), ids=SESSIONS)
def test_a_session_ends_and_says_why(setting: Setter, words: tuple[str, ...], when: dict[str, int]) -> None:
    scene = setting()
    scene.spoil(f"WS /cluster-api/.*/{words[0]}", kind="ws_hang", **when)

    said = scene.types(*words)

    assert said.code == 6
    assert f"error[RC441]: the session in team-a/Workspace/box broke off: {WORDS}" in said.err


def test_a_forwarded_connection_ends_and_the_next_is_made_afresh() -> None:
    with stage() as made:
        made.add("box", kind="Workspace", spec={"image": "busybox", "command": "sleep infinity"})
        made.clock.advance(60)
        made.spoil("WS /cluster-api/.*/port-forward", kind="ws_hang", after=1)

        async def act(provider: RunaiProvider, scope: Scope) -> tuple[bytes, bytes, list[str]]:
            told: list[str] = []
            end = End(provider, await only(provider, scope, "Workspace", "box"))
            async with forwarding(end, (Way(0, 7),), told.append) as (way,), asyncio.timeout(20):
                return await _said(way, b"one", b"two"), await _said(way, b"three"), told

        first, second, told = made.play(act)

    assert (first, second) == (b"one", b"three")
    assert len(told) == 1
    assert WORDS in told[0]


async def _said(way: Way, *words: bytes) -> bytes:
    """Say words to the echo, one after the other; give what came back until the connection ended."""
    reader, writer = await asyncio.open_connection(HOST, way.local)
    back = b""
    for word in words:
        writer.write(word)
        back += await reader.read(len(word))
    writer.close()
    return back
