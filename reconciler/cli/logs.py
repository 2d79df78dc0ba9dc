"""`logs`: print the log of a workload."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import click

from reconciler.cli import complete
from reconciler.cli.options import Chosen, of_fleet, speaking
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode

if TYPE_CHECKING:
    from reconciler.declare import Request


@dataclass(frozen=True)
class Reading:
    """Say which part of a log to read."""

    pod: str
    tail: int
    follow: bool
    previous: bool


@click.command()
@speaking
@click.argument("name", metavar="NAME|KIND/NAME", shell_complete=complete.objects)
@click.option("--tail", type=click.IntRange(min=-1), default=-1, metavar="N", help="Only the last N lines.")
@click.option("-f", "--follow", is_flag=True, help="Go on as lines come; Ctrl-C ends it.")
@click.option("--previous", is_flag=True, help="The log before the last restart.")
@click.option("--pod", default="", metavar="POD", help="Only this pod.")
@of_fleet
def command(
    voice: Voice, name: str, fleet: str, *, tail: int, follow: bool, previous: bool, pod: str
) -> ExitCode:
    r"""Print the log of a declared workload. The platform keeps no log of what has ended.

    \b
    Examples:
      reconciler logs assist-chat --tail 20
      reconciler logs Inference/assist-chat -f
      reconciler logs pretrain --pod pretrain-worker-1 --previous
    """
    from reconciler.cli.request import request_of
    from reconciler.cli.running import run

    reading = Reading(pod, tail, follow, previous)
    run(_print(request_of(Chosen(fleet=fleet), voice), voice, name, reading))
    return ExitCode.IN_ORDER


async def _print(request: Request, voice: Voice, name: str, reading: Reading) -> None:
    from reconciler.cli.request import world_of
    from reconciler.reconcile import Session

    pod = ""
    async with Session.opened(request, world_of(voice), is_looking=True) as session:
        async for line in session.logs(name, **asdict(reading)):
            if line.pod != pod:
                pod = line.pod
                voice.talk(f"--- {pod}\n")
            voice.result(f"{line.text}\n")
