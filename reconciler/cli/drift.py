"""`drift`: find what is live but not as git says."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import complete
from reconciler.cli.options import Chosen, selecting, speaking, writing
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode
from reconciler.report.forms import MACHINE, machine_forms

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.declare import Request
    from reconciler.drift import Drift


class StatesType(click.ParamType[tuple[str, ...]]):
    """Read states of drift, one or several with commas between them."""

    name = "state[,state]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Give the states, or fail with the words there are."""
        from reconciler.drift import STATES  # only who narrows pays for it

        words = tuple(word.strip() for word in str(value).split(","))
        for word in words:
            if word not in STATES:
                from reconciler.validate.suggest import near

                best = near(word, STATES)
                hint = f'; did you mean "{best}"?' if best else ""
                self.fail(f'"{word}" is no state of drift; there are {", ".join(STATES)}{hint}', param, ctx)
        return words

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> complete.Items:
        """Offer the states."""
        from reconciler.drift import STATES

        return complete.offered(STATES, incomplete)


@click.command()
@speaking
@writing("table", "wide", "name", "markdown", *MACHINE)
@click.option(
    "--only",
    type=StatesType(),
    multiple=True,
    help="Only these states: changed, missing, degraded, unclaimed, orphaned, refused, stopped, finished, "
    "unknown; repeatable.",
)
@selecting
def command(voice: Voice, chosen: Chosen, only: tuple[tuple[str, ...], ...]) -> ExitCode:
    r"""Find what is live but not as git says, since when and by whom. Changes nothing.

    \b
    Examples:
      reconciler drift                         the whole fleet
      reconciler drift Inference/chat          one object
      reconciler drift --only changed,missing  these alone; they alone decide between 0 and 3
      reconciler drift -o json=drift.json      a table here, JSON in a file
      reconciler drift -o markdown             for the issue of a scheduled run

    Exit codes: 0 as declared, 3 drift, 5 denied, 6 something could not be read.
    """
    from reconciler.cli.request import apply_command, request_of
    from reconciler.cli.running import run

    states = tuple(state for words in only for state in words)
    request = request_of(chosen, voice)
    drift, now = run(_find(request, voice, states))
    _publish(voice, drift, now, command=apply_command(request))
    return drift.exit_code()


async def _find(request: Request, voice: Voice, only: tuple[str, ...]) -> tuple[Drift, datetime]:
    from reconciler.cli.request import world_of
    from reconciler.reconcile import Session

    world = world_of(voice)
    async with Session.opened(request, world) as session:
        return await session.drift(only), session.now()


def _publish(voice: Voice, drift: Drift, now: datetime, *, command: str) -> None:
    from reconciler.report.cases import drift_cases
    from reconciler.report.drift import drift_text, hinting
    from reconciler.report.driftform import drift_document
    from reconciler.report.driftmarkdown import drift_markdown
    from reconciler.report.findings import drift_findings
    from reconciler.report.platform import failure_problems
    from reconciler.report.problems import problems_text

    drift = hinting(drift, command)
    table = partial(drift_text, drift, now=now, width=voice.width, command=command)
    voice.complain(problems_text(failure_problems(drift.failures)))
    voice.annotate(lambda: drift_findings(drift))
    voice.publish(
        {
            "table": lambda: table(wide=bool(voice.verbosity)),
            "wide": lambda: table(wide=True),
            "name": lambda: "".join(f"{item.key}\n" for item in drift.items),
            "markdown": lambda: drift_markdown(drift, now=now, command=command),
            **machine_forms(
                lambda: drift_document(drift), lambda: drift_cases(drift), lambda: drift_findings(drift)
            ),
        }
    )
