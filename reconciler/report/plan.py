"""Write a plan for people: one line per change, its fields below, what it ends on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC

from reconciler.plan.adopt import UNWRITABLE
from reconciler.plan.change import Action, Change, FieldChange, Plan, Stranger
from reconciler.problem import Location
from reconciler.report.capacity import capacity_text, supposed_words
from reconciler.report.ends import ends_text, lost_words
from reconciler.report.problems import problem_text
from reconciler.report.safe import line, short
from reconciler.report.table import cells, hanging, padded, wrapped
from reconciler.report.undo import undo_words
from reconciler.report.units import count, gpus
from reconciler.report.values import key_text, sides

SIGNS = {
    Action.CREATE: "+",
    Action.ADOPT: "@",
    Action.UPDATE: "~",
    Action.REPLACE: "±",
    Action.RERUN: "±",
    Action.STOP: "-",
    Action.RESUME: "+",
    Action.DELETE: "-",
    Action.KEEP: "=",
    Action.DEFERRED: "=",
    Action.REFUSED: "!",
    Action.UNKNOWN: "?",
}
_PLAIN_KEEPS = frozenset(
    {"", "finished", "stopped", "same", "in order", "unchanged", "as declared", UNWRITABLE}
)
_FIELD = " " * 6
APPLY = "reconciler apply"
_FORCES = "forces replacement"
_KEPT = "\u00a0"
_STRANGERS = 3


def plan_text(
    plan: Plan,
    *,
    wide: bool = False,
    width: int = 120,
    next_step: str = APPLY,
    refused: Sequence[str] = (),
) -> str:
    """Write the whole plan. `wide` also shows what stays as it is; `next_step` is the command for it.

    `refused` are the codes of the guards that refuse all of it.
    """
    shown = [change for change in plan.changes if wide or is_notable(change)]
    parts = [
        ends_text(plan.changes, targets=len(plan.targets), width=width),
        _header("plan", plan),
        _changes_text(shown, plan, width=width, wide=wide)
        + _strangers_text(plan.strangers, len(plan.targets), most=None if wide else _STRANGERS)
        + unknown_text(plan.unknown),
        capacity_text(plan.forecast, targets=len(plan.targets), wide=wide, width=width),
        _notes_text(plan),
        _counts_text(plan, refused=refused, next_step=next_step, width=width),
    ]
    return "\n".join(part for part in parts if part)


def hinting(plan: Plan, command: str) -> Plan:
    """Let the hints say what to type for apply here, as when the fleet file is not the usual one."""
    told = (replace(change, hint=change.hint.replace(APPLY, command)) for change in plan.changes)
    return plan if command == APPLY else replace(plan, changes=tuple(told))


def _header(word: str, plan: Plan) -> str:
    """Write which git state is compared with which targets, and how much was read of them."""
    targets = ", ".join(map(line, plan.targets))
    return f"{word}  {git_place(plan)} -> {targets}   {read_words(plan)}\n"


def read_words(plan: Plan) -> str:
    """Say how much was read, and when: `read 8 objects at 2026-03-02 09:00 UTC`. It holds for then."""
    at = f" at {plan.read_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if plan.read_at else ""
    return f"read {count(plan.read_count, 'object')}{at}"


def git_place(plan: Plan) -> str:
    """Name the state of git that is planned: `main@c0ffee1`; outside git the fleet."""
    place = f"{line(plan.branch)}@{plan.commit[:7]}" if plan.branch and plan.commit else plan.commit[:7]
    place += "+uncommitted" if plan.is_edited else ""
    return place or line(plan.fleet)


def is_notable(change: Change) -> bool:
    """Tell whether a reader of the plan must see this change: all but what plainly stays."""
    if change.action is not Action.KEEP:
        return True
    return bool(change.hint or change.fields or change.reason not in _PLAIN_KEEPS)


def _changes_text(changes: Sequence[Change], plan: Plan, *, width: int, wide: bool) -> str:
    targets, told = len(plan.targets), frozenset(plan.unknown.values())
    word_size = max((len(change.action) for change in changes), default=0)
    key_size = max((cells(key_text(change.key, targets)) for change in changes), default=0)
    gpu_size = max((len(gpus(change.gpus)) for change in changes), default=0)
    lines: list[str] = []
    for change in changes:
        word = f"{SIGNS[change.action]} {change.action:<{word_size}}"
        columns = [f"  {word}  {padded(key_text(change.key, targets), key_size)}"]
        columns += [f"{gpus(change.gpus):<{gpu_size}}"] if gpu_size else []
        lines += _first_lines("   ".join(columns), str(place_of(change) or ""), width)
        lines += [] if change.reason in told else _detail(change, plan, width=width, wide=wide)
    return "".join(f"{each.rstrip()}\n" for each in lines)


def place_of(change: Change) -> Location | None:
    """Give where git says it: the line of the one field that moves, else where its manifest begins."""
    places = {(each.place.file, each.place.line) for each in change.fields if each.place and each.place.line}
    one = [Location(*place) for place in places] if len(change.fields) == 1 else []
    return one[0] if one else change.source


def _first_lines(start: str, source: str, width: int) -> list[str]:
    if cells(start) + 3 + len(source) <= width:
        return [f"{start}   {line(source)}"]
    return [start, f"{_FIELD}{line(source)}"]


def _detail(change: Change, plan: Plan, *, width: int, wide: bool) -> list[str]:
    forcing = [each for each in change.fields if not each.in_place] if _may_force(change) else []
    replaces = change.kind is None or change.kind.support.replaces
    is_state = change.action is Action.STOP and not change.keeps_ended  # else its end for good is to be said
    told = forcing or (change.fields and (change.action is Action.UPDATE or is_state))
    why = "" if told or not change.reason else short(reason_words(change))
    lines = [f"{_FIELD}{part}" for part in wrapped(why, width - len(_FIELD)) if part]
    size = max((cells(line(each.pointer)) for each in change.fields), default=0)
    for each in change.fields:
        why = change.reason if each in forcing[:1] else ""
        note = _field_note(each, forces=each in forcing, replaces=replaces, why=why)
        lines += _field_lines(each, note, size=size, width=width)
    lines += _kept_lines(change, wide=wide)
    lines += [f"{_FIELD}{lost}"] if (lost := lost_words(change.impact)) else []
    if change.needs and change.action is Action.DEFERRED:
        needed = (key_text(key, len(plan.targets)) for key in change.needs)
        lines.append(f"{_FIELD}needs {', '.join(needed)}")
    lines += [f"{_FIELD}{brought}"] if (brought := brought_words(change)) else []
    supposed = supposed_words(change, plan.forecast)
    lines += [f"{_FIELD}{part}" for part in wrapped(supposed, width - len(_FIELD)) if part]
    return lines + [f"{_FIELD}{line(part)}" for part in change.hint.split("\n") if part]


def reason_words(change: Change) -> str:
    """Say why, and since which commit."""
    return f"{change.reason} since {change.removed_by[:7]}" if change.removed_by else change.reason


def brought_words(change: Change) -> str:
    """Name the commit that brought what git says: `in git since d55a068 ada, 2026-03-02`."""
    if not change.commits:
        return ""
    last, earlier = change.commits[0], len(change.commits) - 1
    more = f", and {count(earlier, 'earlier commit')}" if earlier else ""
    day = f"{last.time.astimezone(UTC):%Y-%m-%d}"
    return f"in git since {line(last.hash[:7])} {line(last.author)}, {day}{more}"


def _may_force(change: Change) -> bool:
    return change.action in (Action.REPLACE, Action.REFUSED)


def _field_note(field: FieldChange, *, forces: bool, replaces: bool, why: str) -> str:
    moved = {"live": "changed live", "both": "changed in git and live"}.get(field.origin, "")
    forced = ": ".join(part for part in (_FORCES if replaces else "", short(why)) if part) if forces else ""
    return ", ".join(part for part in (forced, moved) if part)


def _kept_lines(change: Change, *, wide: bool) -> list[str]:
    if not change.kept or not (wide or change.action.writes):
        return []
    if wide:
        return [f"{_FIELD}{line(kept)}   (not declared, kept)" for kept in change.kept]
    return [f"{_FIELD}{count(len(change.kept), 'live item')} not declared, kept   (-v lists them)"]


def _field_lines(field: FieldChange, note: str, *, size: int, width: int) -> list[str]:
    """Write one field change on one line; a note or values that are too long get lines of their own."""
    before, after = sides(field)
    start = f"{_FIELD}{padded(line(field.pointer), size)}   {before} -> {after}"
    whole = f"{start}       {note}" if note else start
    if cells(whole) <= width:
        return [whole]
    more = hanging(note, width, f"{_FIELD}  ") if note else []
    if cells(start) <= width:
        return [start, *more]
    return [f"{_FIELD}{line(field.pointer)}", f"{_FIELD}  - {before}", f"{_FIELD}  + {after}", *more]


def _strangers_text(strangers: Sequence[Stranger], targets: int, *, most: int | None) -> str:
    if most is not None and len(strangers) > most:
        owners = [each.owner for each in strangers]
        told = ", ".join(f"{owners.count(owner)} {line(owner)}" for owner in dict.fromkeys(owners))
        return f"  ? {told}: not ours, not touched   (-o wide lists them)\n"
    return "".join(
        f"  ? {line(each.owner)}  {key_text(each.key, targets)}{_made_by(each)}: not ours, not touched\n"
        for each in strangers
    )


def _made_by(stranger: Stranger) -> str:
    return f" (made by {line(stranger.submitted_by)})" if stranger.submitted_by else ""


def unknown_text(unknown: Mapping[str, str]) -> str:
    """List the scopes that could not be read, and why."""
    return "".join(f"  ? unknown  {line(scope)}: {short(why)}\n" for scope, why in sorted(unknown.items()))


def _notes_text(plan: Plan) -> str:
    return "".join(problem_text(note) for note in plan.notes)


def _counts_text(plan: Plan, *, refused: Sequence[str], next_step: str, width: int) -> str:
    """Write the counts, the digest, and the command that would do it."""
    digest = f"   digest {short_digest(plan.digest)}" if plan.digest else ""
    text = f"{counts(plan)}.{digest}\n"
    if digest and cells(text.rstrip()) > width:
        whole = _at_commas(f"{counts(plan)}.", width)
        text = "".join(f"{part}\n" for part in (*whole, f"digest {short_digest(plan.digest)}"))
    if plan.writes and refused:
        return f"{text}All of it is refused: {', '.join(refused)}. Nothing of it is done.\n"
    if plan.writes:
        left = len(plan.having(Action.REFUSED))
        more = f"({left} {'stays' if left == 1 else 'stay'} refused: exit 9)" if left else ""
        return text + _do_text(line(next_step), more, width) + _undo_text(plan, width)
    if plan.is_empty and (waiting := len(plan.having(Action.DEFERRED))):
        return f"Nothing to do yet: {waiting} deferred until what they need is done.{digest}\n"
    if plan.is_empty:
        return f"Nothing to do: {count(plan.declared, 'object')} declared, all as git says.{digest}\n"
    return text + _undo_text(plan, width)


def _at_commas(text: str, width: int) -> list[str]:
    """Break a list at its commas alone, so that each count keeps its word."""
    kept = text.replace(" ", _KEPT).replace(f",{_KEPT}", ", ")
    return [part.replace(_KEPT, " ") for part in hanging(kept, width)]


def _do_text(command: str, more: str, width: int) -> str:
    """Write the command that does it, never broken: what is to say of it goes on below where it is long."""
    if not command:
        return ""
    do, gap = f"To do it: {command}", "   "
    if more and cells(do + gap + more) > width:
        gap = "\n  "
    return f"{do}{gap}{more}\n" if more else f"{do}\n"


def _undo_text(plan: Plan, width: int) -> str:
    return "".join(f"{part}\n" for part in hanging(undo_words(plan), width) if part)


def counts(plan: Plan) -> str:
    """Count the changes by what they do: `4 to create, 0 to change, 0 to replace, 0 to delete`."""
    planned = {
        "to create": Action.CREATE,
        "to change": Action.UPDATE,
        "to replace": Action.REPLACE,
        "to delete": Action.DELETE,
    }
    parts = [f"{len(plan.having(action))} {words}" for words, action in planned.items()]
    seldom = {
        "to adopt": Action.ADOPT,
        "to run again": Action.RERUN,
        "to stop": Action.STOP,
        "to resume": Action.RESUME,
    }
    parts += [f"{n} {words}" for words, action in seldom.items() if (n := len(plan.having(action)))]
    others = (Action.REFUSED, Action.DEFERRED, Action.UNKNOWN)
    parts += [f"{n} {action}" for action in others if (n := len(plan.having(action)))]
    if plan.unknown:
        parts.append(f"{count(len(plan.unknown), 'project')} unknown")
    return ", ".join(parts)


def short_digest(digest: str) -> str:
    """Shorten a digest for people: its first eight digits."""
    return digest.rpartition(":")[2][:8]
