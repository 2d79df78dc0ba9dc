"""Copy a workload. The server does not tell the id of the copy, and copies our mark along.

So what there is of the name is listed before and after, and the copy's description is written anew without
the mark: a copy with it would pass for ours. Servers of the second generation copy nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.clock import Clock
from reconciler.errors import Malformed, ProviderError, Rejected, Unknown
from reconciler.providers.primus_safe import marks
from reconciler.providers.primus_safe.api import Api
from reconciler.providers.primus_safe.reading import Reader
from reconciler.providers.primus_safe.sweep import Torn
from reconciler.providers.primus_safe.wire import Misshapen, words
from reconciler.resource import Observed, Scope

_POLL_S = 2.0
_UNTOLD = (ProviderError, Misshapen, Torn)
"""How a request ends that tells nothing: once the copy is asked for, none of them ends the search for it."""
_NO_ROUTE = 404
_BY_HAND = "write a manifest with another name and the same spec"


@dataclass(frozen=True)
class Cloner:
    """Copy workloads of one target; `patience_s` is how long reads may take to show what was written."""

    api: Api
    reader: Reader
    clock: Clock
    patience_s: float

    async def clone(self, observed: Observed, scope: Scope) -> str:
        """Copy one workload, once, and give the id of the copy, which carries no mark.

        Raises Rejected where the server copies nothing, or the mark of the copy cannot be taken away, and
        Unknown where nobody can tell which one the copy is.
        """
        target, subject = self.api.transport.target, str(observed.key)
        before = await self._ids(observed, scope)
        lost = await self._sent(observed, subject)
        new, unread = await self._appeared(observed, scope, before)
        if len(new) == 1:
            await self._unmark(new[0], subject)
            return new[0]
        shown = f"{len(new)} appeared: {', '.join(new)}" if new else "no read shows a copy"
        said = "; ".join(part for part in (lost, shown, unread) if part)
        raise Unknown(target, "clone", subject, said=said)

    async def _sent(self, observed: Observed, subject: str) -> str:
        """Send the one request; gives why its outcome is not known, "" where it was accepted.

        Raises ProviderError where it surely did nothing.
        """
        try:
            await self.api.clone([observed.id], subject)
        except ProviderError as failed:
            if failed.status == _NO_ROUTE:
                target, said = self.api.transport.target, "this server copies no workloads"
                status = failed.status
                raise Rejected(target, "clone", subject, said=said, status=status, hint=_BY_HAND) from failed
            if not isinstance(failed, Unknown | Malformed):
                raise
            return failed.said or str(failed)
        return ""

    async def _ids(self, observed: Observed, scope: Scope) -> set[str]:
        """Find what may be a copy: ours, of this name, and with the mark that is copied along."""
        key, mark = observed.key, observed.summary.mark
        rows = await self.reader.all_named(scope, key.name)
        return {row.id for row in rows if row.is_by_us and row.key.kind == key.kind and row.mark == mark}

    async def _appeared(self, observed: Observed, scope: Scope, before: set[str]) -> tuple[list[str], str]:
        """Wait until the list shows more than before; gives what is new, and why the last look failed."""
        deadline = self.clock.monotonic() + self.patience_s
        while True:
            new, unread = set[str](), ""
            try:
                new = await self._ids(observed, scope) - before
            except _UNTOLD as failed:
                unread = str(failed)
            if new or self.clock.monotonic() >= deadline:
                return sorted(new), unread
            await self.clock.sleep(_POLL_S)

    async def _unmark(self, id_: str, subject: str) -> None:
        """Write the description anew without our mark, and see that it took."""
        deadline, why = self.clock.monotonic() + self.patience_s, ""
        while self.clock.monotonic() < deadline:
            try:
                found = marks.read(words(await self.api.detail(id_, subject), "description"))
                if found.mark is None:
                    return
                await self.api.patch(id_, {"description": found.text}, subject)
            except _UNTOLD as failed:  # such as a server that has not noticed yet that it is there
                why = f" ({failed})"
            await self.clock.sleep(_POLL_S)
        said = f"the copy is {id_}, and it still carries the mark of the original{why}"
        hint = "take the mark out of its description, or delete it: with it neither is touched any more"
        raise Rejected(self.api.transport.target, "clone", subject, said=said, hint=hint)
