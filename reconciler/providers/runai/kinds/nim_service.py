"""NimService: a model of NVIDIA's catalogue, served by its own container (NIM)."""

from __future__ import annotations

from typing import Literal

from reconciler.block import Block, Port, Text, Whole, optional
from reconciler.providers.runai.kinds.access import ExternalUrl
from reconciler.providers.runai.kinds.block import DnsName
from reconciler.providers.runai.kinds.compute import DeviceCompute
from reconciler.providers.runai.kinds.container import ContainerUser
from reconciler.providers.runai.kinds.pod import BarePod
from reconciler.providers.runai.kinds.scaling import METRIC, Replicas
from reconciler.providers.runai.kinds.storage import Claim
from reconciler.providers.runai.kinds.workload import Scheduled


class NimAutoscaling(Block):
    """Scale the replicas of a NIM service by a metric."""

    max_replicas: Replicas | None = optional("Upper bound of replicas. Default minReplicas.", ge=1)
    metric: Text | None = optional("Metric to scale by, as Prometheus names it. Needed.", pattern=METRIC)
    metric_threshold: Replicas | None = optional(
        "Value of the metric per replica at which to scale, in the metric's own unit. Needed."
    )
    min_replicas: Replicas | None = optional("Lower bound of replicas. Default 1.", ge=1)
    scale_window_seconds: Whole | None = optional(
        "Seconds over which a decision to scale looks back, 60 to 3600. Default 300.", ge=60, le=3600
    )


class NimCache(Block):
    """Point at a cache that the NIM operator filled."""

    name: Text | None = optional("Name of the NIMCache object. Needed.", min_length=1)
    profile: Text | None = optional("Profile of the model to use. Default: the cache's.", min_length=1)


class ModelStore(Block):
    """Say where the model is kept: in a NIM cache or on a claim."""

    nim_cache: NimCache | None = optional("A cache of the NIM operator. Excludes pvc.")
    pvc: Claim | None = optional("A persistent volume claim. Excludes nimCache.")


class MultiNode(Block):
    """Spread each replica over several nodes: a leader and its workers."""

    workers: Whole | None = optional(
        "Worker pods per replica, its leader not among them, 1 to 1000.", ge=1, le=1000
    )


class NimServingPort(ExternalUrl):
    """Say where the service listens."""

    service_type: Literal["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"] | None = optional(
        "Kind of Kubernetes Service. Default ClusterIP."
    )
    port: Port | None = optional("Port of the container that serves HTTP, 1 to 65535. Needed.")
    grpc_port: Port | None = optional("Port of the container that serves gRPC, 1 to 65535.")
    metrics_port: Port | None = optional(
        "Port of the container that shows metrics, 1 to 65535, where it is not port."
    )
    exposed_protocol: Literal["http", "grpc"] | None = optional(
        "Protocol of the URL outside. Default grpc where grpcPort is stated, else http."
    )


class NimServiceSpec(BarePod, Scheduled):
    """Hold the spec of a NimService, in the platform's own names."""

    autoscaling: NimAutoscaling | None = optional("How many replicas run, by a metric. Not with multiNode.")
    compute: DeviceCompute | None = optional("GPUs, CPUs and memory per pod.")
    model_store: ModelStore | None = optional("Where the model is kept.")
    multi_node: MultiNode | None = optional(
        "Spread each replica over several nodes. Left out: one pod. Not with autoscaling."
    )
    ngc_auth_secret: DnsName | None = optional(
        "Kubernetes Secret whose key NGC_API_KEY opens NVIDIA's catalogue."
    )
    replicas: Whole | None = optional("Replicas to run, 0 to 1000. Default 1.", ge=0, le=1000)
    security: ContainerUser | None = optional("As whom the container runs.")
    serving_port: NimServingPort | None = optional("Where it listens.")
