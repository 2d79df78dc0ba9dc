"""Order: needs become waves. A thing is in the first wave in which all it needs came before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter

from reconciler.resource import ResourceKey


def waves(needs: Mapping[ResourceKey, Iterable[ResourceKey]]) -> tuple[tuple[ResourceKey, ...], ...]:
    """Sort keys into waves, each in key order. Needs outside the map are taken as met.

    Raises graphlib.CycleError where needs run in a circle (validation finds that first).
    """
    sorter = TopologicalSorter({key: [n for n in wanted if n in needs] for key, wanted in needs.items()})
    sorter.prepare()
    found: list[tuple[ResourceKey, ...]] = []
    while sorter.is_active():
        ready = tuple(sorted(sorter.get_ready()))
        found.append(ready)
        sorter.done(*ready)
    return tuple(found)
