"""One workload as the read by its kind shows it, brought into the shape of our manifests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from reconciler.kind import Kind
from reconciler.providers.runai.manifests import is_shown, witnessed
from reconciler.providers.runai.marks import carried
from reconciler.providers.runai.wire import Misshapen, has_come, text, words
from reconciler.resource import EMPTY, Json, Life, Observed, Summary

BESIDE: Mapping[str, tuple[str, ...]] = {
    "DistributedTraining": ("masterSpec", "masterSpecSameAsWorker", "templateId"),
}
"""Fields of our spec that stand beside the platform's own `spec`, where they are not `templateId` alone."""
ASIDE = ("category", "preemptibility", "priority")
"""Fields of our spec of an ExternalWorkload that stand in the platform's `metadata`."""


@dataclass(frozen=True, slots=True)
class Sync:
    """Tell how far the newest request has got on its way to the cluster, in the platform's words."""

    status: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Detail:
    """Hold what the read by kind shows. `phase` is "" where it shows none.

    `witness` is the second form in which the platform shows a manifest: before or after its own changes.
    `updated_by` and `deleted_by` are told by the v2 API alone.
    """

    id: str
    spec: Mapping[str, Json]
    wanted_phase: str = ""
    phase: str = ""
    is_deleted: bool = False
    sync: Sync | None = None
    witness: Mapping[str, Json] = EMPTY
    updated_by: str = ""
    deleted_by: str = ""


def detail_of(kind: str, payload: Json) -> Detail:
    """Read what a by-kind GET answers. Raises Misshapen."""
    if not isinstance(payload, Mapping):
        raise Misshapen("the answer is not an object")
    return _READERS.get(kind, _of_v1)(payload) if kind not in BESIDE else _with_beside(kind, payload)


def observed_of(summary: Summary, detail: Detail, kind: Kind) -> Observed:
    """Join what the list and the read by kind show; what we carry on it is taken out of the spec."""
    if detail.wanted_phase == "Deleted":
        summary = replace(summary, life=Life.LEAVING)
    summary = replace(summary, updated_by=detail.updated_by)
    found = carried(detail.spec, kind)
    other = carried({**detail.spec, "manifest": detail.witness}, kind) if detail.witness else found
    if found.mark is None:
        found = replace(found, mark=other.mark, record=other.record, record_paths=other.record_paths)
    spec = dict(found.spec)
    if detail.witness:
        recorded = (found.record or {}).get("manifest")
        spec["manifest"] = witnessed(spec.get("manifest"), other.spec.get("manifest"), recorded)
    if found.mark is None or found.mark.key != summary.identity:  # a copy's record tells of another object
        found = replace(found, record=None, record_paths=None)
    return Observed(summary, spec, found.mark, found.record, found.record_paths, detail.wanted_phase)


def _of_v1(payload: Mapping[str, Json]) -> Detail:
    return Detail(
        id=text(payload, "workloadId"),
        spec=_object(payload, "spec"),
        wanted_phase=words(payload, "desiredPhase"),
        phase=words(payload, "actualPhase"),
        is_deleted=has_come(payload.get("deletedAt")),
    )


def _with_beside(kind: str, payload: Mapping[str, Json]) -> Detail:
    """Move the fields that stand beside the platform's spec into ours."""
    detail = _of_v1(payload)
    beside = {name: payload[name] for name in BESIDE[kind] if payload.get(name) is not None}
    return replace(detail, spec={**detail.spec, **beside})


def _of_nim(payload: Mapping[str, Json]) -> Detail:
    metadata = _object(payload, "metadata", must=True)
    return Detail(
        id=text(metadata, "id"),
        spec=_object(payload, "spec"),
        wanted_phase=words(payload, "desiredPhase"),
        is_deleted=has_come(metadata.get("deletedAt")),
        updated_by=words(metadata, "updatedBy"),
        deleted_by=words(metadata, "deletedBy"),
    )


def _of_external(payload: Mapping[str, Json]) -> Detail:
    """Read a workload of a manifest. Which of its two forms is the one submitted is not documented."""
    workload = _object(payload, "workload", must=True)
    metadata = _object(workload, "metadata", must=True)
    raw, worked = (_object(workload, name) for name in ("rawManifest", "workloadManifest"))
    shown, witness = (raw, worked) if is_shown(raw) else (worked, raw)
    is_deleted, sync = has_come(metadata.get("deletedAt")), _sync(payload.get("syncInfo"))
    if not is_shown(shown) and not is_deleted:
        raise Misshapen("the answer shows no manifest")
    is_settled = sync is None or sync.status == "Synced"  # before that one form may be behind the other
    aside = {name: metadata[name] for name in ASIDE if metadata.get(name) is not None}
    return Detail(
        id=text(metadata, "id"),
        spec={**aside, "manifest": shown},
        wanted_phase=words(workload, "desiredPhase"),
        is_deleted=is_deleted,
        sync=sync,
        witness=witness if is_settled and is_shown(witness) else EMPTY,
        updated_by=words(metadata, "updatedBy"),
        deleted_by=words(metadata, "deletedBy"),
    )


def _sync(said: Json) -> Sync | None:
    if not isinstance(said, Mapping) or not words(said, "status"):
        return None
    return Sync(words(said, "status"), words(said, "message"))


def _object(payload: Mapping[str, Json], name: str, *, must: bool = False) -> Mapping[str, Json]:
    value = payload.get(name)
    if value is None and not must:
        return {}
    if not isinstance(value, Mapping):
        raise Misshapen(f'"{name}" is not an object')
    return value


_READERS: Mapping[str, Callable[[Mapping[str, Json]], Detail]] = {
    "ExternalWorkload": _of_external,
    "NimService": _of_nim,
}
