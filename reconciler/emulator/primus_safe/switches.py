"""The habits of the server, and the questions its sources leave open, as switches."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Switches:
    """How this emulator behaves where deployments differ or nobody outside knows.

    `lag_s`, `jitter_s`: how late the exporter writes a row, in emulated seconds, and by how much more.
    `cache_s`: how long PATCH, stop and delete do not see a workload that was just created.
    `empty_phase_s`: how long a new row of the first generation has no phase.
    `bearer`, `user_id_header`: whether they authenticate; None: as the generation does.
    `freezes`: False: no job is frozen, as servers between December 2025 and April 2026.
    `node_port_collides`: an update of a service with a node port is refused for its own port (second).
    `dependency_waits`: a dependency that had ended before the first look is never noticed (first).
    `cleans_up`: a create that fails deletes whatever has the id the client chose (second).
    `logs`: the log search is there, else it answers 500.
    `ssh`: pods tell how to reach them by ssh.
    `ttl_s`: how long what has ended is kept where nobody says.
    `token_ttl_s`: how long a login lasts; below 0: for ever.
    """

    lag_s: float = 0.0
    jitter_s: float = 0.0
    cache_s: float = 0.0
    empty_phase_s: float = 0.0
    bearer: bool | None = None
    user_id_header: bool | None = None
    freezes: bool = True
    node_port_collides: bool = True
    dependency_waits: bool = True
    cleans_up: bool = True
    logs: bool = True
    ssh: bool = False
    ttl_s: int = 60
    token_ttl_s: int = 604_800

    def __post_init__(self) -> None:
        if min(self.lag_s, self.jitter_s, self.cache_s, self.empty_phase_s) < 0:
            raise ValueError("lag_s, jitter_s, cache_s and empty_phase_s are seconds, 0 or more")
