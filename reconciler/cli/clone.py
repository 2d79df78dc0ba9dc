"""`clone`: copy a live workload, for one run beside what git declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import complete
from reconciler.cli.options import Chosen, of_fleet, speaking
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode

if TYPE_CHECKING:
    from reconciler.declare import Request, World
    from reconciler.fleet import Fleet
    from reconciler.provider import Clones
    from reconciler.resource import Observed


@click.command()
@speaking
@click.argument("name", metavar="NAME|KIND/NAME", shell_complete=complete.objects)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@of_fleet
def command(voice: Voice, name: str, fleet: str, *, yes: bool) -> ExitCode:
    r"""Copy a declared workload as it runs, beside it. For Primus-SaFE servers of the first generation.

    \b
    Examples:
      reconciler clone PyTorchJob/sft-support
      reconciler clone sft-support --yes

    The copy runs at once, has the name of the original, and an id of its own, which is printed. It carries
    no mark: git does not declare it, so it is never changed, counted or pruned, and whoever made it ends it.
    Nothing is copied while an apply of the fleet runs, nor the other way round.

    Exit codes: 0 copied; 4 not there; 5, 6 not read; 7 an apply is running; 8 declined; 9 the platform copies
    nothing, or the copy kept the mark; 10 nobody knows which one is the copy.
    """
    from reconciler.cli.request import request_of
    from reconciler.cli.running import run

    if not yes and not voice.can_ask:
        raise click.UsageError("there is nobody to ask here; to copy without asking: --yes")
    return run(_clone(request_of(Chosen(fleet=fleet), voice), voice, name, yes=yes))


async def _clone(request: Request, voice: Voice, name: str, *, yes: bool) -> ExitCode:
    from reconciler.cli.apply import answered
    from reconciler.cli.request import world_of
    from reconciler.errors import UsageError
    from reconciler.provider import Clones
    from reconciler.reconcile import Session

    world = world_of(voice)
    async with Session.opened(request, world, is_looking=True) as session:
        provider, observed = await session.declared(name)
        if not isinstance(provider, Clones):
            raise UsageError(f"{provider.name} copies no workloads; write a manifest of another name")
        if not yes:
            gpus = f" and hold {observed.summary.gpus:g} GPU" if observed.summary.gpus else ""
            answered(
                voice, f"Copy {observed.key} ({observed.id})? The copy will run at once{gpus}. [y/N] ", "y"
            )
        id_ = await _copied(provider, observed, session.fleet, world, voice)
    voice.result(f"{observed.key} is copied as {id_}\n")
    return ExitCode.IN_ORDER


async def _copied(provider: Clones, observed: Observed, fleet: Fleet, world: World, voice: Voice) -> str:
    """Copy it alone, as an apply writes; what asks to stop waits until the copy is told by its id."""
    from reconciler.apply.copy import copy
    from reconciler.cli.running import stopping
    from reconciler.journal import opened

    def warn(words: str) -> None:
        world.tell(f"warning: {words}")

    with stopping(lambda: None, voice):
        async with opened(fleet, clock=world.clock, environ=world.environ, warn=warn) as journal:
            return await copy(provider, observed, journal)
