"""Of every kind, a field that git no longer states is a change, and what git never stated is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest

from reconciler.errors import ExitCode
from reconciler.plan import Action, Change
from tests.scenarios.oracle import EVERY_KIND, container_of, sleeping, variables_of
from tests.scenarios.stage import Stage, a_manifest

KINDS = pytest.mark.parametrize("kind", sorted(EVERY_KIND.values()))
UPDATED = {"Inference": "PATCH", "NimService": "PATCH", "ExternalWorkload": "PUT"}
FIELDS: Mapping[str, tuple[str, Any]] = {
    "Workspace": ("backoffLimit", 2),
    "Training": ("completions", 2),
    "DistributedTraining": ("backoffLimit", 2),
    "Inference": ("workingDir", "/work"),
    "DistributedInference": ("priorityClass", "high"),
    "NimService": ("replicas", 2),
    "ExternalWorkload": ("priority", "high"),
}
"""A field beside those that every kind needs, and a value that is not its default."""


def declared(kind: str, *variables: str, image: str = "busybox:1", **more: Any) -> str:
    spec = {**sleeping(kind, image), **more}
    container_of(kind, spec)[variables_of(kind)] = [{"name": name, "value": "1"} for name in variables]
    return a_manifest("one", kind, spec=json.dumps(spec), health="{hold: 0s}")


def only_change(stage: Stage) -> Change:
    (change,) = stage.plan().plan.changes
    return change


def variables(stage: Stage, kind: str) -> set[str]:
    items = container_of(kind, stage.live()["one"].spec)[variables_of(kind)]
    return {item["name"] for item in items if not item["name"].startswith("RECONCILER")}


def applied_with_consent(stage: Stage, kind: str) -> list[str]:
    """Apply the one change with what consent it needs, and tell what was sent."""
    change = only_change(stage)
    assert change.action is (Action.UPDATE if kind in UPDATED else Action.REFUSED)
    since = stage.emulator.ledger.mark()
    applied = stage.apply(allow=(change.consent,) if change.consent else ())
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert stage.plan().plan.is_empty
    return [entry.method for entry in stage.mutations(since)]


def sent(kind: str) -> list[str]:
    return [UPDATED[kind]] if kind in UPDATED else ["DELETE", "POST"]


def add_behind_our_back(stage: Stage, kind: str, name: str) -> None:
    live = stage.live()["one"]
    spec = deepcopy(dict(live.spec))
    container_of(kind, spec)[variables_of(kind)].append({"name": name, "value": "theirs"})
    stage.emulator.world.edit_spec(live.id, spec, by="admin")


@KINDS
def test_a_removed_variable_goes(kind: str, stage: Stage) -> None:
    stage.write(one=declared(kind, "A", "B")).apply()
    stage.write(one=declared(kind, "A"))

    assert [field.pointer.rpartition("/")[2] for field in only_change(stage).fields] == ["name=B"]
    assert applied_with_consent(stage, kind) == sent(kind)
    assert variables(stage, kind) == {"A"}


@KINDS
def test_a_removed_field_goes_back_to_its_default(kind: str, stage: Stage) -> None:
    name, value = FIELDS[kind]
    stage.write(one=declared(kind, "A", **{name: value})).apply()
    stage.write(one=declared(kind, "A"))

    assert [field.pointer for field in only_change(stage).fields] == [f"/spec/{name}"]
    assert applied_with_consent(stage, kind) == sent(kind)
    assert stage.live()["one"].spec.get(name) != value


@KINDS
def test_a_variable_that_was_never_ours_is_kept(kind: str, stage: Stage) -> None:
    stage.write(one=declared(kind, "A")).apply()
    add_behind_our_back(stage, kind, "POLICY")

    change = only_change(stage)

    assert change.action is Action.KEEP
    assert [pointer.rpartition("/")[2] for pointer in change.kept] == ["name=POLICY"]
    assert stage.drift().items == ()


@pytest.mark.parametrize("kind", sorted(UPDATED))
def test_an_update_sends_back_what_was_never_ours(kind: str, stage: Stage) -> None:
    stage.write(one=declared(kind, "A")).apply()
    add_behind_our_back(stage, kind, "POLICY")
    stage.write(one=declared(kind, "A", "B", image="busybox:2"))

    assert applied_with_consent(stage, kind) == sent(kind)
    assert variables(stage, kind) == {"A", "B", "POLICY"}


@KINDS
def test_an_ignored_field_is_sent_at_create_and_not_compared(kind: str, stage: Stage) -> None:
    name, value = FIELDS[kind]
    ignoring = declared(kind, "A", **{name: value}) + f"lifecycle: {{ignore: [/spec/{name}]}}\n"
    stage.write(one=ignoring).apply()
    assert f'"{name}": {json.dumps(value)}' in json.dumps(stage.mutations()[0].body)

    stage.write(one=declared(kind, "A") + f"lifecycle: {{ignore: [/spec/{name}]}}\n")

    assert only_change(stage).action is Action.KEEP
    assert stage.drift().items == ()
