"""`drift`: find what is live but not as git says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Chosen, selecting, speaking, writing
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode

if TYPE_CHECKING:
    from reconciler.declare import Request
    from reconciler.drift import Drift


@click.command()
@speaking
@writing("table", "wide", "json", "name")
@selecting
def command(voice: Voice, chosen: Chosen) -> ExitCode:
    r"""Find what is live but not as git says. Changes nothing.

    \b
    Examples:
      reconciler drift                     the whole fleet
      reconciler drift Inference/chat      one object
      reconciler drift -o json=drift.json  a table here, JSON in a file

    Exit codes: 0 as declared, 3 drift, 5 denied, 6 something could not be read.
    """
    from reconciler.cli.request import request_of
    from reconciler.cli.running import run

    drift = run(_find(request_of(chosen, voice), voice))
    _publish(voice, drift)
    return drift.exit_code()


async def _find(request: Request, voice: Voice) -> Drift:
    from reconciler.cli.request import world_of
    from reconciler.reconcile import Session

    async with Session.opened(request, world_of(voice)) as session:
        return await session.drift()


def _publish(voice: Voice, drift: Drift) -> None:
    from reconciler.report.drift import drift_text
    from reconciler.report.driftform import drift_document
    from reconciler.report.jsonform import json_text
    from reconciler.report.platform import failure_problems
    from reconciler.report.problems import problems_text

    voice.complain(problems_text(failure_problems(drift.failures)))
    voice.publish(
        {
            "table": lambda: drift_text(drift, wide=bool(voice.verbosity), width=voice.width),
            "wide": lambda: drift_text(drift, wide=True, width=voice.width),
            "name": lambda: "".join(f"{item.key}\n" for item in drift.items),
            "json": lambda: json_text(drift_document(drift)),
        }
    )
