"""Rules for distributed training: what each framework knows, and how master and workers go together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.finding import COMBINATION, Part, found, is_open, number
from reconciler.problem import Problem

FRAMEWORKS: Mapping[str, str] = {
    "maxReplicas": "PyTorch",
    "minReplicas": "PyTorch",
    "mpiLauncherCreationPolicy": "MPI",
    "slotsPerWorker": "MPI",
    "sshAuthMountPath": "MPI",
}
"""Fields that one framework alone knows; for others the platform takes and ignores them."""

OUTDATED = (
    "autoDeletionTimeAfterCompletionSeconds",
    "backoffLimit",
    "priorityClass",
    "terminationGracePeriodSeconds",
)
"""Fields of a masterSpec that the platform has deprecated."""


def framework(pod: Part) -> Iterator[Problem]:
    """Warn of fields that the framework does not know."""
    stated = pod.get("distributedFramework")
    if stated is None or is_open(stated):
        return
    for field, only in FRAMEWORKS.items():
        if pod.has(field) and stated != only:
            yield found(
                COMBINATION,
                pod.at(field),
                f"is for {only} only, and distributedFramework is {stated}",
                f"remove it, or write distributedFramework: {only}",
                warning=True,
            )


def bounds(pod: Part) -> Iterator[Problem]:
    """Ask for bounds in order, and warn of workers outside them."""
    least, most = number(pod.get("minReplicas")), number(pod.get("maxReplicas"))
    if least is not None and most is not None and most < least:
        yield found(
            COMBINATION,
            pod.at("maxReplicas"),
            f"is {most:g}, below minReplicas: {least:g}",
            "raise maxReplicas or lower minReplicas",
        )
        return
    workers = number(pod.get("numWorkers"))
    if workers is None:
        return
    for field, bound, is_outside in (
        ("minReplicas", least, least is not None and workers < least),
        ("maxReplicas", most, most is not None and workers > most),
    ):
        if is_outside:
            yield found(
                COMBINATION,
                pod.at("numWorkers"),
                f"is {workers:g}, but {field} is {bound:g}",
                f"write a number from minReplicas to maxReplicas, or move {field}",
                warning=True,
            )


def master(pod: Part) -> Iterator[Problem]:
    """Ask that the master is described once."""
    if pod.get("masterSpecSameAsWorker") is True and pod.has("masterSpec"):
        yield found(
            COMBINATION,
            pod.at("masterSpec"),
            "stands beside masterSpecSameAsWorker: true, which gives the master the workers' spec",
            "remove one of them",
        )


def outdated_fields(pod: Part) -> Iterator[Problem]:
    """Warn of fields of a masterSpec that count in spec."""
    for field in OUTDATED:
        if pod.has(field):
            yield found(
                COMBINATION,
                pod.at(field),
                "is deprecated there",
                f"write {field}: in spec, for master and workers alike",
                warning=True,
            )
