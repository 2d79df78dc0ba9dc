"""Repeat: whether a saved plan may be carried out here and now, before anything live is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from reconciler import __version__
from reconciler.declare import Request, World
from reconciler.errors import StalePlan
from reconciler.fleet import Fleet
from reconciler.history import History
from reconciler.load import load_fleet
from reconciler.plan.saved import Here, not_for_here
from reconciler.resolve import resolve_target


def may_repeat(request: Request, world: World, *, used: Mapping[str, str]) -> None:
    """Raise StalePlan where the saved plan that is asked for is not for here and now; else do nothing.

    `used` maps the nonces that this fleet's journal has seen to when. Raises FleetError for a fleet file
    that cannot be read.
    """
    saved = request.saved
    if saved is None:
        return
    fleet = load_fleet(request.fleet or None, cwd=world.cwd, environ=world.environ)
    history = History.open(Path(fleet.root))
    here = Here(
        now=world.clock.now(),
        tool=__version__,
        fleet_id=fleet.id,
        urls=addresses(fleet, saved.issued.urls, world) if fleet.id == saved.fleet_id else {},
        commit=history.head.commit if history else "",
        has_its_commit=bool(history and history.is_ancestor(saved.commit)),
        used=used,
    )
    if problems := not_for_here(saved, here):
        raise StalePlan(problems=problems)


def addresses(fleet: Fleet, names: Iterable[str], world: World) -> dict[str, str]:
    """Give the url of each of these targets that the fleet has, as this environment fills it in."""
    known = [fleet.targets[name] for name in names if name in fleet.targets]
    return {target.name: resolve_target(target, world.environ, world.scrubber).url for target in known}
