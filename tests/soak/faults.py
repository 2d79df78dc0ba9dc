"""What a platform does wrong in the soak, as strategies of fault scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from hypothesis import strategies as st

from reconciler.emulator.faults import Fault, Faults
from tests.scenarios.oracle import COUNT, LIST, WRITES
from tests.scenarios.test_lost_answers import AFTER

DELETED = r"GET /api/v1/workloads\?.*deleted=true.*"
LOOK_UP = r"GET /api/v1/workloads\?filterBy=name.*"
DETAIL = r"GET /api/v[12]/workloads/(?!count).+"
READS = (
    LIST,
    COUNT,
    DELETED,
    LOOK_UP,
    DETAIL,
    "GET /api/v1/org-unit/projects",
    "GET /api/v1/clusters",
    "GET /.*",
)
LISTS = (LIST, COUNT, LOOK_UP)

Script = tuple[Fault, ...]
_SLOW = {"Retry-After": "7"}
FAILS: Sequence[Mapping[str, Any]] = (
    *({"status": code} for code in (500, 502, 503, 504, 429, 408)),
    *({"status": code, "headers": _SLOW} for code in (429, 503)),
    {"kind": "reset"},
    {"kind": "lost"},
    {"kind": "truncate"},
    {"kind": "truncate", "framing": "close", "ending": "close"},
)
"""An answer that is none; a patient reader asks again."""
LIES: Sequence[Mapping[str, Any]] = (
    *({"status": code} for code in (400, 401, 403, 404, 410)),
    *({"kind": kind} for kind in ("login_page", "empty_object", "null", "empty_list", "no_content")),
    {"kind": "redirect", "location": "https://sso.example.com/"},
    {"kind": "body", "json": {"code": 500, "message": "no", "workloads": []}},
)
"""An answer that must not be believed."""
SHORT: Sequence[Mapping[str, Any]] = ({"kind": "no_rows"}, {"kind": "mutate", "drop_rows": (0,)})
"""An answer that leaves something out; only lists and their look-ups do, one place at a time."""
BEFORE: Sequence[Mapping[str, Any]] = (
    *({"status": code} for code in (400, 401, 403, 409, 422, 429, 500, 503)),
    {"status": 429, "headers": _SLOW},
    {"kind": "reset"},
    {"kind": "login_page"},
)
"""A write that has no effect and is answered, or not."""

nths = st.integers(1, 6)
counts = st.sampled_from((None, None, None, 2, 3, 6))


def made(match: str, how: Mapping[str, Any], nth: int, count: int | None, *, forever: bool = False) -> Fault:
    return Fault(match, nth=nth, count=count, forever=forever, **how)


transient = st.builds(made, st.sampled_from(READS), st.sampled_from(FAILS), nths, counts)
blind = st.builds(
    lambda match, how, nth: made(match, how, nth, None, forever=True),
    st.sampled_from((LIST, COUNT, DELETED, LOOK_UP, "GET /.*")),
    st.sampled_from((*FAILS, *LIES)),
    nths,
)
"""A read that fails for good, perhaps in the middle of a run."""
lying = st.builds(
    lambda match, how, nth, forever: made(match, how, nth, None, forever=forever),
    st.sampled_from((LIST, COUNT)),
    st.sampled_from((*LIES, *SHORT)),
    nths,
    st.booleans(),
)
refused = st.builds(made, st.just(WRITES), st.sampled_from(BEFORE), nths, counts)
lost = st.builds(made, st.just(WRITES), st.sampled_from([*AFTER.values()]), nths, counts)

reading = st.lists(st.one_of(transient, lying, blind), max_size=3).map(tuple)
"""What goes wrong while we read."""
writing = st.one_of(
    st.just(()),
    st.lists(st.one_of(lost, refused, transient), min_size=1, max_size=5).map(tuple),
    st.lists(st.one_of(lost, refused, transient, lying, blind), max_size=4).map(tuple),
)
"""What goes wrong while we apply: often nothing, mostly something that passes."""


@contextmanager
def played(faults: Faults, script: Script) -> Iterator[None]:
    """Play a script of faults while a command runs."""
    for fault in script:
        faults.add(fault)
    try:
        yield
    finally:
        faults.clear()
