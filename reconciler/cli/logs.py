"""`logs`: print or follow the logs of workloads, or keep them in a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli import complete
from reconciler.cli.download import Place, keep, label_of
from reconciler.cli.options import Chosen, in_pod, of_fleet, span_of, speaking
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode

if TYPE_CHECKING:
    from reconciler.declare import Request
    from reconciler.follow import Handful, Outage, Source
    from reconciler.provider import LogLine, LogQuery


@dataclass(frozen=True)
class Reading:
    """Say which part of the logs to read, and where to put it. `since` is a span back, or a moment."""

    names: tuple[str, ...]
    since: timedelta | datetime | None
    follows: bool
    file: Path | None


class Since(click.ParamType[timedelta | datetime]):
    """Read `90s`, `2h`, `1h30m` or a moment in RFC 3339."""

    name = "since"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta | datetime:
        """Give the span or the moment."""
        text = str(value)
        if (span := span_of(text)) is not None:
            return span
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(
                f'"{text}" is neither a duration such as 10m nor a time such as 2026-01-31T09:00:00Z',
                param,
                ctx,
            )
        if moment.tzinfo is None:
            self.fail(f'"{text}" says no zone; end it with Z for UTC', param, ctx)
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            self.fail(f'"{text}" lies outside the years 1 to 9999', param, ctx)


@click.command()
@speaking
@click.argument(
    "names", nargs=-1, required=True, metavar="NAME | KIND/NAME | FILE...", shell_complete=complete.objects
)
@click.option("--tail", type=click.IntRange(min=-1), default=-1, metavar="N", help="Only the last N lines.")
@click.option(
    "--since", type=Since(), metavar="TIME", help="Only what is newer: 10m, 2h, or an RFC 3339 time."
)
@click.option("-f", "--follow", is_flag=True, help="Go on as lines come, over drops; Ctrl-C ends it.")
@click.option("--timestamps", is_flag=True, help="Begin each line with its time.")
@click.option("--previous", is_flag=True, help="The log before the last restart.")
@click.option(
    "--limit-bytes",
    type=click.IntRange(min=1),
    default=None,
    metavar="N",
    help="At most N bytes of each log.",
)
@in_pod("Only this pod; else all there are.")
@click.option(
    "--download",
    "file",
    type=Place(),
    metavar="FILE",
    help="Write it here.",
    shell_complete=complete.files,
)
@of_fleet
def command(
    voice: Voice,
    names: tuple[str, ...],
    fleet: str,
    *,
    tail: int,
    since: timedelta | datetime | None,
    follow: bool,
    timestamps: bool,
    previous: bool,
    limit_bytes: int | None,
    pod: str,
    container: str,
    file: Path | None,
) -> ExitCode:
    r"""Print the logs of declared workloads. The platform keeps no log of what has ended.

    \b
    Examples:
      reconciler logs assist-chat --tail 20
      reconciler logs Inference/assist-chat -f --since 10m
      reconciler logs pretrain --pod pretrain-worker-1 --previous
      reconciler logs manifests/chat.yaml lora -f    several, each line with its name
      reconciler logs pretrain --timestamps --download pretrain.log

    A followed log goes on over drops without a line twice; where lines may be missing a mark says so.
    """
    from reconciler.cli.request import request_of
    from reconciler.cli.running import run
    from reconciler.provider import LogQuery

    if file and follow:
        raise click.UsageError("--download fetches what there is now; it does not go with --follow")
    query = LogQuery(pod, container, tail, None, previous, timestamps, limit_bytes or 0)
    reading = Reading(names, since, follow, file)
    return run(_read(request_of(Chosen(fleet=fleet), voice), voice, reading, query))


async def _read(request: Request, voice: Voice, reading: Reading, query: LogQuery) -> ExitCode:
    from dataclasses import replace

    from reconciler.cli.request import world_of
    from reconciler.follow import fetch_all, read_all
    from reconciler.reconcile import Session

    world = world_of(voice)
    async with Session.opened(request, world, is_looking=True) as session:
        since = session.now() - reading.since if isinstance(reading.since, timedelta) else reading.since
        sources, query = await session.logs(reading.names, query), replace(query, since=since)
        if reading.file:
            async with aclosing(fetch_all(sources, query)) as pieces:
                await keep(pieces, voice, reading.file)
        else:
            log = read_all(sources, query, world.clock, follow=reading.follows, tell=partial(_tell, voice))
            async with aclosing(log) as handfuls:
                await _print(handfuls, voice)
    return ExitCode.IN_ORDER


def _tell(voice: Voice, source: Source, outage: Outage) -> None:
    """Say that a log does not come, or comes again: on stderr, once each."""
    from reconciler.report.units import duration

    if outage.lasted_s is None:
        since = outage.since.strftime("%Y-%m-%dT%H:%M:%SZ")
        voice.talk(f"{source.label}: the stream is broken since {since}: {outage.why}; trying again\n")
    else:
        voice.talk(f"{source.label}: the stream is back after {duration(outage.lasted_s)}\n")


async def _print(handfuls: AsyncIterator[Handful], voice: Voice) -> None:
    """Print lines as they come; where several logs are read each begins with whose it is."""
    async for handful in handfuls:
        voice.result("".join(_shown(*item) for item in handful))
        if not voice.is_heard:
            return


def _shown(source: Source, line: LogLine) -> str:
    label = label_of(source)
    return f"{label}--- {line.text} ---\n" if line.is_gap else f"{label}{line.text}\n"
