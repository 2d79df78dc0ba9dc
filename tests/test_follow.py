"""A followed log is whole over breaks: nothing twice, nothing lost unmarked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import NotFound, ProviderError, Unavailable
from reconciler.follow import MOST_BREAKS, Source, followed, read_all
from reconciler.provider import LogLine, LogQuery
from tests.fakes import FakeClock

LOG = [f"2026-03-02T09:00:{n // 4:02}.{n % 4}00000000Z line {n}" for n in range(40)]
GONE = NotFound("prod", "follow the log of", "x")
BROKE = Unavailable("prod", "follow the log of", "x")


@dataclass
class Server:
    """Serve one log; each try gives so many lines and then breaks. A later one has it from `keeps` on."""

    log: Sequence[str]
    breaks: Sequence[int] = ()
    end: ProviderError | None = None
    keeps: int = 0
    asked: list[LogQuery] = field(default_factory=list)

    async def follow(self, _observed: object, query: LogQuery) -> AsyncGenerator[LogLine, None]:
        number = len(self.asked)
        self.asked.append(query)
        since = query.since.strftime("%Y-%m-%dT%H:%M:%S") if query.since else ""
        lines = [line for line in self.log if line[:19] >= since]
        lines = lines[self.keeps :] if number and self.keeps else lines
        lines = lines[-query.tail :] if query.tail > 0 else [] if query.tail == 0 else lines
        most = self.breaks[number] if number < len(self.breaks) else len(lines)
        for line in lines[:most]:
            yield LogLine("pod-0", line)
        if number < len(self.breaks):
            raise BROKE
        if self.end:
            raise self.end


def read(server: Server, **query: object) -> list[LogLine]:
    async def main() -> list[LogLine]:
        lines = followed(server, None, LogQuery("pod-0", **query), FakeClock())  # type: ignore[arg-type]  # only follow is called
        return [line async for line in lines]

    return asyncio.run(main())


def texts(log: Sequence[str]) -> list[str]:
    return [line.partition(" ")[2] for line in log]


@given(st.lists(st.integers(0, 12), max_size=MOST_BREAKS))
def test_over_any_breaks_each_line_is_shown_once_and_in_order(breaks: list[int]) -> None:
    found = read(Server(LOG, breaks))

    assert [line.text for line in found] == texts(LOG)
    assert not any(line.is_gap for line in found)


def test_equal_lines_of_one_second_are_counted_and_not_merged() -> None:
    log = ["2026-03-02T09:00:00.000000000Z same"] * 5 + ["2026-03-02T09:00:01.000000000Z end"]

    assert [line.text for line in read(Server(log, [3, 4]))] == ["same"] * 5 + ["end"]


def test_where_nothing_of_what_was_shown_comes_again_a_mark_stands() -> None:
    found = read(Server(LOG, [10], keeps=6))

    gaps = [line for line in found if line.is_gap]
    assert [line.text for line in gaps] == [
        "the stream broke after 2026-03-02T09:00:02.100000000Z; lines may be missing here"
    ]
    assert found.index(gaps[0]) == 10


def test_a_log_without_times_goes_on_from_now_behind_a_mark() -> None:
    server = Server(["a", "b", "c"], [2])

    found = read(server)

    assert [line.text for line in found] == ["a", "b"]
    assert server.asked[1].tail == 0


def test_times_are_shown_only_where_they_are_asked_for() -> None:
    assert read(Server(LOG[:1]), stamped=True)[0].text == LOG[0]
    assert read(Server(LOG[:1]))[0].text == "line 0"


def test_only_the_first_try_asks_for_the_tail() -> None:
    server = Server(LOG, [2])

    found = read(server, tail=5)

    assert [line.text for line in found] == texts(LOG[-5:])
    assert [query.tail for query in server.asked] == [5, -1]


@pytest.mark.parametrize(
    ("limit", "shown"), [(6, ["line 0"]), (9, ["line 0", "li"]), (14, ["line 0", "line 1"])]
)
def test_a_limit_of_bytes_cuts_the_last_line(limit: int, shown: list[str]) -> None:
    assert [line.text for line in read(Server(LOG), limit_bytes=limit)] == shown


def test_a_log_that_goes_with_its_workload_ends_well_and_one_never_there_does_not() -> None:
    assert len(read(Server(LOG[:3], [3], end=GONE))) == 3
    with pytest.raises(NotFound):
        read(Server([], [], end=GONE))


def test_what_only_breaks_is_an_error_in_the_end() -> None:
    server = Server(LOG, [4] + [0] * 50)

    with pytest.raises(Unavailable):
        read(server)
    assert len(server.asked) == MOST_BREAKS + 1


@dataclass
class Tap:
    """Give two lines that are there, and then no more until it is left."""

    async def follow(self, _observed: object, _query: LogQuery) -> AsyncGenerator[LogLine, None]:
        for line in LOG[:2]:
            yield LogLine("pod-0", line)
        await asyncio.Event().wait()


def test_what_came_together_is_given_together_and_waits_for_no_more() -> None:
    async def main() -> list[str]:
        source = Source(Tap(), None, "pod-0")  # type: ignore[arg-type]  # only follow is called
        async with aclosing(read_all([source], LogQuery(), FakeClock(), follow=True)) as handfuls:
            handful = await asyncio.wait_for(anext(handfuls), 5)
        return [line.text for _, line in handful]

    assert asyncio.run(main()) == texts(LOG[:2])
