"""Write what a plan asks for, what there is, and what will not start at once."""

from __future__ import annotations

from reconciler.capacity import STUCK, Chance, Forecast, Outlook, PoolLine, ShareLine
from reconciler.plan.change import Change
from reconciler.report.room import listed
from reconciler.report.safe import code, line, short
from reconciler.report.table import hanging, wrapped
from reconciler.report.units import amount
from reconciler.report.values import key_text

_MOST = 20
_WAITING = (Chance.NEVER, Chance.QUEUES, Chance.MAY_QUEUE)
_LEVELS = (Chance.NEVER, Chance.QUEUES, Chance.MAY_QUEUE, Chance.UNKNOWN, Chance.LATER)
_BY_PROJECT = "by project, what it holds or waits for, now -> after this plan:"
"""Said once above these lines: a pool counts what is held alone."""


def capacity_text(
    forecast: Forecast | None, *, targets: int = 1, wide: bool = False, width: int = 120
) -> str:
    """Write the block of a plan; "" where it asks for no GPU. `wide` also lists what starts at once."""
    if forecast is None:
        return ""
    lines = [f"  capacity  {_pool(each, targets)}" for each in forecast.pools]
    lines += [f"            {_BY_PROJECT}"] if forecast.shares else []
    shares = (_share(each, targets) for each in forecast.shares)
    lines += [part for words in shares for part in hanging(words, width, " " * 12)]
    told = _told(forecast, wide=wide)
    most = None if wide else _MOST
    lines += [text for each in told[:most] for text in _outlook_lines(each, targets, width)]
    if most is not None and len(told) > most:
        lines.append(f"  ! and {len(told) - most:,} more   (-o wide lists them)")
    lines += [f"  ? {short(note)}" for note in forecast.notes]
    lines += [f"  {words}" for words in _ways(forecast)]
    return "".join(f"{each.rstrip()}\n" for each in lines)


def _told(forecast: Forecast, *, wide: bool) -> list[Outlook]:
    """List what does not plainly start, the worst first; what a note says of a whole target once."""
    levels = (*_LEVELS, Chance.STARTS) if wide else _LEVELS
    found = [each for each in forecast.outlooks if each.chance in levels]
    if not wide:
        found = [each for each in found if f"{each.key.target}: {each.why}" not in forecast.notes]
    return sorted(found, key=lambda each: (levels.index(each.chance), each.key))


def _ways(forecast: Forecast) -> list[str]:
    """Say how an apply ends that leaves something in the queue."""
    waits = {each.reason for each in forecast.outlooks if each.chance in _WAITING}
    if not waits:
        return []
    stuck, moves = waits & STUCK, waits - STUCK
    ways = ["no wait helps what its quota does not allow: apply ends with 11"] if stuck else []
    what = "what else queues" if stuck else "what queues"
    return [*ways, *([f"{what} is left so: exit 0, or 11 with --require-running"] if moves else [])]


def _pool(found: PoolLine, targets: int) -> str:
    name = line(found.pool) or "no node pool"
    place = f"{line(found.target)}:{name}" if targets > 1 else name
    text = f"{place}: {amount(found.asked)} GPU asked"
    if found.gpus is None or found.free is None:
        return f"{text}, what is free is unknown"
    return f"{text}, {amount(found.free)} of {amount(found.gpus)} free"


def _share(found: ShareLine, targets: int) -> str:
    place = f"{line(found.target)}:{line(found.scope)}" if targets > 1 else line(found.scope)
    text = f"{place} in {line(found.pool)}: {amount(found.before)} -> {amount(found.after)}"
    limit = f", at most {amount(found.limit)}" if found.limit is not None else ""
    over = "   over its quota" if found.after > found.quota else ""
    return f"{text} of quota {amount(found.quota)}{limit}{over}"


def _outlook_lines(found: Outlook, targets: int, width: int) -> list[str]:
    head = f"  ! {key_text(found.key, targets)}  {_words(found)}"
    return (
        [head, *(f"      {part}" for part in wrapped(short(found.why), width - 6))] if found.why else [head]
    )


def supposed_words(change: Change, forecast: Forecast | None) -> str:
    """Say what would become of a refused change, were it let through; "" where nothing is foretold of it."""
    told = forecast.supposed if forecast else ()
    found = next((each for each in told if each.key == change.key), None)
    if found is None:
        return ""
    why = f": {line(found.why)}" if found.why else ""
    return f"if {'replaced' if change.observed else 'created'}: {_words(found)}{why}"


def _words(found: Outlook) -> str:
    """Say in a few words what becomes of an ask."""
    chance = "its start is unknown" if found.chance is Chance.UNKNOWN else str(found.chance)
    reason = f" ({line(found.reason)})" if found.reason else ""
    where = f" in {line(found.pool)}" if found.chance in (Chance.STARTS, Chance.LATER) else ""
    return f"{chance}{where}{reason}"


def capacity_markdown(forecast: Forecast | None, *, targets: int = 1, room: int) -> str:
    """Write the same for a pull request, in so many bytes."""
    if forecast is None:
        return ""
    told = _told(forecast, wide=False)
    items = [
        f"**{code(key_text(each.key, targets))}** {code(_words(each))} {code(short(each.why))}"
        for each in told
    ]
    items += [code(_pool(each, targets)) for each in forecast.pools]
    items += [_BY_PROJECT] if forecast.shares else []
    items += [code(_share(each, targets)) for each in forecast.shares]
    items += [code(short(note)) for note in forecast.notes]
    items += _ways(forecast)
    return f"**Capacity**\n\n{listed(items, room - 20, 'line', 'lines of capacity')}\n" if items else ""
