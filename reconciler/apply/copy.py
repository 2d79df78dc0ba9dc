"""Copying one live object: the intent noted first, what came of it after, as with any write."""

from __future__ import annotations

from reconciler.apply.send import may_have_worked
from reconciler.errors import FleetError, ProviderError
from reconciler.journal import Journal
from reconciler.problem import Problem
from reconciler.provider import Clones
from reconciler.resource import Observed

CLONE = "clone"
"""The action of an intent to copy an object; the copy is nobody's."""


async def copy(provider: Clones, observed: Observed, journal: Journal) -> str:
    """Copy an object in a run of its own, once, and give the id of the copy.

    What earlier runs counted stays counted, and what they left in doubt stays so. Raises ProviderError as
    the provider does; StalePlan, NoStore and FleetError where nothing may be sent.
    """
    before = journal.memory
    journal.start()
    await journal.confirm()
    try:
        return await _noted(provider, observed, journal)
    except OSError as failure:
        what = f"the journal cannot be written ({failure.strerror or failure}), so nothing was copied"
        raise FleetError(problems=[Problem("RC100", f"{observed.key}: {what}")]) from failure
    finally:
        journal.end(clean=before.ended_clean, owned=before.owned, declared=before.declared)


async def _noted(provider: Clones, observed: Observed, journal: Journal) -> str:
    op = journal.intent(observed.key.full, CLONE, object_id=observed.id)
    try:
        id_ = await provider.clone(observed)
    except ProviderError as error:
        is_sure = error.status and not may_have_worked(error)  # else a copy may be there
        journal.result(op, "failed" if is_sure else "unknown")
        raise
    journal.result(op, "ok", object_id=id_)
    return id_
