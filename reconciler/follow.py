"""Follow: read a log to its end, over streams that break.

Every line is asked for with its time. After a break the log is asked for again from the second of the last
line on; what was shown is not shown twice, and where lines may be missing a mark stands in their place.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.clock import Clock
from reconciler.errors import Lapsed, NotFound, ProviderError, Throttled, Unavailable, UsageError
from reconciler.provider import LogLine, LogQuery, Logs
from reconciler.resource import Observed

MOST_STREAMS = 32
"""So many logs are followed at once."""
MOST_BREAKS = 8
"""So often in a row a stream may break without a new line before that is an error."""
MOST_STARTS = 4
"""So often it may break before its first line: who has just asked for a log wants to know."""
STANDS_S = 5.0
"""An open stream on which nothing has come yet is back after so long."""
_AHEAD = 1000
_WELL_S = 30.0
_MOST_WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Source:
    """Name one log: the object and its pod, "" for the one that the platform chooses."""

    provider: Logs
    observed: Observed
    pod: str = ""
    is_one_of_several: bool = False

    @property
    def label(self) -> str:
        """Give the words that its lines begin with where several logs are read: `name/pod`."""
        name = self.observed.key.name
        return f"{name}/{self.pod}" if self.pod else name


@dataclass(frozen=True, slots=True)
class Outage:
    """Tell since when a followed log is not there, and why; `lasted_s` so long, None while it lasts."""

    since: datetime
    why: str
    lasted_s: float | None = None

    @property
    def is_over(self) -> bool:
        """Tell whether it is back."""
        return self.lasted_s is not None


Tell = Callable[[Source, Outage], None]
Handful = tuple[tuple[Source, LogLine], ...]
"""Lines that came together, each with the log it is of."""
_Lines = asyncio.Queue[tuple[Source, LogLine] | None]


async def sources_of(provider: Logs, observed: Observed, pod: str) -> tuple[Source, ...]:
    """Find the logs of an object: of one pod where it is named or there is one alone, else of all."""
    pods = (pod,) if pod else tuple(await provider.pods(observed))
    return tuple(Source(provider, observed, each) for each in pods) or (Source(provider, observed),)


async def read_all(
    sources: Sequence[Source],
    query: LogQuery,
    clock: Clock,
    *,
    follow: bool,
    tell: Tell = lambda _source, _outage: None,
) -> AsyncGenerator[Handful, None]:
    """Read several logs: one after the other, or all at once where they are followed, as lines come.

    What has come meanwhile is given together; `tell` hears of breaks. Raises ProviderError: a log that
    cannot be read ends the rest only where logs are read in turn; else the first error is raised when all
    others have ended.
    """
    sources = [replace(source, is_one_of_several=len(sources) > 1) for source in sources]
    if follow and len(sources) > MOST_STREAMS:
        raise UsageError(
            f"these are {len(sources)} logs; at most {MOST_STREAMS} are followed at once: name a --pod"
        )
    lines: _Lines = asyncio.Queue(_AHEAD)
    pours = [_pour(source, query, clock, lines, tell) for source in sources] if follow else []
    tasks = [asyncio.create_task(pour) for pour in pours or [_pour_in_turn(sources, query, lines)]]
    try:
        left = len(tasks)
        while left:
            handful = [await lines.get()]
            while not lines.empty():
                handful.append(lines.get_nowait())
            left -= handful.count(None)
            yield tuple(item for item in handful if item is not None)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        if failure := task.result():
            raise failure


async def fetch_all(sources: Sequence[Source], query: LogQuery) -> AsyncGenerator[tuple[Source, bytes], None]:
    """Fetch several logs one after the other, byte for byte, in pieces. Raises ProviderError."""
    for source in sources:
        source = replace(source, is_one_of_several=len(sources) > 1)
        pieces = source.provider.pieces(source.observed, replace(query, pod=source.pod))
        async with aclosing(pieces):  # type: ignore[type-var]  # a generator
            async for piece in pieces:
                yield source, piece


async def _pour(
    source: Source, query: LogQuery, clock: Clock, lines: _Lines, tell: Tell
) -> ProviderError | None:
    """Put the lines of one log into a queue, and None at its end. Gives why it could not be read on."""
    query = replace(query, pod=source.pod)
    log = followed(source.provider, source.observed, query, clock, lambda outage: tell(source, outage))
    try:
        async with aclosing(log):
            async for line in log:
                await lines.put((source, line))
    except ProviderError as failure:
        if source.is_one_of_several:  # the others go on, and the error comes when they have ended
            said = f"this log cannot be read on: {failure}"
            await lines.put((source, LogLine(source.pod, said, is_gap=True)))
        return failure
    finally:
        await lines.put(None)
    return None


async def _pour_in_turn(sources: Sequence[Source], query: LogQuery, lines: _Lines) -> ProviderError | None:
    """Put the lines there are of one log after the other into a queue, and None at the end or an error."""
    try:
        for source in sources:
            log = source.provider.download(source.observed, replace(query, pod=source.pod))
            async with aclosing(log):  # type: ignore[type-var]  # a generator
                async for line in log:
                    await lines.put((source, line))
    except ProviderError as failure:
        return failure
    finally:
        await lines.put(None)
    return None


async def followed(
    provider: Logs,
    observed: Observed,
    query: LogQuery,
    clock: Clock,
    tell: Callable[[Outage], None] = lambda _: None,
) -> AsyncGenerator[LogLine, None]:
    """Stream the lines of one pod until its log ends. Raises ProviderError where it cannot go on.

    `tell` hears of each break once, however often it is tried again, and once when it is over.
    """
    join, watch, breaks = Join(query), Watch(clock, tell), 0
    asked = replace(query, stamped=True, limit_bytes=0)
    while True:
        began = clock.monotonic()
        try:
            log = provider.follow(observed, asked, opened=watch.opened)
            async with aclosing(log) as lines:  # type: ignore[type-var]  # a generator
                async for line in lines:
                    breaks = 0
                    watch.over()
                    for shown in join.take(line.text):
                        yield shown
                    if join.is_spent:
                        return
            watch.over()
            return
        except NotFound:
            if not join.has_begun:
                raise
            return  # it went away with the workload, after what was shown
        except (Unavailable, Throttled) as failure:
            breaks = 1 if clock.monotonic() - began >= _WELL_S else breaks + 1
            if breaks >= (MOST_BREAKS + 1 if join.has_begun else MOST_STARTS):
                raise
            watch.broke(failure)
        finally:
            watch.rest()
        await clock.sleep(min(2.0 ** (breaks - 2), _MOST_WAIT_S))
        asked = join.again()


class Watch:
    """Tell of one log's breaks, each once."""

    def __init__(self, clock: Clock, tell: Callable[[Outage], None]) -> None:
        self._clock, self._tell = clock, tell
        self._outage: Outage | None = None
        self._began = 0.0
        self._soon: asyncio.TimerHandle | None = None

    def broke(self, failure: ProviderError) -> None:
        """Take note of a break, or of one more try in vain. A new token is none of either."""
        if self._outage is None and not isinstance(failure, Lapsed):
            self._began = self._clock.monotonic()
            self._outage = Outage(self._clock.now(), failure.said or str(failure))
            self._tell(self._outage)

    def opened(self) -> None:
        """Take note that lines may come again; it is over if the stream does not break at once."""
        if self._outage is not None:
            self._soon = asyncio.get_running_loop().call_later(STANDS_S, self.over)

    def over(self) -> None:
        """Take note that the log is back."""
        if self._outage is not None:
            self._tell(replace(self._outage, lasted_s=self._clock.monotonic() - self._began))
            self._outage = None

    def rest(self) -> None:
        """Expect nothing of a stream that has ended."""
        if self._soon is not None:
            self._soon.cancel()


@dataclass
class Join:
    """Put the pieces of one log together. Lines come with their time; they are shown as the query asks."""

    query: LogQuery
    _second: str = ""
    _last: str = ""
    _shown: Counter[str] = field(default_factory=Counter)
    _again: Counter[str] | None = None
    _has_met: bool = False
    _bytes: int = 0
    has_begun: bool = False

    @property
    def is_spent(self) -> bool:
        """Tell whether as many bytes were shown as were asked for."""
        return 0 < self.query.limit_bytes <= self._bytes

    def again(self) -> LogQuery:
        """Ask for what comes after the last line, its whole second once more."""
        if not self.has_begun:
            return replace(self.query, stamped=True, limit_bytes=0)
        self._again, self._has_met = Counter(self._shown), False
        since = datetime.fromisoformat(f"{self._second}+00:00") if self._second else None
        tail = -1 if since else 0  # without times there is nothing to go on from
        return replace(self.query, stamped=True, limit_bytes=0, since=since, tail=tail)

    def take(self, raw: str) -> Iterator[LogLine]:
        """Give what a line adds to what was shown: nothing, itself, or a mark and itself."""
        stamp, text = _split(raw)
        second = stamp[:19]
        if self._again is not None:
            if stamp and second < self._second:
                return
            if self._again[raw] > 0:
                self._again[raw] -= 1
                self._has_met = True
                return
            if not self._has_met:
                yield LogLine(self.query.pod, self._gap(), is_gap=True)
            self._has_met = True
            if second > self._second:
                self._again = None
        if second != self._second:
            self._second = second
            self._shown.clear()
        self._shown[raw] += 1
        self._last, self.has_begun = stamp or self._last, True
        yield LogLine(self.query.pod, self._cut(raw if self.query.stamped else text))

    def _gap(self) -> str:
        when = f" after {self._last}" if self._last else ""
        return f"the stream broke{when}; lines may be missing here"

    def _cut(self, text: str) -> str:
        if not self.query.limit_bytes:
            return text
        left = self.query.limit_bytes - self._bytes
        whole = text.encode()
        self._bytes += len(whole) + 1
        return text if len(whole) <= left else whole[:left].decode(errors="ignore")


def _split(raw: str) -> tuple[str, str]:
    """Part a line from the time it begins with; "" where it has none."""
    stamp, _, text = raw.partition(" ")
    is_stamp = len(stamp) >= 20 and stamp[4] == "-" and stamp[10] == "T" and stamp.endswith("Z")
    return (stamp, text) if is_stamp else ("", raw)
