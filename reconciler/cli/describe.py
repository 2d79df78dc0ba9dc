"""`describe`: show all there is about one live object."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import complete
from reconciler.cli.options import Chosen, of_fleet, of_targets, speaking, writing
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode
from reconciler.report.safe import line

if TYPE_CHECKING:
    from reconciler.declare import Request
    from reconciler.sight import Described


@click.command()
@speaking
@writing("table", "yaml", "json")
@click.argument("word", metavar="KIND/NAME", shell_complete=complete.objects)
@of_fleet
@of_targets
@click.option("--show-values", is_flag=True, help="On a terminal: mask no live value.")
@click.option("--no-pager", is_flag=True, help="Print a long page as it is.")
def command(
    voice: Voice, word: str, fleet: str, targets: tuple[str, ...], *, show_values: bool, no_pager: bool
) -> ExitCode:
    r"""Show one live object: spec, mark, pods, history, events, endpoints, elements, revisions.

    \b
    Examples:
      reconciler describe Inference/assist-chat
      reconciler describe team-a/Training/lora -o yaml
      reconciler describe Training/lora --no-pager

    A section that this server does not offer, or that could not be read, says so; the others are shown.

    Exit codes: 0; 2 the name is of several objects; 4 it is not live; 5, 6 something was not read.
    """
    from reconciler.cli.request import request_of
    from reconciler.cli.running import run
    from reconciler.look import exit_code
    from reconciler.report.describe import describe_document, describe_text, spec_form
    from reconciler.report.jsonform import json_text
    from reconciler.yaml import write

    if show_values and not voice.is_on_terminal:
        raise click.UsageError("--show-values is for a terminal only")
    described = run(_describe(request_of(Chosen(fleet=fleet, targets=targets), voice), voice, word))
    code = exit_code(described.failures)
    for failure in described.failures:
        voice.complain(f"warning: {line(failure)}\n")

    def page() -> str:
        spec = write(spec_form(described, shows_values=show_values))
        return describe_text(described, spec, width=voice.width)

    def document() -> dict[str, object]:
        return describe_document(described, exit_code=code, shows_values=show_values)

    makers = {
        "table": page,
        "yaml": lambda: write(document()),
        "json": lambda: json_text(document()),
    }
    voice.publish(makers, pages=not no_pager)
    return code


async def _describe(request: Request, voice: Voice, word: str) -> Described:
    from reconciler.cli.request import world_of
    from reconciler.reconcile import Session

    async with Session.opened(request, world_of(voice), is_looking=True) as session:
        return await session.looking().describe(word)
