"""The list grammar all collections share: filter, search, sort, page."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from reconciler.emulator.runai.errors import bad_request

Json = Any
T = TypeVar("T")
Getter = Callable[[T], Json]

OPERATORS = ("==", "!=", "<=", ">=", "=@", "!@", "=^", "=$")
_ORDERED = frozenset({"==", "!=", "<=", ">="})
_TESTS: Mapping[str, Callable[[Json, Json], bool]] = {
    "==": lambda have, want: have == want,
    "!=": lambda have, want: have != want,
    "<=": lambda have, want: have <= want,
    ">=": lambda have, want: have >= want,
    "=@": lambda have, want: want in have,
    "!@": lambda have, want: want not in have,
    "=^": lambda have, want: have.startswith(want),
    "=$": lambda have, want: have.endswith(want),
}
_WHEN_ABSENT = frozenset({"!=", "!@"})
DEFAULT_LIMIT, MAX_LIMIT, MAX_FILTERS = 50, 500, 10


@dataclass(frozen=True, slots=True)
class Condition:
    """One item of filterBy."""

    field: str
    operator: str
    value: str

    def holds(self, have: Json) -> bool:
        """Tell whether a value meets it; of several values one must (or none, if negated)."""
        if isinstance(have, (list, tuple)):
            pick = all if self.operator in _WHEN_ABSENT else any
            return pick(self.holds(item) for item in have)
        if have is None:
            return self.operator in _WHEN_ABSENT
        return _TESTS[self.operator](*self._comparable(have))

    def _comparable(self, have: Json) -> tuple[Json, Json]:
        if isinstance(have, datetime):
            return have, self._date()
        if isinstance(have, (int, float)) and self.operator in _ORDERED:
            return float(have), self._number()
        return str(have), self.value

    def _date(self) -> datetime:
        if self.operator not in _ORDERED:
            raise bad_request(f"operator {self.operator} is not available for {self.field}")
        try:
            asked = datetime.fromisoformat(self.value)
        except ValueError:
            raise bad_request(f"{self.field}: '{self.value}' is not an ISO 8601 date") from None
        return asked if asked.tzinfo else asked.replace(tzinfo=UTC)

    def _number(self) -> float:
        try:
            return float(self.value)
        except ValueError:
            raise bad_request(f"{self.field}: '{self.value}' is not a number") from None


def read_filter(text: str | None, fields: Iterable[str], *, most: int | None) -> list[Condition]:
    """Read a filterBy parameter; its items are joined by commas and all must hold.

    Raises ApiError 400 for a field, operator or number of items that is not allowed.
    """
    if not text:
        return []
    names = "|".join(sorted(map(re.escape, fields), key=len, reverse=True))
    operators = "|".join(map(re.escape, OPERATORS))
    grammar = re.compile(rf"^({names})({operators})(.+)$", re.DOTALL)
    items = text.split(",")
    if most is not None and len(items) > most:
        raise bad_request(f"filterBy has more than {most} items")
    return [_condition(grammar, item) for item in items]


def _condition(grammar: re.Pattern[str], item: str) -> Condition:
    found = grammar.match(item)
    if not found:
        raise bad_request(f"filterBy item '{item}' is not a field, an operator and a value")
    return Condition(*found.groups())


def matching(rows: Iterable[T], conditions: Sequence[Condition], fields: Mapping[str, Getter[T]]) -> list[T]:
    """Keep the rows that meet every condition."""
    return [row for row in rows if all(each.holds(fields[each.field](row)) for each in conditions)]


def ordered(
    rows: list[T], query: Mapping[str, str], fields: Mapping[str, Getter[T]], *, default: str
) -> list[T]:
    """Sort rows as sortBy and sortOrder ask; absent values come last.  Raises ApiError 400."""
    name, order = query.get("sortBy") or default, one_of(query, "sortOrder", ("asc", "desc"))
    if name not in fields:
        raise bad_request(f"sortBy '{name}' is not a field to sort by")
    valued = [(fields[name](row), row) for row in rows]
    there = [pair for pair in valued if pair[0] is not None]
    there.sort(key=lambda pair: _sortable(pair[0]), reverse=order == "desc")
    return [row for _, row in there] + [row for value, row in valued if value is None]


def _sortable(value: Json) -> Json:
    return ",".join(value) if isinstance(value, (list, tuple)) else value


def paged(rows: Sequence[T], query: Mapping[str, str]) -> tuple[Sequence[T], int | None]:
    """Cut out a page and give the offset of the next, None on the last.  Raises ApiError 400."""
    offset = whole(query, "offset", 0, low=0)
    limit = whole(query, "limit", DEFAULT_LIMIT, low=1, high=MAX_LIMIT)
    end = offset + limit
    return rows[offset:end], end if end < len(rows) else None


def page_body(key: str, rows: Sequence[Json], following: int | None) -> dict[str, Json]:
    """Spell a page; `next` is there only when there is more."""
    return {key: list(rows)} if following is None else {"next": following, key: list(rows)}


def whole(query: Mapping[str, str], name: str, default: int, *, low: int, high: int | None = None) -> int:
    """Read an integer parameter.  Raises ApiError 400."""
    text = query.get(name)
    if text is None or text == "":
        return default
    if not re.fullmatch(r"[+-]?\d{1,10}", text):
        raise bad_request(f"{name} '{text}' is not an integer")
    value = int(text)
    if value < low or (high is not None and value > high):
        raise bad_request(f"{name} must be between {low} and {high}")
    return value


def one_of(query: Mapping[str, str], name: str, options: Sequence[str]) -> str:
    """Read a parameter with a few possible values, the default first.  Raises ApiError 400."""
    text = query.get(name) or options[0]
    if text not in options:
        raise bad_request(f"{name} '{text}' is not one of {', '.join(options)}")
    return text


def flag(query: Mapping[str, str], name: str) -> bool:
    """Read a boolean parameter, false by default.  Raises ApiError 400."""
    return one_of(query, name, ("false", "true")) == "true"
