"""A container of a pod as its node sees it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Life:
    """One start of a container; `ended_at` None while it runs."""

    started_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PodView:
    """A container of a pod as its node sees it; `lives` are its starts, the newest last.

    `ending` is how each life ends after `lasts_s`: `completes`, `oom`, `cuda-oom`, `crash`,
    `aborts` because the pod that is `first` (its rank and name) failed, or `runs`, which does not.
    `env` is its literal environment, `ports` those that it is asked to serve, `gpus` the devices it
    sees, `folder` where its programs start, "" for the image's own.
    """

    name: str
    phase: str
    container: str
    image: str = ""
    command: str = ""
    lives: tuple[Life, ...] = ()
    ending: str = "runs"
    lasts_s: float = 0.0
    rank: int = 0
    world_size: int = 1
    role: str = ""
    first: tuple[int, str] = (0, "")
    env: tuple[tuple[str, str], ...] = ()
    ports: tuple[int, ...] = ()
    gpus: int = 0
    folder: str = ""

    @property
    def current(self) -> Life | None:
        """The newest life: running, or the last one while the container waits to restart."""
        return self.lives[-1] if self.lives else None

    @property
    def previous(self) -> Life | None:
        """The newest life that is over."""
        return next((life for life in reversed(self.lives) if life.ended_at), None)
