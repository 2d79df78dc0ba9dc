"""The laws for which Primus-SaFE has to be known, each a function that gives what breaks it, or nothing.

The numbers are those of Run:ai's, one folder up, whose definitions hold here as well. What differs: names are
not unique, so nothing is ever sent twice; rows of what has ended stay; stop and delete answer 200 for what is
not there; a copy that somebody made of ours carries our mark, and is not ours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.emulator.primus_safe.records import Workload
from reconciler.errors import ExitCode
from reconciler.plan import Plan
from tests.scenarios.stage import FLEET_ID
from tests.soak import sent
from tests.soak.ground import Place, Ran
from tests.soak.inside import World
from tests.soak.laws import Violation, check_i29, told
from tests.soak.primus_safe import evidence
from tests.soak.primus_safe.truth import (
    ids_in,
    is_create,
    is_halted,
    is_ours,
    keeps,
    key_in,
    key_of,
    mark_of,
    owned,
    runs_of,
    stands,
    succeeded,
)
from tests.soak.primus_safe.wishes import Wish

_PERCENT, _FEW, _MOST = 20, 3, 10


def check_i1(
    wishes: Iterable[Wish],
    ran: Ran,
    fresh: Plan,
    *,
    past: World,
    clashes: Collection[Place] = (),
    presumed: Collection[Place] = (),
    kept: Collection[Place] = (),
) -> Violation | None:
    """Convergence: no faults, D valid, so apply exits 0, a following plan is empty, and what is live is D.

    A job that has ended is as wanted if it is the run that git asks for. Keys in `clashes` are held by copies
    of ours, or protected, and refused; those in `presumed` git has had for longer than any memory; those in
    `kept` outlive their manifests.
    """
    listed = {wish.key: wish for wish in wishes}
    good = {ExitCode.IN_ORDER}
    good |= {ExitCode.UNHEALTHY} if any(wish.does == "fails" for wish in listed.values()) else set()
    good |= {ExitCode.REFUSED, ExitCode.PARTIAL} if clashes else set()
    if ran.code not in good:
        return Violation("I1", f"apply ended with {ran.code!r}: {ran.error or told(ran)}")
    if fresh.writes or (not clashes and not fresh.is_empty):
        return Violation("I1", f"a plan after it finds {[(c.action, str(c.key)) for c in fresh.writes]}")
    excused = {*clashes, *presumed}
    for key, wish in listed.items():
        if key not in excused and (why := _is_amiss(wish, past)):
            return Violation("I1", f"{wish.full} {why}")
    left = {key: one for key, one in owned(ran.after).items() if key not in listed and key not in kept}
    strayed = [key for key, one in left.items() if not keeps(one)]
    return Violation("I1", f"{strayed} have no manifest and are still there") if strayed else None


def _is_amiss(wish: Wish, past: World) -> str:
    """Say how the newest object of a key is not what git wants; "" where it is."""
    runs = runs_of(wish.key, past)
    last = runs[-1] if runs else None
    if wish.stands_still:
        return f"is {last.phase}, which git does not want" if last and stands(last) else ""
    if last is None:
        return "" if evidence.waits(wish, past) else "is not there"
    if stands(last):
        may_differ = evidence.waits(wish, past)
        return "" if may_differ or wish.is_met_by(last) else "is not as git wants it"
    if is_halted(last) and not wish.resumes:
        return ""
    if wish.kind != "PyTorchJob":
        return f"is {last.phase}, and git wants it"
    return "" if wish.has_run_as(mark_of(last)) else "has ended, and its new run was not submitted"


def check_i4(ran: Ran, fleet_id: str = FLEET_ID, *, moved: Collection[str] = ()) -> Violation | None:
    """Foreign objects: every write but a create names objects of ours alone, and what is not ours keeps its
    spec, its words and its life. `moved` are the ids of what others changed in the course of the run.
    """
    for strike in ran.strikes:
        for id_ in () if is_create(strike.entry) else ids_in(strike.entry):
            target = strike.before.get(id_)
            if target is not None and not is_ours(target, fleet_id):
                return Violation("I4", f"{strike.entry.method} {strike.entry.path} is about what is not ours")
        for effect in strike.entry.effects:
            target = strike.before.get(effect.id)
            if effect.verb != "create" and (target is None or not is_ours(target, fleet_id)):
                return Violation("I4", f"{effect.verb} of {effect.name}, which was not ours")
    for id_, one in ran.before.items():
        now = ran.after.get(id_)
        if is_ours(one, fleet_id) or id_ in moved:
            continue
        if now is None or _told(now) != _told(one):
            return Violation("I4", f"{one.display_name} ({id_}), which is not ours, was changed")
    return None


def _told(one: Workload) -> tuple[object, ...]:
    return one.spec, one.description, one.display_name, one.user_id


def check_i5(ran: Ran) -> Violation | None:
    """At most one: at every ledger position, for all k, count of {o in W: Own, key = k, not ended} is at
    most 1.
    """
    for world in (*(strike.after for strike in ran.strikes), ran.after):
        held = Counter(key_of(one) for one in world.values() if stands(one) and is_ours(one))
        if double := [key for key, count in held.items() if count > 1]:
            return Violation("I5", f"{double} are held twice")
    return None


def check_i6(ran: Ran) -> Violation | None:
    """Plan soundness: an injective map from the mutating requests of `apply P` to the changes of P: method,
    target id and mark are the change's. Nothing is ever sent again.
    """
    was_sent: Counter[tuple[str, str]] = Counter()
    for entry in (strike.entry for strike in ran.strikes):
        changes = ran.planned.plan.writes if ran.planned else ()
        meant = [change for change in changes if evidence.is_for(entry, change)]
        if not meant or len(meant) < len(ids_in(entry)):
            return Violation("I6", f"{entry.method} {entry.path} {key_in(entry)} is in no change of the plan")
        for change in meant:
            was_sent[f"{entry.method} {is_create(entry)}", str(change.key)] += 1
    twice = [what for what, count in was_sent.items() if count > 1]
    return Violation("I6", f"{twice} were sent again") if twice else None


def check_i9(ran: Ran, *, consented: int = 0) -> Violation | None:
    """Caps: the running objects that delete, replace and stop ended are at most cap(Owned(W0)), unless a
    consent says so; the cap is that of a fleet file which states none.
    """
    most = max(consented, min(_MOST, max(_FEW, len(owned(ran.before)) * _PERCENT // 100)))
    ended = {effect.id for effect in ran.effects if effect.verb in ("delete", "stop")}
    running = [id_ for id_ in ended if id_ in ran.before and stands(ran.before[id_])]
    if len(running) > most:
        return Violation("I9", f"{len(running)} running objects ended where the limit is {most}")
    return None


def check_i10(ran: Ran, earlier: Sequence[Ran] = ()) -> Violation | None:
    """No action from doubt: a scope with any unknown read, so no delete and no create in it; for every
    create(k), L holds two absence proofs for k after the last possible earlier create of k.

    `earlier` are the runs before this one, whose lost creates count as well.
    """
    began = sent.first_write(ran.entries)
    for strike, effect, one in sent.struck(ran):
        if effect.verb in ("create", "delete", "stop") and not evidence.is_read(
            ran, one.spec.workspace, began
        ):
            return Violation("I10", f"{effect.verb} of {effect.name} in a scope that was not read")
        proofs = evidence.reads_before(strike, ran, earlier) if is_create(strike.entry) else 2
        if proofs < 2:
            return Violation("I10", f"a create of {effect.name} after {proofs} reads about it")
    return None


def check_i12(rans: Sequence[Ran], wishes: Iterable[Wish], *, past: World) -> Violation | None:
    """Crash: for every request and every point around it: kill there, then at most 2 clean applies, so I1
    and I4 and I5. `rans` are the killed run and the clean applies after it; the last one came to rest.
    Nothing is submitted twice on the way.
    """
    killed, *clean = rans
    laws = [law(ran) for law in (check_i4, check_i5, check_i6, check_i29) for ran in (killed, *clean)]
    if found := next((violation for violation in laws if violation), None):
        return Violation("I12", str(found))
    made = Counter(
        (effect.kind, effect.name) for ran in rans for effect in ran.effects if effect.verb == "create"
    )
    if twice := [name for name, count in made.items() if count > 1]:
        return Violation("I12", f"{twice} are submitted twice")
    last, ours = clean[-1], owned(clean[-1].after)
    is_at_rest = last.applied is None or last.applied.is_replan_empty
    if len(clean) > 2 or last.code is not ExitCode.IN_ORDER or not is_at_rest:
        return Violation(
            "I12", f"{len(clean)} applies, the last ended with {last.code!r}: {last.error or told(last)}"
        )
    for wish in wishes:
        ours.pop(wish.key, None)
        if why := _is_amiss(wish, past):
            return Violation("I12", f"{wish.full} {why}")
    return Violation("I12", f"{[*ours]} are still there") if ours else None


@dataclass(frozen=True, slots=True)
class Done:
    """Hold what there was before a run.

    `past` is every object there ever was, `named` the jobs that --run names, `hidden` the ids of what was
    deleted, which no list shows any more.
    """

    past: World
    named: Collection[Place] = ()
    hidden: Collection[str] = ()


def check_i28(ran: Ran, wishes: Mapping[Place, Wish], done: Done) -> Violation | None:
    """Run-once: over any sequence of applies and clean-ups, a job that has finished is neither ended nor
    submitted again unless git or --run asks for it, as long as its row is there.
    """
    for _, effect, made in sent.struck(ran):
        wish = wishes.get(key_of(made))
        if wish is None or wish.key in done.named:
            continue
        if effect.verb in ("delete", "stop") and succeeded(ran.before.get(effect.id, made)):
            return Violation("I28", f"{wish.full} is ended, though it has finished and git wants it")
        last = evidence.done_before(made, done.past) if effect.verb == "create" else None
        if last is None or last.id in done.hidden:
            continue
        if not evidence.is_asked_for(made, last, wish):
            return Violation("I28", f"{wish.full} is submitted again, though it has finished")
    return None
