"""What a Primus-SaFE does wrong in the soak, as strategies of fault scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from tests.scenarios.test_lost_answers import AFTER
from tests.soak.faults import BEFORE, FAILS, LIES, Script, counts, made, nths

LIST = r"GET /api/v1/workloads\?workspaceId=[^&]*&limit=\d\d+"
COUNT = r"GET /api/v1/workloads\?workspaceId=[^&]*&limit=1"
LOOK_UP = r"GET /api/v1/workloads\?.*workloadId=.*"
DETAIL = "GET /api/v1/workloads/.+"
READS = (
    LIST,
    COUNT,
    LOOK_UP,
    DETAIL,
    "GET /api/v1/workspaces",
    "GET /api/v1/users/self",
    "GET /api/v1/envs",
    "GET /.*",
)
CREATES = "POST /api/v1/workloads"
WRITES = "POST|PATCH|DELETE /api/v1/workloads(/.+)?"


def _emptied(body: Any) -> Any:
    """Say that there is nothing, in rows and in number."""
    return {**body, "items": [], "totalCount": 0} if isinstance(body, dict) and "items" in body else body


_SHORT: Sequence[Mapping[str, Any]] = (
    {"kind": "no_rows"},
    {"kind": "mutate", "drop_rows": (0,)},
    {"kind": "mutate", "mutate": _emptied, "name": "emptied"},
)
"""An answer that leaves something out; only lists do, one place at a time."""
_QUOTA: Mapping[str, Any] = {
    "status": 503,
    "json": {"errorCode": "Primus.00008", "errorMessage": "Insufficient resource"},
}
_DEAF: Mapping[str, Any] = {"kind": "null"}
"""A 200 as of a success, and nothing done: so stop and delete answer where they find nothing."""

transient = st.builds(made, st.sampled_from(READS), st.sampled_from(FAILS), nths, counts)
blind = st.builds(
    lambda match, how, nth: made(match, how, nth, None, forever=True),
    st.sampled_from((LIST, COUNT, LOOK_UP, "GET /.*")),
    st.sampled_from((*FAILS, *LIES)),
    nths,
)
"""A read that fails for good, perhaps in the middle of a run."""
lying = st.builds(
    lambda match, how, nth, forever: made(match, how, nth, None, forever=forever),
    st.sampled_from((LIST, COUNT)),
    st.sampled_from((*LIES, *_SHORT)),
    nths,
    st.booleans(),
)
refused = st.builds(made, st.just(WRITES), st.sampled_from((*BEFORE, _QUOTA, _DEAF)), nths, counts)
lost = st.builds(made, st.sampled_from((CREATES, WRITES)), st.sampled_from([*AFTER.values()]), nths, counts)

reading = st.lists(st.one_of(transient, lying, blind), max_size=3).map(tuple)
"""What goes wrong while we read."""
writing: st.SearchStrategy[Script] = st.one_of(
    st.just(()),
    st.lists(st.one_of(lost, refused, transient), min_size=1, max_size=5).map(tuple),
    st.lists(st.one_of(lost, refused, transient, lying, blind), max_size=4).map(tuple),
)
"""What goes wrong while we apply: often nothing, mostly something that passes."""
