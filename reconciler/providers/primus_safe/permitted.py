"""What a user may do to workloads, as far as roles and workspaces tell. Pure.

The server does not list rights: a role is an object that an administrator may change. What is told here
is what the roles may that the platform ships. Source: its roles, and what its workspaces allow members.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.providers.primus_safe import wire
from reconciler.resource import Json, Scope

_ADMIN, _READER = "system-admin", "system-admin-readonly"
_ALL = ("create", "read", "update", "delete")
_HIGHEST = "priority 2 is for managers"


@dataclass(frozen=True, slots=True)
class May:
    """Say what is allowed in some workspaces, and what goes with it."""

    verbs: tuple[str, ...]
    scopes: tuple[str, ...]
    note: str = ""

    def __str__(self) -> str:
        """Write it in a line."""
        return f"{' '.join(self.verbs)} in {', '.join(self.scopes)}{f' ({self.note})' if self.note else ''}"


def told_of(me: Mapping[str, Json], scopes: Iterable[Scope]) -> list[May]:
    """Tell what one may do in these workspaces, those alike together, the most rights first."""
    listed = me.get("roles")
    roles = frozenset(map(str, listed)) if isinstance(listed, list) else frozenset[str]()
    mine, managed = _ids(me, "workspaces"), _ids(me, "managedWorkspaces")
    found: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for scope in sorted(scopes, key=lambda scope: scope.name):
        found.setdefault(_may(scope.id, roles, mine, managed), []).append(scope.name)
    ranked = sorted(found.items(), key=lambda item: (-len(item[0][0]), item[0][1]))
    return [May(verbs, tuple(names), note) for (verbs, note), names in ranked]


def _may(
    id_: str, roles: frozenset[str], mine: frozenset[str], managed: frozenset[str]
) -> tuple[tuple[str, ...], str]:
    if _ADMIN in roles:
        return _ALL, f"as {_ADMIN}"
    if id_ in managed:
        return _ALL, "as its manager"
    if id_ in mine:
        return _ALL, f"as a member: update and delete only what they made; {_HIGHEST}"
    return ("read",), f"as {_READER}" if _READER in roles else "no member"


def _ids(me: Mapping[str, Json], key: str) -> frozenset[str]:
    return frozenset(_named(wire.listed(me, key)))


def _named(rows: Iterable[Mapping[str, Json]]) -> Iterator[str]:
    yield from (wire.words(row, "id") for row in rows)
