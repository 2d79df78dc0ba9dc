"""`emulate`: serve an emulated control plane on loopback."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from reconciler.cli.options import speaking
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from reconciler.emulator.primus_safe import Emulator as PrimusSafe
    from reconciler.emulator.runai import Emulator as RunAi

LEVELS = ("2.23", "2.24", "2.25")
GENERATIONS = ("1", "2")
PORTS: Mapping[str, int] = {"runai": 8470, "primus-safe": 8471}
# Options that mean something on one platform only.
OWN: Mapping[str, str] = {
    "api_level": "runai",
    "connect_after": "runai",
    "generation": "primus-safe",
    "lag": "primus-safe",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What was typed; each platform takes what is its own."""

    speed: float
    seed: str
    api_level: str
    connect_after: float | None
    generation: str
    lag: float


@click.command()
@speaking
@click.argument("platform", type=click.Choice(list(PORTS)))
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Listen here; 8470 for runai, 8471 for primus-safe, and 0 takes a free one.",
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    metavar="N",
    help="Make time N times faster.",
)
@click.option(
    "--api-level",
    type=click.Choice(LEVELS),
    default=LEVELS[-1],
    show_default=True,
    help="The age of the Run:ai server.",
)
@click.option(
    "--generation",
    type=click.Choice(GENERATIONS),
    default=GENERATIONS[0],
    show_default=True,
    help="The generation of the Primus-SaFE server: 1 is that of its API page, 2 that of today.",
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
    help="Let a new Run:ai cluster connect by itself after so long; else it waits for ever.",
)
@click.option(
    "--lag",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="SECONDS",
    help="Let reads of Primus-SaFE be so late.",
)
@click.option(
    "--chaos",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A JSON file of faults to play.",
)
@click.pass_context
def command(
    context: click.Context,
    /,
    voice: Voice,
    platform: str,
    *,
    port: int | None,
    chaos: Path | None,
    **typed: object,
) -> ExitCode:
    r"""Serve an emulated control plane on this machine, until Ctrl-C. Binds to loopback only.

    \b
    Examples:
      reconciler emulate runai                         on port 8470, with the demo's projects
      reconciler emulate primus-safe --generation 2    on port 8471, a server of today
      reconciler emulate runai --port 0 --speed 60     a free port; a minute lasts a second
      reconciler emulate runai --chaos faults.json     with scripted failures
    """
    from reconciler.emulator.server import run_forever

    _must_be_own(context, platform)
    emulator, credentials = MAKERS[platform](Wish(**typed))  # type: ignore[arg-type]  # as the options say
    if chaos:
        _play(emulator, chaos)
    port = PORTS[platform] if port is None else port

    def ready(url: str) -> None:
        voice.result(f"{platform} emulator at {url}   {credentials}   Ctrl-C stops\n")

    try:
        run_forever(emulator.app, port, ready, clock=emulator.clock)
    except OSError as wrong:
        raise UsageError(
            f"cannot listen on port {port}: {wrong.strerror}; --port 0 takes a free one"
        ) from wrong
    return ExitCode.IN_ORDER


def _must_be_own(context: click.Context, platform: str) -> None:
    for name, owner in OWN.items():
        is_typed = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if is_typed and owner != platform:
            option = f"--{name.replace('_', '-')}"
            raise UsageError(f"{option} is for {owner}, not for {platform}; leave it out")


def _runai(wish: Wish) -> tuple[RunAi, str]:
    from reconciler.emulator.runai import Emulator, ScaledClock, Switches

    switches = Switches(connect_after_s=wish.connect_after)
    made = Emulator(
        seed=wish.seed, clock=ScaledClock(wish.speed), api_level=wish.api_level, switches=switches
    )
    return made, "client id demo, client secret demo-secret"


def _primus_safe(wish: Wish) -> tuple[PrimusSafe, str]:
    from reconciler.emulator.primus_safe import Emulator, ScaledClock, Switches
    from reconciler.emulator.primus_safe.seed import DEMO_KEY

    made = Emulator(
        seed=wish.seed,
        clock=ScaledClock(wish.speed),
        generation=int(wish.generation),
        switches=Switches(lag_s=wish.lag),
    )
    user = made.world.users.named("demo")
    other = f"user id {user.id}" if made.generation.is_first else f"API key {DEMO_KEY}"
    return made, f"user demo, password demo-secret, {other}"


Made = tuple["RunAi | PrimusSafe", str]
MAKERS: Mapping[str, Callable[[Wish], Made]] = {"runai": _runai, "primus-safe": _primus_safe}


def _play(emulator: RunAi | PrimusSafe, chaos: Path) -> None:
    from reconciler.emulator.faults import Fault, Faults

    try:
        script = json.loads(chaos.read_text(encoding="utf-8"))
        Faults.from_data(script)  # says which entry is wrong
    except (ValueError, TypeError, KeyError, OSError) as wrong:
        raise UsageError(f"{chaos} is no script of faults: {wrong}") from wrong
    for entry in script:
        emulator.faults.add(Fault(**entry))
