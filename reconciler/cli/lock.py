"""`lock`: who may apply the fleet now, and freeing a lease by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import of_fleet, speaking, writing
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode, ReconcilerError, StalePlan

if TYPE_CHECKING:
    from reconciler.declare import World
    from reconciler.fleet import Fleet
    from reconciler.journal.ref import Seen
    from reconciler.report.lock import Standing


class Kept(ReconcilerError):
    """Report that a lock was not released: somebody said no, or it frees itself."""

    exit_code = ExitCode.REFUSED


@click.group(invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    r"""Show who applies the fleet now, or free the lease of one that is dead.

    \b
    Examples:
      reconciler lock show
      reconciler lock release --generation 41
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@command.command("show")
@speaking
@writing("table", "json")
@of_fleet
def show(voice: Voice, fleet: str) -> ExitCode:
    r"""Show who holds the lock of the fleet, since when, and how the last run ended.

    \b
    Examples:
      reconciler lock show
      reconciler lock show -o json

    Exit codes: 0 shown, held or not; 4 no fleet file; 6 the remote cannot be reached.
    """
    from reconciler.cli.request import world_of
    from reconciler.report.jsonform import json_text
    from reconciler.report.lock import lock_document, lock_text

    now, _ = _look(_fleet(fleet, world := world_of(voice)), world)
    voice.publish({"table": lambda: lock_text(now), "json": lambda: json_text(lock_document(now))})
    return ExitCode.IN_ORDER


@command.command("release")
@speaking
@click.option("--generation", metavar="G", default="", help="The generation that lock show prints.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask; on a terminal only.")
@of_fleet
def free(voice: Voice, generation: str, fleet: str, *, yes: bool) -> ExitCode:
    r"""Free a lease by hand. A holder that still lives stops before its next write.

    A dead holder's lease ends by itself after journal.leaseTimeout; the run counts as unclean either way.

    \b
    Examples:
      reconciler lock release --generation 41     as lock show prints it
      reconciler lock release                     ask, on a terminal

    Exit codes: 0 released, or free already; 2 nobody to ask; 6 the remote cannot be reached;
    7 the lease changed hands; 8 declined, or a lock that frees itself.
    """
    from reconciler.cli.request import world_of
    from reconciler.journal.shared import ref_of
    from reconciler.journal.standing import release

    loaded = _fleet(fleet, world := world_of(voice))
    now, seen = _look(loaded, world)
    if seen is None:
        return _leave(voice, now)
    if generation and generation != now.generation:
        what = f"the lease is at generation {now.generation or 'none'}, not {generation}"
        raise StalePlan(f"{what}; look again with reconciler lock show")
    if now.state == "free":
        voice.result("free already\n")
        return ExitCode.IN_ORDER
    if not generation:
        _consent(voice, now, yes=yes)
    release(ref_of(loaded), seen, world.clock.now())
    voice.result(f"released generation {now.generation}{f', of {now.holder}' if now.holder else ''}\n")
    return ExitCode.IN_ORDER


def _leave(voice: Voice, now: Standing) -> ExitCode:
    if now.state == "free":
        voice.result("free already\n")
        return ExitCode.IN_ORDER
    raise Kept(f"{now.holder} holds the lock of this machine; the kernel frees it when that process ends")


def _consent(voice: Voice, now: Standing, *, yes: bool) -> None:
    """Ask a person. Raises UsageError where there is nobody, and Kept for any answer but yes."""
    from reconciler.report.lock import question

    if not voice.can_ask:
        words = f"reconciler lock release --generation {now.generation}"
        raise click.UsageError(f"there is nobody to ask here; to release without asking: {words}")
    if yes:
        return
    voice.complain(question(now))
    try:
        answer = input().strip().casefold()
    except EOFError:
        answer = ""
    if answer != "yes":
        raise Kept("declined at the prompt")


def _fleet(named: str, world: World) -> Fleet:
    from reconciler.load import load_fleet

    return load_fleet(named or None, cwd=world.cwd, environ=world.environ)


def _look(fleet: Fleet, world: World) -> tuple[Standing, Seen | None]:
    """See how the lock stands; without what was seen where it is a lock of this machine."""
    from reconciler.journal import remembered
    from reconciler.journal.shared import ref_of
    from reconciler.journal.standing import holder_here
    from reconciler.journal.store import journal_folder
    from reconciler.report.lock import Standing

    if fleet.journal.is_shared:
        seen = ref_of(fleet).read()
        return _of_lease(fleet, seen, world), seen
    memory, pid = remembered(fleet.id, world.environ), holder_here(fleet.id, world.environ)
    standing = Standing(
        store="local",
        where=str(journal_folder(fleet.id, world.environ)),
        state="held" if pid else "free",
        holder=f"pid {pid}" if pid else "",
        ended_clean=memory.ended_clean,
        last_clean=memory.at,
    )
    return standing, None


def _of_lease(fleet: Fleet, seen: Seen, world: World) -> Standing:
    from reconciler.journal.shared import ref_of
    from reconciler.journal.standing import left_by, who
    from reconciler.report.lock import Standing

    now, timeout_s, lease = world.clock.now(), fleet.journal.lease_timeout_s, seen.lease
    memory = left_by(seen, now, timeout_s)
    standing = Standing(
        store="git",
        where=f"{ref_of(fleet).remote} {ref_of(fleet).name}",
        state="unreadable" if seen.commit and not lease else "free",
        generation=seen.generation,
        ended_clean=memory.ended_clean,
        last_clean=memory.at,
    )
    if lease is None:
        return standing
    age = lease.age(now).total_seconds()
    state = "expired" if lease.is_expired(now, timeout_s) else "held"
    return replace(
        standing,
        state=state if lease.is_held else "free",
        holder=who(lease) if lease.is_held else "",
        url=lease.url,
        commit=lease.commit,
        started=lease.started,
        age_s=age,
        left_s=max(0.0, timeout_s - age),
    )
