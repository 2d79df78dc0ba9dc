"""How a workload gets into the database: what a column can hold, and what an update leaves alone."""

import json
import zlib
from collections.abc import Iterator
from dataclasses import replace

from reconciler.emulator.primus_safe.fields import resource_fields
from reconciler.emulator.primus_safe.generations import Generation
from reconciler.emulator.primus_safe.names import made_uuid
from reconciler.emulator.primus_safe.records import Row, Workload

_PROBE, _RESOURCE, _IMAGE, _SHORT = 128, 1024, 128, 64
# The widest value of an index of the database, after it was compressed.
_INDEXED = 2704


def fits(one: Workload, generation: Generation) -> bool:
    """Whether the database takes a workload; what it does not is never shown, or goes stale."""
    return all(len(text) <= most for text, most in _columns(one, generation))


def _columns(one: Workload, generation: Generation) -> Iterator[tuple[str, int]]:
    for probe in (one.spec.liveness, one.spec.readiness):
        if probe is not None:
            yield _json(probe), _PROBE
    yield from ((text, _SHORT) for text in (one.id, one.display_name, one.spec.workspace, one.cluster))
    yield one.user_name, _PROBE
    if generation.is_first:
        yield (one.spec.images or ("",))[0], _IMAGE
        yield _json(resource_fields(one.spec.resources[0])), _RESOURCE
    else:
        yield _indexed(one.description), _INDEXED


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _indexed(text: str) -> str:
    """Give a text as long as what the index keeps of it."""
    raw = text.encode()
    return "x" * min(len(raw), len(zlib.compress(raw, 1)))


def upserted(row: Row | None, one: Workload, generation: Generation) -> Row:
    """Write a workload into its row: whole if there is none, else without the columns set at birth."""
    if row is None:
        return Row(one, deletion_at=one.deleting_at)
    old = row.workload
    spec = replace(
        one.spec, labels=old.spec.labels, liveness=old.spec.liveness, readiness=old.spec.readiness,
        ttl=old.spec.ttl, dependencies=old.spec.dependencies, workspace=old.spec.workspace,
    )  # fmt: skip
    if generation.is_first:
        spec = replace(spec, service=old.spec.service)
    else:
        spec = replace(spec, secrets=old.spec.secrets, nodes_affinity=old.spec.nodes_affinity)
    kept = replace(one, spec=spec, display_name=old.display_name, created_at=old.created_at)
    return replace(row, workload=kept, deletion_at=one.deleting_at)


def lateness(one: Workload, version: int, lag_s: float, jitter_s: float) -> float:
    """Tell how many seconds after a change its row is written."""
    share = int(made_uuid(one.id, version, "late")[:8], 16) / 2**32
    return lag_s + jitter_s * share
