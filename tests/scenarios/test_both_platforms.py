"""One fleet on two platforms: one plan, one apply, and each object where its manifest says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.emulator.faults import Fault
from reconciler.emulator.primus_safe import Emulator
from reconciler.emulator.primus_safe.seed import DEMO_KEY
from reconciler.errors import ExitCode, Unavailable
from reconciler.plan import Action
from tests.scenarios.primus_safe.stage import a_manifest as a_safe_manifest
from tests.scenarios.stage import Stage, a_manifest, staged

_SAFE = """\
  safe:
    provider: primus-safe
    url: {url}
    auth: {{apiKey: "${{{{ secrets.SAFE_KEY }}}}"}}
    scope: {{workspaces: [train-mi300]}}
"""


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Stage, Emulator]]:
    with staged(tmp_path / "repo") as stage:
        safe = Emulator(clock=stage.clock, generation=2)
        with safe.serve() as url:
            fleet = stage.root / "reconciler.yaml"
            fleet.write_text(fleet.read_text() + _SAFE.format(url=url))
            stage.environ["SAFE_KEY"] = DEMO_KEY
            stage.commit()
            yield stage, safe


def names(safe: Emulator) -> list[str]:
    return [one.display_name for one in safe.world.resources.values()]


def test_one_apply_reaches_both_and_a_second_plan_finds_nothing(both: tuple[Stage, Emulator]) -> None:
    stage, safe = both
    stage.write(here=a_manifest("one"), there=a_safe_manifest("one"))

    applied = stage.apply()

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert {outcome.key.full for outcome in applied.outcomes} == {
        "prod:team-a/Training/one",
        "safe:train-mi300/PyTorchJob/one",
    }
    assert {*stage.live()} == {"one"}
    assert names(safe) == ["one"]
    assert stage.plan().plan.is_empty


def test_what_is_removed_goes_from_its_own_platform_alone(both: tuple[Stage, Emulator]) -> None:
    stage, safe = both
    stage.write(here=a_manifest("one"), there=a_safe_manifest("one", spec="env: {EMULATOR_SECONDS: '86400'}"))
    stage.apply()

    stage.remove("there").apply()

    assert {*stage.live()} == {"one"}
    assert not [one for one in safe.world.resources.values() if one.deleting_at is None]


def test_a_job_on_one_platform_may_come_after_one_on_the_other(both: tuple[Stage, Emulator]) -> None:
    stage, _ = both
    needs = "[{kind: Training, name: prep, project: team-a}]"
    stage.write(here=a_manifest("prep"), there=a_safe_manifest("train", dependsOn=needs))

    actions = {change.key.name: change.action for change in stage.plan().plan.changes}

    assert actions == {"prep": Action.CREATE, "train": Action.DEFERRED}


def test_nothing_is_written_while_one_platform_cannot_be_read(both: tuple[Stage, Emulator]) -> None:
    stage, safe = both
    stage.write(here=a_manifest("one"), there=a_safe_manifest("one"))
    safe.faults.add(Fault("GET /api/v1/workloads", kind="status", status=500, forever=True))

    with pytest.raises(Unavailable):
        stage.apply()

    assert not stage.live()
    assert not names(safe)
