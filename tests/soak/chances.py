"""What may happen to a fleet in the soak, as strategies: how the platform is, what git says, where we die."""

from __future__ import annotations

from hypothesis import strategies as st

from reconciler.emulator.runai import Switches
from tests.soak.inside import POINTS, Kill
from tests.soak.outsiders import names, projects
from tests.soak.wishes import Wish

_RUNS = ("run: OnFailure", "run: OnChange", "run: Always", "runId: second", "run: OnChange, runId: third")
_HALTS = ("state: Stopped", "state: Stopped", "onPlatformStop: Resume")
RESTLESS = ("run: OnFailure", "run: Always")
"""Words by which git asks for a run at each apply, for as long as it has them."""

switches = st.builds(
    Switches,
    lag_s=st.sampled_from((0.0, 0.0, 0.0, 8.0)),
    list_env=st.sampled_from((True, True, False)),
    gone_status=st.sampled_from((404, 200)),
    duplicate_name_status=st.sampled_from((409, 400)),
    merge_defaults=st.booleans(),
    reorder_lists=st.booleans(),
)
lifecycles = st.sampled_from(
    ("", "", "", "onImmutableChange: Replace", "onRemove: Keep", "protect: true", *_RUNS, *_HALTS)
)
images = st.sampled_from(("busybox:1", "busybox:2", "busybox:3"))
kills = st.one_of(
    st.builds(Kill, st.integers(1, 4), st.sampled_from(POINTS), st.just(True)),
    st.builds(Kill, st.integers(6, 36), st.sampled_from(POINTS)),
)
consents = st.sampled_from((0, 0, 99))
nths = st.integers(0, 7)
"""The number of a manifest, counted around."""
_kinds = st.sampled_from(("Training", "Training", "Workspace", "Inference", "NimService", "ExternalWorkload"))


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    """Draw what git may want: mostly jobs, some of which end."""
    kind = draw(_kinds)
    does = draw(st.sampled_from(("sleeps", "ends", "ends", "fails"))) if kind == "Training" else "sleeps"
    return Wish(draw(names), kind, draw(projects), draw(images), does, fitting(kind, draw(lifecycles)))


def fitting(kind: str, lifecycle: str) -> str:
    """Give a lifecycle that a kind may have: only jobs run again, and not all kinds can stand still."""
    may = {"Training": (*_RUNS, *_HALTS), "Workspace": _HALTS}.get(kind, ())
    return lifecycle if lifecycle in may or lifecycle not in (*_RUNS, *_HALTS) else ""


def room(count: int) -> tuple[str, ...]:
    """Write a consent to so many ends; nothing for none."""
    return (f"destroy={count}", "empty", "shrunk") if count else ()
