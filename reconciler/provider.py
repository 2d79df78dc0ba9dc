"""Providers: the small Protocol a platform must keep. It does not plan, diff, order, wait, retry or print."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from reconciler.capacity import Capacity
from reconciler.errors import ExitCode, ProviderError
from reconciler.health import Health
from reconciler.kind import Kind
from reconciler.mark import Mark
from reconciler.resource import Deleted, Observed, Resource, Scope, Stoppage, Summary
from reconciler.sight import Section, Series, Span


@dataclass(frozen=True, slots=True)
class Edit:
    """Carry one in-place update: which canonical pointers change, and which of them go back to a default.

    `removed` maps pointers of fields no longer declared to the value to send: the platform's known
    default, else None.
    """

    changed: tuple[str, ...]
    removed: Mapping[str, Any]


class Provider(Protocol):
    """Be one control plane. Every method may raise a ProviderError and nothing else.

    An empty answer is never made of a failed one: whatever cannot be read whole raises.
    """

    name: str
    target: str
    kinds: Mapping[str, Kind]

    async def scopes(self) -> Sequence[Scope]:
        """List every project or workspace the credentials see, ordered by name."""
        ...

    async def list(self, scope: Scope) -> Sequence[Summary]:
        """List the live objects of a scope, whole or not at all, each id once."""
        ...

    async def deleted(self, scope: Scope) -> Sequence[Deleted]:
        """List what the platform remembers as deleted in a scope."""
        ...

    async def count(self, scope: Scope) -> int:
        """Count the live objects of a scope by an endpoint of its own. For corroboration."""
        ...

    async def named(self, scope: Scope, names: Sequence[str]) -> Sequence[Summary]:
        """Look live objects up by exact name. For the absence proof before a create."""
        ...

    async def read(self, summary: Summary) -> Observed | None:
        """Read one object in full by its id; None when the platform proves that it is gone."""
        ...

    async def find(self, scope: Scope, kind: str, name: str) -> Sequence[Observed]:
        """Find live objects by key and read them in full, marks included. For resolving lost answers."""
        ...

    async def create(self, scope: Scope, resource: Resource, mark: Mark) -> str:
        """Send one create, once, and give the new id. The mark's key is filled in by the provider."""
        ...

    async def update(self, observed: Observed, resource: Resource, edit: Edit, mark: Mark) -> None:
        """Send one update, once, with only what changes."""
        ...

    async def delete(self, observed: Observed, *, force: bool = False) -> None:
        """Send one delete, once. The platform goes on by itself; `read` tells when it is gone.

        `force`: at once, without waiting for the object; only where the platform knows the difference.
        """
        ...

    async def stop(self, observed: Observed) -> None:
        """Ask once for an object to be stopped and kept. The platform goes on by itself; `read` tells."""
        ...

    async def resume(self, observed: Observed) -> None:
        """Ask once for a stopped object to run again, as it is."""
        ...

    async def health(self, observed: Observed, *, since: datetime | None = None) -> Health:
        """Judge one object now. `since` is when we last changed it in place."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...


@runtime_checkable
class Carries(Protocol):
    """Tell what ends together with an object. An optional part of a provider."""

    async def carried(self, observed: Observed) -> Sequence[Summary]:
        """List the live objects that end with this one, in whatever scope they are; whole or not at all."""
        ...


@runtime_checkable
class TellsStops(Protocol):
    """Tell who stopped an object. An optional part of a provider."""

    async def why_stopped(self, observed: Observed) -> Stoppage:
        """Read who stopped an object that stands still; unknown where nothing proves it."""
        ...


@runtime_checkable
class HaltsSeveral(Protocol):
    """Stop or resume several objects by one request. An optional part of a provider."""

    most_at_once: int

    async def halt_several(
        self, several: Sequence[Observed], *, resumes: bool
    ) -> Mapping[str, ProviderError | None]:
        """Send one request for all of them, once; give by id None, or why this one was refused.

        An id that the platform did not answer for is left out: nobody knows what became of it.
        """
        ...


@runtime_checkable
class Lags(Protocol):
    """Show what was written only after a while. An optional part of a provider.

    `settle_s` is the time in seconds after which reads surely show every write before.
    """

    settle_s: float


@runtime_checkable
class Clones(Protocol):
    """Copy live objects. An optional part of a provider."""

    async def clone(self, observed: Observed) -> str:
        """Copy one object, once, and give the id of the copy, which carries no mark of ours."""
        ...


@runtime_checkable
class Timed(Protocol):
    """Tell the platform's own time, as far as its answers have told. An optional part of a provider."""

    def now(self) -> datetime:
        """Give the time, aware."""
        ...


def times(providers: Mapping[str, Provider], now: datetime) -> dict[str, datetime]:
    """Give the time at each target: its own where it tells it, else this machine's, which is `now`."""
    return {name: each.now() if isinstance(each, Timed) else now for name, each in providers.items()}


@dataclass(frozen=True, slots=True)
class InstallInfo:
    """Hold the platform's words on how to install a cluster. `secret` stands in `steps` as well."""

    steps: str
    repository: str
    chart_url: str
    secret: str


@runtime_checkable
class Installs(Protocol):
    """Tell how to install what was registered. An optional part of a provider."""

    async def install_info(self, name: str, *, version: str = "", url: str = "") -> InstallInfo:
        """Give the instructions for a registered cluster.

        `version` is the one to install, else the cluster's own; `url` is where it will be reached.
        """
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """Hold who did something to an object and what brought its state about, each as the platform says.

    Whatever it does not say is empty, never guessed. `cause` is one sentence in its own words.
    """

    by: str = ""
    cause: str = ""


@runtime_checkable
class Tells(Protocol):
    """Tell more of what happened to an object than its row does. An optional part of a provider."""

    async def told(self, observed: Observed) -> Told | None:
        """Read what the platform says about a live object that is not well; None where it says nothing."""
        ...

    async def told_of_deleted(self, deleted: Deleted) -> Told | None:
        """Read who deleted an object; None where the platform does not say."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """Tell how one thing of a set-up stands: all right, or else with `mend`, what to do about it.

    `area` is the word it is filed under, such as `sign-in`. `exit_code` is what a command that needs
    this would end with; IN_ORDER where it would go on all the same.
    """

    area: str
    text: str
    mend: str = ""
    exit_code: ExitCode = ExitCode.IN_ORDER

    @property
    def grade(self) -> str:
        """Give `fail` where commands would fail, `warn` where there is something to do, else `ok`."""
        if self.exit_code is not ExitCode.IN_ORDER:
            return "fail"
        return "warn" if self.mend else "ok"


@runtime_checkable
class Examines(Protocol):
    """Find out how well a control plane can be worked with. An optional part of a provider."""

    async def examine(self) -> Sequence[Finding]:
        """Check the address, the sign-in, what the credentials may do, and what lies below; sends no write.

        What fails is a finding and never raised; where it keeps the rest from being told, it is the last.
        """
        ...


@dataclass(frozen=True, slots=True)
class LogLine:
    """Carry one line of a log. `pod` is the pod's name; the text has no line end.

    `is_gap`: no line of the log, but the words that some may be missing here.
    """

    pod: str
    text: str
    is_gap: bool = False


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Say which part of a log is wanted.

    `pod` and `container` "" where there is one alone; `tail` -1 for all lines; `since` for those from then
    on; `previous` for the container before the last restart; `stamped` for lines that begin with their time
    in RFC 3339; `limit_bytes` 0 for no limit.
    """

    pod: str = ""
    container: str = ""
    tail: int = -1
    since: datetime | None = None
    previous: bool = False
    stamped: bool = False
    limit_bytes: int = 0


@runtime_checkable
class Logs(Protocol):
    """Read logs of live objects. An optional part of a provider.

    `keeps_previous`: there is also the log of the container before the last restart. `keeps_times`: the time
    of each line is known.
    """

    keeps_previous: bool
    keeps_times: bool

    async def pods(self, observed: Observed) -> Sequence[str]:
        """Name the pods that have logs now, failing and restarting ones first."""
        ...

    def follow(
        self, observed: Observed, query: LogQuery, *, opened: Callable[[], None] = lambda: None
    ) -> AsyncIterator[LogLine]:
        """Stream lines until the log ends; `opened` is called once lines may come.

        Raises ProviderError when it breaks: Unavailable where asking again may go on with it.
        """
        ...

    def download(self, observed: Observed, query: LogQuery) -> AsyncIterator[LogLine]:
        """Fetch the lines there are now, over plain HTTPS."""
        ...

    def pieces(self, observed: Observed, query: LogQuery) -> AsyncIterator[bytes]:
        """Fetch what there is now as the very bytes that the platform sends, cut anywhere."""
        ...

    async def last_words(self, observed: Observed) -> Sequence[str]:
        """Give the platform's event messages about an object, newest last. For when no log is left."""
        ...


@runtime_checkable
class Describes(Protocol):
    """Tell what the platform knows beside a row and a spec. An optional part of a provider."""

    def sections(self, observed: Observed) -> Sequence[str]:
        """Name the sections there are of such an object, in the order they are read in."""
        ...

    async def section(self, observed: Observed, name: str) -> Section:
        """Read one section; one that this server does not offer says so in its note."""
        ...


@runtime_checkable
class Measures(Protocol):
    """Tell what live objects use. An optional part of a provider."""

    async def used(self, row: Summary, span: Span) -> Sequence[Series]:
        """Read what an object uses as a whole."""
        ...

    async def used_in_full(self, observed: Observed, span: Span) -> Sequence[Series]:
        """Read what an object uses and serves, as a whole and by pod."""
        ...

    async def held(self) -> Mapping[str, float]:
        """Count the GPUs that are allocated, by scope name, as the platform counts them."""
        ...


@runtime_checkable
class TellsCapacity(Protocol):
    """Tell what there is for workloads to have. An optional part of a provider."""

    async def capacity(self, scopes: Sequence[Scope]) -> Mapping[str, Capacity]:
        """Read what the clusters of these scopes have to give, by cluster id; by few requests."""
        ...


class Tunnel(Protocol):
    """Be one connection into a container."""

    async def send(self, data: bytes) -> None:
        """Send bytes; waits while the other side takes none. Raises ProviderError."""
        ...

    async def receive(self) -> bytes | None:
        """Give the next bytes; None at a good end. Raises ProviderError for any other."""
        ...

    async def close(self) -> None:
        """Say goodbye."""
        ...


@runtime_checkable
class Forwards(Protocol):
    """Lead connections into containers. An optional part of a provider."""

    async def tunnel(self, observed: Observed, port: int, *, pod: str = "", container: str = "") -> Tunnel:
        """Open one connection to a port of a container."""
        ...
