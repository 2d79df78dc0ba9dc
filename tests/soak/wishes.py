"""What git says in the soak: small manifests, and whether an object is what one of them asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.emulator.runai.records import Workload
from reconciler.mark import Mark
from tests.scenarios.oracle import image_of, sleeping
from tests.scenarios.stage import a_manifest

HEALTH = "{hold: 1s, timeout: 60s, queueTimeout: 5s, logTail: 0}"
"""Short patience, and no log: following one takes a connection of its own."""

PLATFORM_KINDS: Mapping[str, str] = {"Distributed": "DistributedTraining"}
"""The platform's word for a kind, where it is not ours; a kind of Kubernetes is an ExternalWorkload."""
_OURS = frozenset({"Workspace", "Training", "Inference", "DistributedInference", "NimService"})
ENDS: Mapping[str, Mapping[str, Any]] = {
    "ends": {"command": "sleep 60", "autoDeletionTimeAfterCompletionSeconds": 3600},
    "fails": {"command": "crash", "backoffLimit": 0, "autoDeletionTimeAfterCompletionSeconds": 86400},
}
"""What a Training that does not sleep for ever is made of: it ends within minutes."""


def kind_of(one: Workload) -> str:
    """Give our word for what a workload is."""
    return PLATFORM_KINDS.get(one.kind, one.kind if one.kind in _OURS else "ExternalWorkload")


class LifecycleWords:
    """Read what the lifecycle of a wish says."""

    __slots__ = ()
    lifecycle: str

    @property
    def keeps(self) -> bool:
        """Tell whether the object outlives its manifest."""
        return "protect: true" in self.lifecycle or "onRemove: Keep" in self.lifecycle

    @property
    def outlives(self) -> bool:
        """Tell whether the object is there, running or stopped, after its manifest has gone."""
        return self.keeps or self._said("onRemove") == "Stop"

    @property
    def stands_still(self) -> bool:
        """Tell whether git wants the object not to run."""
        return self._said("state") == "Stopped"

    @property
    def resumes(self) -> bool:
        """Tell whether git resumes what the platform stopped."""
        return self._said("onPlatformStop") == "Resume"

    @property
    def protects(self) -> bool:
        """Tell whether git protects the object."""
        return self._said("protect") == "true"

    @property
    def run(self) -> str:
        """Give what its lifecycle says about running again."""
        return self._said("run") or "Once"

    @property
    def run_id(self) -> str:
        """Give the run that its lifecycle asks for."""
        return self._said("runId")

    def _said(self, field: str) -> str:
        said = dict(part.split(": ") for part in self.lifecycle.split(", ") if part)
        return said.get(field, "")

    def has_run_as(self, mark: Mark | None) -> bool:
        """Tell whether a job that ended under this mark is the run that git asks for."""
        return mark is None or not self.run_id or mark.run_id == self.run_id


@dataclass(frozen=True, slots=True)
class Wish(LifecycleWords):
    """Want one object. `does` is sleeps, ends or fails; `needs` names a wish of the same project."""

    name: str
    kind: str = "Training"
    project: str = "team-a"
    image: str = "busybox:1"
    does: str = "sleeps"
    lifecycle: str = ""
    needs: str = ""
    needed_kind: str = "Training"

    @property
    def key(self) -> tuple[str, str]:
        """Give project and name, which a platform holds once."""
        return self.project, self.name

    @property
    def file(self) -> str:
        """Name the manifest's file, without its ending."""
        return f"{self.project}-{self.name}"

    @property
    def full(self) -> str:
        """Write the key as a consent names it."""
        return f"{self.project}/{self.kind}/{self.name}"

    def text(self) -> str:
        """Write the manifest."""
        spec = {**sleeping(self.kind, self.image), **(ENDS.get(self.does, {}))}
        blocks = {"spec": json.dumps(spec), "health": HEALTH}
        if self.lifecycle:
            blocks["lifecycle"] = f"{{{self.lifecycle}}}"
        if self.needs:
            blocks["dependsOn"] = f"[{{kind: {self.needed_kind}, name: {self.needs}}}]"
        return a_manifest(self.name, self.kind, self.project, **blocks)

    def is_met_by(self, one: Workload) -> bool:
        """Tell whether an object is of this kind and runs this image."""
        return kind_of(one) == self.kind and image_of(one) == self.image


INVALID = (
    "apiVersion: runai/v1\nkind: Training\nmetadata: {name: Bad_Name, project: team-a}\nspec: {imag: x}\n"
)
