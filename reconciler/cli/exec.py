"""`exec`: run a command in a workload's container."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import complete
from reconciler.cli.entering import Asked, enter, entering
from reconciler.cli.options import Chosen, speaking
from reconciler.cli.voice import Voice

if TYPE_CHECKING:
    from reconciler.console import Entry


@click.command("exec")
@speaking
@click.argument("name", metavar="NAME|KIND/NAME", shell_complete=complete.objects)
@click.argument("argv", nargs=-1, metavar="-- COMMAND [ARG]...")
@click.option("--command-in-url", is_flag=True, help="Send the command in the URL, which proxies may log.")
@entering
def command(
    voice: Voice,
    name: str,
    argv: tuple[str, ...],
    fleet: str,
    *,
    entry: Entry,
    wait_s: float,
    command_in_url: bool,
) -> int:
    r"""Run a command in a container of a declared workload, and end as it ended.

    \b
    Examples:
      reconciler exec assist-chat -- nvidia-smi -L
      reconciler exec -it assist-chat -- bash                     a shell at this terminal
      reconciler exec pretrain --pod pretrain-worker-1 -- ps aux
      reconciler exec -i notebook -- dd of=notes.txt < notes.txt

    The words go to the platform as they are, through no shell. Where it tells the exit status of the
    command, that is the exit code, and the last line of stderr says so. Where it does not, nobody knows
    how the command ended: the code is 0, a line on stderr says that too, and what must be known is to be
    printed (… -- sh -c "COMMAND; echo ended $?"). Nothing is run a second time: a session that breaks off
    ends with an error. Off in CI unless --in-ci is said. For Run:ai: Primus-SaFE has no such call.
    """
    from dataclasses import replace

    from reconciler.cli.request import request_of
    from reconciler.cli.running import run

    _, _, after = "\0".join(voice.words).partition("\0--\0")
    if not argv or after.split("\0") != list(argv):
        raise click.UsageError("put -- before the command: reconciler exec NAME -- COMMAND [ARG]...")
    if not argv[0]:
        raise click.UsageError("the first word of the command is empty; it names the program to run")
    entry = replace(entry, argv=argv, in_url=command_in_url)
    return run(enter(request_of(Chosen(fleet=fleet), voice), voice, Asked(name, entry, wait_s)))
