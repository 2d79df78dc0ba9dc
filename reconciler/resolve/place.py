"""Placing: where on the platform each manifest's project or workspace really is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.fleet import Target
from reconciler.problem import Problem
from reconciler.resource import Resource, ResourceKey, Scope
from reconciler.validate.suggest import near

_MOST_NAMED = 10


def place(
    resources: Sequence[Resource], scopes: Sequence[Scope], target: Target
) -> tuple[tuple[Resource, ...], tuple[Problem, ...]]:
    """Give a target's resources the scope they live in; those of other targets are left out.

    A project whose name exists on several clusters becomes `cluster/project`. What cannot be placed is
    a problem.
    """
    placed: list[Resource] = []
    problems: list[Problem] = []
    moved: dict[ResourceKey, ResourceKey] = {}
    renamed = _renamed(resources, scopes)
    for resource in (one for one in resources if one.key.target == target.name):
        asked = replace(resource, cluster=renamed.get(resource.cluster, resource.cluster))
        found = _home(asked, scopes, target)
        if isinstance(found, Problem):
            problems.append(found)
            continue
        moved[resource.key] = replace(resource.key, scope=found)
        placed.append(replace(resource, key=moved[resource.key]))
    return tuple(_follow(resource, moved) for resource in placed), tuple(problems)


def unseen(scopes: Sequence[Scope], target: Target) -> tuple[str, ...]:
    """Give the projects or workspaces that a target names and that are not seen there, in its order."""
    seen = {
        word
        for scope in scopes
        for word in (scope.name, scope.id, _plain(scope), f"{scope.cluster}/{_plain(scope)}")
    }
    return tuple(name for name in named_scopes(target) if name not in seen)


def named_scopes(target: Target) -> tuple[str, ...]:
    """Give the projects or workspaces that a target names, in its order."""
    said = target.settings.get("scope")
    named = target.scopes or (said.get(f"{_word(target)}s") if isinstance(said, Mapping) else None) or ()
    return tuple(name for name in named if isinstance(name, str))


def _renamed(resources: Sequence[Resource], scopes: Sequence[Scope]) -> dict[str, str]:
    """Give the former name of each cluster that git renames and the platform still calls by it."""
    live = {scope.cluster for scope in scopes}
    return {
        one.key.name: one.renamed_from
        for one in resources
        if one.renamed_from in live and one.renamed_from and one.key.name not in live
    }


def _follow(resource: Resource, moved: dict[ResourceKey, ResourceKey]) -> Resource:
    depends_on = tuple(moved.get(key, key) for key in resource.depends_on)
    follows = tuple(moved.get(key, key) for key in resource.follows)
    if (depends_on, follows) == (resource.depends_on, resource.follows):
        return resource
    return replace(resource, depends_on=depends_on, follows=follows)


def _home(resource: Resource, scopes: Sequence[Scope], target: Target) -> str | Problem:
    """Find the scope's name in keys, or say why there is none."""
    name = resource.key.scope
    if not name:
        return name
    same = [scope for scope in scopes if _plain(scope) == name]
    wanted = [scope for scope in same if resource.cluster in ("", scope.cluster, scope.cluster_id)]
    if not same:
        return _not_found(resource, scopes, target)
    if not wanted:
        return _wrong_cluster(resource, same)
    if len(wanted) > 1:
        return _ambiguous(resource, wanted)
    shared = f"{wanted[0].cluster or wanted[0].cluster_id}/{name}"
    return shared if len(same) > 1 or "/" in wanted[0].name else name


def _plain(scope: Scope) -> str:
    """Give a scope's name without the cluster that a provider puts in front of a shared one."""
    return scope.name.rpartition("/")[2]


def _word(target: Target) -> str:
    scope = target.settings.get("scope")
    return "workspace" if isinstance(scope, dict) and "workspaces" in scope else "project"


def _pointer(resource: Resource) -> str:
    return next(
        (f"/metadata/{word}" for word in ("project", "workspace") if f"/metadata/{word}" in resource.places),
        "",
    )


def _problem(resource: Resource, what: str, *, pointer: str = "", why: str = "", hint: str = "") -> Problem:
    pointer = pointer or _pointer(resource)
    return Problem("RC403", what, resource.place(pointer), why=why, hint=hint, pointer=pointer)


def _not_found(resource: Resource, scopes: Sequence[Scope], target: Target) -> Problem:
    word = _pointer(resource).rpartition("/")[2] or _word(target)
    names = sorted({_plain(scope) for scope in scopes})
    listed = ", ".join(names[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")
    count = f"{len(names)} {word}{'' if len(names) == 1 else 's'}"
    best = near(resource.key.scope, names)
    return _problem(
        resource,
        f'{word} "{resource.key.scope}" not found in {target.name}',
        why=f"this key sees {count}{f' ({listed})' if names else ''}; one without a role in it is hidden",
        hint=f'did you mean "{best}"?' if best else f"create the {word}, or ask for a role in it",
    )


def _ambiguous(resource: Resource, wanted: Sequence[Scope]) -> Problem:
    clusters = ", ".join(sorted(scope.cluster for scope in wanted))
    what = f'"{resource.key.scope}" exists on several clusters: {clusters}'
    return _problem(resource, what, hint="say which with metadata.cluster")


def _wrong_cluster(resource: Resource, same: Sequence[Scope]) -> Problem:
    clusters = ", ".join(sorted(scope.cluster for scope in same))
    what = f'"{resource.key.scope}" is not on cluster "{resource.cluster}"'
    return _problem(resource, what, pointer="/metadata/cluster", hint=f"it is on {clusters}")
