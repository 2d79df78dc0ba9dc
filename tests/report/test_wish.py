"""The words of `stop` and `resume`."""

from __future__ import annotations

from dataclasses import replace

from reconciler.health import Level
from reconciler.kind import Support
from reconciler.plan import make_plan
from reconciler.report.wish import wish_text
from reconciler.resource import Life, Stoppage, StoppedBy
from tests.factories import KINDS, TARGET, TRAINING, a_live, a_resource, known, observed

BESIDE = {**KINDS, (TARGET, "Training"): replace(TRAINING, support=Support(stops=True, keeps_ended=True))}


def test_what_was_stopped_for_good_is_there_and_the_apply_that_makes_it_anew_is_named() -> None:
    git, row = a_resource(), observed(a_resource(), life=Life.STOPPED, level=Level.SUSPENDED, phase="Stopped")
    live = a_live(replace(row, stopped=Stoppage(StoppedBy.PERSON, "stopped by lee")))
    plan = make_plan([git], {TARGET: live}, known(kinds=BESIDE))

    said = wish_text(
        plan.changes, {git.source: git}, "Running", targets=1, command="reconciler apply --fleet ml"
    )

    assert said.splitlines() == [
        "team-a/Training/train   Stopped",
        "  git says Running, the next apply would create it anew (stopped by a person; git says Running)",
        "  to do so: reconciler apply --fleet ml team-a/Training/train",
    ]
