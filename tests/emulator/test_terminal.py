"""The line discipline, the shell's reading of lines, and the framing: laws for any input."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.emulator.runai.framing import Ended, Resized, Typed, read, write
from reconciler.emulator.runai.habits import Framing
from reconciler.emulator.runai.shell import Command, ShellSyntax, commands
from reconciler.emulator.runai.terminal import Happening, Terminal


def happenings(*pieces: bytes) -> list[Happening]:
    terminal = Terminal()
    return [each for piece in pieces for each in terminal.feed(piece)]


@given(st.binary(max_size=200), st.integers(0, 200))
def test_how_the_keys_come_does_not_matter(typed: bytes, at: int) -> None:
    assert happenings(typed[:at], typed[at:]) == happenings(typed)


@given(st.text(st.characters(blacklist_categories=["Cc", "Cs"]), max_size=50))
def test_a_line_reaches_the_program_as_it_was_typed(text: str) -> None:
    lines = [each.data for each in happenings(text.encode(), b"\r") if each.kind == "line"]

    assert lines == [text.encode() + b"\n"]


@given(st.text(st.characters(blacklist_categories=["Cc", "Cs"]), min_size=1, max_size=50))
def test_erasing_takes_whole_characters(text: str) -> None:
    lines = [
        each.data for each in happenings(text.encode(), b"\x7f" * len(text), b"\r") if each.kind == "line"
    ]

    assert lines == [b"\n"]


@pytest.mark.parametrize("key", [b"\x1b[A", b"\x1b[3~", b"\x1bOP"])
def test_keys_with_arrows_mean_nothing(key: bytes) -> None:
    assert happenings(key, b"a")[-1:] == [Happening("echo", b"a")]


@given(st.text(max_size=60))
def test_any_line_is_read_or_refused(line: str) -> None:
    with contextlib.suppress(ShellSyntax):
        for command in commands(line, {}):
            assert command.argv
            assert command.after in {";", "&&", "||"}


@given(st.lists(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="'")), min_size=1))
def test_what_is_quoted_stays_as_it_is(words: list[str]) -> None:
    line = " ".join(f"'{word}'" for word in words)

    assert list(commands(line, {"HOME": "/root"})) == [Command(";", tuple(words))]


@pytest.mark.parametrize(
    ("line", "argv"),
    [
        ("a  b\tc", ("a", "b", "c")),
        ("a$X", ("a1",)),
        ("\"$X\"'$X'", ("1$X",)),
        ("a\\ b", ("a b",)),
        ("''", ("",)),
        ("a#b", ("a#b",)),
        ("$", ("$",)),
    ],
)
def test_a_line_is_words(line: str, argv: tuple[str, ...]) -> None:
    assert [one.argv for one in commands(line, {"X": "1"})] == [argv]


@given(st.binary())
def test_bytes_as_they_are_stay_as_they_are(data: bytes) -> None:
    for framing in ("raw", "resizable"):
        assert list(read(framing, data)) == [Typed(data)]
        assert write(framing, 2, data) == data


@given(st.binary())
def test_channels_name_their_stream(data: bytes) -> None:
    assert list(read("channels", b"\x00" + data)) == [Typed(data)]
    assert write("channels", 2, data) == b"\x02" + data


@pytest.mark.parametrize(
    ("framing", "message", "given_"),
    [
        ("channels", b'\x04{"Width":80,"Height":24}', [Resized(24, 80)]),
        ("channels", b'\x04{"Width":0,"Height":24}', []),
        ("channels", b"\x04[1]", []),
        ("channels", b"\x04\xff", []),
        ("channels", b"\xff\x00", [Ended()]),
        ("channels", b"\xff\x01", []),
        ("channels", b"\x01out", []),
        ("channels", b"", []),
        ("channels", "\x00text", [Typed(b"text")]),
        ("resizable", '{"Width":80,"Height":24}', [Resized(24, 80)]),
        ("resizable", "{}", [Typed(b"{}")]),
        ("raw", '{"Width":80,"Height":24}', [Typed(b'{"Width":80,"Height":24}')]),
    ],
)
def test_a_message_is_read(framing: Framing, message: bytes | str, given_: list[object]) -> None:
    assert list(read(framing, message)) == given_
