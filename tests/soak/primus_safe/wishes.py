"""What git says in the soak on Primus-SaFE, and whether an object is what one of its manifests asks for."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.emulator.primus_safe.records import Workload
from reconciler.emulator.primus_safe.seed import SERVE, TRAIN
from tests.scenarios.primus_safe.stage import a_manifest
from tests.soak.ground import Place
from tests.soak.wishes import HEALTH, LifecycleWords

WORKSPACES: Mapping[str, str] = {
    "PyTorchJob": TRAIN,
    "Authoring": TRAIN,
    "Deployment": SERVE,
    "StatefulSet": SERVE,
}
"""Each kind, and the workspace that takes it."""
SERVES = frozenset({"Deployment", "StatefulSet"})
_COMMANDS = {"sleeps": "sleep infinity", "ends": "sleep 60", "fails": "python crash.py"}


@dataclass(frozen=True, slots=True)
class Wish(LifecycleWords):
    """Want one object. `does` is sleeps, ends or fails; `needs` names a job that must succeed first."""

    name: str
    kind: str = "PyTorchJob"
    image: str = "rocm/pytorch:1"
    does: str = "sleeps"
    lifecycle: str = ""
    needs: str = ""
    replicas: int = 1

    @property
    def workspace(self) -> str:
        """Name the workspace that it is in."""
        return WORKSPACES[self.kind]

    @property
    def key(self) -> Place:
        """Give workspace, kind and name, by which its mark tells it from others."""
        return self.workspace, self.kind, self.name

    @property
    def needed(self) -> Place:
        """Give the key of the job that it needs."""
        return WORKSPACES["PyTorchJob"], "PyTorchJob", self.needs

    @property
    def full(self) -> str:
        """Write the key as a consent names it."""
        return "/".join(self.key)

    @property
    def file(self) -> str:
        """Name the manifest's file, without its ending."""
        return f"{self.kind}-{self.name}"

    def text(self) -> str:
        """Write the manifest."""
        spec = [f"image: '{self.image}'"]
        spec += [f"resource: {{replica: {self.replicas}, cpu: '2', memory: 4Gi}}"]
        if self.kind != "Authoring":
            spec += [f"entryPoint: {_COMMANDS[self.does]}"]
        if self.kind == "Authoring":
            spec[1] = "resource: {cpu: '2', memory: 4Gi}"
        if self.needs:
            spec += [f"dependencies: [{self.needs}]"]
        blocks = {"lifecycle": f"{{{self.lifecycle}}}"} if self.lifecycle else {}
        return a_manifest(self.name, self.kind, self.workspace, ", ".join(spec), health=HEALTH, **blocks)

    def is_met_by(self, one: Workload) -> bool:
        """Tell whether an object is of this kind, runs this image and command, and has as many pods."""
        spec = one.spec
        points = {b64decode(point).decode() for point in spec.entry_points or ()}
        asked = (self.kind, {self.image}, {_COMMANDS[self.does]}, self.replicas)
        return (spec.kind, {*(spec.images or ())}, points, spec.replicas) == asked


INVALID = """\
apiVersion: primus-safe/v1
kind: PyTorchJob
metadata: {name: Bad_Name, workspace: train-mi300}
spec: {imag: x}
"""
