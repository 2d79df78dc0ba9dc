"""The command line: one file per command, found by name and imported only when it runs.

This file loads nothing but click, so that `--help` is quick. Command modules import what is heavy
(reports, reconcile, the emulator) inside the function that runs. Only this package may start the
emulator. Results go to stdout; talk, progress and problems to stderr.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from reconciler import __version__

PAGE = """\
Keeps workloads on Run:ai and Primus-SaFE the way your git repository says.

Try it now, no account needed:
  reconciler demo

Every day:
  reconciler plan          what would change
  reconciler apply         change it, wait until healthy
  reconciler drift         is it still as declared?

All commands: reconciler --help     Shell completion: reconciler completion --help
"""

COMMANDS: dict[str, tuple[str, str]] = {
    "plan": ("reconciler.cli.plan", "show what apply would do, what it costs, and why"),
    "apply": ("reconciler.cli.apply", "carry out the plan and wait until it is healthy"),
    "drift": ("reconciler.cli.drift", "find what is live but not as git says"),
    "validate": ("reconciler.cli.validate", "check manifests offline"),
    "health": ("reconciler.cli.health", "show how the declared objects are"),
    "get": ("reconciler.cli.get", "list what is live in the fleet's projects, whoever made it"),
    "describe": ("reconciler.cli.describe", "show all there is about one live object"),
    "top": ("reconciler.cli.top", "show what live objects use"),
    "logs": ("reconciler.cli.logs", "print or follow the logs of workloads"),
    "exec": ("reconciler.cli.exec", "run a command, or a shell, in a workload's container"),
    "attach": ("reconciler.cli.attach", "see and type into the main process of a container"),
    "port-forward": ("reconciler.cli.port_forward", "reach ports of a workload from this machine"),
    "stop": ("reconciler.cli.stop", "say what to write in git so that objects are stopped"),
    "resume": ("reconciler.cli.resume", "say what to write in git so that stopped objects run again"),
    "clone": ("reconciler.cli.clone", "copy a live workload, beside what git declares"),
    "doctor": ("reconciler.cli.doctor", "look at the whole set-up and say what is wrong"),
    "cluster": ("reconciler.cli.cluster", "print how to install a registered cluster"),
    "lock": ("reconciler.cli.lock", "show who applies the fleet now, or free a dead lease"),
    "init": ("reconciler.cli.init", "write a fleet file, or a whole demo"),
    "explain": ("reconciler.cli.explain", "tell what a field, a problem code or an exit code means"),
    "schema": ("reconciler.cli.schema", "print the JSON Schema of a kind or a document"),
    "emulate": ("reconciler.cli.emulate", "serve an emulated control plane on this machine"),
    "demo": ("reconciler.cli.demo", "show the main job from begin to end, no account needed"),
    "completion": ("reconciler.cli.completion", "print a completion script for your shell"),
}
"""Every command: the module that holds it as `command`, and its line in the help."""


def verbatim(text: str | None) -> str:
    """Turn the written mark `\\b` into the one by which click leaves a paragraph as it is."""
    return (text or "").replace("\\b", "\b")


class Commands(click.Group):
    """Find commands by name in a table; import the module of the one that runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the names, the most used first."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None for a name that is none."""
        if cmd_name not in COMMANDS:
            return None
        found = import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(found, click.Command)  # noqa: S101 - what every module of the table holds
        for each in (found, *(found.commands.values() if isinstance(found, click.Group) else ())):
            each.help = verbatim(each.help)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of a command line; an unknown one fails with the nearest there is."""
        word = args[0]
        if word in COMMANDS or word.startswith("-"):
            return super().resolve_command(ctx, args)
        from reconciler.validate.suggest import near  # only a typo pays for it

        best = near(word, COMMANDS)
        hint = f'did you mean "{best}"?' if best else f"there are {', '.join(COMMANDS)}"
        raise click.UsageError(f'no command "{word}"; {hint}', ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table; nothing is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="reconciler %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    r"""Keep GPU workloads the way your git repository says.

    \b
    Examples:
      reconciler plan                  what would change
      reconciler apply                 change it, wait until healthy
      reconciler drift                 is it still as declared?
    """
    if ctx.invoked_subcommand is None:
        click.echo(PAGE, nl=False)


cli.help = verbatim(cli.help)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and give its exit code; the name of a code that is not 0 ends stderr."""
    from reconciler.cli.ending import ended  # after click, so that this module stays its own table
    from reconciler.cli.voice import Voice

    _fill_gaps()
    words = list(sys.argv[1:] if argv is None else argv)
    voice = Voice(words)
    return ended(voice, lambda: cli.main(words, prog_name="reconciler", standalone_mode=False, obj=voice))


def _fill_gaps() -> None:
    """Let a standard stream that was closed lead to nothing, before another file takes its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nothing = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115 - for as long as we run
            setattr(sys, name, nothing)
