"""What the fleet says: its file, its manifests, and of each target the variables and the platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.declare import Declared, World
from reconciler.doctor.here import from_problem
from reconciler.errors import ExitCode, FleetError
from reconciler.fleet import Target
from reconciler.problem import Problem
from reconciler.provider import Examines, Finding, Provider
from reconciler.providers import providers
from reconciler.resolve import describe_secret, doubt_credentials, place, remark_on, resolve_target
from reconciler.validate.interpolation import uses_in


def fleet_findings(said: Declared | FleetError) -> list[Finding]:
    """Tell what the fleet file is and how many manifests it names, or what is wrong with them."""
    if isinstance(said, FleetError):
        return [from_problem("fleet", problem, ExitCode.REJECTED) for problem in said.problems]
    fleet, checked = said.fleet, said.checked
    names = ", ".join(fleet.targets)
    found = [Finding("fleet", f'{fleet.file}: "{fleet.name}", targets {names}')]
    errors = [problem for problem in checked.problems if problem.is_error]
    count = f"{checked.documents} in {_counted(checked.files, 'file')}"
    if not errors:
        mend = "" if checked.documents else "write one below manifests:, or run reconciler init demo"
        return [*found, Finding("manifests", f"{count}, valid" if checked.documents else "none", mend)]
    first = errors[0].location or fleet.file
    told = f"{count}: {_counted(len(errors), 'error')}, the first at {first}: {errors[0].what}"
    return [*found, Finding("manifests", told, "reconciler validate", ExitCode.REJECTED)]


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


async def target_findings(target: Target, declared: Declared, world: World) -> list[Finding]:
    """Look at one target: its variables first, and with them at the platform itself."""
    found = await _target(target, declared, world)
    if len(declared.fleet.targets) == 1:
        return found
    return [replace(finding, text=f"{target.name}: {finding.text}") for finding in found]


async def _target(target: Target, declared: Declared, world: World) -> list[Finding]:
    found = _environment(target, world.environ)
    try:
        resolved = resolve_target(target, world.environ, world.scrubber)
    except FleetError as lacking:
        return [from_problem(_area(problem), problem, ExitCode.REJECTED) for problem in lacking.problems]
    try:
        provider = providers()[target.provider].connect(
            resolved, allowed_hosts=declared.fleet.allowed_hosts, clock=world.clock, tell=world.tell
        )
    except FleetError as refused:
        return [*found, *(from_problem("control plane", p, ExitCode.REJECTED) for p in refused.problems)]
    try:
        if isinstance(provider, Examines):
            told = await provider.examine()
            found += [_doubted(finding, target, world) for finding in told]
        if not any(finding.grade == "fail" for finding in found):
            found += await _homeless(provider, target, declared)
    finally:
        await provider.aclose()
    return found


async def _homeless(provider: Provider, target: Target, declared: Declared) -> list[Finding]:
    """Find the manifests whose project or workspace these credentials do not see."""
    _, lost = place(declared.resources, await provider.scopes(), target)
    return [from_problem("manifests", problem, ExitCode.REJECTED) for problem in lost]


def _area(problem: Problem) -> str:
    return "environment" if problem.code == "RC203" else "fleet"


def _environment(target: Target, environ: Mapping[str, str]) -> list[Finding]:
    """Describe what the variables hold that `auth` names, without showing it."""
    names = sorted({use.name for _, use in uses_in(target.settings.get("auth")) if use.store})
    held = {name: environ.get(name, "") for name in names}
    odd = {name: remark for name, value in held.items() if (remark := remark_on(value))}
    fine = ", ".join(describe_secret(name, held[name]) for name in names if name not in odd)
    found = [Finding("environment", fine or "auth names no variable")] if fine or not names else []
    for name in odd:
        mend = "it goes to the platform as it is: set it anew, without what does not belong to it"
        found.append(Finding("environment", describe_secret(name, held[name]), mend))
    return found


def _doubted(finding: Finding, target: Target, world: World) -> Finding:
    """Add to refused credentials where they come from, and what is most likely wrong with them."""
    if finding.area != "sign-in" or finding.exit_code is not ExitCode.DENIED:
        return finding
    return replace(finding, mend=doubt_credentials(target, world.environ))
