"""`health`: show how the declared objects are."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Chosen, selecting, speaking, writing
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode, heaviest
from reconciler.report.forms import machine_forms

if TYPE_CHECKING:
    from reconciler.declare import Request
    from reconciler.outcome import Verdict
    from reconciler.reconcile import Planned


@click.command()
@speaking
@writing("table", "name", "json", "jsonl", "junit")
@selecting
def command(voice: Voice, chosen: Chosen) -> ExitCode:
    r"""Look once at each declared object and show how it is, with the platform's own words.

    \b
    Examples:
      reconciler health                  all declared objects
      reconciler health -p team-a        one project
      reconciler health -o json          for machines
      reconciler health -o junit=h.xml   a table here, JUnit in a file

    Exit codes: 0 all well, starting or waiting for GPUs; 11 something is unhealthy; 5, 6 not read.
    """
    from reconciler.cli.request import request_of
    from reconciler.cli.running import run
    from reconciler.report.cases import health_cases
    from reconciler.report.findings import verdict_findings
    from reconciler.report.health import health_text, unhealthy
    from reconciler.report.jsonform import health_document
    from reconciler.report.platform import failure_problems
    from reconciler.report.problems import problems_text

    planned, verdicts, targets, now = run(_look(request_of(chosen, voice), voice))
    code = heaviest([*_unread(planned), *([ExitCode.UNHEALTHY] if unhealthy(verdicts) else [])])
    voice.complain(problems_text(failure_problems(planned.failures)))
    voice.publish(
        {
            "table": lambda: health_text(verdicts, width=voice.width, targets=targets, now=now),
            "name": lambda: "".join(f"{verdict.key}\n" for verdict in unhealthy(verdicts)),
            **machine_forms(
                lambda: health_document(verdicts, exit_code=code),
                lambda: health_cases(verdicts, targets),
                lambda: verdict_findings(verdicts),
            ),
        }
    )
    return code


def _unread(planned: Planned) -> list[ExitCode]:
    """Weigh what could not be read: 5 where it was denied, else 6."""
    from reconciler.plan.change import Action

    codes = [failure.exit_code for failure in planned.failures]
    is_unknown = planned.plan.unknown or planned.plan.having(Action.UNKNOWN)
    return [*codes, ExitCode.UNOBSERVED] if is_unknown else codes


async def _look(request: Request, voice: Voice) -> tuple[Planned, tuple[Verdict, ...], int, datetime]:
    from reconciler.cli.request import world_of
    from reconciler.reconcile import Session

    async with Session.opened(request, world_of(voice)) as session:
        planned = await session.plan(is_reading=True)
        return planned, await session.health(planned), len(session.fleet.targets), session.now()
