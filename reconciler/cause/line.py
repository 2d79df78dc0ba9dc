"""Read one line of a log: what a program wrote, without what launchers and loggers put before it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

_LONGEST = 4096
_TAIL = 1024
"""Of a longer line only the start and the end are read: whoever says why does it there."""
_LONGEST_JSON = 65_536

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_PREFIX = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.,]{0,10}(?:Z|[+-]\d\d:?\d\d)?) (?:std(?:out|err) [FP] )?"
    r"|\[(?:[Rr]ank ?|default)(?P<rank>\d{1,6})\]:? ?"
    r"|\[\d{1,6}\](?:: ?| (?=\[rank))"
    r"|\[\d{1,3},(?P<mpi>\d{1,6})\]<std(?:out|err|diag)>: ?"
    r"|(?P<pod>[a-z0-9][a-z0-9.-]{0,62}) \| "
    r"|[a-z0-9][a-z0-9.-]{0,62}: (?=\[rank)"  # DeepSpeed and pdsh put the host first
    r"|\((?:\w{0,40}?TP(?P<worker>\d{1,4})\w{0,20}|\w{1,40} rank=(?P<vllm>\d{1,4}))?"
    r"[\w .=-]{0,60}pid=\d{1,9}[\w .=,-]{0,60}\) "
    r"|(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL) \d\d-\d\d \d\d:\d\d:\d\d \[[^\]]{1,80}\] ?"
    r"|\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:,\d{3})?(?: \w{2}\d+)*? ?(?:TP(?P<part>\d{1,4}))?[\w ]{0,12}\] "
)
_TIME = re.compile(r"(?<!\d)\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?!\d)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_RANK = re.compile(r"\[Rank (\d{1,6})\]|\bRank (\d{1,6})\]|\bprocess rank (\d{1,6})\b|^Rank (\d{1,6}) ")
_QUIET_LEVELS = frozenset({"DEBUG", "INFO", "WARN", "WARNING", "TRACE", "NOTICE"})
_LEVEL_KEYS = ("level", "levelname", "severity")
_TEXT_KEYS = ("log", "message", "msg", "exc_info", "exception", "stack", "traceback", "error")
_RANKS = ("rank", "mpi", "worker", "vllm", "part")
_MOST_PREFIXES = 6


@dataclass(frozen=True, slots=True)
class Line:
    """Hold one line: its number from 0, what the program wrote, its rank, its moment, its level.

    A JSON record may hold several lines: they share a number. `at` sorts as a text, "" where untold.
    """

    number: int
    text: str
    rank: int | None = None
    at: str = ""
    level: str = ""

    @property
    def is_quiet(self) -> bool:
        """Tell whether its logger calls it a warning or less."""
        return self.level in _QUIET_LEVELS


def read(number: int, raw: str) -> Iterator[Line]:
    """Read a raw line; several where one record holds several."""
    if len(raw) > _LONGEST_JSON or not (raw.startswith("{") and raw.rstrip().endswith("}")):
        yield _plain(number, raw)
        return
    texts, level = _record(raw)
    for text in texts or (raw,):
        plain = _plain(number, text)
        yield Line(number, plain.text, plain.rank, plain.at or _moment(raw[:200]), plain.level or level)


def _record(raw: str) -> tuple[list[str], str]:
    """Give the texts of a JSON record, line by line, and its level."""
    try:
        record = json.loads(raw)
    except (ValueError, RecursionError):
        return [], ""
    told = [record[key] for key in _TEXT_KEYS if isinstance(record.get(key), str)]
    level = next((record[key] for key in _LEVEL_KEYS if isinstance(record.get(key), str)), "")
    return [line for text in told for line in text.split("\n") if line], level.upper()


def _plain(number: int, raw: str) -> Line:
    if len(raw) > _LONGEST:
        raw = raw[: _LONGEST - _TAIL] + " " + raw[-_TAIL:]
    if not raw.isprintable():
        raw = _CONTROLS.sub(" ", _ESCAPES.sub("", raw.rstrip("\r\n"))).replace("\t", "    ")
    start, rank, level = 0, None, ""
    for _ in range(_MOST_PREFIXES):
        found = _PREFIX.match(raw, start)
        if not found:
            break
        told = next((found[name] for name in _RANKS if found[name]), "")
        rank = int(told) if told else rank
        level, start = found["level"] or level, found.end()
    text = raw[start:].rstrip()
    return Line(number, text, rank if rank is not None else _rank(text), _moment(raw[:120]), level)


def _rank(text: str) -> int | None:
    found = _RANK.search(text, 0, 200) if "ank" in text else None
    return int(next(each for each in found.groups() if each)) if found else None


def _moment(head: str) -> str:
    """Give the moment that a line is stamped with, in a form that sorts; "" where there is none."""
    time = _TIME.search(head)
    if not time:
        return ""
    day = _DAY.search(head)
    return f"{day[0] if day else ''} {time[0].replace(',', '.')}"
