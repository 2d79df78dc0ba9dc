"""DistributedTraining: one job of many pods: workers, and a master that leads them."""

from __future__ import annotations

from typing import Literal

from reconciler.block import INT64, Flag, Text, Whole, optional
from reconciler.providers.runai.kinds.workload import Job, Templated

_INSTEAD = "Deprecated in masterSpec: state it in spec, for master and workers alike."
_OLD = {"deprecated": True}


class MasterSpec(Job):
    """Hold the spec of the master's pod: what a Workspace may state."""

    auto_deletion_time_after_completion_seconds: Whole | None = optional(
        f"{_INSTEAD} Seconds after its end until the platform deletes it.",
        ge=0,
        le=INT64,
        json_schema_extra=_OLD,
    )
    backoff_limit: Whole | None = optional(
        f"{_INSTEAD} Retries before it counts as failed.", ge=0, le=INT64, json_schema_extra=_OLD
    )
    priority_class: Text | None = optional(
        f"{_INSTEAD} Name of the priority, such as low.", json_schema_extra=_OLD
    )
    termination_grace_period_seconds: Whole | None = optional(
        f"{_INSTEAD} Seconds between SIGTERM and SIGKILL.", ge=0, le=INT64, json_schema_extra=_OLD
    )


class DistributedTrainingSpec(Job, Templated):
    """Hold the spec of a DistributedTraining: that of a worker, and how master and workers go together."""

    clean_pod_policy: Literal["None", "All", "Running"] | None = optional(
        "Which pods to remove when it ends. Default Running."
    )
    distributed_framework: Literal["MPI", "PyTorch", "TF", "XGBoost", "JAX"] | None = optional(
        "Framework that joins the pods. Needed, unless a template brings it."
    )
    master_spec: MasterSpec | None = optional(
        "Spec of the master's pod, where it differs from that of the workers. "
        "Sent beside the platform's spec. Not with masterSpecSameAsWorker true."
    )
    master_spec_same_as_worker: Flag | None = optional(
        "Give the master the spec of a worker. Sent beside the platform's spec."
    )
    max_replicas: Whole | None = optional(
        "Most workers an elastic training grows to. At least minReplicas. PyTorch only."
    )
    min_replicas: Whole | None = optional("Fewest workers an elastic training shrinks to. PyTorch only.")
    mpi_launcher_creation_policy: Literal["AtStartup", "WaitForWorkersReady"] | None = optional(
        "When the launcher starts: with the workers, or once all of them are ready. MPI only."
    )
    num_workers: Whole | None = optional("Worker pods, the master not among them.", ge=1)
    slots_per_worker: Whole | None = optional(
        "Processes per worker, as the host file says. Default 1. MPI only.", ge=1
    )
    ssh_auth_mount_path: Text | None = optional(
        "Directory where the SSH keys are mounted. Default /root/.ssh. MPI only."
    )
