"""Every field over the whole way: applied once, a second plan finds nothing; jobs that follow others wait."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import ExitCode
from reconciler.plan import Action
from reconciler.plan.change import Change
from tests.providers.primus_safe.wire import FULL, LATER, SPECS, WORKSPACES
from tests.scenarios.primus_safe.stage import SafeStage, a_manifest, staged
from tests.scenarios.stage import Stage

SECONDS, LONG = "env: {EMULATOR_SECONDS: '60'}", "env: {EMULATOR_SECONDS: '864000'}"
KINDS = ("PyTorchJob", "Deployment", "Authoring")


@pytest.fixture(params=[1, 2], ids=["first", "second"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SafeStage]:
    with staged(tmp_path / "repo", request.param, is_git=False, lag_s=1.0) as made:
        yield made


def manifest(kind: str, spec: Mapping[str, Any], name: str = "one", **blocks: Any) -> str:
    metadata = {"name": name, "workspace": WORKSPACES[kind]}
    return json.dumps(
        {"apiVersion": "primus-safe/v1", "kind": kind, "metadata": metadata, "spec": spec, **blocks}
    )


def change_of(stage: SafeStage, name: str = "one") -> Change:
    (found,) = [change for change in stage.plan().plan.changes if change.key.name == name]
    return found


# -- no false drift ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("specs", [SPECS, FULL], ids=["least", "full"])
def test_a_second_plan_finds_nothing(kind: str, specs: dict[str, Any], stage: SafeStage) -> None:
    later = LATER if stage.generation == 2 and specs is FULL else {}

    stage.write(one=manifest(kind, {**specs[kind], **later}))

    assert stage.apply().exit_code() is ExitCode.IN_ORDER
    assert stage.plan().plan.is_empty


@pytest.mark.parametrize("field", [*LATER, "nodesAffinity"])
def test_a_field_that_the_server_would_drop_is_not_sent_to_it(field: str, tmp_path: Path) -> None:
    nodes = {"specifiedNodes": ["smc300x-01"], "nodesAffinity": "preferred"}
    spec = {**SPECS["PyTorchJob"], **(nodes if field == "nodesAffinity" else {field: LATER.get(field)})}

    with staged(tmp_path / "repo", 1, is_git=False) as stage:
        stage.write(one=manifest("PyTorchJob", spec))
        (outcome,) = stage.apply().outcomes

        assert not stage.creates()
        assert outcome.problem
        assert f"{field} needs a server of generation 2" in outcome.why + repr(outcome.problem)


@pytest.mark.parametrize("stated", [None, 3600, 7200])
def test_the_limit_of_a_workspace_is_no_drift(stated: int | None, tmp_path: Path) -> None:
    spec = {**SPECS["PyTorchJob"], **({"timeout": stated} if stated else {})}

    with staged(tmp_path / "repo", 2, is_git=False) as stage:
        spaces = stage.safe.world.workspaces
        spaces["train-mi300"] = replace(spaces["train-mi300"], max_runtime={"Train": 2})
        stage.write(one=manifest("PyTorchJob", spec)).apply()

        assert stage.one("one").spec.timeout == (stated or 7200)
        assert stage.plan().plan.is_empty


def test_a_limit_that_git_takes_away_becomes_that_of_the_workspace(tmp_path: Path) -> None:
    with staged(tmp_path / "repo", 2, is_git=False) as stage:
        spaces = stage.safe.world.workspaces
        spaces["train-mi300"] = replace(spaces["train-mi300"], max_runtime={"Train": 2})
        stage.write(one=manifest("PyTorchJob", {**SPECS["PyTorchJob"], "timeout": 3600})).apply()

        stage.write(one=manifest("PyTorchJob", SPECS["PyTorchJob"]))

        assert stage.apply().exit_code() is ExitCode.IN_ORDER
        assert stage.one("one").spec.timeout == 7200
        assert stage.plan().plan.is_empty


def test_a_limit_that_git_takes_away_goes(stage: SafeStage) -> None:
    stage.write(one=manifest("PyTorchJob", {**SPECS["PyTorchJob"], "timeout": 3600})).apply()

    stage.write(one=manifest("PyTorchJob", SPECS["PyTorchJob"]))
    change = change_of(stage)

    assert (change.action, [field.pointer for field in change.fields]) == (Action.UPDATE, ["/spec/timeout"])
    assert stage.apply().exit_code() is ExitCode.IN_ORDER
    assert not stage.one("one").spec.timeout


# -- following ---------------------------------------------------------------------------------


def chain(stage: SafeStage, prep: str = LONG) -> Stage:
    return stage.write(
        prep=a_manifest("prep", spec=prep),
        train=a_manifest("train", spec="dependencies: [prep]"),
    )


def test_both_are_made_and_the_platform_holds_the_later_one_back(stage: SafeStage) -> None:
    chain(stage).apply()

    prep, train = stage.one("prep"), stage.one("train")
    assert train.spec.dependencies == (prep.id,)
    assert train.phase == "Pending"
    assert stage.plan().plan.is_empty


def test_what_has_succeeded_is_left_out_and_is_no_difference(stage: SafeStage) -> None:
    stage.write(prep=a_manifest("prep", spec=SECONDS)).apply()
    stage.wait(86_400)

    chain(stage, SECONDS).apply()

    assert [one.phase for one in stage.all("prep")] == ["Succeeded"]
    assert not stage.one("train").spec.dependencies
    assert stage.one("train").phase == "Running"
    assert stage.plan().plan.is_empty


def test_a_name_that_git_adds_is_a_difference(stage: SafeStage) -> None:
    chain(stage).apply()

    stage.write(
        more=a_manifest("more", spec=LONG),
        train=a_manifest("train", spec="dependencies: [prep, more]"),
    )
    change = change_of(stage, "train")

    assert change.action is Action.REFUSED
    assert [field.pointer for field in change.fields] == ["/spec/dependencies/name=more"]


# -- times -------------------------------------------------------------------------------------


def test_a_time_that_comes_is_no_error_and_no_drift(stage: SafeStage) -> None:
    at = f"cronJobs: [{{schedule: '2026-03-03T03:00:00Z'}}], {LONG}"
    stage.write(night=a_manifest("night", spec=at)).apply()
    assert stage.one("night").phase == "Pending"

    stage.wait(86_400)

    assert stage.plan().plan.is_empty
    assert stage.one("night").phase == "Running"


def test_a_time_that_is_past_is_refused_where_it_would_be_sent(stage: SafeStage) -> None:
    stage.write(night=a_manifest("night", spec="cronJobs: [{schedule: '2026-03-01T03:00:00Z'}]"))

    change = change_of(stage, "night")

    assert change.action is Action.REFUSED
    assert change.reason == "spec.cronJobs[0].schedule is 2026-03-01T03:00:00Z, which is past"
