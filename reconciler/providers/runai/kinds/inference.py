"""Inference: a server of a model; it scales with its load and is updated in place."""

from __future__ import annotations

from reconciler.block import optional
from reconciler.providers.runai.kinds.access import ServingPort
from reconciler.providers.runai.kinds.container import ServingSecurity
from reconciler.providers.runai.kinds.scaling import Autoscaling, ServingConfiguration
from reconciler.providers.runai.kinds.storage import ServingStorage
from reconciler.providers.runai.kinds.workload import Templated, Workload


class InferenceSpec(Workload, Templated):
    """Hold the spec of an Inference, in the platform's own names."""

    autoscaling: Autoscaling | None = optional("How many replicas run.")
    security: ServingSecurity | None = optional("As whom the container runs, and what it may do.")
    serving_configuration: ServingConfiguration | None = optional("How long starts and requests may take.")
    serving_port: ServingPort | None = optional("Where it listens, and who may call.")
    storage: ServingStorage | None = optional("Volumes, by type.")
