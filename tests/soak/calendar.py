"""The nights on Run:ai: its actors, who visits, and the laws that each night keeps."""

from __future__ import annotations

from collections.abc import Iterator

from tests.soak import invariants
from tests.soak.actors import ACTORS, HELD
from tests.soak.ground import Ground, Ran
from tests.soak.laws import Violation
from tests.soak.nights import Table
from tests.soak.outsiders import Deed
from tests.soak.runai import grounded
from tests.soak.truth import is_ours

STRANGERS = tuple(
    Deed(what, name=f"{where}-{what}") for what in ("plain", "foreign", "copy") for where in HELD
)
"""Objects of others: without a mark, of another fleet, cloned from ours; git wants some of their names."""


def _visited(ground: Ground) -> None:
    strangers = [deed.on(ground) for deed in STRANGERS]
    assert all(strangers)


def _broken(ran: Ran) -> Iterator[Violation | None]:
    yield invariants.check_i4(ran)
    yield invariants.check_i5(ran)
    yield invariants.check_i6(ran)
    yield invariants.check_i10(ran)


TABLE = Table(ACTORS, grounded, _visited, is_ours, _broken, "team-a/Training/{}".format)
