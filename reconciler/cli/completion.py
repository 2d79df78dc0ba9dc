"""`completion`: print a completion script."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_obj
def command(voice: Voice, shell: str) -> ExitCode:
    r"""Print the completion script of a shell.

    \b
    Examples:
      source <(reconciler completion bash)
      source <(reconciler completion zsh)
      reconciler completion fish | source
    """
    from reconciler.cli import cli

    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"no completion for {shell}")
    voice.document(made(cli, {}, "reconciler", "_RECONCILER_COMPLETE").source())
    return ExitCode.IN_ORDER
