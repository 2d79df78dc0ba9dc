"""A followed log is whole over breaks: nothing twice, nothing lost unmarked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler import follow
from reconciler.errors import Lapsed, NotFound, ProviderError, Unavailable
from reconciler.follow import MOST_BREAKS, Outage, Source, followed, read_all
from reconciler.provider import LogLine, LogQuery
from tests.fakes import FakeClock

LOG = [f"2026-03-02T09:00:{n // 4:02}.{n % 4}00000000Z line {n}" for n in range(40)]
GONE = NotFound("prod", "follow the log of", "x")
BROKE = Unavailable("prod", "follow the log of", "x", said="the connection broke off")


@dataclass
class Server:
    """Serve one log; each try gives so many lines and then breaks. A later one has it from `keeps` on."""

    log: Sequence[str]
    breaks: Sequence[int] = ()
    end: ProviderError | None = None
    keeps: int = 0
    refused: frozenset[int] = frozenset()
    broke: ProviderError = BROKE
    asked: list[LogQuery] = field(default_factory=list)

    async def follow(
        self, _observed: object, query: LogQuery, *, opened: Callable[[], None]
    ) -> AsyncGenerator[LogLine, None]:
        number = len(self.asked)
        self.asked.append(query)
        if number not in self.refused:
            opened()
        since = query.since.strftime("%Y-%m-%dT%H:%M:%S") if query.since else ""
        lines = [line for line in self.log if line[:19] >= since]
        lines = lines[self.keeps :] if number and self.keeps else lines
        lines = lines[-query.tail :] if query.tail > 0 else [] if query.tail == 0 else lines
        most = self.breaks[number] if number < len(self.breaks) else len(lines)
        for line in lines[:most]:
            yield LogLine("pod-0", line)
        if number < len(self.breaks):
            raise self.broke
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

    async def follow(
        self, _observed: object, _query: LogQuery, *, opened: Callable[[], None]
    ) -> AsyncGenerator[LogLine, None]:
        opened()
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


# -- what is told of breaks ----------------------------------------------------------------------


def outages(server: Server) -> list[Outage]:
    """Follow a log to its end, well or not; give what was told of its breaks."""
    told: list[Outage] = []

    async def main() -> None:
        lines = followed(server, None, LogQuery("pod-0"), FakeClock(), told.append)  # type: ignore[arg-type]  # only follow is called
        with suppress(Unavailable):
            async for _ in lines:
                pass

    asyncio.run(main())
    return told


def test_a_break_is_told_once_however_often_it_is_tried_again_and_so_is_its_end() -> None:
    told = outages(Server(LOG, [4, 0, 0, 0], refused=frozenset({1, 2, 3})))

    assert [one.why for one in told] == ["the connection broke off"] * 2
    assert [one.lasted_s for one in told] == [None, 0.5 + 1 + 2 + 4]
    assert told[0].since == told[1].since


def test_a_stream_that_breaks_as_soon_as_it_is_open_is_not_back() -> None:
    assert [one.is_over for one in outages(Server(LOG, [4, 0, 0, 0]))] == [False, True]


def test_each_break_is_told() -> None:
    assert [one.is_over for one in outages(Server(LOG, [4, 8]))] == [False, True] * 2


def test_a_break_that_lasts_ends_with_the_error_and_is_never_back() -> None:
    assert [one.is_over for one in outages(Server(LOG, [4] + [0] * 50))] == [False]


def test_a_log_that_ends_after_a_break_without_another_line_was_back() -> None:
    assert [one.is_over for one in outages(Server(LOG[:4], [4]))] == [False, True]


def test_a_stream_that_goes_on_with_a_new_token_is_not_worth_a_word() -> None:
    assert not outages(Server(LOG, [4], broke=Lapsed("prod", "follow the log of", "x")))


def test_an_open_stream_on_which_nothing_comes_is_back_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "STANDS_S", 0.01)
    server, told, is_back = Server([], [0]), list[Outage](), asyncio.Event()

    def tell(outage: Outage) -> None:
        told.append(outage)
        if outage.is_over:
            is_back.set()

    async def quiet(*args: Any, **more: Any) -> AsyncGenerator[LogLine, None]:
        async for line in Server.follow(server, *args, **more):
            yield line
        await is_back.wait()

    server.follow = quiet  # type: ignore[method-assign]  # it says nothing more and does not end
    asyncio.run(_read_out(server, tell))

    assert [one.is_over for one in told] == [False, True]


async def _read_out(server: Server, tell: Callable[[Outage], None]) -> None:
    async with asyncio.timeout(5):
        async for _ in followed(server, None, LogQuery("pod-0"), FakeClock(), tell):  # type: ignore[arg-type]  # only follow is called
            pass
