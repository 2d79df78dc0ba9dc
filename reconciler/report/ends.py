"""Say what a plan ends: the sentence on top of everything, because nothing costs more."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.health import Level
from reconciler.plan.change import Action, Change, Impact
from reconciler.report.safe import line
from reconciler.report.table import cells, hanging
from reconciler.report.units import amount, count, duration, gpu_hours
from reconciler.report.values import key_text

_LISTED = 5


def ending(changes: Sequence[Change]) -> list[tuple[Change, Impact]]:
    """List the changes that end something running, then those that would once consented to, by cost."""
    found = [
        (change, change.impact)
        for change in changes
        if change.impact is not None
        and change.impact.is_running
        and (change.action.destroys or (change.action is Action.REFUSED and change.is_destructive))
    ]
    return sorted(found, key=lambda pair: (pair[0].action is Action.REFUSED, -pair[1].gpu_hours, pair[0].key))


def ends_text(changes: Sequence[Change], *, targets: int = 1, width: int = 120) -> str:
    """Write the sentence, or "" when nothing running would end; below it the objects, one by one.

    A single object stands in the sentence where that fits into the width.
    """
    found = ending(changes)
    if not found:
        return ""
    head, gpu, hours, more = ends_head(found)
    if len(found) == 1:
        change, impact = found[0]
        whole = f"{head}: {key_text(change.key, targets)}, {cost_words(change, impact)}{more}"
        if cells(whole) <= width:
            return f"{whole}\n"
    lines = hanging(f"{head}: {_count_gpus(gpu)}, {gpu_hours(hours)}{more}", width)
    is_mixed = len({change.action is Action.REFUSED for change, _ in found}) > 1
    for change, impact in found[:_LISTED]:
        unsure = _unsure(change) if is_mixed else ""
        words = f"{key_text(change.key, targets)}, {cost_words(change, impact)}{unsure}"
        lines += hanging(words, width, "  ")
    if len(found) > _LISTED:
        lines.append(f"  and {len(found) - _LISTED} more, listed below")
    return "\n".join(lines) + "\n"


def ends_head(found: Sequence[tuple[Change, Impact]]) -> tuple[str, float, float, str]:
    """Count what apply ends as it stands: words, GPUs, GPU-hours, and words for what needs consent.

    Where all of it needs consent, that is what is counted, and the words say `would`.
    """
    sure = [pair for pair in found if pair[0].action is not Action.REFUSED]
    counted, refused = sure or found, len(found) - len(sure)
    gpu, hours = (sum(each) for each in zip(*((i.gpus, i.gpu_hours) for _, i in counted), strict=True))
    more = f"   ({refused} more not without consent)" if sure and refused else ""
    return (
        f"{'ends' if sure else 'would end'} {what_ends(counted)}",
        gpu,
        hours,
        more if sure else "   (not without consent)",
    )


def what_ends(found: Sequence[tuple[Change, Impact]]) -> str:
    """Count what ends: running jobs or workloads, and the clusters that carry some."""
    workloads = [change for change, impact in found if impact.carried is None]
    jobs = all(_is_job(change) for change in workloads)
    carriers = [(change, impact) for change, impact in found if impact.carried is not None]
    waiting = sum(waits(change, impact) for change, impact in found)
    number = len(workloads) - waiting + sum(impact.carried or 0 for _, impact in carriers)
    word = "job" if jobs and not carriers else "workload"
    parts = [count(number, f"running {word}")] if number or not (carriers or waiting) else []
    parts += [count(waiting, f"waiting {word}")] if waiting else []
    parts += [count(len(carriers), carriers[0][0].key.kind.lower())] if carriers else []
    return " and ".join(parts)


def waits(change: Change, impact: Impact) -> bool:
    """Tell whether what would end is live and has not run yet."""
    row = change.observed.summary if change.observed else None
    is_coming = row is not None and row.level is Level.PROGRESSING
    return is_coming and impact.carried is None and not (impact.gpus or impact.running_seconds)


def cost_words(change: Change, impact: Impact) -> str:
    """Write what the end of one object costs; of one that has not run yet, that."""
    if not waits(change, impact):
        return impact_words(impact)
    words = f"{line(impact.phase).lower()}, has not run yet"
    return ", ".join(part for part in (words, lost_words(impact)) if part)


def _unsure(change: Change) -> str:
    return "   (not without consent)" if change.action is Action.REFUSED else ""


def _is_job(change: Change) -> bool:
    spec = change.observed.spec if change.observed else None
    return change.kind is not None and change.kind.ends(spec)


def impact_words(impact: Impact) -> str:
    """Write what one object has cost so far: `running 6h 02m on 1 GPU, 6.0 GPU-hours`."""
    if impact.carried is not None:
        if not impact.carried:
            return f"{line(impact.phase)}, with no running workload"
        words = f"{line(impact.phase)}, with {count(impact.carried, 'running workload')}"
        return f"{words} on {_count_gpus(impact.gpus)}, {gpu_hours(impact.gpu_hours)}"
    words = f"{line(impact.phase).lower()} {duration(impact.running_seconds)} on {_count_gpus(impact.gpus)}"
    return ", ".join(part for part in (words, gpu_hours(impact.gpu_hours), lost_words(impact)) if part)


def lost_words(impact: Impact | None) -> str:
    """Name the volumes whose data ends with an object, running or not; "" where there are none."""
    lost = impact.lost_volumes if impact else ()
    return f"loses {count(len(lost), 'volume')}: {', '.join(map(line, lost))}" if lost else ""


def _count_gpus(number: float) -> str:
    """Write GPUs held, also when there are none: `1 GPU`, `0 GPU`."""
    return f"{amount(number)} GPU"
