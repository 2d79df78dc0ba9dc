"""What `stop` and `resume` share: they change nothing, and say what to write in git."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Chosen
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode

if TYPE_CHECKING:
    from reconciler.declare import Request
    from reconciler.reconcile import Planned


def tell_wish(voice: Voice, fleet: str, names: tuple[str, ...], state: str) -> ExitCode:
    """Tell what the next apply would do if these manifests wanted a state, and where to write that."""
    from dataclasses import replace

    from reconciler.cli.plan import tell_obstacles
    from reconciler.cli.request import apply_command, request_of, world_of
    from reconciler.cli.running import run
    from reconciler.reconcile import check
    from reconciler.report.wish import wish_text

    for name in names:
        if "/" not in name or os.path.exists(name):
            raise click.UsageError(f'"{name}" names no object; write KIND/NAME')
    request = replace(request_of(Chosen(fleet, names), voice), allow=())
    written = {one.source: one for one in check(request, world_of(voice)).resources}
    planned = run(_plan(replace(request, state=state), voice))
    tell_obstacles(voice, planned)
    targets = len(planned.plan.targets)
    changes, command = planned.plan.changes, apply_command(request)
    voice.result(wish_text(changes, written, state, targets=targets, command=command))
    voice.talk("Nothing was changed.\n")
    return planned.exit_code() if planned.failures or planned.plan.unknown else ExitCode.IN_ORDER


async def _plan(request: Request, voice: Voice) -> Planned:
    from reconciler.cli.request import world_of
    from reconciler.reconcile import Session

    async with Session.opened(request, world_of(voice)) as session:
        return await session.plan(is_reading=True)
