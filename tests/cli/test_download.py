"""`logs --download`: the bytes that the server sends, whole or not at all."""

from __future__ import annotations

import asyncio
import io
import os
import re
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.download import Copy, keep
from reconciler.cli.voice import Voice
from reconciler.follow import Source
from reconciler.secret import Scrubber
from tests.cli.scene import Scene
from tests.cli.terminal import Terminal

DOWNLOAD = "GET /cluster-api/api/v1/team-a/workloads/training/runai/lora/logs/download"
LONE = Source(None, None)  # type: ignore[arg-type]  # only its label is asked


@pytest.fixture
def scene(plain: Scene) -> Scene:
    plain.declare("lora", "other", more="image: busybox:1\ncommand: python train.py").types("apply", "--yes")
    plain.later(30)
    return plain


def sent(*pieces: bytes) -> bytes:
    """Write an answer in chunks that are cut where the pieces are."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b""))


BYTES: dict[str, tuple[bytes, ...]] = {
    "nothing": (),
    "no last newline": (b"one\ntwo",),
    "carriage returns": (b"one\r\ntwo\rthree\r", b"\nfour\r"),
    "NUL and control characters": (b"\x00\x07\x1b[2J\n\x00",),
    "no UTF-8": (b"\xff\xfe\xc3(\n", bytes(range(256)), b"\x80"),
    "a character cut by chunks": ("grüße ✓\n".encode()[:3], "grüße ✓\n".encode()[3:-2], b"\x93\n"),
    "line separators that are no line feed": ("a\x0bb\x0cc\x85d\u2028e\n".encode(),),
    "surrogates, encoded": (b"\xed\xa0\x80\n\xed\xbf\xbf",),
}


@pytest.mark.parametrize("pieces", BYTES.values(), ids=BYTES)
def test_a_download_is_what_the_server_sends_byte_for_byte(scene: Scene, pieces: tuple[bytes, ...]) -> None:
    scene.spoil(DOWNLOAD, kind="raw", ending="close", raw=sent(*pieces))

    said = scene.types("logs", "lora", "--download", "lora.log")

    assert said.code == 0, said.err
    assert (scene.root / "lora.log").read_bytes() == b"".join(pieces)


@given(st.lists(st.binary(max_size=9) | st.sampled_from([b"\n", b"x" * 600_000]), max_size=6))
def test_a_copy_has_each_byte_and_counts_each_line(pieces: list[bytes]) -> None:
    copy, whole = Copy(Scrubber(["a-secret"]).scrub), b"".join(pieces)

    got = b"".join([*[copy.take(LONE, piece) for piece in pieces], copy.finish()])

    assert got == whole
    assert copy.lines == len([line for line in re.split(rb"(?<=\n)", whole) if line])


@pytest.mark.parametrize("before", [2**20 - 9, 2**20 - 1, 2**20 + 9, 2**20 - 2**16, 2**20 - 2**16 - 5])
def test_a_secret_is_taken_out_wherever_a_long_line_is_parted(before: int) -> None:
    copy, whole = (
        Copy(Scrubber(["hf_secret_token"]).scrub),
        b"x" * before + b" hf_secret_token " + b"y" * 2**21,
    )

    parts = (whole[at : at + 2**16 - 7] for at in range(0, len(whole), 2**16 - 7))
    got = b"".join([*[copy.take(LONE, part) for part in parts], copy.finish()])

    assert got == whole.replace(b"hf_secret_token", b"(sensitive)")


@pytest.mark.parametrize("cut", [2**20 + 8, 2**20, 2**20 + 1])
def test_a_secret_that_comes_in_two_pieces_is_taken_out(cut: int) -> None:
    copy, whole = Copy(Scrubber(["hf_secret_token"]).scrub), b"x" * 2**20 + b"hf_secret_token"

    got = copy.take(LONE, whole[:cut]) + copy.take(LONE, whole[cut:]) + copy.finish()

    assert got == b"x" * 2**20 + b"(sensitive)"


def test_of_several_logs_each_line_says_whose_it_is_and_nothing_else_is_touched(scene: Scene) -> None:
    scene.spoil(DOWNLOAD, kind="raw", ending="close", raw=sent(b"one\r\n\xfftw", b"o"))
    scene.spoil(
        DOWNLOAD.replace("lora", "other"), kind="raw", ending="close", raw=sent(b"three\n\nfo", b"ur")
    )

    scene.types("logs", "lora", "other", "--download", "both.log")

    found = re.sub(rb"/[\w.-]+ \| ", b"|", (scene.root / "both.log").read_bytes())
    assert found == b"lora|one\r\nlora|\xfftwo\nother|three\nother|\nother|four"


def test_known_secrets_are_taken_out_of_bytes_that_are_no_text(tmp_path: Path) -> None:
    voice, file = Voice(out=io.StringIO(), err=io.StringIO(), environ={}), tmp_path / "out.log"
    voice.scrubber.absorb(Scrubber(["hf_secret_token"]))

    async def pieces() -> AsyncIterator[tuple[Source, bytes]]:
        for piece in (b"\xff token=hf_sec", b"ret_token\r\n\xfe"):
            yield LONE, piece

    asyncio.run(keep(pieces(), voice, file))

    assert file.read_bytes() == b"\xff token=(sensitive)\r\n\xfe"


def test_a_download_is_written_whole_and_says_how_much(scene: Scene) -> None:
    printed = scene.types("logs", "lora").out

    said = scene.types("logs", "lora", "--download", "lora.log")

    assert (scene.root / "lora.log").read_text() == printed
    assert (said.code, said.out) == (0, "")
    assert re.search(r"wrote \d+ lines, [\d.]+ MiB, to lora.log", said.err)


def test_a_download_that_fails_leaves_nothing(scene: Scene) -> None:
    scene.spoil(DOWNLOAD, status=500, forever=True)

    said = scene.types("logs", "lora", "--download", "lora.log")

    assert said.code == 6
    assert not [file for file in Path(scene.root).iterdir() if "lora.log" in file.name]


def test_a_download_does_not_follow(scene: Scene) -> None:
    assert scene.types("logs", "lora", "-f", "--download", "x.log").code == 2


def test_a_download_that_breaks_off_leaves_what_was_there(scene: Scene) -> None:
    (scene.root / "lora.log").write_bytes(b"before")
    scene.spoil(DOWNLOAD, kind="raw", ending="close", raw=sent(b"one\n")[:-5], forever=True)

    said = scene.types("logs", "lora", "--download", "lora.log")

    assert (said.code, (scene.root / "lora.log").read_bytes()) == (6, b"before")
    assert sorted(file.name for file in scene.root.iterdir() if "lora.log" in file.name) == ["lora.log"]


def test_a_download_goes_where_a_link_leads_and_leaves_the_link(scene: Scene) -> None:
    (scene.root / "link.log").symlink_to("real.log")

    scene.types("logs", "lora", "--download", "link.log")

    assert (scene.root / "link.log").is_symlink()
    assert (scene.root / "real.log").stat().st_size > 0


def test_a_download_into_a_pipe_is_written_through_it(scene: Scene) -> None:
    scene.spoil(DOWNLOAD, kind="raw", ending="close", raw=sent(b"one\ntwo"))
    os.mkfifo(scene.root / "pipe")
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append((scene.root / "pipe").read_bytes()))
    reader.start()

    said = scene.types("logs", "lora", "--download", "pipe")

    reader.join(10)
    assert (said.code, got) == (0, [b"one\ntwo"])
    assert (scene.root / "pipe").is_fifo()


def test_on_a_terminal_a_download_says_how_far_it_is_and_leaves_only_its_last_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    terminal, during = Terminal(), list[list[str]]()
    voice = Voice(out=io.StringIO(), err=terminal, environ={"NO_COLOR": "1"})
    file = Path("big.log")

    async def big() -> AsyncIterator[tuple[Source, bytes]]:
        for _ in range(9):
            yield LONE, b"x" * 1024**2 + b"\n"
            during.append(terminal.shown)

    asyncio.run(keep(big(), voice, file))

    told = [screen[0].removeprefix(f"{file}: ") for screen in during]
    assert told == ["", "", "", "4 MiB", "4 MiB", "4 MiB", "4 MiB", "8 MiB", "8 MiB"]
    assert terminal.shown == [f"wrote 9 lines, 9.0 MiB, to {file}"]
    assert file.stat().st_size == 9 * (1024**2 + 1)


@pytest.mark.parametrize("file", ["", "-"])
def test_what_names_no_file_is_a_usage_error(scene: Scene, file: str) -> None:
    said = scene.types("logs", "lora", "--download", file)

    assert (said.code, "names no file; leave --download out to print the log" in said.err) == (2, True)
    assert not (scene.root / "-").exists()
