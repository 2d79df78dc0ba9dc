"""The ground on Primus-SaFE: its fleet file, its objects, and what they are called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from reconciler.emulator.clock import ManualClock
from reconciler.emulator.primus_safe import Emulator, Switches
from reconciler.emulator.primus_safe.records import Workload
from reconciler.emulator.primus_safe.seed import DEMO_KEY
from reconciler.emulator.primus_safe.users import user_id
from tests.scenarios.primus_safe.stage import AUTH
from tests.scenarios.stage import FLEET_ID, Stage
from tests.soak.ground import URL, Ground, Place, environ_at, opened

GENERATIONS = (1, 2)
LATE = Switches(lag_s=5.0, jitter_s=15.0, cache_s=2.0, empty_phase_s=1.0)
"""A server as it may be: reads lag, new objects have no phase yet, and are not found to be changed."""
_FLEET = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {{name: ml-platform, id: {id}}}
manifests: [manifests]
targets:
  safe:
    provider: primus-safe
    url: {url}
    auth: {{{auth}}}
    scope: {{workspaces: [train-mi300, serve-mi300]}}
"""


@dataclass
class SafeGround(Ground):
    """Hold an emulated Primus-SaFE and the repository of a fleet."""

    @property
    def emulator(self) -> Emulator:
        """The platform."""
        return cast(Emulator, self.stage.emulator)

    def live(self) -> dict[str, Workload]:
        """Give all that a list could show or a write could strike, by id: as it is, not as it is shown."""
        world = self.emulator.world
        with world.lock:
            world.settle()
            shown = {id_: row.workload for id_, row in world.rows.items() if not row.is_deleted}
            return shown | world.resources

    def past(self) -> dict[str, Workload]:
        """Give every object there ever was, as it ended, by id: rows stay, those that are hidden as well."""
        world = self.emulator.world
        return {id_: row.workload for id_, row in world.rows.items()} | self.live()

    @staticmethod
    def place_of(one: Workload) -> Place:
        """Tell the workspace, kind and name of a workload."""
        return one.spec.workspace, one.spec.kind, one.display_name


@contextmanager
def grounded(
    root: Path,
    *,
    generation: int = 1,
    switches: Switches = LATE,
    is_git: bool = False,
    fleet_id: str = FLEET_ID,
) -> Iterator[SafeGround]:
    """Prepare a ground with an empty platform of a generation, and a fleet without manifests."""
    platform = Emulator(seed="empty", clock=ManualClock(), generation=generation, switches=switches)
    environ = environ_at(root, SAFE_USER=user_id("demo"), SAFE_KEY=DEMO_KEY)
    ground = SafeGround(Stage(cast(Any, platform), URL, root, environ, is_git))
    with opened(ground, _FLEET.format(id=fleet_id, url=URL, auth=AUTH[generation])):
        yield ground
