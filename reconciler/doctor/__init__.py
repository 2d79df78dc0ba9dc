"""Doctor: how a whole set-up stands, from this machine over the fleet to each control plane.

Looks and tells, and writes nothing anywhere. What is wrong is a finding with what to do about it; it
goes on for as long as there is something to look at.
"""

from __future__ import annotations

from reconciler.declare import Request, World, declare
from reconciler.doctor.fleet import fleet_findings, target_findings
from reconciler.doctor.here import ci_findings, journal_findings, repo_findings, tool_finding
from reconciler.errors import FleetError
from reconciler.load import load_fleet
from reconciler.provider import Finding

__all__ = ["examine"]


async def examine(request: Request, world: World, *, is_ci: bool) -> tuple[Finding, ...]:
    """Look at everything in the order in which a command needs it. Raises UsageError for a wrong `--target`.

    Without a readable fleet file there is nothing below it to look at.
    """
    found = [tool_finding()]
    try:
        fleet = load_fleet(request.fleet or None, cwd=world.cwd, environ=world.environ)
    except FleetError as wrong:
        return (*found, *repo_findings(world.cwd), *fleet_findings(wrong), *ci_findings(world.environ, is_ci))
    declared = declare(request, world)
    found += repo_findings(fleet.root, fleet.manifests)
    found += fleet_findings(declared)
    for name in request.targets or fleet.targets:
        found += await target_findings(fleet.targets[name], declared, world)
    found += await journal_findings(fleet, world, is_ci=is_ci)
    return (*found, *ci_findings(world.environ, is_ci))
