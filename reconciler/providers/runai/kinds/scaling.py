"""Scaling: how many replicas an inference runs, and how long they may take."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from reconciler.block import INT32, Block, Real, Text, Whole, optional

METRIC = r"^[a-zA-Z_:][a-zA-Z0-9_:]*$"
"""The names that Prometheus takes for a metric."""

Replicas = Annotated[Whole, Field(le=INT32)]


class Autoscaling(Block):
    """Scale the replicas of an inference."""

    metric_threshold_percentage: Real | None = optional(
        "Share of metricThreshold to aim at, in percent. Default 70. For throughput and concurrency.",
        ge=1,
        le=100,
    )
    min_replicas: Replicas | None = optional("Lower bound of replicas. Default 1; 0 scales to zero.", ge=0)
    max_replicas: Replicas | None = optional(
        "Upper bound of replicas. Default minReplicas, or 1 if that is 0.", ge=1
    )
    initial_replicas: Replicas | None = optional(
        "Replicas at the first start. Default minReplicas, or 1 if that is 0.", ge=0
    )
    activation_replicas: Replicas | None = optional(
        "Replicas when it leaves zero. Default minReplicas, or 1 if that is 0.", ge=1
    )
    concurrency_hard_limit: Replicas | None = optional(
        "Most requests one replica may hold at once. 0 is no limit.", ge=0
    )
    scale_to_zero_retention_seconds: Whole | None = optional(
        "Seconds to keep the last replica, 0 to 3600. Default 0. Only with minReplicas 0.", ge=0, le=3600
    )
    scale_down_delay_seconds: Whole | None = optional(
        "Seconds to keep a replica that is no longer needed, 0 to 3600.", ge=0, le=3600
    )
    initialization_timeout_seconds: Whole | None = optional(
        "Ignored since control plane 2.22: use servingConfiguration.initializationTimeoutSeconds.",
        ge=1,
        le=INT32,
        json_schema_extra={"deprecated": True},
    )
    metric: Text | None = optional(
        "What to scale by: throughput, concurrency, latency, or a metric of your own. "
        "Needed when minReplicas is below maxReplicas, except 0 to 1.",
        pattern=METRIC,
    )
    metric_threshold: Replicas | None = optional(
        "Value of the metric per replica at which to scale: requests per second, requests at once, "
        "or milliseconds. Needed with metric."
    )


class ServingConfiguration(Block):
    """Bound how long an inference may take."""

    initialization_timeout_seconds: Whole | None = optional(
        "Seconds a replica may take to become ready before it counts as failed.", ge=1, le=INT32
    )
    request_timeout_seconds: Whole | None = optional(
        "Seconds one request may take. Needs cluster 2.22.", ge=1, le=INT32
    )
