"""`apply`: carry out the plan and wait until what changed is healthy."""

from __future__ import annotations

import re
import shlex
import signal
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from reconciler.cli import complete
from reconciler.cli.options import Chosen, Consents, consenting, judging, selecting, speaking, writing
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode, Interrupted, ReconcilerError
from reconciler.report.forms import MACHINE, machine_forms

if TYPE_CHECKING:
    from reconciler.declare import Request
    from reconciler.outcome import Applied
    from reconciler.plan import Plan
    from reconciler.reconcile import Planned, Session


class Declined(ReconcilerError):
    """Report that the person at the prompt said no."""

    exit_code = ExitCode.REFUSED


@dataclass(frozen=True)
class Terms:
    """Hold on which terms to apply: whether consent was given beforehand, and what counts as well."""

    yes: bool
    require_running: bool
    partial: bool


def digest(_: click.Context, __: click.Parameter, text: str) -> str:
    """Read the beginning of a digest, as plans show it."""
    plain = text.strip().removeprefix("sha256:").casefold()
    if text and not re.fullmatch("[0-9a-f]{8,64}", plain):
        raise click.BadParameter("write 8 to 64 of its hexadecimal digits, as the plan shows them")
    return plain


@click.command()
@speaking
@writing("table", "markdown", *MACHINE)
@click.option("-y", "--yes", "--auto-approve", "yes", is_flag=True, help="Do not ask.")
@click.option(
    "--expect-digest",
    metavar="DIGEST",
    callback=digest,
    default="",
    help="Apply only the plan with this digest, as a pull request showed it; 8 digits are enough.",
)
@click.option(
    "--plan",
    "plan_file",
    metavar="FILE",
    shell_complete=complete.files,
    help="Apply exactly what plan --out saved.",
)
@click.option("--require-running", is_flag=True, help="Exit 11 when something still waits for GPUs.")
@consenting
@selecting
@judging
def command(
    voice: Voice,
    chosen: Chosen,
    *,
    yes: bool,
    expect_digest: str,
    plan_file: str | None,
    require_running: bool,
    consents: Consents,
) -> ExitCode:
    r"""Plan, ask, carry it out, and wait until what changed is healthy.

    \b
    Examples:
      reconciler apply                                   ask, then do it
      reconciler apply --yes                             in CI
      reconciler apply --yes --expect-digest 7d1f0a92    only what was reviewed
      reconciler apply --plan plan.json                  exactly what plan --out saved, once
      reconciler apply Inference/chat                    one object
      reconciler apply --allow replace=team-a/Training/lora
      reconciler apply --run Training/lora               once more, though it has finished
      reconciler apply --adopt Inference/chat            take over what was made by hand

    Ctrl-C finishes what is in flight and stops; running it again is safe.

    Exit codes: 0 done, 2 nobody to ask, 4 rejected, 5 denied, 6 unobserved, 7 stale, 8 refused,
    9 partial, 10 unknown, 11 unhealthy, 130 interrupted.
    """
    from reconciler.cli.request import request_of
    from reconciler.cli.running import run
    from reconciler.cli.saved import request_again

    if not yes and not voice.can_ask:
        raise click.UsageError(f"there is nobody to ask here; to apply without asking: {_with_yes(voice)}")
    if plan_file is not None:
        request = request_again(plan_file, chosen, consents, expect_digest=expect_digest)
    else:
        request = request_of(chosen, voice, consents, expect_digest=expect_digest)
    return run(_apply(request, voice, Terms(yes, require_running, request.partial)))


def _with_yes(voice: Voice) -> str:
    words = list(voice.words)
    place = words.index("apply") + 1 if "apply" in words else len(words)
    return shlex.join(["reconciler", *words[:place], "--yes", *words[place:]])


async def _apply(request: Request, voice: Voice, terms: Terms) -> ExitCode:
    from reconciler.cli.plan import plan_table, tell_obstacles
    from reconciler.cli.request import apply_command, world_of
    from reconciler.reconcile import Session
    from reconciler.report.plan import hinting

    async with Session.opened(request, world_of(voice)) as session:
        planned = await session.foreseen(await session.plan())
        shown = replace(planned, plan=hinting(planned.plan, apply_command(request)))
        voice.show(plan_table(voice, shown, wide=bool(voice.verbosity)))
        if _may_go_on(planned, terms):
            if not planned.plan.writes:
                await session.note_unchanged(planned)
                code = _code_of_nothing(planned)
                if code is ExitCode.REFUSED:
                    voice.complain("Nothing was changed: what there was to do is refused, as shown.\n")
                return _publish(voice, planned, None, code)
            if not terms.yes:
                ask(voice, planned.plan)
        elif len(planned.failures) > 1:  # one alone is told by the error that ends this
            tell_obstacles(voice, planned)
        return await _carry_out(session, planned, voice, terms)


def _may_go_on(planned: Planned, terms: Terms) -> bool:
    return not planned.refusals and (terms.partial or not planned.failures)


def _code_of_nothing(planned: Planned) -> ExitCode:
    """Judge a plan without a write: in order, everything refused, or not read."""
    from reconciler.errors import heaviest
    from reconciler.plan import Action

    refused = [ExitCode.REFUSED] if planned.plan.having(Action.REFUSED) else []
    return heaviest([planned.exit_code(), *refused])


def ask(voice: Voice, plan: Plan) -> None:
    """Ask for consent: `y` where only something begins or changes, `yes` in full where something ends.

    Raises Declined for any other answer, Enter and the end of input included.
    """
    from reconciler.report.ask import question

    words, wanted = question(plan)
    answered(voice, words, *wanted)


def answered(voice: Voice, words: str, *wanted: str) -> None:
    """Ask, and go on only where the answer is one of those wanted. Raises Declined, or Interrupted."""
    voice.complain(words)
    # The event loop would only note the first Ctrl-C; at a prompt it is an answer.
    noted = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        answer = input().strip().casefold()
    except EOFError:
        answer = ""
    except KeyboardInterrupt:
        raise Interrupted("interrupted at the prompt; nothing was changed") from None
    finally:
        signal.signal(signal.SIGINT, noted)
    if answer not in wanted:
        raise Declined("declined at the prompt")


async def _carry_out(session: Session, planned: Planned, voice: Voice, terms: Terms) -> ExitCode:
    from reconciler.cli.progress import Progress, beating
    from reconciler.cli.running import stopping
    from reconciler.reconcile import Stop

    stop, progress = Stop(), Progress(voice, planned.plan.writes)
    with stopping(lambda: setattr(stop, "requested", True), voice) as signals:
        async with beating(progress):
            applied = await session.apply(planned, listen=progress.hear, stop=stop)
    code = applied.exit_code(require_running=terms.require_running)
    return _publish(voice, planned, applied, signals.code if code is ExitCode.INTERRUPTED else code)


def _publish(voice: Voice, planned: Planned, applied: Applied | None, code: ExitCode) -> ExitCode:
    from reconciler.outcome import Applied
    from reconciler.report.appliedmarkdown import applied_markdown
    from reconciler.report.cases import applied_cases
    from reconciler.report.findings import applied_findings
    from reconciler.report.jsonform import applied_document
    from reconciler.report.outcome import applied_text

    plan, targets = planned.plan, len(planned.plan.targets)
    ended = applied or Applied(is_replan_empty=plan.is_empty)
    voice.annotate(lambda: applied_findings(ended, plan))
    voice.publish(
        {
            "table": lambda: applied_text(ended, targets=targets) if applied else "",
            "markdown": lambda: applied_markdown(ended, targets=targets),
            **machine_forms(
                lambda: applied_document(ended, plan=plan, exit_code=code),
                lambda: applied_cases(ended, targets),
                lambda: applied_findings(ended, plan),
            ),
        }
    )
    return code
