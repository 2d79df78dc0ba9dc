"""One good default of each value, so that a test states only what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reconciler.kind import NOTHING, Kind, Support
from reconciler.mark import Mark
from reconciler.plan.known import Known
from reconciler.problem import Location
from reconciler.resource import (
    Deleted,
    Life,
    Lifecycle,
    Live,
    Observed,
    Resource,
    ResourceKey,
    Scope,
    ScopeRead,
    Summary,
)

FLEET = "7f3a9c04d2b81e66"
TARGET = "prod"
SCOPE = "team-a"
HEAD = "c0ffee1" + "0" * 33


def keyed(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Make lists of named items maps, as a provider's canonical form does; drop nulls."""
    out: dict[str, Any] = {}
    for key, value in spec.items():
        if value is None:
            continue
        if (
            isinstance(value, list)
            and value
            and all(isinstance(item, dict) and "name" in item for item in value)
        ):
            out[key] = {f"name={item['name']}": keyed(item) for item in value}
        else:
            out[key] = keyed(value) if isinstance(value, Mapping) else value
    return out


def a_kind(name: str = "Training", **changes: Any) -> Kind:
    made = Kind(
        api_version="runai/v1",
        name=name,
        provider="runai",
        platform="Run:ai",
        model=lambda: NOTHING,
        canonical=keyed,
        support=Support(),
        finishes=name == "Training",
        name_space="runai/workload",
        defaults={"/spec/category": "Train"},
        gpus=lambda spec: float((spec.get("compute") or {}).get("gpuDevicesRequest", 0)),
    )
    return replace(made, **changes)


TRAINING = a_kind()
WORKSPACE = a_kind("Workspace")
INFERENCE = a_kind(
    "Inference",
    support=Support(
        updatable=("/image", "/environmentVariables", "/autoscaling", "/category"), mark_rewritable=True
    ),
)
KINDS = {(TARGET, kind.name): kind for kind in (TRAINING, WORKSPACE, INFERENCE)}


def a_key(name: str = "train", kind: str = "Training", scope: str = SCOPE) -> ResourceKey:
    return ResourceKey(TARGET, scope, kind, name)


def a_resource(name: str = "train", kind: str = "Training", **changes: Any) -> Resource:
    spec = changes.pop("spec", {"image": "busybox:1"})
    lifecycle = changes.pop("lifecycle", Lifecycle())
    return Resource(
        key=a_key(name, kind),
        spec=spec,
        source=Location(f"manifests/{name}.yaml", 1),
        lifecycle=lifecycle,
        **changes,
    )


def identity(key: ResourceKey) -> str:
    return f"uuid-1/{key.scope}/{key.kind}/{key.name}"


def a_mark(key: ResourceKey | None = None, **changes: Any) -> Mark:
    made = Mark(
        fleet_id=FLEET,
        fleet="ml",
        key=identity(key or a_key()),
        digest="1:0",
        commit=HEAD,
        commit_time="2026-11-01T00:00:00Z",
        path="manifests/train.yaml",
    )
    return replace(made, **changes)


def a_row(key: ResourceKey | None = None, *, mark: Mark | str | None = "ours", **changes: Any) -> Summary:
    key = key or a_key()
    made = Summary(
        key=key,
        id=f"id-{key.kind}-{key.name}",
        identity=identity(key),
        phase="Running",
        life=Life.ACTIVE,
        fingerprint="1",
        mark=a_mark(key) if isinstance(mark, str) else mark,
        submitted_by="demo",
    )
    return replace(made, **changes)


def observed(resource: Resource, *, live: Mapping[str, Any] | None = None, **changes: Any) -> Observed:
    """Show a resource as it lives after an apply; `live` overrides the live spec."""
    record = changes.pop("record", dict(resource.spec))
    row = changes.pop("row", None) or a_row(resource.key, **changes)
    return Observed(
        summary=row, spec=dict(live if live is not None else resource.spec), mark=row.mark, record=record
    )


def a_live(*seen: Observed, deleted: tuple[Deleted, ...] = (), unknown: str = "", scope: str = SCOPE) -> Live:
    read = ScopeRead(
        Scope(scope, id="1", cluster="dgx", cluster_id="uuid-1"),
        rows=tuple(o.summary for o in seen),
        deleted=deleted,
        unknown=unknown,
    )
    return Live(TARGET, scopes={scope: read}, details={o.id: o for o in seen})


def known(**changes: Any) -> Known:
    made = Known(
        fleet_id=FLEET,
        fleet="ml",
        kinds=KINDS,
        commit=HEAD,
        commit_time="2026-11-02T00:00:00Z",
        branch="main",
        has_history=True,
        ancestors={HEAD: True},
    )
    return replace(made, **changes)
