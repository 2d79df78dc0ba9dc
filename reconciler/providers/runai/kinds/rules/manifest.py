"""Rules for Kubernetes manifests: what the platform decides, and what a cluster writes by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.finding import COMBINATION, Part, found, is_open, part
from reconciler.pointer import escaped
from reconciler.problem import Problem

WRITTEN_BY_CLUSTER = (
    "creationTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)
"""Metadata that a cluster writes; whoever copies a live object copies them too."""

LABELS: Mapping[str, str] = {
    "priority": "priorityClassName",
    "preemptibility": "kai.scheduler/preemptibility",
}
"""Labels of a manifest that say the same as a field of the spec, which wins."""


def name_space(spec: Part) -> Iterator[Problem]:
    """Refuse a namespace: it is the project's."""
    metadata = part(spec, "manifest", "metadata")
    if metadata.has("namespace"):
        yield found(
            COMBINATION,
            metadata.at("namespace"),
            "is not yours to state: metadata.project decides it",
            "remove it",
        )


def written_by_cluster(spec: Part) -> Iterator[Problem]:
    """Warn of fields that a cluster writes, which would differ for ever."""
    manifest, metadata = part(spec, "manifest"), part(spec, "manifest", "metadata")
    copied = [metadata.at(field) for field in WRITTEN_BY_CLUSTER if metadata.has(field)]
    copied += [manifest.at("status")] if manifest.has("status") else []
    for pointer in copied:
        yield found(COMBINATION, pointer, "is written by the cluster", "remove it", warning=True)


def overridden_labels(spec: Part) -> Iterator[Problem]:
    """Warn of labels that say otherwise than the field that wins over them."""
    labels = part(spec, "manifest", "metadata", "labels")
    for field, label in LABELS.items():
        wins, loses = spec.get(field), labels.get(label)
        if wins is None or loses is None or is_open(wins) or is_open(loses) or wins == loses:
            continue
        yield found(
            COMBINATION,
            labels.at(escaped(label)),
            f"is {loses}, but spec.{field} is {wins} and wins",
            "remove the label",
            warning=True,
        )
