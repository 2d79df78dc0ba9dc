"""Script faults as data: which request, which time, what goes wrong.

`Faults` is the script and decides; `reconciler.emulator.inject` plays what is due.
"""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

Phase = Literal["before", "after_effect", "mid_body", "instead"]
_UNSAID: Final = object()

# Each kind's own phase first, then the others it can be played in.
KINDS: Mapping[str, tuple[Phase, ...]] = MappingProxyType(
    {
        # an answer that is not the handler's
        "status": ("instead", "before", "after_effect"),
        "body": ("instead", "before", "after_effect"),
        "login_page": ("instead", "before", "after_effect"),
        "empty_object": ("instead", "before", "after_effect"),
        "null": ("instead", "before", "after_effect"),
        "empty_list": ("instead", "before", "after_effect"),
        "no_content": ("instead", "before", "after_effect"),
        "redirect": ("instead", "before", "after_effect"),
        "echo": ("instead", "before", "after_effect"),
        "raw": ("instead", "before", "after_effect"),
        "endless": ("instead", "before", "after_effect"),
        # the handler's answer, spoilt
        "wrong_type": ("after_effect",),
        "mutate": ("after_effect",),
        "no_rows": ("after_effect",),
        "gzip": ("after_effect",),
        "length_lies": ("after_effect",),
        "drip": ("after_effect",),
        # the answer late, cut or lost
        "delay": ("before", "instead", "after_effect"),
        "hang": ("before", "instead", "after_effect"),
        "reset": ("before", "instead", "after_effect"),
        "lost": ("after_effect",),
        "truncate": ("mid_body",),
        "cut": ("mid_body",),
        # inside a WebSocket session
        "ws_close": ("mid_body",),
        "ws_cut": ("mid_body",),
        "ws_text": ("mid_body",),
        "ws_send": ("mid_body",),
        "ws_half": ("mid_body",),
        "ws_split": ("mid_body",),
        "ws_fragments": ("mid_body",),
        "ws_raw": ("mid_body",),
        "ws_drip": ("mid_body",),
        "ws_hang": ("mid_body",),
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    r"""One fault and when it strikes.

    `match` is "METHOD path": METHOD is one or several joined by `|`, or `*`; a WebSocket
    handshake is WS. The path is a regular expression for the whole path, and for the path with
    its query if the expression holds `\?`. Of the requests that match, the `nth` is struck,
    and with `count` so many in a row, with `every` each so-manieth after it, with `forever` all.
    `phase` says whether the handler ran: before and instead: it did not (but after a `delay` it
    does); after_effect: it did, the world has changed; mid_body: its answer is under way, and
    `after`, `after_bytes` or `after_s` says how far.
    """

    match: str
    nth: int = 1
    kind: str = "status"
    phase: Phase | None = None
    count: int | None = None
    every: int | None = None
    forever: bool = False
    name: str = ""
    # the answer
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = _UNSAID
    html: str | None = None
    text: str | None = None
    raw: str | bytes | None = None  # in place of the whole answer; text is Latin-1
    content_type: str | None = None
    location: str | None = None
    # the rows of the answer
    mutate: Callable[[Any], Any] | None = None
    drop_rows: Sequence[int] = ()  # indices, -1 for the last
    extra_rows: Sequence[Any] = ()
    put: Mapping[str, Any] = field(default_factory=dict)  # top-level keys to set
    remove: Sequence[str] = ()  # top-level keys to take out
    # the connection
    delay_s: float = 0.0
    interval_s: float = 1.0
    size: int | None = None
    length_by: int = 64  # how much Content-Length is wrong
    framing: Literal["length", "chunked", "close"] = "length"
    ending: Literal["reset", "close"] = "reset"
    # the WebSocket session, or the body of a `cut`; `text` is the reason of a close
    code: int = 1011
    after: int = 0  # messages let through before
    after_bytes: int | None = None  # in their place: payload bytes let through
    after_s: float | None = None  # in their place: emulated seconds since the stream began

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f'fault kind "{self.kind}" is not one of {", ".join(KINDS)}')
        if self.phase is not None and self.phase not in KINDS[self.kind]:
            can = ", ".join(KINDS[self.kind])
            raise ValueError(f'a "{self.kind}" fault cannot strike in phase "{self.phase}": {can}')
        if self.nth < 1:
            raise ValueError(f"nth is {self.nth}; requests are counted from 1")
        if self.after_bytes is not None and self.after_s is not None:
            raise ValueError("after_bytes and after_s exclude each other")
        if " " not in self.match.strip():
            raise ValueError(f'match is "{self.match}"; write "METHOD path", such as "GET /a/.*"')
        re.compile(self._path)

    @property
    def title(self) -> str:
        """What the ledger calls it: the given name, else the kind."""
        return self.name or self.kind

    @property
    def has_json(self) -> bool:
        """Whether a JSON body is given; null counts."""
        return self.json is not _UNSAID

    @property
    def runs_handler(self) -> bool:
        """Whether the handler takes effect before the fault strikes."""
        return (self.phase or KINDS[self.kind][0]) in {"after_effect", "mid_body"}

    @property
    def _path(self) -> str:
        return self.match.strip().partition(" ")[2].strip()

    def matches(self, method: str, path: str, query: str) -> bool:
        """Whether a request is one of those this fault counts."""
        methods = self.match.strip().partition(" ")[0].upper()
        if methods != "*" and method not in methods.split("|"):
            return False
        target = f"{path}?{query}" if r"\?" in self._path else path
        return re.fullmatch(self._path, target) is not None

    def strikes(self, number: int) -> bool:
        """Whether it strikes the matching request of this number, counted from 1."""
        late = number - self.nth
        if late < 0:
            return False
        if self.forever:
            return True
        if self.every is not None:
            hit, rest = divmod(late, self.every)
            return rest == 0 and (self.count is None or hit < self.count)
        return late < (self.count or 1)


@dataclass(frozen=True, slots=True)
class Fired:
    """A fault that struck, and the ledger's number of the request it struck."""

    fault: Fault
    method: str
    path: str
    seq: int | None


class Faults:
    """The script: faults in order, the first one due strikes. Safe to change while serving."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self._lock = threading.Lock()
        self._faults: list[tuple[Fault, list[int]]] = []
        self._fired: list[Fired] = []
        for fault in faults:
            self.add(fault)

    @classmethod
    def from_data(cls, data: Sequence[Mapping[str, Any]]) -> "Faults":
        """Read a script from plain data, as a YAML or JSON file holds it.

        Raises ValueError, naming the entry, if it cannot be understood.
        """
        return cls([_fault(number, entry) for number, entry in enumerate(data, 1)])

    def add(self, fault: Fault) -> Fault:
        """Put a fault at the end of the script; its count starts now."""
        with self._lock:
            self._faults.append((fault, [0]))
        return fault

    def clear(self) -> None:
        """Empty the script; what has fired stays known."""
        with self._lock:
            self._faults.clear()

    @property
    def fired(self) -> list[Fired]:
        """Every fault that struck, in order."""
        with self._lock:
            return list(self._fired)

    def due(self, method: str, path: str, query: str, seq: int | None = None) -> Fault | None:
        """Count a request and give the fault that strikes it, if one does."""
        with self._lock:
            struck: Fault | None = None
            for fault, seen in self._faults:
                if not fault.matches(method, path, query):
                    continue
                seen[0] += 1
                if struck is None and fault.strikes(seen[0]):
                    struck = fault
            if struck is not None:
                self._fired.append(Fired(struck, method, path, seq))
            return struck


_FIELDS = frozenset(f.name for f in fields(Fault)) - {"mutate"}


def _fault(number: int, entry: Mapping[str, Any]) -> Fault:
    if not isinstance(entry, Mapping):
        raise ValueError(f"fault {number} is not a mapping")  # noqa: TRY004 - a fault of the file
    unknown = sorted(set(entry) - _FIELDS)
    if unknown:
        raise ValueError(f'fault {number}: "{unknown[0]}" is not one of {", ".join(sorted(_FIELDS))}')
    if "match" not in entry:
        raise ValueError(f'fault {number}: match is missing; write "METHOD path"')
    if entry.get("phase") not in {None, *get_args(Phase)}:
        raise ValueError(f"fault {number}: phase is one of {', '.join(get_args(Phase))}")
    try:
        return Fault(**entry)
    except (ValueError, TypeError, re.error) as error:
        raise ValueError(f"fault {number}: {error}") from error
