"""Consoles: sessions in containers, over one WebSocket each.

None is taken up again after a break: nothing replays its output.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from reconciler.console import Entry, Output, Size
from reconciler.errors import NoEntry, ProviderError, Unauthenticated
from reconciler.providers.runai.doorstep import severed
from reconciler.providers.runai.framing import Ending, framing_of, told_by
from reconciler.stream import Channel

_IN_IMAGE = "is the program in the image, and may it be run?"


class RunaiConsole:
    """Be one session. `again` opens it once more with a new token.

    That is done once, where the token ran out before anything came or was sent, and only where a second
    start cannot do harm: at a main process, and at a terminal at which nobody has typed.
    """

    def __init__(
        self, channel: Channel, entry: Entry, again: Callable[[], Awaitable[Channel]] | None
    ) -> None:
        self._channel, self._entry = channel, entry
        self._framing = framing_of(channel.protocol, sizes_as_text=entry.sizes_as_text)
        self._again = again if not entry.argv or (entry.tty and entry.stdin) else None
        self._lock = asyncio.Lock()
        self._size: Size | None = None
        self._ending = Ending()

    @property
    def takes_sizes(self) -> bool:
        """Tell whether the terminal around it can be told the size of ours."""
        return self._framing.takes_sizes and self._entry.tty

    @property
    def status(self) -> int | None:
        """Give the exit status of the command; None where the platform told none."""
        return self._ending.status

    async def send(self, data: bytes) -> None:
        """Send bytes for standard input."""
        async with self._lock:
            self._again = None
            await self._send(self._framing.typed(data))

    async def finish(self) -> bool:
        """Say that no input will follow; False where there is no sure way to say it."""
        async with self._lock:
            message = self._framing.finished()
            if message is not None:
                await self._send(message)
        return self._framing.ends_surely

    async def resize(self, size: Size) -> None:
        """Tell the size of our terminal."""
        async with self._lock:
            self._size = size
            message = self._framing.sized(size) if self._entry.tty else None
            if message is not None:
                await self._send(message)

    async def receive(self) -> Output | None:
        """Give what was written next; None at a good end. Raises NoEntry for a command that was not run."""
        while (message := await self._next()) is not None:
            match self._framing.read(message):
                case Output() as output:
                    return output
                case Ending() as ending:
                    self._ending = ending
                case None:
                    pass
        if self._ending.why_not:
            raise self._not_run()
        if self._ending.status is None:
            self._ending = Ending(told_by(self._channel.goodbye))
        return None

    async def close(self) -> None:
        """Leave."""
        await self._channel.close()

    async def _next(self) -> bytes | None:
        try:
            message = await self._channel.receive()
        except Unauthenticated as err:
            async with self._lock:
                again, self._again = self._again, None
                if again is None:
                    raise severed(err) from err
                await self._reopen(again)
            return await self._next()
        except ProviderError as err:
            raise severed(err) from err
        self._again = None
        return message

    async def _reopen(self, again: Callable[[], Awaitable[Channel]]) -> None:
        with suppress(ProviderError):
            await self._channel.close()
        self._channel = await again()
        self._framing = framing_of(self._channel.protocol, sizes_as_text=self._entry.sizes_as_text)
        message = self._framing.sized(self._size) if self._size and self._entry.tty else None
        if message is not None:
            await self._send(message)

    async def _send(self, message: bytes | str) -> None:
        try:
            await self._channel.send(message)
        except ProviderError as err:
            raise severed(err) from err

    def _not_run(self) -> ProviderError:
        error = self._channel.error(NoEntry, self._ending.why_not, hint=_IN_IMAGE)
        error.exit_code = NoEntry.exit_code
        return error
