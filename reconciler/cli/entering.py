"""Between `exec` or `attach` and the container: what was typed, this machine's streams, and how it ended."""

from __future__ import annotations

import codecs
import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.ending import Foreign
from reconciler.cli.options import Wrapped, in_pod, of_fleet, span_of
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode, ReconcilerError, Severed
from reconciler.problem import Problem

if TYPE_CHECKING:
    from reconciler.console import Console, Entry, Output
    from reconciler.declare import Request
    from reconciler.enter import Ended, Ours
    from reconciler.terminal import Ends


class OffInCi(ReconcilerError):
    """Refuse to enter a container from a CI runner, unless that was asked for."""

    exit_code = ExitCode.REFUSED


@dataclass(frozen=True, slots=True)
class Asked:
    """Hold what was typed for both commands."""

    name: str
    entry: Entry
    wait_s: float
    can_leave: bool = False


class Wait(click.ParamType[float]):
    """Read a span of time such as `90s` or `5m`, in seconds."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Give the seconds."""
        if isinstance(value, float):
            return value
        if (span := span_of(str(value))) is None:
            self.fail(f'"{value}" is no duration; write 90s, 5m or 1h', param, ctx)
        return span.total_seconds()


def entering(function: Wrapped) -> Wrapped:
    """Add the options of both commands; refuse CI runners; pass `entry`, `wait_s` and `fleet`."""

    @click.option("-i", "--stdin", is_flag=True, help="Pass this machine's standard input on.")
    @click.option("-t", "--tty", is_flag=True, help="With a terminal around it; with -i, this one.")
    @in_pod("This pod; else the platform chooses.")
    @click.option(
        "--wait-timeout", type=Wait(), default=0.0, metavar="TIME", help="Wait so long for its pods."
    )
    @click.option(
        "--sizes-as-text",
        is_flag=True,
        help="Send the terminal's size as text, where the cluster takes it so.",
    )
    @click.option("--in-ci", is_flag=True, help="Also where a CI runner runs it.")
    @of_fleet
    @functools.wraps(function)
    def entered(
        voice: Voice,
        stdin: bool,
        tty: bool,
        pod: str,
        container: str,
        wait_timeout: float,
        sizes_as_text: bool,
        in_ci: bool,
        **rest: Any,
    ) -> Any:
        from reconciler.console import Entry

        if voice.is_ci and not in_ci:
            raise _off(voice)
        entry = Entry((), pod, container, stdin, tty, sizes_as_text=sizes_as_text)
        return function(voice=voice, entry=entry, wait_s=wait_timeout, **rest)

    return entered  # type: ignore[return-value]  # click wraps the function in place


def _off(voice: Voice) -> OffInCi:
    word = next(iter(voice.words), "exec")
    what = f"{word} is off in CI: what it does stands in no plan, and nobody is there to type"
    hint = "say --in-ci if it is meant; declare what is to happen every time"
    return OffInCi(problems=[Problem("RC442", what, hint=hint)])


async def enter(request: Request, voice: Voice, asked: Asked) -> ExitCode | Foreign:
    """Find the object, start the session, stay until it ends, and give how the command ended."""
    from reconciler.cli.request import world_of
    from reconciler.enter import opened, stay
    from reconciler.reconcile import Session
    from reconciler.terminal import Ends

    world, ends, written = world_of(voice), Ends(), Written(voice)
    ours, entry = _ours(voice, asked, ends, written)
    try:
        async with Session.opened(request, world, is_looking=True) as session:
            found = await session.declared(asked.name)
            console = await opened(*found, entry, world.clock, wait_s=asked.wait_s)
            _say(voice, asked, ours, console)
            over = await stay(console, ours)
    except Severed:
        if ours.terminal is not None:
            voice.complain("\n")  # the other side may have stopped anywhere in a line
        raise
    finally:
        written.finish()
        await ends.close()
    return _ended(voice, asked.entry, over)


def _ours(voice: Voice, asked: Asked, ends: Ends, written: Written) -> tuple[Ours, Entry]:
    """Find this machine's side; without a terminal to lend, -i -t asks for none, as kubectl does."""
    from dataclasses import replace

    from reconciler.enter import Ours

    entry, source = asked.entry, _descriptor(sys.stdin) if asked.entry.stdin else None
    is_terminal = source is not None and sys.stdin.isatty()
    if entry.stdin and entry.tty and not is_terminal:
        voice.talk("standard input is no terminal, so -t is left out\n")
        entry = replace(entry, tty=False)
    out, err = voice.byway(), voice.byway(is_error=True)

    async def write(output: Output) -> None:
        if (descriptor := err if output.is_error else out) is not None:
            await ends.write(descriptor, output.data)
        else:
            written.take(output.data, is_error=output.is_error)

    terminal = source if entry.tty and is_terminal else None
    screen = terminal if terminal is not None else out
    return Ours(ends, write, voice.talk, source, terminal, screen, asked.can_leave and entry.tty), entry


def _descriptor(stream: Any) -> int | None:
    """Give the descriptor of a stream; None for one that is closed or not of this machine."""
    try:
        return int(stream.fileno())
    except (AttributeError, OSError, ValueError):
        return None


def _say(voice: Voice, asked: Asked, ours: Ours, console: Console) -> None:
    """Say before the terminal is lent what one has to know in it."""
    if asked.can_leave:
        keys = "Ctrl-P Ctrl-Q leaves; Ctrl-C goes to the program" if ours.can_leave else "Ctrl-C leaves"
        voice.talk(f"Attached to {asked.name}; {keys if ours.terminal is not None else 'Ctrl-C leaves'}\n")
    if ours.terminal is not None and not console.takes_sizes:
        columns, rows = voice.screen
        voice.talk(f"this platform takes no sizes; in the container: stty rows {rows} cols {columns}\n")


def _ended(voice: Voice, entry: Entry, over: Ended) -> ExitCode | Foreign:
    """Give the command's own status where it was told; where not, say so to whoever may count on it."""
    if over.has_left and entry.tty and not entry.argv:
        voice.talk("\nleft; what runs there goes on\n")
    if over.status is None and not over.has_left and entry.argv and not entry.tty:
        voice.talk("the platform did not tell how the command ended; 0 says that the session ended well\n")
    return Foreign(over.status) if over.status else ExitCode.IN_ORDER


class Written:
    """Write what comes from a container as text through the Voice, whole lines at a time."""

    def __init__(self, voice: Voice) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")
        self._ways: dict[bool, tuple[codecs.IncrementalDecoder, Callable[[str], None]]] = {
            False: (decoder("replace"), voice.result),
            True: (decoder("replace"), voice.complain),
        }
        self._begun = {False: "", True: ""}

    def take(self, data: bytes, *, is_error: bool) -> None:
        """Write the lines that are whole now."""
        decoder, write = self._ways[is_error]
        whole, end, self._begun[is_error] = (self._begun[is_error] + decoder.decode(data)).rpartition("\n")
        if end:
            write(whole + end)

    def finish(self) -> None:
        """Write what is left."""
        for is_error, (decoder, write) in self._ways.items():
            if left := self._begun[is_error] + decoder.decode(b"", final=True):
                self._begun[is_error] = ""
                write(left if left.endswith("\n") else f"{left}\n")
