"""The answer of the batch endpoint: what it says of each workload. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.errors import Conflict, Forbidden, NotFound, ProviderError, Rejected, Unknown
from reconciler.providers.runai import wire
from reconciler.resource import Json
from reconciler.transport.words import DEFINITIVE

_BY_CODE: Mapping[int, type[ProviderError]] = {403: Forbidden, 404: NotFound, 409: Conflict}


def answers_of(
    answer: Json, subjects: Mapping[str, str], target: str, action: str
) -> dict[str, ProviderError | None]:
    """Give by id None where the platform accepted it, else its error; `subjects` names each id asked for.

    An id in no list, or in both, is left out. Raises Unknown where the answer is none.
    """
    if not isinstance(answer, Mapping):
        raise Unknown(target, action, f"{len(subjects)} workloads", said="the answer is no object")
    known = {id_.lower(): id_ for id_ in subjects}
    accepted = {known[id_] for id_ in _ids(answer.get("succeeded")) if id_ in known}
    failed = {
        id_: _error(item, subjects[id_], target, action)
        for item in _rows(answer.get("failed"))
        if (id_ := known.get(wire.words(item, "id").lower(), ""))
    }
    told: dict[str, ProviderError | None] = dict.fromkeys(accepted - failed.keys())
    return told | {id_: error for id_, error in failed.items() if id_ not in accepted}


def _ids(listed: Json) -> Iterator[str]:
    yield from (id_.lower() for id_ in listed if isinstance(id_, str)) if isinstance(listed, list) else ()


def _rows(listed: Json) -> Iterator[Mapping[str, Json]]:
    yield from (row for row in listed if isinstance(row, Mapping)) if isinstance(listed, list) else ()


def _error(item: Mapping[str, Json], subject: str, target: str, action: str) -> ProviderError:
    """Make the error of one id; a code that promises nothing may come after the effect."""
    code = item.get("code")
    status = code if isinstance(code, int) and not isinstance(code, bool) else 0
    kind = _BY_CODE.get(status, Rejected) if status in DEFINITIVE else Unknown
    return kind(target, action, subject, said=wire.words(item, "message"), status=status)
