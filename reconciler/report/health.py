"""Write how the declared objects are, worst first where it matters, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from reconciler.cause import ABOUT
from reconciler.health import Health, Level
from reconciler.outcome import Verdict, whereabouts
from reconciler.report.safe import line, short
from reconciler.report.table import table
from reconciler.report.units import amount, since
from reconciler.report.values import key_text

HEAD = ("HEALTH", "OBJECT", "GPU", "SINCE", "WHY")


def health_text(
    verdicts: Sequence[Verdict], *, width: int = 120, targets: int = 1, now: datetime | None = None
) -> str:
    """Write the table, in key order. `now` is the time that SINCE is told against."""
    if not verdicts:
        return "nothing is declared\n"
    told = sorted(verdicts, key=lambda each: each.key)
    rows = [
        (
            health_word(verdict.health),
            key_text(verdict.key, targets),
            _gpus(verdict),
            since(verdict.began, now) if verdict.began and now else "-",
            health_why(verdict.health),
        )
        for verdict in told
    ]
    return table(HEAD, rows, width=width) + "".join(_cause_text(each, targets) for each in told)


def _cause_text(verdict: Verdict, targets: int) -> str:
    """Say below the table what kind of cause was found, the line that says so, and what to do."""
    if verdict.diagnosis is None:
        return ""
    about, where = ABOUT[verdict.diagnosis.cause], whereabouts(verdict)
    quoted = f"  {f'{line(where)}: ' if where else ''}{short(verdict.cause)}\n" if verdict.cause else ""
    return f"\n{key_text(verdict.key, targets)} {about.words}\n{quoted}  {about.hint}\n"


def health_word(health: Health) -> str:
    """Give the word of the scale; waiting for capacity has its own."""
    if health.is_stuck:
        return "Stuck"
    return "Queued" if health.is_queued and health.level is Level.PROGRESSING else str(health.level)


def health_why(health: Health) -> str:
    """Give the platform's words, and what could not be asked."""
    return "; ".join(short(part) for part in (health.why, *health.notes) if part)


def _gpus(verdict: Verdict) -> str:
    held, asked = verdict.gpus_held, verdict.gpus_asked
    if not asked:
        return "-"
    return amount(asked) if held == asked else f"{amount(held)}/{amount(asked)}"


def unhealthy(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """List what is not well: not what is starting, and not what waits for capacity."""
    return [each for each in verdicts if each.health.is_stuck or not (each.is_good or _starts(each))]


def _starts(verdict: Verdict) -> bool:
    return verdict.health.level is Level.PROGRESSING
