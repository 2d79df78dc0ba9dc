"""The exception tree, an exit code on each branch.

ReconcilerError                        1   our bug, or a failure with no better name
├── UsageError                         2   the command line asks for what cannot be
├── ManifestError(problems)            4   what git says cannot be understood
├── FleetError(problems)               4   reconciler.yaml or the environment lacks something
├── BrokenPlan(problems)               4   the file given to --plan is no saved plan, or was altered
├── UnsafePlan(problems)               8   a guard refused; says which --allow would consent
├── StalePlan(problems)                7   live changed, or newer work would be undone
├── NoStore(problems)                  6   the journal's git remote cannot be reached or read
├── Interrupted                      130   Ctrl-C, after a clean stop
└── ProviderError(target, verb, subject)
    ├── Unauthenticated                5   not signed in
    ├── Forbidden                      5   signed in, not allowed
    ├── NotFound                       6   the platform says it is not there
    │   └── Lacking                    6   an object has no such log or container now, and it is known why
    ├── Conflict                       9   the name is taken, or the state forbids it; 6 for a read
    ├── Rejected                       9   400/422, the control plane's own words; 6 for a read
    ├── Throttled(retry_after_s)       6   429 beyond our patience
    ├── Unavailable                    6   5xx, timeout, no connection
    │   └── Lapsed                     6   a stream's token ran out, and there is a new one
    ├── Malformed                      6   an answer that is not what the platform documents
    ├── NotSent(problem)               9   a write held back, since nobody vouches for the lease
    ├── NoEntry                        9   a container that cannot be entered now; 11 while it has no pods
    ├── Severed                        6   a session in a container that broke off; 5 with its token
    └── Unknown                       10   a write whose outcome could not be resolved
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from reconciler.problem import Problem


class ExitCode(IntEnum):
    """Name every way a command can end. 3 to 8 promise that nothing was changed."""

    IN_ORDER = 0
    FAILED = 1
    USAGE = 2
    CHANGES = 3
    REJECTED = 4
    DENIED = 5
    UNOBSERVED = 6
    STALE = 7
    REFUSED = 8
    PARTIAL = 9
    UNKNOWN = 10
    UNHEALTHY = 11
    WITHHELD = 12
    INTERRUPTED = 130
    TERMINATED = 143

    @property
    def label(self) -> str:
        """Give the word printed beside the number, such as `in-order`."""
        return self.name.lower().replace("_", "-")


_WEIGHT = (12, 130, 143, 1, 10, 9, 8, 7, 5, 6, 4, 11, 3, 0)


def heaviest(codes: Sequence[ExitCode]) -> ExitCode:
    """Pick the exit code that speaks for several, the first of `_WEIGHT`; none is IN_ORDER."""
    return min(codes, key=_WEIGHT.index, default=ExitCode.IN_ORDER)


def shortened(said: str, limit: int = 256) -> str:
    """Cut words that are not ours, with an ellipsis where something is missing."""
    return said if len(said) <= limit else f"{said[: limit - 1].rstrip()}…"


class ReconcilerError(Exception):
    """Fail with a message for people and an exit code for machines."""

    exit_code: ExitCode = ExitCode.FAILED

    def __init__(self, message: str = "", *, problems: Sequence[Problem] = ()) -> None:
        self.problems = tuple(problems)
        super().__init__(message or "; ".join(problem.what for problem in self.problems))


class UsageError(ReconcilerError):
    """Report a command line that asks for what cannot be. Never anything else: a typo is no drift."""

    exit_code = ExitCode.USAGE


class ManifestError(ReconcilerError):
    """Report that what git says cannot be understood. Carries every problem of every file."""

    exit_code = ExitCode.REJECTED


class FleetError(ReconcilerError):
    """Report that reconciler.yaml or the environment lacks something."""

    exit_code = ExitCode.REJECTED


class BrokenPlan(ReconcilerError):
    """Report that a file is no saved plan, or not as it was saved."""

    exit_code = ExitCode.REJECTED


class UnsafePlan(ReconcilerError):
    """Report that a guard refused; each problem says which --allow would consent."""

    exit_code = ExitCode.REFUSED


class StalePlan(ReconcilerError):
    """Report that live state moved since the plan, or that newer work would be undone."""

    exit_code = ExitCode.STALE


class NoStore(ReconcilerError):
    """Report that the git remote of the journal cannot be reached, or does not hold what it should."""

    exit_code = ExitCode.UNOBSERVED


class Interrupted(ReconcilerError):
    """Stop cleanly after Ctrl-C or SIGTERM."""

    exit_code = ExitCode.INTERRUPTED


class ProviderError(ReconcilerError):
    """Report what went wrong with a platform: which target, doing what, to what.

    `said` is the platform's own words, cut at 256 characters; `status` its HTTP status, 0 if none.
    `url` never holds a query string or a credential. `others` are targets that were read where this one
    could not be.
    """

    exit_code = ExitCode.UNOBSERVED
    others: tuple[str, ...] = ()

    def __init__(
        self,
        target: str,
        verb: str,
        subject: str,
        *,
        said: str = "",
        status: int = 0,
        url: str = "",
        hint: str = "",
    ) -> None:
        self.target, self.verb, self.subject = target, verb, subject
        self.said, self.status, self.url, self.hint = shortened(said), status, url, hint
        words = f"{target}: cannot {verb} {subject}".rstrip()
        if status:
            words += f" ({status})"
        super().__init__(f"{words}: {self.said}" if self.said else words)


class Unauthenticated(ProviderError):
    """Report that the platform did not accept the credentials."""

    exit_code = ExitCode.DENIED


class Forbidden(ProviderError):
    """Report that the credentials are good but may not do this."""

    exit_code = ExitCode.DENIED


class NotFound(ProviderError):
    """Report that the platform says, in its own envelope, that the thing is not there."""


class Lacking(NotFound):
    """Report that an object has no such log or container now: not yet, not any more, or never. `said` is why.

    It is a state like any other: nothing is out of reach, and no role is missing.
    """


class Conflict(ProviderError):
    """Report that the name is taken or the state forbids the operation."""

    exit_code = ExitCode.PARTIAL


class Rejected(ProviderError):
    """Report a request the platform will never accept as it stands (400, 413, 422)."""

    exit_code = ExitCode.PARTIAL


class Throttled(ProviderError):
    """Report that the platform asks for more patience than the run has."""


class Unavailable(ProviderError):
    """Report a platform that cannot be reached or that fails: 5xx, timeout, no connection."""


class Lapsed(Unavailable):
    """Report a stream that ended with its token; there is a new one to go on with."""


class Malformed(ProviderError):
    """Report an answer that is not what the platform documents: HTML, a wrong shape, half a page."""


class NotSent(ProviderError):
    """Report a write that was held back before it was sent; `problem` says why."""

    exit_code = ExitCode.PARTIAL

    def __init__(self, target: str, verb: str, subject: str, problem: Problem) -> None:
        self.problem = problem
        super().__init__(target, verb, subject, said=problem.what)


class NoEntry(ProviderError):
    """Report a container that cannot be entered as it is now; nothing was started in it."""

    exit_code = ExitCode.PARTIAL


class Severed(ProviderError):
    """Report a session in a container that broke off; what was started there may run on."""


class Unknown(ProviderError):
    """Report a write whose outcome could not be resolved."""

    exit_code = ExitCode.UNKNOWN
