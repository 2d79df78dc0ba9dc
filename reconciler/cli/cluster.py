"""`cluster`: what a person needs of a registered cluster that the plan does not show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import complete
from reconciler.cli.options import Chosen, of_fleet, speaking, writing
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode

if TYPE_CHECKING:
    from reconciler.declare import Request
    from reconciler.provider import InstallInfo


@click.group(invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    r"""Print how to install a cluster that is registered and waits to connect.

    \b
    Examples:
      reconciler cluster install-info edge
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@command.command("install-info")
@speaking
@writing("table", "json")
@click.argument("name", metavar="NAME", shell_complete=complete.clusters)
@click.option("--version", default="", metavar="X.Y", help="The version to install; else the cluster's own.")
@click.option("--url", default="", metavar="URL", help="Where the cluster will be reached.")
@click.option(
    "--reveal", is_flag=True, help="Show the client secret. Whoever has it can pose as the cluster."
)
@of_fleet
@click.option(
    "--target",
    "targets",
    metavar="NAME",
    multiple=True,
    help="The control plane that knows it.",
    shell_complete=complete.targets,
)
def show_install_info(
    voice: Voice,
    name: str,
    version: str,
    url: str,
    fleet: str,
    targets: tuple[str, ...],
    *,
    reveal: bool,
) -> ExitCode:
    r"""Print how to install a cluster, without the secret of it.

    The words are the platform's own.

    \b
    Examples:
      reconciler cluster install-info edge --version 2.25     before it has one
      reconciler cluster install-info edge                    as it is installed now
      reconciler cluster install-info edge --version 2.24 --url https://edge.acme.com
      reconciler cluster install-info edge --reveal           with the client secret, to run it

    Exit codes: 0 printed; 2 no version is known; 4 no such cluster; 5, 6 not read.
    """
    from reconciler.cli.request import request_of
    from reconciler.cli.running import run
    from reconciler.report.install import install_document, install_text
    from reconciler.report.jsonform import json_text

    request = request_of(Chosen(fleet=fleet, targets=targets), voice)
    told = run(_read(request, voice, name, version, url))
    voice.publish(
        {
            "table": lambda: install_text(told, reveal=reveal),
            "json": lambda: json_text(install_document(told, reveal=reveal)),
        }
    )
    return ExitCode.IN_ORDER


async def _read(request: Request, voice: Voice, name: str, version: str, url: str) -> InstallInfo:
    from reconciler.cli.request import world_of
    from reconciler.reconcile import Session

    async with Session.opened(request, world_of(voice)) as session:
        return await session.install_info(name, version=version, url=url)
