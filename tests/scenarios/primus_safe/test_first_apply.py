"""From manifests to running workloads and back to nothing to do, on servers of both generations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.errors import ExitCode
from reconciler.plan import Action
from tests.scenarios.primus_safe.stage import SERVE, SafeStage, a_manifest, staged


@pytest.fixture(params=[1, 2], ids=["first", "second"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SafeStage]:
    with staged(tmp_path / "repo", request.param, lag_s=5.0) as made:
        yield made


EVERY_KIND = {
    "train": a_manifest(spec="env: {EMULATOR_SECONDS: '86400', HF_TOKEN: '${{ secrets.HF_TOKEN }}'}"),
    "serve": a_manifest("serve", **SERVE),
    "state": a_manifest("state", "StatefulSet", "serve-mi300"),
    "desk": a_manifest("desk", "Authoring"),
}


def test_a_fleet_is_made_becomes_healthy_and_leaves_nothing_to_do(stage: SafeStage) -> None:
    applied = stage.write(**EVERY_KIND).apply()

    assert applied.exit_code() is ExitCode.IN_ORDER, [o.problem for o in applied.outcomes]
    assert {entry.effect.name for entry in stage.creates() if entry.effect} == set(EVERY_KIND)
    assert stage.plan().plan.is_empty


def test_secrets_reach_the_server_and_nothing_else(stage: SafeStage) -> None:
    stage.write(train=EVERY_KIND["train"]).apply()

    record = stage.one()

    assert (record.spec.env or {})["HF_TOKEN"] == "hf-canary-0123456789"
    assert "hf-canary" not in record.description
    assert "hf-canary" not in repr(stage.plan().plan)


def test_a_service_is_changed_in_place(stage: SafeStage) -> None:
    stage.write(serve=a_manifest("serve", **SERVE)).apply()

    stage.write(serve=a_manifest("serve", spec="image: rocm/vllm:2, env: {A: b}", **SERVE))
    (change,) = stage.plan().plan.changes
    applied = stage.apply()

    assert change.action is Action.UPDATE
    assert [field.pointer for field in change.fields] == ["/spec/env/A", "/spec/image"]
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert stage.one("serve").spec.images == ("rocm/vllm:2",)
    assert stage.one("serve").spec.env == {"A": "b"}
    assert stage.plan().plan.is_empty


def test_what_git_no_longer_states_goes_back_to_its_default(stage: SafeStage) -> None:
    stage.write(serve=a_manifest("serve", spec="priority: 1, env: {A: b}, timeout: 86400", **SERVE)).apply()

    stage.write(serve=a_manifest("serve", **SERVE)).apply()

    spec = stage.one("serve").spec
    assert (spec.priority, spec.env or {}, spec.timeout or 0) == (0, {}, 0)
    assert stage.plan().plan.is_empty


def test_what_lost_its_manifest_is_deleted(stage: SafeStage) -> None:
    stage.write(**EVERY_KIND).apply()

    applied = stage.remove("serve", "state").apply(allow=("shrunk",))

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert [outcome.is_leaving for outcome in applied.outcomes] == [False, False]
    assert stage.steps[-1].text == "deleted"
    assert stage.all("serve") == stage.all("state") == []
    assert stage.plan().plan.is_empty


def test_a_running_job_is_replaced_only_with_consent(stage: SafeStage) -> None:
    stage.write(train=EVERY_KIND["train"]).apply()
    first = stage.one().id

    stage.write(
        train=EVERY_KIND["train"]
        .replace("spec: {", "spec: {image: rocm/pytorch:2, ", 1)
        .replace("image: rocm/pytorch:1, ", "", 1)
    )
    (change,) = stage.plan().plan.changes
    applied = stage.apply(allow=("replace=train-mi300/PyTorchJob/train",))

    assert change.action is Action.REFUSED
    assert change.reason == "Primus-SaFE cannot change /spec/image of a PyTorchJob"
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert stage.one().id != first
    assert stage.one().spec.images == ("rocm/pytorch:2",)


def test_what_was_filled_in_from_a_secret_is_not_shown_once_git_forgets_it(stage: SafeStage) -> None:
    stage.environ["HF_TOKEN"] = "correct horse battery"
    declared = "env: {OPEN_SESAME: '${{ secrets.HF_TOKEN }}', DB_PASSWORD: '${{ secrets.HF_TOKEN }}'}"
    stage.write(serve=a_manifest("serve", spec=declared, **SERVE)).apply()

    gone = stage.write(serve=a_manifest("serve", **SERVE)).plan().plan
    kept = stage.write(serve=a_manifest("serve", spec="env: {DB_PASSWORD: other}", **SERVE)).plan().plan

    for plan in (gone, kept):
        (change,) = plan.changes
        assert change.action is Action.UPDATE
        assert all(field.is_sensitive for field in change.fields)
        assert "correct horse" not in repr(change.fields)
