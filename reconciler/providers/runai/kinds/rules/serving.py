"""Rules for serving: replicas, the metric they follow, and what an inference cannot have."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.finding import (
    COMBINATION,
    NEEDED,
    Part,
    found,
    is_open,
    items,
    missing,
    number,
    part,
)
from reconciler.problem import Problem

_BY_SHARE = ("throughput", "concurrency")


def _bounds(scaling: Part) -> tuple[float, float]:
    """Give the least and most replicas, with the platform's defaults."""
    least = number(scaling.get("minReplicas"))
    least = 1 if least is None else least
    most = number(scaling.get("maxReplicas"))
    return least, max(least, 1) if most is None else most


def replicas(pod: Part) -> Iterator[Problem]:
    """Ask for bounds in order, and for a retention only where it can reach zero."""
    scaling = part(pod, "autoscaling")
    least, most = _bounds(scaling)
    if most < least:
        stated = "" if scaling.has("minReplicas") else " (its default)"
        yield found(
            COMBINATION,
            scaling.at("maxReplicas"),
            f"is {most:g}, below minReplicas: {least:g}{stated}",
            "raise maxReplicas or lower minReplicas",
        )
    if number(scaling.get("scaleToZeroRetentionSeconds")) and least > 0:
        yield found(
            COMBINATION,
            scaling.at("scaleToZeroRetentionSeconds"),
            f"needs minReplicas: 0, but it is {least:g}",
            "write minReplicas: 0, or remove scaleToZeroRetentionSeconds",
        )


def metric(pod: Part) -> Iterator[Problem]:
    """Ask for a metric where the number of replicas may change, and for its threshold."""
    scaling = part(pod, "autoscaling")
    least, most = _bounds(scaling)
    name = scaling.get("metric")
    if name is None and least < most and (least, most) != (0, 1):
        yield found(
            NEEDED,
            scaling.at("metric"),
            f"is missing: replicas go from {least:g} to {most:g}",
            "add metric: throughput, concurrency or latency, with metricThreshold",
        )
    if name is not None:
        yield from missing(scaling, "metricThreshold")
    for field in ("metricThreshold", "metricThresholdPercentage"):
        if scaling.has(field) and name is None:
            yield found(COMBINATION, scaling.at(field), "needs metric", f"add metric:, or remove {field}")
    if scaling.has("metricThresholdPercentage") and name is not None and not is_open(name):
        yield from _share(scaling, str(name))


def _share(scaling: Part, name: str) -> Iterator[Problem]:
    if name not in _BY_SHARE:
        yield found(
            COMBINATION,
            scaling.at("metricThresholdPercentage"),
            f"works with throughput and concurrency, but metric is {name}",
            "remove it",
        )


def outdated_fields(pod: Part) -> Iterator[Problem]:
    """Warn of a field that the platform takes and ignores."""
    scaling = part(pod, "autoscaling")
    if scaling.has("initializationTimeoutSeconds"):
        yield found(
            COMBINATION,
            scaling.at("initializationTimeoutSeconds"),
            "is ignored since control plane 2.22",
            "write servingConfiguration: {initializationTimeoutSeconds: ...}",
            warning=True,
        )


def no_ephemeral_claims(pod: Part) -> Iterator[Problem]:
    """Refuse claims that die with a stop, which an inference does not know."""
    for claim in items(pod, "storage", "pvc"):
        if claim.get("ephemeral") is True:
            yield found(COMBINATION, claim.at("ephemeral"), "is not possible for an inference", "remove it")
