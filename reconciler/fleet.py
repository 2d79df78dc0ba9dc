"""The fleet: which manifests, which targets, what the guards allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.problem import Location
from reconciler.resource import EMPTY, HealthPolicy, Json, Lifecycle


@dataclass(frozen=True, slots=True)
class Limits:
    """Hold the guards' limits, with the defaults of the fleet file's `guard:` block."""

    destroy_count: int = 10
    destroy_percent: float = 20.0
    create_count: int = 50
    create_percent: float = 100.0
    gpu_hours: float = 500.0


@dataclass(frozen=True, slots=True)
class Target:
    """Name one control plane and how to reach it.

    `settings` is the whole block as the fleet file has it, validated by the provider's own model;
    in it sensitive leaves are Secret once resolved. `scopes` empty: every scope the credentials see.
    `places` tells where its fields stand in the fleet file, by dotted path (`url`, `auth.clientId`).
    """

    name: str
    provider: str
    url: str
    scopes: tuple[str, ...] = ()
    settings: Mapping[str, Json] = EMPTY
    places: Mapping[str, Location] = EMPTY


@dataclass(frozen=True, slots=True)
class Store:
    """Say where the journal's memory and the fleet's lock live, with the defaults of the `journal:` block.

    Not shared: on this machine alone. Shared: in a ref of the git remote `remote`, a name or a URL.
    """

    is_shared: bool = False
    remote: str = "origin"
    lease_timeout_s: float = 900.0


@dataclass(frozen=True, slots=True)
class Fleet:
    """Hold one fleet file. `id` decides ownership, `name` is for people.

    `file` is the path as the user sees it, `root` the absolute folder that `manifests` are below.
    """

    id: str
    name: str
    file: str
    root: str
    targets: Mapping[str, Target]
    manifests: tuple[str, ...] = ("manifests",)
    vars: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    limits: Limits = Limits()
    journal: Store = Store()
    allowed_hosts: tuple[str, ...] = ()
    lifecycle: Mapping[str, Any] = EMPTY
    health: Mapping[str, Any] = EMPTY
    default_lifecycle: Lifecycle = Lifecycle()
    default_health: HealthPolicy = HealthPolicy()

    def targets_of(self, provider: str) -> tuple[Target, ...]:
        """List the targets that a provider serves, in file order."""
        return tuple(target for target in self.targets.values() if target.provider == provider)
