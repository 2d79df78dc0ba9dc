"""Rules for NIM services: where the model is kept, how it scales and where it listens."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.finding import COMBINATION, Part, found, missing, part
from reconciler.problem import Problem
from reconciler.providers.runai.kinds.rules.mounts import whole_claim


def image(spec: Part) -> Iterator[Problem]:
    """Ask for the image; no template can bring it."""
    yield from missing(spec, "image")


def model_store(spec: Part) -> Iterator[Problem]:
    """Ask that the model is kept in one place, which is whole."""
    store = part(spec, "modelStore")
    if store.has("nimCache") and store.has("pvc"):
        yield found(
            COMBINATION, store.at("pvc"), "stands beside nimCache: a model is kept in one place", "remove one"
        )
    if store.has("nimCache"):
        yield from missing(part(store, "nimCache"), "name")
    if store.has("pvc"):
        yield from whole_claim(part(store, "pvc"))


def metric(spec: Part) -> Iterator[Problem]:
    """Ask for the metric by which it scales, and warn of replicas that do not count then."""
    if not spec.has("autoscaling"):
        return
    yield from missing(part(spec, "autoscaling"), "metric", "metricThreshold")
    if spec.has("multiNode"):
        yield found(
            COMBINATION,
            spec.at("autoscaling"),
            "stands beside multiNode: what runs on several nodes does not scale by a metric",
            "remove one of them",
        )
    if spec.has("replicas"):
        yield found(
            COMBINATION,
            spec.at("replicas"),
            "stands beside autoscaling, which decides how many run",
            "remove it, or remove autoscaling",
            warning=True,
        )


def ports(spec: Part) -> Iterator[Problem]:
    """Ask that it says where it listens, also for the protocol it shows outside."""
    if not spec.has("servingPort"):
        return
    serving = part(spec, "servingPort")
    yield from missing(serving, "port")
    if serving.get("exposedProtocol") == "grpc" and not serving.has("grpcPort"):
        yield found(
            COMBINATION, serving.at("exposedProtocol"), "is grpc, which needs grpcPort", "add grpcPort:"
        )
