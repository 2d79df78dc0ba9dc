"""What git no longer says of a block whose fields need each other, and of what may not stand beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from reconciler.emulator.runai import Switches
from reconciler.errors import ExitCode
from tests.scenarios.field_values import Json
from tests.scenarios.oracle import mark, sleeping
from tests.scenarios.stage import Stage, a_manifest, staged
from tests.scenarios.test_no_drift import BOTH_READS

SCALING: Mapping[str, Json] = {"metric": "requests", "metricThreshold": 10, "maxReplicas": 3}
STORE: Mapping[str, Mapping[str, Json]] = {
    "cache": {"nimCache": {"name": "llama", "profile": "fast"}},
    "new claim": {"pvc": {"claimInfo": {"size": "10Gi"}}},
    "old claim": {"pvc": {"claimName": "llama", "existingPvc": True}},
}
GRPC: Mapping[str, Json] = {"port": 8000, "grpcPort": 9000, "exposedProtocol": "grpc"}
PROBE: Mapping[str, Json] = {"readiness": {"periodSeconds": 5, "handler": {"httpGet": {"port": 80}}}}
REMOVED: Mapping[str, tuple[Mapping[str, Json], Mapping[str, Json], Mapping[str, Json]]] = {
    # what is declared, what is left of it, what of it the update must send
    "scaling": ({"autoscaling": SCALING}, {}, {"autoscaling": None}),
    "scaling-to-count": (
        {"autoscaling": SCALING},
        {"replicas": 3},
        {"autoscaling": None, "replicas": 3},
    ),
    "scaling-to-nodes": (
        {"autoscaling": SCALING},
        {"multiNode": {"workers": 2}},
        {"autoscaling": None, "multiNode": {"workers": 2}},
    ),
    "nodes-to-scaling": (
        {"multiNode": {"workers": 2}},
        {"autoscaling": SCALING},
        {"multiNode": None, "autoscaling": SCALING},
    ),
    "cache": ({"modelStore": STORE["cache"]}, {}, {"modelStore": None}),
    "claim": ({"modelStore": STORE["new claim"]}, {}, {"modelStore": None}),
    "cache-to-claim": (
        {"modelStore": STORE["cache"]},
        {"modelStore": STORE["new claim"]},
        {"modelStore": {**STORE["new claim"], "nimCache": None}},
    ),
    "claim-to-cache": (
        {"modelStore": STORE["new claim"]},
        {"modelStore": STORE["cache"]},
        {"modelStore": {**STORE["cache"], "pvc": None}},
    ),
    "old-claim-to-cache": (
        {"modelStore": STORE["old claim"]},
        {"modelStore": STORE["cache"]},
        {"modelStore": {**STORE["cache"], "pvc": None}},
    ),
    "profile": (
        {"modelStore": STORE["cache"]},
        {"modelStore": {"nimCache": {"name": "llama"}}},
        {"modelStore": {"nimCache": {"name": "llama", "profile": None}}},
    ),
    "port": ({"servingPort": GRPC}, {"servingPort": None}, {"servingPort": None}),
    "protocol": (
        {"servingPort": GRPC},
        {"servingPort": {"port": 8000}},
        {"servingPort": {"port": 8000, "grpcPort": None, "exposedProtocol": "http"}},
    ),
    "probe": ({"probes": PROBE}, {}, {"probes": None}),
    "user": (
        {"security": {"runAsUid": 1000, "runAsGid": 100}},
        {"security": {"runAsUid": 1000}},
        {"security": {"runAsUid": 1000, "runAsGid": None}},
    ),
}


def a_nim(name: str, more: Mapping[str, Json]) -> str:
    spec = json.dumps({**sleeping("NimService"), **more})
    return a_manifest(name, "NimService", spec=spec, health="{hold: 0s, queueTimeout: 0s, logTail: 0}")


def write(stage: Stage, column: int) -> Stage:
    """Write all NIM services into one file: as they were, or as they are to be."""
    return stage.write(all="---\n".join(a_nim(name, row[column]) for name, row in REMOVED.items()))


def covered(sent: Json, part: Json) -> bool:
    """Tell whether what was sent says all that a part says."""
    if isinstance(part, Mapping) and isinstance(sent, Mapping):
        return all(name in sent and covered(sent[name], value) for name, value in part.items())
    return bool(sent == part)


@BOTH_READS
def test_a_block_of_a_nim_service_is_cleared_where_it_cannot_stand_without_what_is_removed(
    switches: Switches, tmp_path: Path
) -> None:
    with staged(tmp_path / "repo", switches=switches) as stage:
        write(stage, 0).apply()
        since = mark(write(stage, 1))

        applied = stage.apply()

        sent = {entry.effect.name: entry.body["spec"] for entry in stage.mutations(since) if entry.effect}
        assert applied.exit_code() is ExitCode.IN_ORDER
        assert {*sent} == {*REMOVED}
        assert {name: sent[name] for name, row in REMOVED.items() if not covered(sent[name], row[2])} == {}
        assert stage.plan().plan.is_empty
