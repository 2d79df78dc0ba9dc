"""Record what the commands of a page print: run them against the emulator, and write their output below.

A page holds blocks of ```console. A line that begins with `$ ` is run, in order, in one empty folder: words
of `reconciler` in this process, anything else by a shell. `<!-- at: SECONDS -->` lets time pass until then,
from the start; it is the emulator's, so that nothing takes ours and two recordings say nearly the same.
`<!-- by hand: PROJECT/NAME FIELD JSON -->` lets somebody change a live object.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any
from unittest import mock

from reconciler.cli import main
from reconciler.emulator.clock import ManualClock
from reconciler.emulator.runai import Emulator

PORT, FLEET_ID = "8470", "7f3a9c04d2b81e66"
_BLOCK = re.compile(
    r"^<!-- at: (?P<at>\d+) -->$"
    r"|^<!-- by hand: (?P<scope>[\w-]+)/(?P<name>[\w-]+) (?P<field>\w+) (?P<value>[^\n]*) -->$"
    r"|^```console\n(?P<typed>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_ENVIRON = {
    "COLUMNS": "100",
    "HF_TOKEN": "hf-for-the-tour",
    "GIT_AUTHOR_NAME": "ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}
_RESTLESS = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b|-node-\d\b|\b\d+(?:\.\d+)? ?m?s\b|\b\d+m \d\ds\b"
    r"|\b\d\d:\d\d:\d\d\b|\b[0-9a-f]{7,40}\b|\d{4}-\d\d-\d\dT[\d:.]+Z|[\d.]+ GPU-hours|Python [\d.]+, \w+"
)
"""What is another in each recording, or on another machine: times, hashes, the machine itself."""
_PASSING = re.compile(r"…  \S+  [A-Z]\w+|INFO.*")
"""A line of an apply that tells a phase on the way, and one of a log that goes on."""


class _Clock:
    """Be the product's clock: waiting moves the emulator's time and takes none of ours."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock, self._start = clock, clock.now()

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return (self._clock.now() - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self._clock.advance(max(1e-6, seconds))
        await asyncio.sleep(0)


class _Place:
    """Hold the folder, the emulator and the clock that a page is played on."""

    def __init__(self, folder: Path, emulator: Emulator, clock: ManualClock, url: str) -> None:
        self.home, self.folder = folder.parent, folder
        self.emulator, self.clock, self.began = emulator, clock, clock.now()
        self.port = url.rpartition(":")[2]

    def answer(self, words: str) -> str:
        """Type a line and give what it prints."""
        if words.startswith("cd "):
            self.folder /= words[3:]
            os.chdir(self.folder)
            return ""
        done = self._reconciler(words) if words.startswith("reconciler ") else self._shell(words)
        return done.replace(f":{self.port}", f":{PORT}").replace(str(self.home), "~")

    def wait_until(self, seconds: float) -> None:
        """Let time pass until so many seconds after the start."""
        passed = (self.clock.now() - self.began).total_seconds()
        self.clock.advance(max(seconds - passed, 0.0))

    def change(self, scope: str, name: str, spec: dict[str, Any]) -> None:
        """Change a live object behind everybody's back."""
        world = self.emulator.world
        (one,) = (each for each in world.live(scope) if each.name == name)
        world.edit_spec(one.id, spec, by="lee")

    def _reconciler(self, words: str) -> str:
        said = io.StringIO()
        with self._reached(), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            main(shlex.split(words)[1:])
        if words.startswith("reconciler init demo"):
            fleet = self.folder / words.split()[-1] / "reconciler.yaml"
            named = re.sub(r'id: "[0-9a-f]{16}"', f'id: "{FLEET_ID}"', fleet.read_text(encoding="utf-8"))
            fleet.write_text(named, encoding="utf-8")
        return said.getvalue()

    @contextlib.contextmanager
    def _reached(self) -> Iterator[None]:
        """Let the fleet file name the port that the emulator has today, while a command runs."""
        fleet = self.folder / "reconciler.yaml"
        if not fleet.exists():
            yield
            return
        before = fleet.read_text(encoding="utf-8")
        fleet.write_text(before.replace(f":{PORT}", f":{self.port}"), encoding="utf-8")
        yield
        fleet.write_text(before, encoding="utf-8")

    def _shell(self, words: str) -> str:
        now = self.clock.now().isoformat(timespec="seconds")
        environ = {**os.environ, "GIT_AUTHOR_DATE": now, "GIT_COMMITTER_DATE": now}
        done = subprocess.run(  # noqa: S603 - the words of our own page
            ["/bin/bash", "-ec", words],
            cwd=self.folder,
            env=environ,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout


def record(file: Path) -> None:
    """Record the commands of a page anew, where they print something else today."""
    before = file.read_text(encoding="utf-8")
    after = recorded(before)
    if settled(after) != settled(before):
        file.write_text(after, encoding="utf-8")


def recorded(page: str) -> str:
    """Give a page with the output of its commands as it is today."""
    with _placed() as place:

        def played(match: re.Match[str]) -> str:
            if match["typed"] is not None:
                return f"```console\n{_block(place, match['typed'])}```"
            if match["at"]:
                place.wait_until(float(match["at"]))
            else:
                place.change(match["scope"], match["name"], {match["field"]: json.loads(match["value"])})
            return match.group()

        return _BLOCK.sub(played, page)


def _block(place: _Place, text: str) -> str:
    typed = [line for line in text.splitlines() if line.startswith("$ ")]
    said = [f"{line}\n{place.answer(line[2:])}".rstrip("\n") + "\n" for line in typed]
    return "\n".join(said)


@contextlib.contextmanager
def _placed() -> Iterator[_Place]:
    clock, home = ManualClock(), Path.cwd()
    emulator = Emulator(seed="demo", clock=clock)
    kept = {
        name: word for name, word in os.environ.items() if not name.startswith(("RECONCILER_", "GIT_", "CI"))
    }
    with tempfile.TemporaryDirectory() as folder, emulator.serve() as url:
        environ = {**kept, **_ENVIRON, "XDG_STATE_HOME": f"{folder}/.state"}
        place = _Place(Path(folder).resolve() / "tour", emulator, clock, url)
        place.folder.mkdir()
        with (
            mock.patch.dict(os.environ, environ, clear=True),
            mock.patch("reconciler.cli.request.SystemClock", return_value=_Clock(clock)),
        ):
            os.chdir(place.folder)
            try:
                yield place
            finally:
                os.chdir(home)


def settled(page: str) -> str:
    """Give a page without what is another in each recording; of what happens at once the order is one.

    Which states an object is seen in on its way depends on when it was looked at.
    """
    lines = [line for line in _RESTLESS.sub("…", page).split("\n") if not _PASSING.fullmatch(line)]
    return "\n".join(line for _, same in groupby(lines, key=_is_step) for line in _ordered(list(same)))


def _is_step(line: str) -> bool:
    return line.startswith("…  ")


def _ordered(lines: list[str]) -> list[str]:
    return sorted(lines) if _is_step(lines[0]) else lines
