"""`plan`: show what apply would do."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from reconciler.cli import complete
from reconciler.cli.options import Chosen, Consents, consenting, judging, selecting, speaking, writing
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode
from reconciler.report.forms import MACHINE, machine_forms

if TYPE_CHECKING:
    from reconciler.declare import Request, World
    from reconciler.fleet import Fleet
    from reconciler.problem import Problem
    from reconciler.reconcile import Planned
    from reconciler.report.jsonform import Document


@click.command()
@speaking
@writing("table", "wide", "name", "markdown", *MACHINE)
@click.option("--exit-code", "show_changes", is_flag=True, help="Exit 3 when there is anything to do.")
@click.option(
    "--out", metavar="FILE", shell_complete=complete.files, help="Save the plan, for apply --plan FILE."
)
@click.option(
    "--expires-in",
    metavar="TIME",
    default="",
    help="How long the saved plan is good: 30m, 24h (the default).",
)
@consenting
@selecting
@judging
def command(
    voice: Voice,
    chosen: Chosen,
    *,
    show_changes: bool,
    out: str | None,
    expires_in: str,
    consents: Consents,
) -> ExitCode:
    r"""Show what apply would do, what it costs, and why. Changes nothing.

    \b
    Examples:
      reconciler plan                            the whole fleet
      reconciler plan Inference/chat             one object
      reconciler plan -p team-a -l tier=prod     a part; then nothing is pruned
      reconciler plan --adopt Inference/chat     as if it were ours already
      reconciler plan -o markdown                for a pull request
      reconciler plan -o json=plan.json          a table here, JSON in a file
      reconciler plan -o sarif=plan.sarif -o junit=plan.xml
      reconciler plan --exit-code                3 when something would change
      reconciler plan --out plan.json            save it, to apply exactly that

    Exit codes: 0 done, 3 changes (with --exit-code), 4 rejected, 5 denied, 6 unobserved,
    7 stale, 8 refused by a guard.
    """
    from reconciler.cli.request import apply_command, apply_words, request_of, world_of
    from reconciler.cli.running import run
    from reconciler.cli.saved import keep_of, keep_plan, repeat_words
    from reconciler.report.plan import hinting

    keep = keep_of(out, expires_in, chosen)
    request = request_of(chosen, voice, consents)
    world = world_of(voice)
    planned, fleet = run(_make(request, world))
    code = planned.exit_code(show_changes=show_changes)
    if keep:
        document = _document(planned, code)
        keep_plan(keep, planned, document, fleet=fleet, request=request, world=world, voice=voice)
    words = repeat_words(keep, request) if keep else apply_words(request)
    next_step = "" if planned.refusals else words
    planned = replace(planned, plan=hinting(planned.plan, apply_command(request)))
    _publish(voice, planned, code, next_step=next_step)
    return code


async def _make(request: Request, world: World) -> tuple[Planned, Fleet]:
    from reconciler.reconcile import Session

    async with Session.opened(request, world) as session:
        return await session.foreseen(await session.plan()), session.fleet


def _document(planned: Planned, code: ExitCode) -> Document:
    from reconciler.report.jsonform import plan_document

    return plan_document(
        planned.plan,
        exit_code=code,
        refusals=planned.refusals,
        failures=planned.failures,
        warnings=planned.warnings,
    )


def _publish(voice: Voice, planned: Planned, code: ExitCode, *, next_step: str) -> None:
    from reconciler.report.cases import plan_cases
    from reconciler.report.markdown import plan_markdown

    tell_obstacles(voice, planned)
    plan, refusals, failures = planned.plan, planned.refusals, planned.failures
    page = partial(plan_markdown, plan, refusals=refusals, failures=failures, warnings=planned.warnings)
    table = partial(plan_table, voice, planned, next_step=next_step)
    voice.annotate(lambda: findings(planned))
    voice.publish(
        {
            "table": lambda: table(wide=bool(voice.verbosity)),
            "wide": lambda: table(wide=True),
            "name": lambda: "".join(f"{change.key}\n" for change in plan.writes),
            "markdown": page,
            **machine_forms(
                lambda: _document(planned, code),
                lambda: plan_cases(plan, refusals=refusals, failures=failures),
                lambda: findings(planned),
            ),
        }
    )


def findings(planned: Planned) -> list[Problem]:
    """List what a reviewer of a plan must look at."""
    from reconciler.report.findings import plan_findings

    return plan_findings(
        planned.plan, refusals=planned.refusals, failures=planned.failures, warnings=planned.warnings
    )


def plan_table(voice: Voice, planned: Planned, *, wide: bool, next_step: str = "") -> str:
    """Write a plan for people, as wide as they can see."""
    from reconciler.report.plan import plan_text

    refused = tuple(dict.fromkeys(problem.code for problem in planned.refusals))
    return plan_text(planned.plan, wide=wide, width=voice.width, next_step=next_step, refused=refused)


def tell_obstacles(voice: Voice, planned: Planned) -> None:
    """Write to stderr what stands in a plan's way: reads that failed, guards, warnings."""
    from reconciler.report.platform import failure_problems
    from reconciler.report.problems import problems_text

    voice.complain(problems_text(failure_problems(planned.failures)))
    voice.complain(problems_text(planned.refusals))
    voice.talk(problems_text(planned.warnings))
