"""`get`: list what is live in the fleet's scopes, whoever made it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import complete
from reconciler.cli.options import Chosen, of_fleet, of_projects, of_targets, speaking, writing
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode, ProviderError
from reconciler.report.safe import line

if TYPE_CHECKING:
    from reconciler.declare import Request
    from reconciler.look import Wanted
    from reconciler.sight import Found

_EVERY_S = 2.0
_OWNERS = click.Choice(["ours", "unclaimed", "foreign", "unknown"], case_sensitive=False)


@click.command()
@speaking
@writing("table", "wide", "name", "yaml", "json")
@click.argument("words", nargs=-1, metavar="[KIND | NAME | KIND/NAME]...", shell_complete=complete.objects)
@of_fleet
@click.option("-l", "--selector", metavar="KEY=VALUE,...", default="", help="Only what git labels so.")
@of_targets
@of_projects
@click.option("--kind", "kinds", metavar="KIND", multiple=True, help="Only this kind; repeatable.")
@click.option("--owner", "owners", type=_OWNERS, multiple=True, help="Only what is whose; repeatable.")
@click.option("--phase", "phases", metavar="PHASE", multiple=True, help="Only in this phase; repeatable.")
@click.option("--count", "is_count", is_flag=True, help="Print how many there are, and nothing else.")
@click.option("-w", "--watch", "is_watch", is_flag=True, help="Go on, with a line for each change.")
@click.option("--show-values", is_flag=True, help="With -o yaml or json on a terminal: mask no live value.")
@click.option("--no-pager", is_flag=True, help="Print a long list as it is.")
def command(
    voice: Voice,
    fleet: str,
    targets: tuple[str, ...],
    *,
    is_count: bool,
    is_watch: bool,
    show_values: bool,
    no_pager: bool,
    **asked: Any,
) -> ExitCode:
    r"""List what is live in the fleet's projects: ours, unclaimed and foreign.

    \b
    Examples:
      reconciler get                            everything
      reconciler get Inference -p team-a        one kind in one project
      reconciler get --owner unclaimed -o wide  what nobody's git declares
      reconciler get Training/lora -o yaml      with the live spec
      reconciler get --phase Pending --count
      reconciler get Training -w                and a line whenever one changes, until Ctrl-C

    In YAML and JSON a live value is (sensitive) where git does not declare it, or it may be a credential.

    Exit codes: 0; 4 a name is not live; 5, 6 something was not read.
    """
    from reconciler.cli.request import request_of
    from reconciler.cli.running import run
    from reconciler.look import Wanted, exit_code
    from reconciler.report.get import get_document

    _check(voice, is_count=is_count, is_watch=is_watch, show_values=show_values)
    in_full = any(output.format in ("yaml", "json") for output in voice.outputs)
    request, wanted = request_of(Chosen(fleet=fleet, targets=targets), voice), Wanted(**asked)
    if is_watch:
        return run(_watch(request, voice, wanted))
    found, failures, several = run(_find(request, voice, wanted, in_full=in_full))
    code = exit_code(failures)
    voice.complain("".join(f"warning: {line(failure)}\n" for failure in failures))
    document = partial(get_document, found, exit_code=code, failures=failures, shows_values=show_values)
    if is_count:
        voice.result(f"{len(found)}\n")
    else:
        _publish(voice, found, several, document, is_whole=not failures, pages=not no_pager)
    return code


def _check(voice: Voice, *, is_count: bool, is_watch: bool, show_values: bool) -> None:
    """Refuse what does not go together.  Raises click.UsageError."""
    if show_values and not voice.is_on_terminal:
        raise click.UsageError("--show-values is for a terminal only")
    if is_watch and (is_count or any(not output.is_text or output.file for output in voice.outputs)):
        raise click.UsageError("--watch writes lines as things change; it goes with the table alone")


def _publish(
    voice: Voice,
    found: Sequence[Found],
    targets: int,
    document: Callable[[], dict[str, Any]],
    *,
    is_whole: bool,
    pages: bool,
) -> None:
    from reconciler.report.get import get_text
    from reconciler.report.jsonform import json_text
    from reconciler.report.values import key_text
    from reconciler.yaml import write

    table = partial(get_text, found, width=voice.width, targets=targets, is_whole=is_whole)
    makers: dict[str, Callable[[], str]] = {
        "table": table,
        "wide": lambda: table(is_wide=True),
        "name": lambda: "".join(f"{key_text(each.summary.key, targets)}\n" for each in found),
        "yaml": lambda: write(document()),
        "json": lambda: json_text(document()),
    }
    voice.publish(makers, pages=pages)


async def _find(
    request: Request, voice: Voice, wanted: Wanted, *, in_full: bool
) -> tuple[tuple[Found, ...], Sequence[ProviderError], int]:
    from reconciler.cli.request import world_of
    from reconciler.reconcile import Session

    async with Session.opened(request, world_of(voice), is_looking=True) as session:
        looking = session.looking()
        found = await looking.find(wanted, in_full=in_full)
        return found, looking.failures, len(session.fleet.targets)


async def _watch(request: Request, voice: Voice, wanted: Wanted) -> ExitCode:
    """Print the table, then each change, until somebody stops it."""
    from reconciler.cli.request import world_of
    from reconciler.reconcile import Session
    from reconciler.report.get import changes_text, get_text

    world = world_of(voice)
    async with Session.opened(request, world, is_looking=True) as session:
        targets, told = len(session.fleet.targets), frozenset[str]()
        looking = session.looking()
        seen = await looking.look(wanted, is_strict=True)
        is_whole = not looking.failures
        voice.result(get_text(seen.chosen, width=voice.width, targets=targets, is_whole=is_whole))
        while voice.is_heard:
            told = _tell(voice, told, looking.failures)
            await world.clock.sleep(_EVERY_S)
            looking, before = session.looking(), seen
            seen = await looking.look(wanted, before=before)
            voice.result(changes_text(before, seen, now=world.clock.now(), targets=targets))
    return ExitCode.IN_ORDER


def _tell(voice: Voice, told: frozenset[str], failures: Sequence[ProviderError]) -> frozenset[str]:
    """Say what cannot be read any more and what can be read again, each once; give what is told now."""
    now = frozenset(map(str, failures))
    voice.complain("".join(f"warning: {line(words)}\n" for words in sorted(now - told)))
    voice.complain("".join(f"readable again: {words}\n" for words in sorted(told - now)))
    return now
