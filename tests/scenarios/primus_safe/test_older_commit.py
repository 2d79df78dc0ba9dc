"""An older checkout does not undo newer work: the mark behind a description tells the time of its commit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.errors import ExitCode, StalePlan
from reconciler.plan import Action
from tests.scenarios.primus_safe.stage import SERVE, SafeStage, a_manifest, staged


@pytest.fixture(params=[1, 2], ids=["first", "second"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SafeStage]:
    with staged(tmp_path / "repo", request.param, lag_s=5.0) as made:
        yield made


def a_server(image: str) -> str:
    return a_manifest("serve", spec=f"image: {image}", **SERVE)


@pytest.fixture
def older(stage: SafeStage) -> SafeStage:
    """Give a checkout of the first of two commits that were applied."""
    stage.write(serve=a_server("rocm/vllm:1")).apply()
    first = stage.git("rev-parse", "HEAD")
    stage.write(serve=a_server("rocm/vllm:2")).apply()
    stage.git("checkout", "-q", first)
    return stage


def test_a_re_run_of_an_older_commit_is_refused_and_a_consent_overrules(older: SafeStage) -> None:
    before = len(older.mutations())

    with pytest.raises(StalePlan) as refused:
        older.apply()
    sent = len(older.mutations()) - before
    applied = older.apply(allow=("older-commit",))

    assert (refused.value.exit_code, sent) == (ExitCode.STALE, 0)
    assert [problem.code for problem in refused.value.problems] == ["RC307"]
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert older.one("serve").spec.images == ("rocm/vllm:1",)


def test_a_mark_without_a_time_is_only_noted(older: SafeStage) -> None:
    undated = replace(
        older.one("serve"), description=re.sub(r":\d{8}T\d{6}Z", "", older.one("serve").description)
    )
    older.safe.world.change(undated.id, lambda *_: undated)
    older.wait(60)

    planned = older.plan()

    assert not planned.refusals
    assert [note.code for note in planned.plan.notes] == ["RC306"]
    assert planned.plan.having(Action.UPDATE)


def test_an_update_dates_a_mark_of_before(stage: SafeStage) -> None:
    stage.write(serve=a_server("rocm/vllm:1")).apply()
    undated = replace(
        stage.one("serve"), description=re.sub(r":\d{8}T\d{6}Z", "", stage.one("serve").description)
    )
    stage.safe.world.change(undated.id, lambda *_: undated)
    stage.wait(60)
    assert stage.plan().plan.is_empty

    stage.write(serve=a_server("rocm/vllm:2")).apply()

    assert re.search(r" [0-9a-f]{8}:20260301T\d{6}Z DN ", stage.one("serve").description)
