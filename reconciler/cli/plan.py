"""`plan`: show what apply would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Chosen, consenting, judging, selecting, speaking, writing
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode

if TYPE_CHECKING:
    from reconciler.declare import Request
    from reconciler.reconcile import Planned


@click.command()
@speaking
@writing("table", "wide", "json", "name", "markdown")
@click.option("--exit-code", "show_changes", is_flag=True, help="Exit 3 when there is anything to do.")
@consenting
@selecting
@judging
def command(
    voice: Voice,
    chosen: Chosen,
    *,
    show_changes: bool,
    no_prune: bool,
    partial: bool,
    runs: tuple[str, ...],
    allow: tuple[str, ...],
) -> ExitCode:
    r"""Show what apply would do, what it costs, and why. Changes nothing.

    \b
    Examples:
      reconciler plan                            the whole fleet
      reconciler plan Inference/chat             one object
      reconciler plan -p team-a -l tier=prod     a part; then nothing is pruned
      reconciler plan -o markdown                for a pull request
      reconciler plan -o json=plan.json          a table here, JSON in a file
      reconciler plan --exit-code                3 when something would change

    Exit codes: 0 done, 3 changes (with --exit-code), 4 rejected, 5 denied, 6 unobserved,
    7 stale, 8 refused by a guard.
    """
    from reconciler.cli.request import apply_words, request_of
    from reconciler.cli.running import run

    request = request_of(chosen, voice, prune=not no_prune, partial=partial, allow=allow, runs=runs)
    planned = run(_make(request, voice))
    code = planned.exit_code(show_changes=show_changes)
    _publish(voice, planned, code, next_step="" if planned.refusals else apply_words(request))
    return code


async def _make(request: Request, voice: Voice) -> Planned:
    from reconciler.cli.request import world_of
    from reconciler.reconcile import Session

    async with Session.opened(request, world_of(voice)) as session:
        return await session.plan()


def _publish(voice: Voice, planned: Planned, code: ExitCode, *, next_step: str) -> None:
    from reconciler.report.jsonform import json_text, plan_document
    from reconciler.report.markdown import plan_markdown

    tell_obstacles(voice, planned)
    plan, refusals, failures = planned.plan, planned.refusals, planned.failures
    voice.publish(
        {
            "table": lambda: plan_table(voice, planned, wide=bool(voice.verbosity), next_step=next_step),
            "wide": lambda: plan_table(voice, planned, wide=True, next_step=next_step),
            "name": lambda: "".join(f"{change.key}\n" for change in plan.writes),
            "markdown": lambda: plan_markdown(plan, refusals=refusals, failures=failures),
            "json": lambda: json_text(
                plan_document(
                    plan, exit_code=code, refusals=refusals, failures=failures, warnings=planned.warnings
                )
            ),
        }
    )


def plan_table(voice: Voice, planned: Planned, *, wide: bool, next_step: str = "") -> str:
    """Write a plan for people, as wide as they can see."""
    from reconciler.report.plan import plan_text

    return plan_text(planned.plan, wide=wide, width=voice.width, next_step=next_step)


def tell_obstacles(voice: Voice, planned: Planned) -> None:
    """Write to stderr what stands in a plan's way: reads that failed, guards, warnings."""
    from reconciler.report.platform import failure_problems
    from reconciler.report.problems import problems_text

    voice.complain(problems_text(failure_problems(planned.failures)))
    voice.complain(problems_text(planned.refusals))
    voice.talk(problems_text(planned.warnings))
