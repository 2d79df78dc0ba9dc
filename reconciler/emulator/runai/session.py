"""Keep one accepted WebSocket of the cluster API, and end it when the platform would.

It ends with its client, its token, its container, its pod, and after silence.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from starlette.websockets import WebSocket, WebSocketDisconnect

from reconciler.emulator.runai.gate import Gate
from reconciler.emulator.runai.podview import Life, PodView
from reconciler.emulator.tokens import Unauthenticated
from reconciler.emulator.wire import ConnectionCut, wire_of

POLL_S = 0.02
_CLOSE_S = 1.0
_BREATH = 64  # messages in a row before others get their turn


@dataclass(frozen=True, slots=True)
class Close:
    """How the server closes: a code of RFC 6455 and what it says."""

    code: int = 1000
    reason: str = ""


class Session:
    """One WebSocket into a container. Nothing is buffered: who reads slowly is waited for."""

    def __init__(self, gate: Gate, socket: WebSocket, pod: PodView, life: Life) -> None:
        self.gate = gate
        self.socket = socket
        self.pod = pod
        self.life = life
        self.opened_at = self.active_at = gate.clock.now()
        self._token = socket.headers["authorization"].partition(" ")[2].strip()
        self._sent = 0

    async def send(self, data: bytes) -> None:
        """Send one binary message.  Raises WebSocketDisconnect once the client is gone."""
        self.active_at = self.gate.clock.now()
        await self.socket.send_bytes(data)
        self._sent += 1
        if self._sent % _BREATH == 0:
            await asyncio.sleep(0)

    async def receive(self) -> bytes | str | None:
        """Take the next message; None once the client is gone."""
        message = await self.socket.receive()
        if message["type"] == "websocket.disconnect":
            return None
        self.active_at = self.gate.clock.now()
        data: bytes | None = message.get("bytes")
        return str(message["text"]) if data is None else data

    async def run(
        self,
        work: Coroutine[None, None, Close | None],
        ends: Callable[[], Close | None] | None = None,
    ) -> None:
        """Work until it is done or the session `ends`, by default with its container, then close.

        The work gives None if the client has left: then there is nobody to tell.
        """
        ends = ends or self.ending
        working = asyncio.ensure_future(work)
        try:
            ending: Close | None = None
            while not working.done() and ending is None:
                ending = ends()
                await asyncio.wait({working}, timeout=POLL_S)
            if working.done():
                ending = working.result()
            working.cancel()
            if ending is not None:
                await self.close(ending)
        except (OSError, WebSocketDisconnect):
            return
        finally:
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError, WebSocketDisconnect):
                await working

    async def close(self, close: Close) -> None:
        """Close; a client that does not even take that is cut off."""
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self.socket.close(close.code, close.reason)
        except TimeoutError:
            with contextlib.suppress(ConnectionCut):
                await wire_of(self.socket.scope).reset()

    def ending(self) -> Close | None:
        """Tell how the session ends now, if it does."""
        return self.ended() or self.timed_out()

    def expired(self) -> Close | None:
        """Tell how it ends by its token: 1008."""
        try:
            self.gate.tokens.check(self._token)
        except Unauthenticated as wrong:
            return Close(1008, str(wrong))
        return None

    def ended(self) -> Close | None:
        """Tell how it ends by its token or its container: 1001 if the pod is gone, 1000 if not."""
        expired = self.expired()
        if expired is not None:
            return expired
        pod = self._pod_now()
        if pod is None:
            return Close(1001, "pod terminated")
        now = next((life for life in pod.lives if life.started_at == self.life.started_at), None)
        self.life = now or self.life
        return Close() if now is None or now.ended_at is not None else None

    def timed_out(self) -> Close | None:
        """Tell how it ends by silence or by its age."""
        habits, now = self.gate.habits, self.gate.clock.now()
        if habits.idle_s is not None and (now - self.active_at).total_seconds() >= habits.idle_s:
            return Close(habits.idle_code, "idle timeout")
        if habits.max_s is not None and (now - self.opened_at).total_seconds() >= habits.max_s:
            return Close(1001, "maximum duration reached")
        return None

    def _pod_now(self) -> PodView | None:
        found = self.gate.find(self.socket)
        mine = (self.pod.name, self.pod.container)
        pods = found.pods if found else ()
        return next((pod for pod in pods if (pod.name, pod.container) == mine), None)
