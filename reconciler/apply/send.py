"""Sending one write: note the intent, send once, and tell an answer from a refusal from silence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from reconciler.errors import (
    Malformed,
    NoStore,
    NotSent,
    ProviderError,
    StalePlan,
    Unavailable,
    Unknown,
)
from reconciler.journal import WriteAhead
from reconciler.plan.change import Change
from reconciler.problem import Problem

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sent(Generic[T]):
    """Carry the platform's good answer."""

    op: str
    answer: T


@dataclass(frozen=True, slots=True)
class Lost:
    """Say that the request may have had its effect: the answer never came, or was no answer."""

    op: str
    error: ProviderError


@dataclass(frozen=True, slots=True)
class Refused:
    """Say that the platform surely did nothing."""

    op: str
    error: ProviderError


async def send(
    journal: WriteAhead,
    change: Change,
    action: str,
    request: Callable[[], Awaitable[T]],
    *,
    object_id: str = "",
) -> Sent[T] | Lost | Refused:
    """Send one write, its intent on the disk first. Raises OSError, unsent, if that cannot be noted.

    Where the journal cannot vouch that this run still may write, nothing is sent.
    """
    try:
        await journal.confirm()
    except (StalePlan, NoStore) as doubt:
        problem = next(iter(doubt.problems), Problem("RC322", str(doubt)))
        return Refused("", NotSent(change.key.target, action, str(change.key), problem))
    digest = change.mark.digest if change.mark else ""
    op = journal.intent(change.key.full, action, digest=digest, object_id=object_id)
    try:
        answer = await request()
    except ProviderError as error:
        if _may_have_worked(error):
            return Lost(op, error)
        journal.result(op, "failed")
        return Refused(op, error)
    journal.result(op, "ok", object_id=answer if isinstance(answer, str) else object_id)
    return Sent(op, answer)


def _may_have_worked(error: ProviderError) -> bool:
    """Tell silence from refusal. Without a connection nothing was sent; a 5xx may come after the effect."""
    if isinstance(error, Unavailable):
        return error.status >= 500
    return isinstance(error, Unknown | Malformed)
