"""ExternalWorkload: any Kubernetes object that the platform can schedule, as its own manifest."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from reconciler.block import Block, Text, optional
from reconciler.providers.runai.kinds.workload import Preemptibility


class ManifestMetadata(Block):
    """Hold the metadata of a Kubernetes object; free beyond what is named here."""

    model_config = ConfigDict(extra="allow")

    name: Text | None = optional("Name of the object. Left out, it is metadata.name; it can be no other.")
    labels: dict[str, Text] | None = optional("Labels of the object, texts by key.")
    annotations: dict[str, Text] | None = optional("Annotations of the object, texts by key.")


class KubernetesManifest(Block):
    """Hold one Kubernetes object as kubectl takes it; free beyond what is named here."""

    model_config = ConfigDict(extra="allow")

    api_version: Text = Field(description="Group and version of the object, such as `apps/v1`.", min_length=1)
    kind: Text = Field(description="Kind of the object, such as `Deployment`.", min_length=1)
    metadata: ManifestMetadata | None = optional(
        "Metadata of the object. The project decides its namespace, so none may be stated."
    )


class ExternalWorkloadSpec(Block):
    """Hold the manifest of an ExternalWorkload, and what the platform's scheduler needs beside it."""

    category: Text | None = optional(
        "Category for monitoring, by name: Build, Train, Deploy or one of your own. "
        "Default: that of the manifest's kind."
    )
    manifest: KubernetesManifest = Field(description="The Kubernetes object, as kubectl takes it.")
    preemptibility: Preemptibility | None = optional(
        "Whether the scheduler may end it for others; only preemptible may go over quota. "
        "Default: that of the manifest's kind. Wins over the manifest's own label."
    )
    priority: Text | None = optional(
        "very-low, low, medium-low, medium, medium-high, high or very-high. "
        "Default: that of the manifest's kind. Wins over the manifest's own label."
    )
