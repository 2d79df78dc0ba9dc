"""What a saved plan is bound to: an hour, a version, a fleet, addresses, a commit, and one use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.plan.saved.value import Saved
from reconciler.problem import Problem
from reconciler.resource import EMPTY

_AGAIN = "make a new plan with plan --out, and look at it"


@dataclass(frozen=True, slots=True)
class Here:
    """Tell where and when a saved plan is to be carried out.

    `commit` is HEAD's, "" outside git; `has_its_commit`: HEAD's history contains the plan's commit.
    `used` maps nonces of plans that were begun to when, RFC 3339.
    """

    now: datetime
    tool: str
    fleet_id: str
    urls: Mapping[str, str]
    commit: str
    has_its_commit: bool = False
    used: Mapping[str, str] = EMPTY


def not_for_here(saved: Saved, here: Here) -> tuple[Problem, ...]:
    """Report all for which a saved plan may not be carried out, before anything live is compared."""
    nonce = saved.issued.nonce
    if nonce in here.used:
        what = f"this plan was applied already, on {here.used[nonce]}"
        return (Problem("RC312", what, why="a saved plan is carried out once", hint=_AGAIN),)
    return tuple(Problem("RC311", what, why=why, hint=_AGAIN) for what, why in _reasons(saved, here))


def _reasons(saved: Saved, here: Here) -> Iterator[tuple[str, str]]:
    """Give what does not fit, and why that matters."""
    expires = saved.issued.expires
    if here.now >= expires:
        yield (
            f"the saved plan has expired: it was good until {_stamp(expires)}",
            f"now it is {_stamp(here.now)}",
        )
    if saved.tool != here.tool:
        what = f"the saved plan was made by reconciler {saved.tool}; this is {here.tool}"
        yield what, "another version may compare and write otherwise"
    if saved.fleet_id != here.fleet_id:
        what = f"the saved plan is of fleet {saved.fleet_id}; this is fleet {here.fleet_id}"
        yield what, "the fleet's id decides whose live objects are"
        return
    for target, url in sorted(saved.issued.urls.items()):
        if here.urls.get(target) != url:
            now = f"it is {here.urls[target]}" if target in here.urls else "the fleet file has no such target"
            yield f"the saved plan is for {target} at {url}; now {now}", "that is another control plane"
    if saved.commit != here.commit:
        yield _other_commit(saved, here)


def _other_commit(saved: Saved, here: Here) -> tuple[str, str]:
    made = f"commit {saved.commit[:12]}" if saved.commit else "no commit"
    head = f"HEAD is {here.commit[:12]}" if here.commit else "here is no git history"
    if here.has_its_commit:
        return f"the saved plan is of an older commit: {saved.commit[:12]}; {head}", "git moved on since"
    why = "HEAD's history does not contain that commit" if saved.commit and here.commit else ""
    return f"the saved plan is of {made}; {head}", why


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
