"""Look: find one live object, or what the platform says about it, for commands that change nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.errors import ManifestError, NotFound, UsageError
from reconciler.problem import Problem
from reconciler.provider import InstallInfo, Installs, Provider
from reconciler.resource import Observed, Resource, Scope

BESIDE = Scope("")
"""Where objects live that are in no project, such as clusters; read only if git declares one."""


async def find_declared(
    name: str, resources: Sequence[Resource], providers: Mapping[str, Provider]
) -> tuple[Provider, Observed]:
    """Find the live object of one manifest, named `NAME` or `KIND/NAME`.

    Raises UsageError where no manifest or several have the name, ManifestError where it is not there.
    """
    keys = [r.key for r in resources if name == r.key.name or r.key.answers_to(name)]
    if len(keys) != 1:
        many = ", ".join(str(key) for key in keys)
        raise UsageError(
            f'"{name}" names several objects: {many}' if keys else f'no manifest declares "{name}"'
        )
    key = keys[0]
    provider = providers[key.target]
    for scope in (BESIDE,) if not key.scope else await provider.scopes():
        if scope.name == key.scope and (found := await provider.find(scope, key.kind, key.name)):
            return provider, found[0]
    raise ManifestError(problems=[Problem("RC121", f"{key} is declared and not there", subject=str(key))])


async def install_info(
    name: str, providers: Mapping[str, Provider], *, version: str, url: str
) -> InstallInfo:
    """Read how to install a registered cluster, named `NAME` or `Cluster/NAME`.

    Raises UsageError where several targets, or none, could know it, ManifestError where none does.
    """
    able = {target: each for target, each in providers.items() if isinstance(each, Installs)}
    if len(able) != 1:
        names = ", ".join(able)
        raise UsageError(f"say which with --target: {names}" if able else "no target here knows clusters")
    plain = name.partition("/")[2] if name.casefold().startswith("cluster/") else name
    target, provider = next(iter(able.items()))
    try:
        return await provider.install_info(plain, version=version, url=url)
    except NotFound as missing:
        what = f'cluster "{plain}" not found in {target}'
        problem = Problem("RC403", what, why=missing.said, hint="apply registers what a manifest declares")
        raise ManifestError(problems=[problem]) from missing
