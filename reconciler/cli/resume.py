"""`resume`: say what to write in git, and what the next apply would do; change nothing."""

from __future__ import annotations

import click

from reconciler.cli import complete
from reconciler.cli.options import of_fleet, speaking
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode


@click.command()
@speaking
@click.argument("names", nargs=-1, required=True, metavar="KIND/NAME...", shell_complete=complete.objects)
@of_fleet
def command(voice: Voice, names: tuple[str, ...], fleet: str) -> ExitCode:
    r"""Say how to let stopped objects run again: what to write in git, and what the next apply would do.

    Git decides whether an object runs, so this changes nothing, neither there nor on the platform.

    \b
    Examples:
      reconciler resume Training/lora                  one object
      reconciler resume team-a/Workspace/notebook      where several have its name
      reconciler resume Training/a Training/b          several

    Exit codes: 0 told, 2 no such object, 4 rejected, or of a kind that cannot be stopped; 5, 6 not read.
    """
    from reconciler.cli.wish import tell_wish

    return tell_wish(voice, fleet, names, "Running")
