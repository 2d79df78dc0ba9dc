"""The two generations of the server: what differs between them, as data.

The first is the code that the API page describes; the second is what its newest sources do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation of the server.

    `freeze` is the moment from which the spec of a job is fixed: once SaFE has `scheduled` it, or
    once it was `dispatched`. `no_capacity` is the status of a pod that fits on no node.
    """

    number: int
    freeze: str
    is_plural: bool
    takes_bearer: bool
    takes_api_key: bool
    takes_user_id: bool
    no_capacity: int
    cpu_reserve: float
    duration: str
    queue: str
    node_label: str
    orders_by_default: bool

    @property
    def is_first(self) -> bool:
        """Whether this is the generation of the API page."""
        return self.number == 1


FIRST = Generation(
    number=1, freeze="scheduled", is_plural=False, takes_bearer=False, takes_api_key=False,
    takes_user_id=True, no_capacity=503, cpu_reserve=0.1, duration="runtime", queue="schedulerOrder",
    node_label="kubernetes.io/hostname", orders_by_default=False,
)  # fmt: skip
SECOND = Generation(
    number=2, freeze="dispatched", is_plural=True, takes_bearer=True, takes_api_key=True,
    takes_user_id=False, no_capacity=403, cpu_reserve=0.07, duration="duration", queue="queuePosition",
    node_label="specified-nodes", orders_by_default=True,
)  # fmt: skip
GENERATIONS: Mapping[int, Generation] = MappingProxyType({1: FIRST, 2: SECOND})
