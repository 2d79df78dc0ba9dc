"""`port-forward`: reach ports of a workload's container from this machine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from reconciler.cli import complete
from reconciler.cli.options import Chosen, in_pod, of_fleet, speaking
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode

if TYPE_CHECKING:
    from reconciler.declare import Request
    from reconciler.forward import Way


class Ports(click.ParamType[tuple[int, int]]):
    """Read `PORT` or `LOCAL:REMOTE`."""

    name = "ports"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Give the local port, 0 for any that is free, and the remote one."""
        local, sign, remote = str(value).partition(":")
        ports = (local, remote if sign else local)
        are_ports = all(word.isascii() and word.isdigit() and int(word) <= 65535 for word in ports)
        if not are_ports or not int(ports[1]):
            self.fail(f'"{value}" is no port; write 8000, or 9000:8000 for LOCAL:REMOTE', param, ctx)
        return int(ports[0]), int(ports[1])


@click.command("port-forward")
@speaking
@click.argument("name", metavar="NAME|KIND/NAME", shell_complete=complete.objects)
@click.argument("ports", nargs=-1, required=True, type=Ports(), metavar="[LOCAL:]REMOTE...")
@in_pod("This pod.")
@of_fleet
def command(
    voice: Voice, name: str, ports: tuple[tuple[int, int], ...], fleet: str, *, pod: str, container: str
) -> ExitCode:
    r"""Reach ports of a declared workload from this machine, on 127.0.0.1, until Ctrl-C.

    \b
    Examples:
      reconciler port-forward assist-chat 8000          the same port here
      reconciler port-forward assist-chat 9000:8000     port 9000 here
      reconciler port-forward notebook 0:8888 6006      any free port here, and another

    Each connection has a tunnel of its own: one that breaks ends alone, and the next is made afresh.
    For Run:ai: Primus-SaFE has no such call.
    """
    from reconciler.cli.request import request_of
    from reconciler.cli.running import run
    from reconciler.forward import Way

    ways = tuple(Way(local, remote) for local, remote in ports)
    for number, (local, remote) in enumerate(ports):
        if local and local in (before for before, _ in ports[:number]):
            raise click.UsageError(
                f"port {local} of this machine is asked for twice; write 0:{remote} for any that is free"
            )
    run(_forward(request_of(Chosen(fleet=fleet), voice), voice, name, ways, pod, container))
    return ExitCode.IN_ORDER


async def _forward(
    request: Request, voice: Voice, name: str, ways: tuple[Way, ...], pod: str, container: str
) -> None:
    from reconciler.cli.request import world_of
    from reconciler.forward import HOST, end_of, forwarding
    from reconciler.reconcile import Session

    async with Session.opened(request, world_of(voice), is_looking=True) as session:
        end = await end_of(*await session.declared(name), pod=pod, container=container)
        async with forwarding(end, ways, lambda words: voice.complain(f"warning: {words}\n")) as open_:
            for way in open_:
                voice.talk(
                    f"Forwarding http://{HOST}:{way.local} -> {end.observed.key.name}:{way.remote}"
                    "   (Ctrl-C stops)\n"
                )
            await asyncio.Event().wait()
