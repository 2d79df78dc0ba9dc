"""`attach`: see and type into the main process of a workload's container."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import complete
from reconciler.cli.entering import Asked, enter, entering
from reconciler.cli.options import Chosen, speaking
from reconciler.cli.voice import Voice

if TYPE_CHECKING:
    from reconciler.console import Entry


@click.command("attach")
@speaking
@click.argument("name", metavar="NAME|KIND/NAME", shell_complete=complete.objects)
@entering
def command(voice: Voice, name: str, fleet: str, *, entry: Entry, wait_s: float) -> int:
    r"""See what the main process of a container writes from now on, and with -i type into it.

    \b
    Examples:
      reconciler attach pretrain                  watch; Ctrl-C leaves
      reconciler attach -it notebook              Ctrl-P Ctrl-Q leaves, Ctrl-C goes to the program

    A container whose main process holds its input and output refuses; exec starts a shell beside it. Off
    in CI unless --in-ci is said. For Run:ai: Primus-SaFE has no such call.
    """
    from reconciler.cli.request import request_of
    from reconciler.cli.running import run

    asked = Asked(name, entry, wait_s, can_leave=True)
    return run(enter(request_of(Chosen(fleet=fleet), voice), voice, asked))
