"""Say what to do where the API of a cluster refuses what is asked of a workload's containers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from reconciler.errors import Lacking, NotFound, ProviderError
from reconciler.resource import Life, Observed

_LIVES = "it has logs and ports while it runs; `reconciler health` tells how far it is"
_WAYS_OUT: Mapping[int, str] = {
    400: "check --pod and --container; `reconciler describe` names the pods",
    404: f"a pod or container of that name is not there, or no pod at all: {_LIVES}",
    409: f"it ends, has ended or is between two starts: {_LIVES}",
    426: "something between here and the cluster takes WebSockets out; check the proxy",
    500: "the cluster answers so also where it does not know the workload; run again, and if it stays, "
    "compare `reconciler describe` with the cluster's own list",
    503: "the cluster is restarting or cannot do this now; run again in a minute",
}
"""From the table of HTTP codes. Source: cluster API reference, 2.23."""


def telling(observed: Observed, what: str) -> str:
    """Name the command that tells more of an object."""
    return f"reconciler health {observed.key.kind}/{observed.key.name} {what}"


@contextmanager
def outlived(observed: Observed) -> Iterator[None]:
    """Say of a log that is not there that it went with the pods, where the workload has ended."""
    try:
        yield
    except NotFound as gone:
        row = observed.summary
        if row.life not in (Life.FINISHED, Life.FAILED, Life.STOPPED):
            raise
        raise Lacking(
            gone.target,
            gone.verb,
            str(observed.key),
            said=f"logs are gone: the workload is {row.phase}",
            status=gone.status,
            url=gone.url,
            hint=telling(observed, "says how it ended" if row.life is Life.FINISHED else "says why"),
        ) from gone


@contextmanager
def explaining(missing: str = "") -> Iterator[None]:
    """Add the way out to a refusal that has none; `missing`, if any, is that of 400 and 404."""
    try:
        yield
    except ProviderError as refused:
        own = missing if refused.status in (400, 404) else ""
        refused.hint = own or refused.hint or _WAYS_OUT.get(refused.status, "")
        raise
