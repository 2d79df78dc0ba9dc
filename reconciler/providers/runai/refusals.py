"""Say what to do where the API of a cluster refuses what is asked of a workload's containers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from reconciler.errors import ProviderError

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


@contextmanager
def explaining(missing: str = "") -> Iterator[None]:
    """Add the way out to a refusal that has none; `missing`, if any, is that of 400 and 404."""
    try:
        yield
    except ProviderError as refused:
        own = missing if refused.status in (400, 404) else ""
        refused.hint = own or refused.hint or _WAYS_OUT.get(refused.status, "")
        raise
