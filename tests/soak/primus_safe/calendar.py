"""The nights on Primus-SaFE: its actors, who visits, and the laws that each night keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from tests.soak.ground import Ran
from tests.soak.laws import Violation
from tests.soak.nights import Table
from tests.soak.primus_safe import invariants
from tests.soak.primus_safe.actors import ACTORS
from tests.soak.primus_safe.ground import GENERATIONS, LATE, SafeGround, grounded
from tests.soak.primus_safe.outsiders import Deed
from tests.soak.primus_safe.truth import is_ours, stands

_SWITCHES = replace(LATE, lag_s=2.0, jitter_s=4.0)
"""Reads lag less than where a run is killed: each create waits until it is shown."""


def _visited(ground: SafeGround) -> None:
    """Let somebody else have a copy of each object of ours, and another fleet a namesake."""
    ours = [one for one in ground.live().values() if is_ours(one)]
    copies = [Deed("copy", nth).on(ground) for nth in range(len(ours))]
    others = [Deed("foreign", name=name).on(ground) for name in ("runs", "finished")]
    assert all((*copies, *others))
    assert sum(stands(one) for one in ours)


def _broken(ran: Ran) -> Iterator[Violation | None]:
    yield invariants.check_i4(ran)
    yield invariants.check_i5(ran)
    yield invariants.check_i6(ran)
    yield invariants.check_i10(ran)


TABLES: Mapping[int, Table] = {
    generation: Table(
        ACTORS,
        partial(grounded, generation=generation, switches=_SWITCHES),
        _visited,
        is_ours,
        _broken,
        "train-mi300/PyTorchJob/{}".format,
    )
    for generation in GENERATIONS
}
