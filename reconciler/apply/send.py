"""Sending one write: note the intent, send once, and tell an answer from a refusal from silence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
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
        if may_have_worked(error):
            return Lost(op, error)
        journal.result(op, "failed")
        return Refused(op, error)
    journal.result(op, "ok", object_id=answer if isinstance(answer, str) else object_id)
    return Sent(op, answer)


async def send_together(
    journal: WriteAhead,
    batch: Sequence[tuple[Change, str]],
    action: str,
    request: Callable[[], Awaitable[Mapping[str, ProviderError | None]]],
) -> list[Sent[None] | Lost | Refused]:
    """Send one request about several objects, each with its id and its intent on the disk first.

    What was answered comes in the order of `batch`. Raises OSError, unsent, where an intent cannot be noted.
    """
    try:
        await journal.confirm()
    except (StalePlan, NoStore) as doubt:
        problem = next(iter(doubt.problems), Problem("RC322", str(doubt)))
        return [Refused("", NotSent(c.key.target, action, str(c.key), problem)) for c, _ in batch]
    ops = [journal.intent(change.key.full, action, digest="", object_id=id_) for change, id_ in batch]
    try:
        answers = await request()
    except ProviderError as error:
        answers = {id_: error for _, id_ in batch}
    return [_answered(journal, op, one, action, answers) for op, one in zip(ops, batch, strict=True)]


def _answered(
    journal: WriteAhead,
    op: str,
    one: tuple[Change, str],
    action: str,
    answers: Mapping[str, ProviderError | None],
) -> Sent[None] | Lost | Refused:
    change, id_ = one
    unsaid = Unknown(change.key.target, action, str(change.key), said="the answer does not name it")
    error = answers.get(id_, unsaid)
    if error is None:
        journal.result(op, "ok", object_id=id_)
        return Sent(op, None)
    if may_have_worked(error):
        return Lost(op, error)
    journal.result(op, "failed")
    return Refused(op, error)


def may_have_worked(error: ProviderError) -> bool:
    """Tell silence from refusal. Without a connection nothing was sent; a 5xx may come after the effect."""
    if isinstance(error, Unavailable):
        return error.status >= 500
    return isinstance(error, Unknown | Malformed)
