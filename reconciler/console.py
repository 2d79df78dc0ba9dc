"""Console: what it takes to be inside a container, at a command of one's own or at its main process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from reconciler.resource import Observed


@dataclass(frozen=True, slots=True)
class Entry:
    """Say how a container is entered: by a command, or without one at its main process.

    `pod` and `container` are "" where the platform chooses. `stdin`: something will be sent; `tty`: there is
    to be a terminal around it. `in_url`: the command goes into the URL, which proxies log, and not into a
    header, which some drop. `sizes_as_text`: sizes go as text messages where nothing better is agreed on.
    """

    argv: tuple[str, ...] = ()
    pod: str = ""
    container: str = ""
    stdin: bool = False
    tty: bool = False
    in_url: bool = False
    sizes_as_text: bool = False


@dataclass(frozen=True, slots=True)
class Size:
    """Measure a terminal, in characters."""

    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Output:
    """Carry bytes that were written in the container; `is_error` to its standard error."""

    data: bytes
    is_error: bool = False


class Console(Protocol):
    """Be one session in a container. Every call raises ProviderError where it broke off."""

    @property
    def takes_sizes(self) -> bool:
        """Tell whether the terminal around it can be told the size of ours."""
        ...

    @property
    def status(self) -> int | None:
        """Give the exit status, 0 to 255, once `receive` gave None; None where the platform told none."""
        ...

    async def send(self, data: bytes) -> None:
        """Send bytes for standard input; waits while nobody takes them."""
        ...

    async def finish(self) -> bool:
        """Say that no input will follow; False where there is no sure way to say it."""
        ...

    async def resize(self, size: Size) -> None:
        """Tell the size of our terminal; nothing where it is not taken."""
        ...

    async def receive(self) -> Output | None:
        """Give what was written next; None at a good end."""
        ...

    async def close(self) -> None:
        """Leave; safe to call again."""
        ...


@runtime_checkable
class Enters(Protocol):
    """Let somebody into containers. An optional part of a provider."""

    async def enter(self, observed: Observed, entry: Entry) -> Console:
        """Start a session. Raises NoEntry where the container cannot be entered as it is now."""
        ...
