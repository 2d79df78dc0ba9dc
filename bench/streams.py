"""What streams cost: many lines followed over drops, a long download, and many forwarded connections.

STREAM_LINES (2,000,000), STREAM_MIB (1,024) and STREAM_CONNECTIONS (1,000) say how much of each.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.corpus import write_fleet
from bench.measure import FLOOR, RECONCILER, Ratio, Result, Skipped, Tally, ending, seconds

LINES = int(os.environ.get("STREAM_LINES", "2000000"))
MIB = int(os.environ.get("STREAM_MIB", "1024"))
CONNECTIONS = int(os.environ.get("STREAM_CONNECTIONS", "1000"))
WIDTH, WIDE = 80, 1024
PARTS = 10
"""In so many pieces the followed log comes when the stream is dropped."""
AT_ONCE = 50
MOST_MIB = 32
SILENCE_S = 2
"""So long nothing comes before a followed log of the emulator ends; it is taken off what following takes."""
SERVE = """
import sys
from datetime import timedelta
from reconciler.emulator.faults import Fault
from reconciler.emulator.runai import Emulator, Habits, Pace, ScaledClock

class Shifted(ScaledClock):
    shift = timedelta()

    def now(self):
        return super().now() + self.shift

lines, width, mib, wide, parts, silence = map(int, sys.argv[1:])
clock = Shifted(1)
# Silence ends a stream well: a flood that is over has nothing more to say.
habits = Habits(idle_s=silence, idle_code=1000)
emulator = Emulator(clock=clock, pace=Pace(creating_s=0.1, pull_s=0.1), habits=habits)
emulator.tokens.token_ttl_s = 1_000_000
floods = {"long": (lines, width), "wide": (mib * 1024 * 1024 // wide, wide)}
for name, (count, size) in floods.items():
    words = f"flood --lines {count} --width {size} --rate {max(1, count // 100)}"
    emulator.world.add_workload(
        kind="Workspace", project="team-a", name=name, spec={"image": "busybox", "command": words},
        created_by="demo",
    )
for _ in range(2):
    clock.shift += timedelta(seconds=150)
    emulator.world.settle()
drops = ({"kind": "ws_close", "code": 1011}, {"kind": "ws_cut"}, {"kind": "ws_close", "code": 1001},
         {"kind": "ws_cut", "ending": "close"}, {"kind": "ws_half"})
with emulator.serve() as url:
    print(url, flush=True)
    for _ in sys.stdin:
        for number, drop in enumerate(drops, 1):
            emulator.faults.add(
                Fault("WS .*/logs", nth=number, every=len(drops), after=lines // parts, **drop)
            )
        print("dropping", flush=True)
"""
WATCHED = """
import re, sys
from pathlib import Path
from reconciler.cli import main
code = main(sys.argv[2:])
Path(sys.argv[1]).write_text(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
sys.exit(code)
"""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where it is measured: an emulator, and a fleet that declares the two floods."""

    process: subprocess.Popen[str]
    url: str
    fleet: Path
    environ: Mapping[str, str]

    def drop(self) -> None:
        """Let every stream of a log break off from now on."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("drop\n")
        self.process.stdin.flush()
        self.process.stdout.readline()

    def into(self, file: Path, *words: str) -> float:
        """Run a command with its output in a file; give the seconds."""
        with file.open("wb") as out:
            return seconds(
                lambda: subprocess.run(
                    words, cwd=self.fleet, env=self.environ, stdout=out, stderr=subprocess.PIPE, check=True
                )
            )


def measure(folder: Path) -> Iterator[Result]:
    """Follow, download and forward, each as a process of its own."""
    with _ground(folder) as ground:
        for part in (_downloaded, _forwarded, _followed):
            try:
                yield from part(ground, folder)
            except subprocess.CalledProcessError as failed:
                yield Skipped(part.__name__.strip("_"), ending(failed))


def _followed(ground: Ground, folder: Path) -> Iterator[Result]:
    """Follow a log beside a bare client, then over drops, and look each line up."""
    name, file = f"follow, {LINES:,} lines", folder / "followed.log"
    ours = (RECONCILER, "logs", "long", "--follow")
    floor = (sys.executable, FLOOR, "follow", ground.url, "long")
    bare_s = ground.into(folder / "bare.log", *floor) - SILENCE_S
    ours_s = ground.into(file, *ours) - SILENCE_S
    yield Ratio(name, "a bare client of websockets, no drops", ours_s, bare_s)
    yield Tally("  beside the bare client", _told(_census(file)))
    yield Tally("  bytes", "the same" if _digest(file) == _digest(folder / "bare.log") else "DIFFERENT")
    ground.drop()
    dropped_s = ground.into(file, *ours) - SILENCE_S
    told = f"{_told(_census(file))}; {dropped_s:.1f} s, {dropped_s / bare_s:.2f} times the bare client"
    yield Tally("  over drops", told)


def _downloaded(ground: Ground, folder: Path) -> Iterator[Result]:
    """Download a log of which next to nothing is there, then all; compare the peaks of memory."""
    if not Path("/proc/self/status").exists():
        yield Skipped("download", "there is no /proc here to read the peak of memory from")
        return
    peak, file = folder / "peak", folder / "wide.log"
    watched = (sys.executable, "-c", WATCHED, str(peak), "logs", "wide", "--download", str(file))
    ground.into(folder / "out", *watched, "--tail", "1")
    before = int(peak.read_text())
    took = ground.into(folder / "out", *watched)
    grown = (int(peak.read_text()) - before) / 1024
    size, whole = file.stat().st_size / 1024**2, _wide_digest() == _digest(file)
    yield Tally(
        f"download, {MIB:,} MiB",
        f"memory grew by {grown:.1f} MiB (goal < {MOST_MIB}) over a peak of {before / 1024:.0f}; "
        f"{size:,.0f} MiB, {'each byte right' if whole else 'NOT the bytes of the log'}; "
        f"{took:.1f} s, {size / took:.0f} MiB/s",
    )
    file.unlink()


def _forwarded(ground: Ground, folder: Path) -> Iterator[Result]:
    """Make many connections through one forwarded port, and count the open files before and after."""
    with subprocess.Popen(
        [RECONCILER, "port-forward", "long", "0:7"],
        cwd=ground.fleet,
        env=ground.environ,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stderr
        found = re.search(r"127\.0\.0\.1:(\d+)", program.stderr.readline())
        if not found:
            yield Skipped("port-forward", program.stderr.readline() or "it did not say a port")
            return
        before, after, took, right = asyncio.run(_dialled(int(found[1]), program.pid))
        program.send_signal(signal.SIGINT)
    yield Tally(
        f"port-forward, {CONNECTIONS:,}",
        f"{before} open files before, {after} after; {right:,} answered right; {took:.1f} s",
    )


async def _dialled(port: int, pid: int) -> tuple[int, int, float, int]:
    loop = asyncio.get_running_loop()
    await _echoed(port, b"first")
    await asyncio.sleep(3)
    before, began, right = _open_files(pid), loop.time(), 0
    for start in range(0, CONNECTIONS, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, CONNECTIONS))
        right += sum(await asyncio.gather(*(_echoed(port, b"%08d" % number) for number in numbers)))
    took = loop.time() - began
    await asyncio.sleep(5)  # what has gone is listened to for a little longer
    return before, _open_files(pid), took, right


async def _echoed(port: int, data: bytes) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    back = await reader.readexactly(len(data))
    writer.close()
    return back == data


def _open_files(pid: int) -> int:
    folder = Path(f"/proc/{pid}/fd")
    return len(list(folder.iterdir())) if folder.exists() else -1


def _census(file: Path) -> Mapping[str, int]:
    """Count what a followed log lost, repeated and disordered, and its marks."""
    found, last, met = Counter[str](), 0, bytearray(LINES + 1)
    with file.open("rb") as lines:
        for line in lines:
            if line.startswith(b"---"):
                found["gaps"] += 1
                continue
            number = int(line.split(None, 1)[0])
            found["repeated"] += met[number]
            found["disordered"] += number < last
            met[number], last = 1, number
    found["lost"] = LINES - sum(met)
    return found


def _told(census: Mapping[str, int]) -> str:
    return ", ".join(f"{census[word]:,} {word}" for word in ("lost", "repeated", "disordered", "gaps"))


def _digest(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _wide_digest() -> str:
    """Digest the bytes that the download must have: each line its number, and words up to the width."""
    found, rest = hashlib.sha256(), b" flood" * (WIDE // 6 + 1)
    for number in range(1, MIB * 1024 * 1024 // WIDE + 1):
        found.update(b"%12d%b\n" % (number, rest[: WIDE - 13]))
    return found.hexdigest()


@contextmanager
def _ground(folder: Path) -> Iterator[Ground]:
    fleet = write_fleet(folder / "streams", 0)
    for name in ("long", "wide"):
        head = f"apiVersion: runai/v1\nkind: Workspace\nmetadata: {{name: {name}, project: team-a}}\n"
        (fleet / f"manifests/{name}.yaml").write_text(f"{head}spec: {{image: busybox, command: flood}}\n")
    words = [str(number) for number in (LINES, WIDTH, MIB, WIDE, PARTS, SILENCE_S)]
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            url = process.stdout.readline().strip()
            yield Ground(process, url, fleet, _environ(url, folder))
        finally:
            process.stdin.close()
            process.wait(timeout=10)


def _environ(url: str, folder: Path) -> Mapping[str, str]:
    ours = {
        "RUNAI_BASE_URL": url,
        "RUNAI_CLIENT_ID": "demo",
        "RUNAI_CLIENT_SECRET": "demo-secret",
        "XDG_STATE_HOME": str(folder / "state"),
        "CI": "true",
        "RECONCILER_ALLOWED_HOSTS": "127.0.0.1",
    }
    return {**os.environ, **ours}
