"""The ground on Run:ai: its fleet file, its objects, and what they are called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reconciler.emulator.clock import ManualClock
from reconciler.emulator.runai import Emulator, Switches
from reconciler.emulator.runai.records import Workload
from tests.scenarios.stage import FLEET_ID, Stage
from tests.soak.ground import URL, Ground, Place, environ_at, opened
from tests.soak.wishes import kind_of

_FLEET = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {{name: ml-platform, id: {id}}}
manifests: [manifests]
targets:
  prod:
    provider: runai
    url: {url}
    auth:
      clientId: "${{{{ vars.RUNAI_CLIENT_ID }}}}"
      clientSecret: "${{{{ secrets.RUNAI_CLIENT_SECRET }}}}"
    scope: {{projects: [team-a, team-b]}}
"""


@dataclass
class RunaiGround(Ground):
    """Hold an emulated Run:ai and the repository of a fleet."""

    @property
    def emulator(self) -> Emulator:
        """The platform."""
        return self.stage.emulator

    def live(self) -> dict[str, Workload]:
        """Give all that is not gone, by id."""
        return {one.id: one for one in self.emulator.world.live()}

    def past(self) -> dict[str, Workload]:
        """Give every object that a request ever made or that is there, as it ended, by id."""
        world, live = self.emulator.world, self.live()
        made = {effect.id for effect in self.emulator.ledger.effects() if effect.verb == "create"}
        return {id_: world.workload(id_) for id_ in sorted(made | {*live})}

    @staticmethod
    def place_of(one: Workload) -> Place:
        """Tell the project, kind and name of a workload."""
        return one.project.name, kind_of(one), one.name


@contextmanager
def grounded(
    root: Path,
    *,
    switches: Switches | None = None,
    is_git: bool = False,
    emulator: Emulator | None = None,
    fleet_id: str = FLEET_ID,
) -> Iterator[RunaiGround]:
    """Prepare a ground with an empty platform, or that of an `emulator`, and a fleet without manifests."""
    platform = emulator or Emulator(seed="empty", clock=ManualClock(), switches=switches)
    environ = environ_at(root, RUNAI_CLIENT_ID="demo", RUNAI_CLIENT_SECRET="demo-secret")
    ground = RunaiGround(Stage(platform, URL, root, environ, is_git))
    with opened(ground, _FLEET.format(id=fleet_id, url=URL), has_way_in=emulator is not None):
        yield ground
