"""What is told of a refusal: the platform is quoted where it spoke, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.primus_safe.stage import SafeStage, a_manifest, staged


@pytest.fixture(params=[1, 2], ids=["first", "second"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SafeStage]:
    with staged(tmp_path / "repo", request.param) as made:
        yield made


def why(stage: SafeStage) -> str:
    (outcome,) = stage.apply().outcomes
    assert outcome.problem
    assert not stage.mutations() or stage.mutations()[-1].effect is None
    return outcome.problem.why


def test_the_platform_is_quoted_with_its_refusal(stage: SafeStage) -> None:
    stage.write(train=a_manifest(spec="image: a:1, resource: {replica: 1, cpu: '1000', memory: 64Gi}"))

    assert why(stage).startswith('Primus-SaFE says: "admission webhook')


def test_what_is_never_sent_is_not_put_into_its_mouth(stage: SafeStage) -> None:
    long = f"description: {'x' * 1500}"
    stage.write(train=a_manifest(spec=long, lifecycle=f"{{runId: {'日' * 60}}}"))

    assert why(stage).startswith("spec.description is too long: beside our mark there is room for ")
    assert not stage.mutations()
