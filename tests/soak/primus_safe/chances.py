"""What may happen to a fleet on Primus-SaFE in the soak, as strategies."""

from __future__ import annotations

from hypothesis import strategies as st

from reconciler.emulator.primus_safe import Switches
from tests.soak.chances import lifecycles
from tests.soak.primus_safe.outsiders import DONE, MADE, Deed
from tests.soak.primus_safe.wishes import SERVES, Wish

NAMES = ("aa", "bb", "cc", "dd", "train")
ALIKE = ("a-2", "aaa", "xaa", "train-2", "trai")
"""Names that look like those of git."""
_RERUNS = ("run: ", "runId: ")

switches = st.builds(
    Switches,
    lag_s=st.sampled_from((0.0, 0.0, 5.0)),
    jitter_s=st.sampled_from((0.0, 15.0)),
    cache_s=st.sampled_from((0.0, 2.0)),
    empty_phase_s=st.sampled_from((0.0, 1.0)),
    freezes=st.sampled_from((True, True, False)),
    dependency_waits=st.booleans(),
    ttl_s=st.sampled_from((60, 60, 1, 86_400)),
)
names = st.sampled_from(NAMES)
images = st.sampled_from(("rocm/pytorch:1", "rocm/pytorch:2", "rocm/pytorch:3"))
_kinds = st.sampled_from(("PyTorchJob", "PyTorchJob", "PyTorchJob", "Authoring", "Deployment", "StatefulSet"))


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    """Draw what git may want: mostly jobs, some of which end."""
    kind = draw(_kinds)
    does = draw(st.sampled_from(("sleeps", "ends", "ends", "fails"))) if kind == "PyTorchJob" else "sleeps"
    pods = draw(st.sampled_from((1, 2))) if kind in SERVES else 1
    return Wish(draw(names), kind, draw(images), does, fitting(kind, draw(lifecycles)), replicas=pods)


def fitting(kind: str, lifecycle: str) -> str:
    """Give a lifecycle that a kind may have: only jobs run again."""
    return lifecycle if kind == "PyTorchJob" or not lifecycle.startswith(_RERUNS) else ""


changing = st.builds(Deed, st.sampled_from(sorted(DONE)), st.integers(0, 7))
making = st.builds(
    Deed,
    st.sampled_from(sorted(MADE)),
    st.integers(0, 7),
    st.one_of(names, st.sampled_from(ALIKE)),
    _kinds,
)
deeds = st.one_of(changing, making)
