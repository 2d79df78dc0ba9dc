"""The laws for which Run:ai has to be known, each a function that gives what breaks it, or nothing.

The oracle is the emulator's ledger and world, never our own report; where a law is about what we say, our
words are held against those. The docstrings cite the definitions, as far as they are read against the
design: D is what git wants, W the world, eff(L) what the ledger says was changed, P the plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.emulator.runai.records import Workload
from reconciler.errors import ExitCode
from reconciler.plan import Plan
from tests.scenarios.stage import FLEET_ID
from tests.soak import evidence, sent
from tests.soak.ground import Ran
from tests.soak.inside import World
from tests.soak.laws import Violation, check_i29, told
from tests.soak.sent import first_write, is_refused
from tests.soak.truth import (
    Key,
    asks_for,
    is_ours,
    keeps,
    key_of,
    mark_of,
    name_in,
    owned,
    runs,
)
from tests.soak.wishes import Wish, kind_of


def check_i1(
    wishes: Iterable[Wish],
    ran: Ran,
    fresh: Plan,
    *,
    clashes: Collection[Key],
    past: World,
    presumed: Collection[Key] = (),
    kept: Collection[Key] = (),
) -> Violation | None:
    """Convergence: no faults, D valid and no foreign key clash, so apply exits 0, a following plan is empty,
    and {(k, spec): Own} = D.

    A finished job is as wanted whether it is still there or not, and keeps the spec it ran with; what waits
    for a need is not there yet, or as it was; what git or its mark keeps outlives its manifest. Keys in
    `clashes` are held by others, or protected, and refused; those in `presumed` name jobs that git has had
    for longer than the platform remembers; those in `kept` outlive their manifests by git's last word of
    them. `past` is every object there ever was.
    """
    listed = {wish.key: wish for wish in wishes}
    good = {ExitCode.IN_ORDER}
    good |= {ExitCode.UNHEALTHY} if any(wish.does == "fails" for wish in listed.values()) else set()
    good |= {ExitCode.REFUSED, ExitCode.PARTIAL} if clashes else set()
    if ran.code not in good:
        return Violation("I1", f"apply ended with {ran.code!r}: {ran.error or told(ran)}")
    if fresh.writes or (not clashes and not fresh.is_empty):
        return Violation("I1", f"a plan after it finds {[(c.action, str(c.key)) for c in fresh.writes]}")
    ours = owned(ran.after)
    for key, wish in listed.items():
        one = ours.get(key)
        is_excused = key in clashes or key in presumed or wish.needs or wish.stands_still
        is_excused = is_excused or evidence.has_finished(key, past)
        if one is None and not is_excused:
            return Violation("I1", f"{wish.full} is not there")
        if one is not None and key not in clashes and not _is_halted_as(wish, one):
            return Violation("I1", f"{wish.full} is {one.phase}, which git does not want")
        may_wait = key in clashes or evidence.waits(wish, past)
        if one is not None and runs(one) and not may_wait and not wish.is_met_by(one):
            return Violation("I1", f"{wish.full} is not as git wants it")
        if one is not None and not runs(one) and not wish.has_run_as(mark_of(one)):
            return Violation("I1", f"{wish.full} has ended, and its new run was not submitted")
    left = {key: one for key, one in ours.items() if key not in listed and key not in kept}
    strayed = [key for key, one in left.items() if not keeps(one)]
    return Violation("I1", f"{strayed} have no manifest and are still there") if strayed else None


def check_i4(ran: Ran, fleet_id: str = FLEET_ID, *, moved: Collection[str] = ()) -> Violation | None:
    """Foreign objects: for all e in eff(L), e not a create: Own held for its target just before e; and
    byte-equality of every non-owned object between W0 and W1.

    Time alone moves the phases of an object that is not pinned; of such a one the spec is compared. `moved`
    are the ids of what others changed in the course of the run.
    """
    for strike in ran.strikes:
        for effect in strike.entry.effects:
            target = strike.before.get(effect.id)
            if effect.verb != "create" and (target is None or not is_ours(target, fleet_id)):
                return Violation("I4", f"{effect.verb} of {effect.name}, which was not ours")
    ended = {effect.id for effect in ran.effects}
    for id_, one in ran.before.items():
        now = ran.after.get(id_)
        if is_ours(one, fleet_id) or id_ in ended or id_ in moved:
            continue
        if one.pinned and now != one:
            return Violation("I4", f"{one.name}, which is not ours, is not what it was")
        if now is not None and (now.spec, now.desired == "Deleted") != (one.spec, one.desired == "Deleted"):
            return Violation("I4", f"{one.name}, which is not ours, was changed")
    return None


def check_i5(ran: Ran) -> Violation | None:
    """At most one: at every ledger position, for all k, count of {o in W: Own, key = k, neither deleted nor
    terminal} is at most 1.
    """
    for world in (*(strike.after for strike in ran.strikes), ran.after):
        held = Counter(key_of(one) for one in world.values() if runs(one) and is_ours(one))
        if double := [key for key, count in held.items() if count > 1]:
            return Violation("I5", f"{double} are held twice")
    return None


def check_i6(ran: Ran) -> Violation | None:
    """Plan soundness: an injective map from the mutating requests of `apply P` to the changes of P, plus at
    most 1 re-send of a create: method, target id and mark are the change's; a re-send comes after a
    resolving read that was issued after the ambiguous answer.
    """
    sent: Counter[tuple[str, str]] = Counter()
    last: dict[str, int] = {}
    for entry in (strike.entry for strike in ran.strikes):
        changes = ran.planned.plan.writes if ran.planned else ()
        change = next((change for change in changes if evidence.is_for(entry, change)), None)
        if change is None:
            return Violation(
                "I6", f"{entry.method} {entry.path} {name_in(entry)} is in no change of the plan"
            )
        if is_refused(entry):
            continue
        key = str(change.key)
        sent[entry.method, key] += 1
        if sent[entry.method, key] > (2 if entry.method == "POST" else 1):
            return Violation("I6", f"{entry.method} of {key} was sent {sent[entry.method, key]} times")
        if sent[entry.method, key] == 2 and not evidence.looked(ran, change.key.name, last[key], entry.seq):
            return Violation("I6", f"{key} was sent again without a look")
        last[key] = entry.seq
    return None


def check_i9(ran: Ran, *, consented: int = 0) -> Violation | None:
    """Caps: the running objects that delete, replace and stop ended are at most cap(Owned(W0)), unless a
    consent says so; the cap is that of a fleet file which states none.
    """
    most = max(consented, min(10, max(3, len(owned(ran.before)) * 20 // 100)))
    ended = {effect.id for effect in ran.effects if effect.verb in ("delete", "suspend")}
    running = [id_ for id_ in ended if id_ in ran.before and ran.before[id_].phase == "Running"]
    if len(running) > most:
        return Violation("I9", f"{len(running)} running objects ended where the limit is {most}")
    return None


def check_i10(ran: Ran, earlier: Sequence[Ran] = ()) -> Violation | None:
    """No action from doubt: a scope with any unknown read, so no delete and no create in it; for every
    create(k), L holds two absence proofs for k after the last possible earlier create of k.

    A scope counts as read where its last list before the first write was answered, and whole. `earlier`
    are the runs before this one, whose lost creates count as well.
    """
    began = first_write(ran.entries)
    for _, effect, one in sent.struck(ran):
        lists = [e for e in ran.entries if e.seq < began and asks_for(e, one.project.id)]
        is_read = lists and evidence.is_believable(lists[-1], effect, one.project.name, ran.before)
        if effect.verb in ("create", "delete") and not is_read:
            return Violation("I10", f"{effect.verb} of {effect.name} in a scope that was not read")
    for strike in ran.strikes:
        if strike.entry.method == "POST" and name_in(strike.entry):
            proofs = evidence.reads_before(strike, ran, earlier)
            if proofs < 2:
                return Violation("I10", f"a create of {name_in(strike.entry)} after {proofs} reads about it")
    return None


def check_i12(rans: Sequence[Ran], wishes: Iterable[Wish], *, past: World) -> Violation | None:
    """Crash: for every request and every point around it: kill there, then at most 2 clean applies, so I1
    and I4 and I5. `rans` are the killed run and the clean applies after it; the last one came to rest.
    Nothing is submitted twice on the way.
    """
    killed, *clean = rans
    laws = [law(ran) for law in (check_i4, check_i5, check_i29) for ran in (killed, *clean)]
    if found := next((violation for violation in laws if violation), None):
        return Violation("I12", str(found))
    made = Counter(effect.name for ran in rans for effect in ran.effects if effect.verb == "create")
    if twice := [name for name, count in made.items() if count > 1]:
        return Violation("I12", f"{twice} are submitted twice")
    last = clean[-1]
    is_at_rest = last.applied is None or last.applied.is_replan_empty
    if len(clean) > 2 or last.code is not ExitCode.IN_ORDER or not is_at_rest:
        return Violation(
            "I12", f"{len(clean)} applies, and the last one ended with {last.code!r}: {last.error}"
        )
    ours = owned(last.after)
    ended = {effect.name for ran in rans for effect in ran.effects if effect.verb == "delete"}
    for wish in wishes:
        one = ours.pop(wish.key, None)
        is_excused = wish.needs or (evidence.has_finished(wish.key, past) and wish.name not in ended)
        if one is None and not is_excused:
            return Violation("I12", f"{wish.full} is missing")
        if one is not None and not (wish.is_met_by(one) and wish.has_run_as(mark_of(one))):
            return Violation("I12", f"{wish.full} is not as git wants it")
    return Violation("I12", f"{[*ours]} are still there") if ours else None


def check_i24(one: World, other: World, *, fleets: Sequence[str]) -> Violation | None:
    """Stack independence: running S1 then S2 = S2 then S1; of each fleet the same objects are there."""
    for fleet in fleets:
        sides = [
            {(key_of(o), mark.digest) for o in world.values() if is_ours(o, fleet) and (mark := mark_of(o))}
            for world in (one, other)
        ]
        if sides[0] != sides[1]:
            return Violation("I24", f"fleet {fleet}: {sorted(sides[0] ^ sides[1])}")
    return None


@dataclass(frozen=True, slots=True)
class Done:
    """Hold what there was before a run.

    `past` is every object there ever was, `named` the jobs that --run names, `deleted` the ids of what
    earlier runs of ours deleted. `shows_marks`: the list of what is gone shows marks.
    """

    past: World
    named: Collection[Key] = ()
    deleted: Collection[str] = ()
    shows_marks: bool = True


def check_i28(ran: Ran, wishes: Mapping[Key, Wish], done: Done) -> Violation | None:
    """Run-once: over any sequence of applies and clean-ups, a job that has finished is neither deleted nor
    submitted again unless git or --run asks for it, as long as the platform remembers what finished.

    What an earlier run deleted to run it again, and did not come to create, is excused.
    """
    for strike, effect, made in sent.struck(ran):
        wish = wishes.get(key_of(made))
        if wish is None or wish.kind != kind_of(made) or wish.key in done.named:
            continue
        if effect.verb == "delete" and evidence.completed(made) and not evidence.may_end(made, wish):
            return Violation("I28", f"{wish.full} is deleted, though it has finished and git wants it")
        last = evidence.done_before(made, strike, done.past) if effect.verb == "create" else None
        if last is None or last.id in done.deleted:
            continue
        is_known = done.shows_marks or evidence.is_presumed(last, ran.before)
        if is_known and not evidence.is_asked_for(made, last, wish):
            return Violation("I28", f"{wish.full} is submitted again, though it has finished")
    return None


def _is_halted_as(wish: Wish, one: Workload) -> bool:
    """Tell whether an object runs or stands still as git wants it; what the platform stopped may be left."""
    return not runs(one) if wish.stands_still else not (wish.resumes and one.phase == "Stopped")
