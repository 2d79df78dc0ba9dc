"""What kind a list row is of. Its type is a free text that documents spell in several ways.

A word that could mean more than one kind, or that nothing documents, is settled by asking for the object
by its kind: only a 200 proves one. What stays open keeps the platform's word, and is never guessed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.errors import ProviderError
from reconciler.providers.runai import wire
from reconciler.providers.runai.api import Api
from reconciler.providers.runai.routes import ROUTES
from reconciler.resource import Json

_V2 = "WorkloadsV2"
_CERTAIN: Mapping[str, str] = {
    "workspace": "Workspace",
    "training": "Training",
    "distributedtraining": "DistributedTraining",
    "inference": "Inference",
    "distributedinference": "DistributedInference",
}
_NIM = frozenset({"nim", "nimservice"})
_GROUPS = frozenset({"leaderworkerset", "lws"})
"""What Kubernetes calls the groups of pods that a distributed inference is made of."""
_NOT_THERE = frozenset({400, 404, 405})
_NOT_LETTERS = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True, slots=True)
class Said:
    """Hold the kinds that a row may be of, the likeliest first. `is_certain`: it is of the first."""

    kinds: tuple[str, ...] = ()
    is_certain: bool = False


def kinds_said(row: Mapping[str, Json]) -> Said:
    """Read what a row says of its kind. Raises Misshapen for a row without a type."""
    word = _NOT_LETTERS.sub("", wire.text(row, "type").casefold())
    word = word if word in _GROUPS else word.removesuffix("s")
    if row.get("sourceApi") == _V2:
        return _of_v2(word)
    if row.get("distributedFramework") and word in {"training", "distributed"}:
        return Said(("DistributedTraining",), is_certain=True)
    if word == "distributed":
        return Said(("DistributedTraining", "DistributedInference"))
    if word in _CERTAIN:
        return Said((_CERTAIN[word],), is_certain=True)
    return Said(tuple(dict.fromkeys(_possible(word, row))))


def sure_kind(row: Mapping[str, Json]) -> str:
    """Name the kind that a row surely is of; "" where that is open."""
    said = kinds_said(row)
    return said.kinds[0] if said.is_certain else ""


def _of_v2(word: str) -> Said:
    if word in _NIM:  # a manifest of this kind and a service of the platform's own look alike
        return Said(("NimService", "ExternalWorkload"))
    return Said(("ExternalWorkload",), is_certain=True)


def _possible(word: str, row: Mapping[str, Json]) -> list[str]:
    """Name what a word may mean that no document spells so: what our mark says, and what is near."""
    near = [
        kind for words, kind in ((_NIM, "NimService"), (_GROUPS, "DistributedInference")) if word in words
    ]
    unsaid = ["ExternalWorkload"] if "sourceApi" not in row else []
    return [*_claimed(row), *near, *unsaid]


def _claimed(row: Mapping[str, Json]) -> list[str]:
    """Name the kind that our mark on a row says."""
    mark = wire.mark_in(row)
    return [kind for kind in mark.key.split("/")[2:3] if kind in ROUTES] if mark else []


class Sorter:
    """Tell the kinds of rows, asking the platform where their words leave them open. Remembers by id."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._proven: dict[str, str] = {}

    async def kinds(self, rows: Sequence[Mapping[str, Json]]) -> list[str]:
        """Name the kind of each row; "" where it is open."""
        return list(await asyncio.gather(*(self._kind(row) for row in rows)))

    async def _kind(self, row: Mapping[str, Json]) -> str:
        said = kinds_said(row)
        if said.is_certain:
            return said.kinds[0]
        id_ = wire.text(row, "id")
        if id_ not in self._proven and (kind := await self._tried(said.kinds, id_, wire.text(row, "name"))):
            self._proven[id_] = kind
        return self._proven.get(id_, "")

    async def _tried(self, kinds: Sequence[str], id_: str, name: str) -> str:
        """Ask for an object as one of each kind in turn; "" where none shows it, or one does not say."""
        for kind in kinds:
            try:
                await self._api.detail(kind, id_, name)
            except ProviderError as err:
                if err.status not in _NOT_THERE:
                    return ""
            except wire.Misshapen:
                return ""
            else:
                return kind
        return ""


def deleted_kind(row: Mapping[str, Json]) -> str:
    """Name the kind of a row of the deleted list, which nobody can be asked for; "" where it is open."""
    said, claimed = kinds_said(row), _claimed(row)
    if said.is_certain or said.kinds[:1] == ("DistributedTraining",):
        return said.kinds[0]
    return next((kind for kind in said.kinds if kind in claimed), "")
