"""Doorstep: what a refused handshake and a broken session stand for, and the way out of each.

Source of the codes: Interacting with workloads using the cluster API, 2.23, "Errors".
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.console import Entry
from reconciler.errors import (
    ExitCode,
    NoEntry,
    NotFound,
    ProviderError,
    Rejected,
    Severed,
    Unauthenticated,
    Unavailable,
)

LONG = 4 * 1024
"""A command of more bytes than this, encoded, may be more than a server or a proxy takes in one header."""

_TOO_LONG = frozenset({0, 400, 413, 414, 431})  # 0: some servers do not even answer
_HINTS: Mapping[int, str] = {
    400: "-c names one of several containers; where a proxy drops the header Command, use --command-in-url",
    426: "something between here and the cluster does not pass WebSockets on: a proxy, or an ingress",
    500: "it is also answered for a workload that the cluster does not know (yet); `reconciler health` looks",
    503: "the cluster may be out of reach or its API restarting; run it again in a minute",
}
_NOT_YET = "it may have no pods yet: --wait-timeout 5m waits for them"
_NO_SUCH = "`reconciler describe` lists its pods and their containers"
_TAKEN = "its main process may hold its input and output; beside it: `reconciler exec -it NAME -- sh`"
_STATE = "it is ending, over, or between two starts; `reconciler health` tells which"
_GOES_ON = "what was started may run on; it is not started again by itself"
_RAN_OUT = "a session ends with its token; look what was done before you start it again"


def refused(error: ProviderError, entry: Entry) -> ProviderError:
    """Tell why a container was not entered, and what to do."""
    if isinstance(error, NotFound):
        named = bool(entry.pod or entry.container)
        code = ExitCode.UNOBSERVED if named else ExitCode.UNHEALTHY
        return _no_entry(error, _NO_SUCH if named else _NOT_YET, code)
    if error.status == 409:
        return _no_entry(error, _STATE)
    if error.status == 503 and not entry.argv:
        return _no_entry(error, _TAKEN)
    if not error.hint:
        error.hint = _HINTS.get(error.status, "")
    return error


def too_long(error: ProviderError, size: int) -> ProviderError:
    """Tell a command that may be too long, of `size` bytes encoded, by how it was refused."""
    if error.status in _TOO_LONG and isinstance(error, Rejected | Unavailable) and size > LONG:
        error.hint = (
            f"the command has {size / 1024:.0f} KiB, encoded, and servers take about 8 in a header;"
            " send it as input: reconciler exec -i NAME -- sh < FILE"
        )
    return error


def severed(error: ProviderError) -> ProviderError:
    """Tell a session that ended in another way than well: by its token (exit 5), else unobserved (6)."""
    ran_out = isinstance(error, Unauthenticated)
    words = (error.target, error.verb, error.subject)
    told = Severed(*words, said=error.said, url=error.url, hint=_RAN_OUT if ran_out else _GOES_ON)
    told.exit_code = ExitCode.DENIED if ran_out else ExitCode.UNOBSERVED
    return told


def _no_entry(error: ProviderError, hint: str, code: ExitCode = ExitCode.PARTIAL) -> NoEntry:
    words = (error.target, error.verb, error.subject)
    told = NoEntry(*words, said=error.said, status=error.status, url=error.url, hint=hint)
    told.exit_code = code
    return told
