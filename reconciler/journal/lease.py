"""The lease: who may write, since when, and until when others must believe it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.journal.finished import is_time
from reconciler.resource import EMPTY

_LONGEST = 500
_TEXTS = ("holder", "host", "url", "commit", "run", "started", "renewed")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Lease:
    """Say who holds the right to write, or held it last.

    `generation` counts the holdings. `started` and `renewed` are RFC 3339 by the holder's clock. `url` is
    that of the CI job, `commit` the one being applied, `run` an id that no other holding has.
    """

    generation: int = 0
    is_held: bool = False
    holder: str = ""
    host: str = ""
    pid: int = 0
    url: str = ""
    commit: str = ""
    run: str = ""
    started: str = ""
    renewed: str = ""

    def age(self, now: datetime) -> timedelta:
        """Give the time since it was renewed; none where the holder's clock is ahead of ours."""
        return max(now - datetime.fromisoformat(self.renewed), timedelta())

    def is_expired(self, now: datetime, timeout_s: float) -> bool:
        """Tell whether it is held by somebody who must count as dead."""
        return self.is_held and self.age(now).total_seconds() > timeout_s

    def taken(self, by: Lease, now: datetime) -> Lease:
        """Give the next holding."""
        at = stamp(now)
        return replace(by, generation=self.generation + 1, is_held=True, started=at, renewed=at)

    def renewed_at(self, now: datetime) -> Lease:
        """Give the same holding, renewed."""
        return replace(self, renewed=stamp(now))

    def freed(self, now: datetime) -> Lease:
        """Give the same holding, over."""
        return replace(self, is_held=False, renewed=stamp(now))


def stamp(now: datetime) -> str:
    """Write a time as RFC 3339, to the second."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def myself(environ: Mapping[str, str] = EMPTY, *, host: str, pid: int, run: str, commit: str = "") -> Lease:
    """Name who would hold a lease here: the CI job where there is one, else the user."""
    return Lease(
        holder=_first(environ, "GITHUB_ACTOR", "GITLAB_USER_LOGIN", "USER", "LOGNAME") or "unknown",
        host=_plain(host),
        pid=pid,
        url=_plain(_job_url(environ)),
        commit=commit,
        run=run,
    )


def _first(environ: Mapping[str, str], *names: str) -> str:
    return next((_plain(environ[name]) for name in names if environ.get(name)), "")


def _plain(text: str) -> str:
    return _CONTROLS.sub("", text)[:_LONGEST]


def _job_url(environ: Mapping[str, str]) -> str:
    server, repository = environ.get("GITHUB_SERVER_URL", ""), environ.get("GITHUB_REPOSITORY", "")
    run, attempt = environ.get("GITHUB_RUN_ID", ""), environ.get("GITHUB_RUN_ATTEMPT", "")
    if not (server and repository and run):
        return environ.get("CI_JOB_URL", "")
    return f"{server}/{repository}/actions/runs/{run}{f'/attempts/{attempt}' if attempt else ''}"


def to_json(lease: Lease) -> bytes:
    """Write a lease as the file lease.json."""
    fields = asdict(lease)
    state = "held" if fields.pop("is_held") else "free"
    return json.dumps({"format": _FORMAT, "state": state, **fields}, indent=1, sort_keys=True).encode()


def from_json(data: bytes) -> Lease | None:
    """Read a lease that anybody may have written; None where it is none."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or value.get("format") != _FORMAT:
        return None
    texts = {name: value.get(name) for name in _TEXTS}
    numbers = {name: value.get(name) for name in ("generation", "pid")}
    is_shaped = all(map(_is_text, texts.values())) and all(map(_is_count, numbers.values()))
    if not is_shaped or value.get("state") not in ("held", "free"):
        return None
    if not all(is_time(str(texts[at])) for at in ("started", "renewed")):
        return None
    words: dict[str, Any] = {**texts, **numbers}
    return Lease(is_held=value["state"] == "held", **words)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST and not _CONTROLS.search(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53
