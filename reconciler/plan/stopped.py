"""Decide what shall stand still: stopped because git says so, or left so because of who stopped it. Pure."""

from __future__ import annotations

from dataclasses import replace

from reconciler.diff import FieldChange
from reconciler.health import Level
from reconciler.impact import impact_of
from reconciler.plan.change import Action, Change
from reconciler.plan.known import Known
from reconciler.resource import Life, Observed, Stoppage, StoppedBy

STATE = "/lifecycle/state"
NEVER_THERE = "not there, and git wants it stopped"


def decide_stopped(change: Change, observed: Observed, known: Known) -> Change:
    """Decide a live object of ours whose manifest says `state: Stopped`; `fields` differ in its spec."""
    life, at_rest = observed.summary.life, replace(change, action=Action.KEEP, fields=())
    if life is Life.UNKNOWN:
        reason = f'phase "{observed.summary.phase}" is not one we know'
        return replace(at_rest, action=Action.UNKNOWN, reason=reason)
    if life in (Life.FINISHED, Life.FAILED):
        return replace(at_rest, reason=life.value)
    if has_stopped(observed):
        return replace(change, action=Action.KEEP, reason=_at_rest(change, observed))
    if barred := _barred(change, known):
        return replace(at_rest, action=Action.REFUSED, reason=barred[0], hint=barred[1])
    return replace(stop(change, observed, "git says Stopped"), fields=(_state(change, "Running", "Stopped"),))


def _barred(change: Change, known: Known) -> tuple[str, str] | None:
    """Say why a running object is not stopped though git asks for it, and the way out."""
    kind, is_protected = change.kind, change.resource is not None and change.resource.lifecycle.protect
    if kind is not None and not kind.support.stops:
        return f"kind {kind.name} cannot be stopped", "lifecycle.state: Running in git lets it be"
    if is_protected:
        return "protected: git says Stopped", "lifecycle.protect: false in git lets it be stopped"
    if known.asks_to_run(change.key):
        return "git says Stopped, and --run asks for a run", "lifecycle.state: Running in git lets it run"
    return None


def decide_never_there(change: Change, done: Change | None) -> Change:
    """Decide what git wants stopped and is not there: it never runs. `done` is what an ended run leads to."""
    if done is not None and done.action is Action.KEEP:
        return done
    return replace(change, action=Action.KEEP, reason=NEVER_THERE)


def decide_halted(change: Change, observed: Observed, known: Known, *, is_same: bool) -> Change | None:
    """Decide an object that stands still though git wants it to run.

    `is_same`: its spec is git's, but for secrets that wait for the next run. None where it is another
    one: then it cannot run on as it is.
    """
    change = replace(change, action=Action.KEEP)
    if observed.summary.level is not Level.SUSPENDED:
        return replace(change, reason=f"is stopping ({observed.summary.phase}); decided once it has stopped")
    if not is_same:
        return None
    if is_resumed_by_git(change, observed, known):
        return _resume(change, "git says Running again")
    return _by_cause(change, observed)


def decide_over(change: Change, observed: Observed, known: Known) -> Change:
    """Decide an object that was stopped for good though git wants it to run: what runs again is a new one."""
    change = replace(change, action=Action.KEEP)
    if is_resumed_by_git(change, observed, known):
        return _resume(change, "git says Running again")
    return _by_cause(change, observed)


def _by_cause(change: Change, observed: Observed) -> Change:
    """Decide by who stopped it: a person is overruled, the platform only where git says so."""
    stopped = observed.stopped or Stoppage(StoppedBy.UNKNOWN, "the platform does not tell")
    is_wanted = change.resource is not None and change.resource.lifecycle.on_platform_stop == "Resume"
    if stopped.by is StoppedBy.PERSON:
        return _resume(change, "stopped by a person; git says Running", stopped.by)
    reason = _told("stopped by the platform", stopped.why)
    if stopped.by is StoppedBy.UNKNOWN:
        reason = _told("stopped, and nobody knows by whom", stopped.why)
    if is_wanted:
        return _resume(change, reason, stopped.by)
    if stopped.by is StoppedBy.PLATFORM:
        return replace(change, reason=reason, fields=(), hint=_ways_out(change))
    return replace(change, reason=reason, fields=running_again(change), hint=_ways_out(change))


def is_resumed_by_git(change: Change, observed: Observed, known: Known) -> bool:
    """Tell whether git turned from Stopped to Running after the object was stopped: then that is meant."""
    since, turned = observed.summary.since, known.resumed.get(change.key)
    is_stopped = observed.summary.life is Life.STOPPED
    return is_stopped and since is not None and turned is not None and since < turned


def _resume(change: Change, reason: str, by: StoppedBy | None = None) -> Change:
    """Let it run again; `by` is who stopped it, None where git did."""
    change = replace(change, stopped_by=by)
    if change.keeps_ended:
        return change.anew(reason)
    return replace(change, action=Action.RESUME, reason=reason, fields=running_again(change))


def running_again(change: Change) -> tuple[FieldChange, ...]:
    """Give the one field of what stands still and shall run: its state, with where git says so."""
    return (_state(change, "Stopped", "Running"),)


def _told(what: str, why: str) -> str:
    return f"{what} ({why})" if why else what


def _ways_out(change: Change) -> str:
    place = change.resource.place("/lifecycle") if change.resource else None
    where = f" in {place.file}:{place.line}" if place else ""
    return f"To start it: lifecycle.onPlatformStop: Resume{where}\nTo leave it so: lifecycle.state: Stopped"


def stop(change: Change, observed: Observed, reason: str) -> Change:
    """Stop a running object. What it needs is no matter: nothing has to be there for it to end."""
    impact = impact_of(observed.summary, observed.spec, change.kind, is_stop=True)
    reason += "; its run ends for good" if change.keeps_ended else ""
    return replace(
        change, action=Action.STOP, reason=reason, fields=(), impact=impact, is_destructive=True, needs=()
    )


def has_stopped(observed: Observed) -> bool:
    """Tell whether an object has stopped, or is about to because somebody asked for it."""
    life = observed.summary.life
    return life is Life.STOPPED or (life is Life.ACTIVE and observed.wanted_phase == "Stopped")


def is_standing_still(change: Change) -> bool:
    """Tell whether an object will not run after this change: nothing that needs it may begin."""
    if change.action is Action.STOP:
        return True
    if change.action is not Action.KEEP:
        return False
    if change.observed is None:
        return change.reason == NEVER_THERE
    return change.observed.summary.life is Life.STOPPED


def _at_rest(change: Change, observed: Observed) -> str:
    is_there = observed.summary.level is Level.SUSPENDED
    state = "stopped" if is_there else f"is stopping ({observed.summary.phase})"
    if not change.fields:
        return state
    return "new spec on resume" if is_there else f"{state}; new spec on resume"


def _state(change: Change, live: str, wanted: str) -> FieldChange:
    place = change.resource.place(STATE) if change.resource else None
    return FieldChange(STATE, live, wanted, in_place=True, place=place)
