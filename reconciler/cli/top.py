"""`top`: show what live objects use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from reconciler.cli import complete
from reconciler.cli.options import Chosen, of_fleet, of_projects, of_targets, span_of, speaking, writing
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode
from reconciler.report.safe import line

if TYPE_CHECKING:
    from reconciler.declare import Request
    from reconciler.errors import ProviderError
    from reconciler.look import Wanted
    from reconciler.sight import Used

_SAMPLES = 30


def _since(_: click.Context, __: click.Parameter, text: str) -> timedelta:
    """Read how far back to look, as `30m` or `1h30m`."""
    span = span_of(text)
    if not span:
        raise click.BadParameter(f'"{text}" is no duration; write 30m, 2h or 1h30m')
    return span


@click.command()
@speaking
@writing("table", "csv", "json")
@click.argument("words", nargs=-1, metavar="[KIND | NAME | KIND/NAME]...", shell_complete=complete.objects)
@of_fleet
@of_targets
@of_projects
@click.option(
    "--since", metavar="TIME", default="1h", callback=_since, help="How far back: 30m, 1h (the default)."
)
def command(
    voice: Voice,
    words: tuple[str, ...],
    fleet: str,
    targets: tuple[str, ...],
    projects: tuple[str, ...],
    since: timedelta,
) -> ExitCode:
    r"""Show what live objects use: GPUs, memory, CPU; of a single one also each pod, and what it serves.

    \b
    Examples:
      reconciler top                              all that runs
      reconciler top -p team-a                    one project
      reconciler top Inference/chat --since 6h    one object, by pod
      reconciler top -o csv                       every sample, for a spreadsheet

    Exit codes: 0; 4 a name is not live; 5, 6 something was not read.
    """
    from reconciler.cli.request import request_of
    from reconciler.cli.running import run
    from reconciler.look import Wanted, exit_code
    from reconciler.report.jsonform import json_text
    from reconciler.report.top import top_csv, top_document, top_text, top_text_of_one

    request = request_of(Chosen(fleet=fleet, targets=targets), voice)
    used, held, failures, several = run(_read(request, voice, Wanted(words, projects), since))
    code = exit_code(failures)
    for failure in failures:
        voice.complain(f"warning: {line(failure)}\n")

    def text() -> str:
        if len(used) == 1 and words:
            return top_text_of_one(used[0], width=voice.width, targets=several)
        return top_text(used, held=held, width=voice.width, targets=several, is_whole=not failures)

    makers: dict[str, Callable[[], str]] = {
        "table": text,
        "csv": lambda: top_csv(used),
        "json": lambda: json_text(top_document(used, held=held, exit_code=code, failures=failures)),
    }
    voice.publish(makers)
    return code


async def _read(
    request: Request, voice: Voice, wanted: Wanted, since: timedelta
) -> tuple[tuple[Used, ...], dict[str, float], Sequence[ProviderError], int]:
    from reconciler.cli.request import world_of
    from reconciler.reconcile import Session

    world = world_of(voice)
    async with Session.opened(request, world, is_looking=True) as session:
        looking = session.looking()
        used = await looking.top(wanted, since=since, samples=_SAMPLES)
        return used, await looking.held(), looking.failures, len(session.fleet.targets)
