"""The list of workloads: its filters, its order and its pages, as SQL would have them."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote_plus

from reconciler.emulator.primus_safe import moments
from reconciler.emulator.primus_safe.errors import bad_request
from reconciler.emulator.primus_safe.generations import Generation
from reconciler.emulator.primus_safe.records import Row, Workload

Json = Any
DEFAULT_LIMIT = 100
_SHORT, _ENV_KEY, _ENV_VALUE = 64, 256, 1024
_RESERVED = "OpsJob"
Query = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """How many rows are asked for, and which."""

    offset: int
    limit: int


def page_of(query: Query) -> Page:
    """Read offset and limit.  Raises ApiError 400 for what is no number, or negative."""
    return Page(_whole(query, "offset"), _whole(query, "limit") or DEFAULT_LIMIT)


def _whole(query: Query, name: str) -> int:
    text = query.get(name, "") or "0"
    if not re.fullmatch(r"[+-]?\d+", text):
        raise bad_request(f'invalid query: strconv.ParseInt: parsing "{text}": invalid syntax')
    if int(text) < 0:
        said = f"Key: 'ListWorkloadRequest.{name.title()}' Error:Field validation for '{name.title()}'"
        raise bad_request(f"invalid query: {said} failed on the 'min' tag")
    return int(text)


def must_be_valid(query: Query, generation: Generation) -> None:
    """Raise ApiError 400 for a parameter that is too long, or an order that does not exist."""
    limits = {"workspaceId": _SHORT, "clusterId": _SHORT, "userId": _SHORT, "workloadId": _SHORT}
    if generation.is_plural:
        limits |= {"envKey": _ENV_KEY, "envValue": _ENV_VALUE}
    for name, most in limits.items():
        if len(query.get(name, "")) > most:
            raise bad_request(f"invalid query: Field validation for '{name}' failed on the 'max' tag")
    if query.get("order", "") not in {"", "asc", "desc"}:
        raise bad_request("invalid query: Field validation for 'Order' failed on the 'oneof' tag")
    page_of(query)


def found(rows: Iterable[Row], query: Query, generation: Generation) -> list[Row]:
    """List all rows that a query matches, in its order; no page is cut out yet."""
    tests = list(_tests(query, generation))
    matching = [row for row in rows if not row.is_deleted and all(test(row) for test in tests)]
    return _ordered(matching, query, generation)


def like(text: str, pattern: str) -> bool:
    """Whether a text holds a pattern, as SQL's LIKE has it: `%` and `_` stand for anything."""
    parts = [{"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in pattern]
    return re.search("".join(parts), text, re.DOTALL) is not None


Test = Callable[[Row], bool]


def _tests(query: Query, generation: Generation) -> Iterable[Test]:
    exact: Mapping[str, Callable[[Workload], str]] = {
        "workspaceId": lambda one: one.spec.workspace,
        "clusterId": lambda one: one.cluster,
        "userId": lambda one: one.user_id,
    }
    for name, of in exact.items():
        if value := query.get(name, "").strip():
            yield _equals(of, (value,))
    if phases := query.get("phase", ""):
        yield _equals(lambda one: one.phase, tuple(phases.split(",")))
    if kinds := query.get("kind", "").strip():
        names = tuple(f"v1/{name}" for name in kinds.split(","))
        yield _equals(lambda one: f"{one.spec.version}/{one.spec.kind}", names)
    if id_ := query.get("workloadId", "").strip():
        yield lambda row: like(row.workload.id, id_)
    yield from _texts(query, generation)
    yield from _times(query)
    if generation.is_plural and (key := query.get("envKey", "")):
        yield _has_env(key, query.get("envValue", ""))


def _equals(of: Callable[[Workload], str], values: tuple[str, ...]) -> Test:
    return lambda row: of(row.workload) in values


def _has_env(key: str, value: str) -> Test:
    def test(row: Row) -> bool:
        env = row.workload.spec.env or {}
        return key in env and (not value or env[key] == value)

    return test


def _texts(query: Query, generation: Generation) -> Iterable[Test]:
    """Match user name and description, each unescaped once more; hide what the platform keeps."""
    name = unquote_plus(query.get("userName", "")).strip()
    described = unquote_plus(query.get("description", "")).strip()
    if name:
        yield lambda row: like(row.workload.user_name, name)
    elif generation.is_first:
        yield lambda row: row.workload.user_name != "system"
    if described:
        yield lambda row: like(row.workload.description, described)
    elif generation.is_plural:
        yield lambda row: row.workload.description != _RESERVED


def _times(query: Query) -> Iterable[Test]:
    """Match the creation; a time that cannot be read is passed over."""
    since, until = (moments.read(query.get(name, "")) for name in ("since", "until"))
    if since is not None:
        yield lambda row: row.workload.created_at >= since
    if until is not None:
        yield lambda row: row.workload.created_at <= until


_SORTS: Mapping[str, Callable[[Row], Json]] = MappingProxyType(
    {
        "starttime": lambda row: row.workload.started_at,
        "endtime": lambda row: row.workload.ended_at,
        "deletiontime": lambda row: row.deletion_at,
        "priority": lambda row: row.workload.spec.priority,
        "phase": lambda row: row.workload.phase,
        "displayname": lambda row: row.workload.display_name,
        "workspace": lambda row: row.workload.spec.workspace,
        "username": lambda row: row.workload.user_name,
        "dispatchcount": lambda row: row.workload.dispatches,
    }
)


def _ordered(rows: list[Row], query: Query, generation: Generation) -> list[Row]:
    """Order by a field of the row; creation is the default, and there is no tie-breaker.

    Without a field that exists the first generation knows only descending. What has no value
    comes first descending, last ascending.
    """
    name = query.get("sortBy", "").strip().lower()
    born = "createtime" if generation.is_first else "creationtime"
    is_ascending = query.get("order") == "asc"
    of = _SORTS.get(name)
    # A database gives ties in no order: here, by a number that says nothing of their age.
    mixed = sorted(rows, key=lambda row: row.workload.uid)
    if of is None:
        down = not (is_ascending and (name == born or generation.orders_by_default))
        return sorted(mixed, key=_created, reverse=down)
    newest = sorted(mixed, key=_created, reverse=True)
    known = sorted((row for row in newest if of(row) is not None), key=of, reverse=not is_ascending)
    unknown = [row for row in newest if of(row) is None]
    return [*known, *unknown] if is_ascending else [*unknown, *known]


def _created(row: Row) -> datetime:
    return row.workload.created_at
