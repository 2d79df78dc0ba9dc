"""`emulate`: serve an emulated control plane on loopback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import speaking
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from reconciler.emulator.runai import Emulator

LEVELS = ("2.23", "2.24", "2.25")


@click.command()
@speaking
@click.argument("platform", type=click.Choice(["runai"]))
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8470, show_default=True, help="0 takes a free one."
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    metavar="N",
    help="Make time N times faster.",
)
@click.option(
    "--api-level", type=click.Choice(LEVELS), default=LEVELS[-1], show_default=True, help="The server's age."
)
@click.option(
    "--seed",
    type=click.Choice(["demo", "empty"]),
    default="demo",
    show_default=True,
    help="What is there at the start.",
)
@click.option(
    "--connect-after",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Let a new cluster connect by itself after so long; else it waits for ever.",
)
@click.option(
    "--chaos",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A JSON file of faults to play.",
)
def command(
    voice: Voice,
    platform: str,
    *,
    port: int,
    speed: float,
    api_level: str,
    seed: str,
    connect_after: float | None,
    chaos: Path | None,
) -> ExitCode:
    r"""Serve an emulated control plane on this machine, until Ctrl-C. Binds to loopback only.

    \b
    Examples:
      reconciler emulate runai                      on port 8470, with the demo's projects
      reconciler emulate runai --port 0 --speed 60  a free port; a minute lasts a second
      reconciler emulate runai --chaos faults.json  with scripted failures
    """
    from reconciler.emulator.server import run_forever

    emulator = _made(speed, api_level, seed, connect_after, chaos)

    def ready(url: str) -> None:
        voice.result(
            f"{platform} emulator at {url}   client id demo, client secret demo-secret   Ctrl-C stops\n"
        )

    try:
        run_forever(emulator.app, port, ready, clock=emulator.clock)
    except OSError as wrong:
        raise UsageError(
            f"cannot listen on port {port}: {wrong.strerror}; --port 0 takes a free one"
        ) from wrong
    return ExitCode.IN_ORDER


def _made(
    speed: float, api_level: str, seed: str, connect_after: float | None, chaos: Path | None
) -> Emulator:
    from reconciler.emulator.faults import Fault, Faults
    from reconciler.emulator.runai import Emulator, ScaledClock, Switches

    switches = Switches(connect_after_s=connect_after)
    emulator = Emulator(seed=seed, clock=ScaledClock(speed), api_level=api_level, switches=switches)
    if chaos:
        try:
            script = json.loads(chaos.read_text(encoding="utf-8"))
            Faults.from_data(script)  # says which entry is wrong
        except (ValueError, TypeError, KeyError, OSError) as wrong:
            raise UsageError(f"{chaos} is no script of faults: {wrong}") from wrong
        for entry in script:
            emulator.faults.add(Fault(**entry))
    return emulator
