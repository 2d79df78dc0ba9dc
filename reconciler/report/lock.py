"""Write who may apply a fleet now: for people, and as a document."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.errors import ExitCode
from reconciler.report.jsonform import Document, head
from reconciler.report.safe import line
from reconciler.report.units import duration


@dataclass(frozen=True, slots=True)
class Standing:
    """Tell how a fleet's lock stands.

    `store` is local or git, `state` free, held, expired or unreadable. `age_s` is how long ago the lease was
    renewed, `left_s` when it ends without another word. `last_clean` is when a run last ended clean,
    RFC 3339; `ended_clean` tells whether the last one did. What is not known is "" or None.
    """

    store: str
    where: str
    state: str
    holder: str = ""
    url: str = ""
    commit: str = ""
    started: str = ""
    age_s: float | None = None
    left_s: float | None = None
    generation: str = ""
    ended_clean: bool = False
    last_clean: str = ""


def lock_text(now: Standing) -> str:
    """Write how a lock stands, a line for each thing that is known."""
    ended = "" if now.ended_clean or not now.last_clean else "; the last run did not end clean"
    told = {
        "since": now.started if now.holder else "",
        "renewed": _renewed(now),
        "job": now.url,
        "commit": now.commit,
        "generation": now.generation,
        "last clean end": f"{now.last_clean}{ended}" if now.last_clean else "none is known",
        "where": now.where,
    }
    rows = [f"  {name:<15} {line(text)}" for name, text in told.items() if text]
    return "\n".join([_first(now), *rows]) + "\n"


def _first(now: Standing) -> str:
    held = f"{now.state} by {line(now.holder)}" if now.holder else now.state
    return {
        "free": "free: nothing is applying this fleet",
        "held": held,
        "expired": f"{held.replace('expired', 'expired: held')}; the next apply takes over",
        "unreadable": "unreadable: the ref holds no lease that this version can read",
    }[now.state]


def _renewed(now: Standing) -> str:
    if now.age_s is None or not now.holder:
        return ""
    end = f"; ends in {duration(now.left_s)} without another word" if now.left_s else ""
    return f"{duration(now.age_s)} ago{end}"


def lock_document(now: Standing) -> Document:
    """Make the JSON document."""
    return {
        **head("lock", ExitCode.IN_ORDER),
        "store": now.store,
        "where": now.where,
        "state": now.state,
        "holder": now.holder or None,
        "url": now.url or None,
        "commit": now.commit or None,
        "started": now.started or None,
        "renewedSecondsAgo": None if now.age_s is None else round(now.age_s),
        "generation": now.generation or None,
        "endedClean": now.ended_clean,
        "lastCleanEnd": now.last_clean or None,
    }


def question(now: Standing) -> str:
    """Ask whether a lease may be taken from its holder."""
    renewed = f", renewed {duration(now.age_s)} ago" if now.age_s is not None else ""
    held = f", {now.state} by {line(now.holder)}{renewed}" if now.holder else ""
    return f'Release generation {now.generation}{held}? Type "yes" to do it: '
