"""Logs of pods: read as they are now, followed by asking again, and searched for once the pods are gone."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.clock import Clock
from reconciler.errors import Lacking, Malformed, NotFound, ProviderError, Rejected
from reconciler.provider import LogLine, LogQuery
from reconciler.providers.primus_safe.api import Api
from reconciler.providers.primus_safe.phases import ENDED, is_queued, phase_of
from reconciler.providers.primus_safe.pods import pods_of
from reconciler.providers.primus_safe.wire import listed, words
from reconciler.resource import Json, Observed

POLL_S = 3.0
_ALL = 1_000_000
_WINDOW = 2000
_OVERLAP = 20
_MOST_FOUND = 10_000
_GAP = "more was printed than can be asked for at once; lines are missing here"
_WAITING = "is waiting to start"
_TOO_MUCH = "the answer is larger than"


@dataclass(frozen=True)
class LogReader:
    """Read the logs of one target. `clock` waits between two looks at a log that is followed."""

    api: Api
    clock: Clock

    async def pods(self, observed: Observed) -> Sequence[str]:
        """Name the pods that have logs now, those that failed first at the front."""
        row = await self.api.detail(observed.id, str(observed.key))
        return [pod.name for pod in pods_of(row) if pod.has_log]

    async def last_words(self, observed: Observed) -> Sequence[str]:
        """Give what the conditions say of an object, newest last, and how its pods ended."""
        row = await self.api.detail(observed.id, str(observed.key))
        told = [_condition(one) for one in listed(row, "conditions") if words(one, "message")]
        return [*told, *(f"{pod.name}: {pod.end}" for pod in reversed(pods_of(row)) if pod.end)]

    async def download(self, observed: Observed, query: LogQuery) -> AsyncIterator[LogLine]:
        """Fetch the lines there are now; where the pods are gone, those that the log search still has."""
        if query.previous:
            return  # no call of this platform reaches the container before
        pod = await self._pod(observed, query)
        for line in _cut(_bare(await self._texts(observed, pod, query)), query):
            yield LogLine(pod, line)

    async def pieces(self, observed: Observed, query: LogQuery) -> AsyncIterator[bytes]:
        """Fetch what there is now as text: it comes as JSON, which holds no bytes that are none."""
        if query.previous:
            return
        texts = await self._texts(observed, await self._pod(observed, query), query)
        yield "\n".join(texts).encode(errors="replace")[: query.limit_bytes or None]

    async def follow(
        self, observed: Observed, query: LogQuery, opened: Callable[[], None]
    ) -> AsyncGenerator[LogLine, None]:
        """Give the lines of a pod as they are printed, until it has ended. There is no stream: ask again."""
        if query.previous:
            return
        pod = await self._pod(observed, query)
        window, shown = (query.tail if query.tail > 0 else _ALL), list[str]()
        is_first, is_over = True, False
        while True:
            is_over = await self._is_over(observed, pod)
            try:
                lines = await self._begun(observed, pod, query, window)
            except NotFound:
                if is_first:
                    raise
                return
            opened()
            fresh, is_torn = (lines, False) if is_first else _after(shown, lines)
            if is_torn:
                yield LogLine(pod, _GAP, is_gap=True)
            for line in () if is_first and query.tail == 0 else fresh:
                yield LogLine(pod, line)
            if is_over:
                return
            shown, is_first, window = [*shown, *fresh][-_WINDOW:], is_first and not lines, _WINDOW
            await self.clock.sleep(POLL_S)

    async def _pod(self, observed: Observed, query: LogQuery) -> str:
        if query.pod:
            return query.pod
        row = await self.api.detail(observed.id, str(observed.key))
        pods = pods_of(row)
        if not pods:
            raise self._lacking(row, observed)
        return pods[0].name

    def _lacking(self, row: Mapping[str, Json], observed: Observed) -> Lacking:
        """Say why there is no pod: it waits, it starts, or it has ended."""
        phase = phase_of(words(row, "phase"))
        said, what = "it has no pods yet", "says what it waits for"
        if phase in ENDED:
            said = f"logs are gone: the workload is {phase}"
            what = "says how it ended" if phase == "Succeeded" else "says why"
        elif is_queued(row):
            said = "it has no pods yet: it waits in the queue"
        hint = f"reconciler health {observed.key.kind}/{observed.key.name} {what}"
        target = self.api.transport.target
        return Lacking(target, "read the log of", str(observed.key), said=said, hint=hint)

    async def _texts(self, observed: Observed, pod: str, query: LogQuery) -> list[str]:
        """Read what stands between the line feeds of a log; "" at last where the last line has ended."""
        try:
            return await self._lines(observed, pod, query, query.tail if query.tail >= 0 else _ALL)
        except NotFound as gone:
            return [*await self._searched(observed, pod, query, gone), ""]

    async def _begun(self, observed: Observed, pod: str, query: LogQuery, window: int) -> list[str]:
        """Read the lines of a pod; none before its container has begun."""
        try:
            return _bare(await self._lines(observed, pod, query, window))
        except Rejected as early:
            if _WAITING not in early.said:
                raise
            return []

    async def _lines(self, observed: Observed, pod: str, query: LogQuery, tail: int) -> list[str]:
        asked = {"tailLines": str(max(tail, 1))}
        asked |= {"container": query.container} if query.container else {}
        if query.since:
            now = self.clock.now() + self.api.transport.ahead
            asked["sinceSeconds"] = str(max(1, round((now - query.since).total_seconds())))
        try:
            lines = await self.api.pod_log(observed.id, pod, str(observed.key), asked)
        except Malformed as wrong:
            if _TOO_MUCH in wrong.said:
                wrong.hint = "a log comes in one answer here; --tail or --since asks for less"
            raise
        return lines if tail else []

    async def _is_over(self, observed: Observed, pod: str) -> bool:
        """Tell whether nothing more will be printed; asked before the last read, so that none is missed."""
        row = await self.api.detail(observed.id, str(observed.key))
        phases = {one.name: one.phase for one in pods_of(row)}
        return words(row, "phase") in ENDED or phases.get(pod) in ("Succeeded", "Failed")

    async def _searched(self, observed: Observed, pod: str, query: LogQuery, gone: NotFound) -> list[str]:
        """Search the store of logs; where that knows nothing, the pod is what is missing."""
        many = min(query.tail if query.tail >= 0 else _MOST_FOUND, _MOST_FOUND)
        try:
            found = await self.api.search_log(observed.id, pod, str(observed.key), many) if many else []
        except ProviderError:
            raise gone from None
        if many and not found and pod not in (others := await self.pods(observed)):
            said = f'no pod "{pod}" has a log; ' + (
                f"these have: {', '.join(others)}" if others else "none has"
            )
            raise NotFound(gone.target, "read the log of", str(observed.key), said=said)
        return found


def _condition(row: Mapping[str, Json]) -> str:
    return f"{words(row, 'type')}: {words(row, 'message')}"


def _after(shown: Sequence[str], lines: Sequence[str]) -> tuple[list[str], bool]:
    """Give the lines after those that were shown, and whether some may be missing between."""
    count = len(shown)
    if list(lines[:count]) == list(shown):
        return list(lines[count:]), False
    known = list(shown[-_OVERLAP:])
    for end in range(len(lines), len(known) - 1, -1):
        if list(lines[end - len(known) : end]) == known:
            return list(lines[end:]), False
    return list(lines), True


def _bare(texts: Sequence[str]) -> list[str]:
    """Leave out the nothing that stands behind the last line feed."""
    return list(texts[:-1] if texts and not texts[-1] else texts)


def _cut(lines: Sequence[str], query: LogQuery) -> list[str]:
    """Keep as many bytes as were asked for."""
    if not query.limit_bytes:
        return list(lines)
    return "\n".join(lines).encode()[: query.limit_bytes].decode(errors="ignore").split("\n")
