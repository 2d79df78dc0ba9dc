"""Sessions in containers: their framing both ways, how a command ended, and when one is opened once more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from reconciler.console import Entry, Output, Size
from reconciler.errors import (
    ExitCode,
    Malformed,
    NoEntry,
    ProviderError,
    Severed,
    Unauthenticated,
    Unavailable,
)
from reconciler.providers.runai.console import RunaiConsole

V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
SHELL = Entry(("bash",), stdin=True, tty=True)
Message = bytes | ProviderError


@dataclass
class FakeChannel:
    """Give messages in order, then a good end; keep what is sent."""

    messages: list[Message] = field(default_factory=list)
    protocol: str = ""
    goodbye: str = ""
    sent: list[bytes | str] = field(default_factory=list)
    is_closed: bool = False

    async def send(self, data: bytes | str) -> None:
        self.sent.append(data)

    async def receive(self) -> bytes | None:
        if not self.messages:
            return None
        message = self.messages.pop(0)
        if isinstance(message, ProviderError):
            raise message
        return message

    def error(self, kind: type[ProviderError], said: str, *, hint: str = "") -> ProviderError:
        return kind("prod", "run a command in", "a/Workspace/box", said=said, hint=hint)

    async def close(self) -> None:
        self.is_closed = True


def console(channel: FakeChannel, entry: Entry = SHELL, again: FakeChannel | None = None) -> RunaiConsole:
    async def reopen() -> Any:
        return again

    return RunaiConsole(channel, entry, reopen if again else None)  # type: ignore[arg-type]  # a stand-in


def heard(one: RunaiConsole) -> list[Output]:
    """Receive to the good end."""

    async def play() -> list[Output]:
        got = []
        while (output := await one.receive()) is not None:
            got.append(output)
        return got

    return asyncio.run(play())


def sent(
    protocol: str, act: Callable[[RunaiConsole], Awaitable[Any]], entry: Entry = SHELL
) -> list[bytes | str]:
    channel = FakeChannel(protocol=protocol)

    async def play() -> None:
        await act(console(channel, entry))

    asyncio.run(play())
    return channel.sent


SIZE = b'\x04{"Width": 80, "Height": 24}'
AS_TEXT = Entry(("bash",), stdin=True, tty=True, sizes_as_text=True)
WITHOUT_TTY = Entry(("cat",), stdin=True)


@pytest.mark.parametrize(
    ("protocol", "entry", "typed", "finished", "sized"),
    [
        ("", SHELL, [b"ab"], [b""], []),
        ("", AS_TEXT, [b"ab"], [b""], ['{"Width": 80, "Height": 24}']),
        (V4, SHELL, [b"\x00ab"], [], [SIZE]),
        (V5, SHELL, [b"\x00ab"], [b"\xff\x00"], [SIZE]),
        (V5, WITHOUT_TTY, [b"\x00ab"], [b"\xff\x00"], []),
    ],
)
def test_what_is_sent_fits_the_protocol_that_was_agreed_on(
    protocol: str, entry: Entry, typed: list[Any], finished: list[Any], sized: list[Any]
) -> None:
    assert sent(protocol, lambda one: one.send(b"ab"), entry) == typed
    assert sent(protocol, lambda one: one.finish(), entry) == finished
    assert sent(protocol, lambda one: one.resize(Size(24, 80)), entry) == sized


@pytest.mark.parametrize(("protocol", "is_sure"), [("", False), (V4, False), (V5, True)])
def test_only_the_newest_protocol_surely_ends_input(protocol: str, is_sure: bool) -> None:
    assert asyncio.run(console(FakeChannel(protocol=protocol)).finish()) is is_sure


def test_bytes_as_they_are_are_output() -> None:
    assert heard(console(FakeChannel([b"\x01a", b"", b"\xff"]))) == [Output(b"\x01a"), Output(b"\xff")]


def test_channels_keep_the_outputs_apart_and_what_is_unknown_out() -> None:
    channel = FakeChannel([b"\x01out", b"\x02err", b"\x01", b"", b"\x07what"], V5)

    assert heard(console(channel)) == [Output(b"out"), Output(b"err", is_error=True)]


def failure(**details: Any) -> bytes:
    return b"\x03" + json.dumps({"status": "Failure", **details}).encode()


def exited(status: str) -> bytes:
    return failure(details={"causes": [{"reason": "Other"}, {"reason": "ExitCode", "message": status}]})


STATUSES: dict[str, tuple[list[Message], str, int | None]] = {
    "success": ([b'\x03{"metadata": {}, "status": "Success"}'], "", 0),
    "a status": ([exited("7")], "", 7),
    "one that is too big for this machine": ([exited("3221225786")], "", 1),
    "one that is none": ([exited("-1")], "", None),
    "no JSON": ([b"\x03{"], "", None),
    "no object": ([b"\x03[]"], "", None),
    "none told": ([], "", None),
    "by the close": ([], "command terminated with exit code 9", 9),
    "by the close, in other words": ([], "non-zero exit code: exit status 2", 2),
    "the channel before the close": ([exited("7")], "exit code 9", 7),
}


@pytest.mark.parametrize(("messages", "goodbye", "status"), STATUSES.values(), ids=STATUSES.keys())
def test_the_status_is_what_the_platform_told(
    messages: list[Message], goodbye: str, status: int | None
) -> None:
    one = console(FakeChannel(list(messages), V5, goodbye))

    assert heard(one) == []
    assert one.status == status


@pytest.mark.parametrize(
    ("message", "said"),
    [(failure(message="no such file"), "no such file"), (failure(), "it does not say why")],
)
def test_a_command_that_could_not_be_run_says_why(message: bytes, said: str) -> None:
    with pytest.raises(NoEntry, match=said) as caught:
        heard(console(FakeChannel([message], V5)))
    assert caught.value.exit_code is ExitCode.PARTIAL


def ran_out() -> Unauthenticated:
    return Unauthenticated("prod", "attach to", "a/Workspace/box", said="the token ran out")


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (Unavailable, ExitCode.UNOBSERVED),
        (Malformed, ExitCode.UNOBSERVED),
        (Unauthenticated, ExitCode.DENIED),
    ],
)
def test_a_break_is_severed_with_the_code_of_its_cause(kind: type[ProviderError], code: ExitCode) -> None:
    broken = kind("prod", "attach to", "a/Workspace/box", said="why")

    with pytest.raises(Severed, match="why") as caught:
        heard(console(FakeChannel([b"x", broken])))
    assert caught.value.exit_code is code


@pytest.mark.parametrize("entry", [SHELL, Entry(), Entry(stdin=True)], ids=["a shell", "attach", "attach -i"])
def test_a_token_that_runs_out_before_anything_opens_it_once_more(entry: Entry) -> None:
    first, second = FakeChannel([ran_out()], V5), FakeChannel([b"\x01later"], V5)

    async def play() -> Output | None:
        one = console(first, entry, second)
        await one.resize(Size(24, 80))
        return await one.receive()

    assert asyncio.run(play()) == Output(b"later")
    assert first.is_closed
    assert second.sent == ([SIZE] if entry.tty else [])


@pytest.mark.parametrize("entry", [Entry(("rm",)), Entry(("cat",), stdin=True), Entry(("ls",), tty=True)])
def test_a_command_without_a_user_is_never_opened_once_more(entry: Entry) -> None:
    with pytest.raises(Severed):
        heard(console(FakeChannel([ran_out()]), entry, FakeChannel()))


def test_what_was_shown_or_typed_is_never_opened_once_more() -> None:
    async def typed() -> None:
        one = console(FakeChannel([ran_out()]), SHELL, FakeChannel())
        await one.send(b"a")
        await one.receive()

    with pytest.raises(Severed):
        heard(console(FakeChannel([b"shown", ran_out()]), SHELL, FakeChannel()))
    with pytest.raises(Severed):
        asyncio.run(typed())


def test_it_is_opened_once_more_and_not_twice() -> None:
    with pytest.raises(Severed):
        heard(console(FakeChannel([ran_out()]), SHELL, FakeChannel([ran_out()])))
