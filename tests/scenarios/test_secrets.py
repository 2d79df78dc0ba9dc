"""A secret that changes, one that is missing, and no trace of its value anywhere."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from reconciler.emulator.runai import Switches
from reconciler.errors import ExitCode, FleetError
from reconciler.plan import Action, Change
from reconciler.report.jsonform import json_text, plan_document
from tests.scenarios.oracle import EVERY_KIND, container_of, sleeping, variables_of
from tests.scenarios.stage import Stage, a_manifest, staged
from tests.scenarios.test_no_drift import AS_SENT, COMPLETED

CANARY, ROTATED = "hf-canary-0123456789", "hf-canary-rotated-987"
Variables = tuple[dict[str, Any], ...]
OF_THE_SECRET: Variables = (
    {"name": "T", "value": "${{ secrets.HF_TOKEN }}"},
    {"name": "U", "value": "user:${{ secrets.HF_TOKEN }}@host"},
)
WRITTEN_OUT: Variables = (
    {"name": "T", "value": "in the open"},
    {"name": "U", "value": "user:in the open@host"},
)
FROM_KUBERNETES = {"name": "T", "secret": {"name": "hf", "key": "token"}}
PLAIN: Variables = ({"name": "API_KEY", "value": "none"},)
KINDS = pytest.mark.parametrize("kind", sorted(EVERY_KIND.values()))
FIXED = pytest.mark.parametrize(
    "kind", ["Workspace", "Training", "DistributedTraining", "DistributedInference"]
)
IN_PLACE = pytest.mark.parametrize(
    ("kind", "method"), [("Inference", "PATCH"), ("NimService", "PATCH"), ("ExternalWorkload", "PUT")]
)
CONTAINER = "/spec/manifest/spec/template/spec/containers/name=main"
ROOTS = {"DistributedInference": "/spec/leader", "ExternalWorkload": CONTAINER}
"""Where a kind that is no plain pod has its container."""


def a_reader(
    kind: str, variables: Variables = OF_THE_SECRET, *, image: str = "busybox:1", **blocks: str
) -> str:
    """Write a manifest that reads one secret twice, once inside a longer text."""
    spec = sleeping(kind, image)
    if variables:
        container_of(kind, spec)[variables_of(kind)] = list(variables)
    return a_manifest("one", kind, spec=json.dumps(spec), **blocks)


def only_change(stage: Stage) -> Change:
    (change,) = stage.plan().plan.changes
    return change


def live_values(stage: Stage, kind: str) -> list[str]:
    container = container_of(kind, stage.live()["one"].spec)
    items = {item["name"]: item["value"] for item in container[variables_of(kind)]}
    return [items["T"], items["U"]]


def pointers(kind: str) -> list[str]:
    root = f"{ROOTS.get(kind, '/spec')}/{variables_of(kind)}"
    return [f"{root}/name={name}/value" for name in "TU"]


def edit_variables(stage: Stage, kind: str, edit: Mapping[str, str]) -> None:
    """Change variables of a live object behind our back."""
    live = stage.live()["one"]
    spec = deepcopy(dict(live.spec))
    items = container_of(kind, spec)[variables_of(kind)]
    for item in items:
        item["value"] = edit.get(item["name"], item.get("value"))
    top = "leader" if kind == "DistributedInference" else "environmentVariables"
    stage.emulator.world.edit_spec(live.id, {top: spec[top]}, by="admin")


def texts_below(folder: Path) -> str:
    """Read every file below a folder as one text."""
    return "\n".join(file.read_text(errors="replace") for file in folder.rglob("*") if file.is_file())


@KINDS
@pytest.mark.parametrize("switches", [AS_SENT, COMPLETED], ids=["specs as sent", "specs completed"])
def test_a_secret_is_sent_and_is_no_drift(kind: str, switches: Switches, tmp_path: Path) -> None:
    with staged(tmp_path / "repo", switches=switches) as stage:
        applied = stage.write(one=a_reader(kind)).apply()

        assert applied.exit_code() is ExitCode.IN_ORDER
        assert live_values(stage, kind) == [CANARY, f"user:{CANARY}@host"]
        assert stage.plan().plan.is_empty
        assert stage.drift().items == ()


@IN_PLACE
def test_a_rotated_secret_is_updated_where_the_platform_can(kind: str, method: str, stage: Stage) -> None:
    stage.write(one=a_reader(kind)).apply()
    stage.environ["HF_TOKEN"] = ROTATED
    since = stage.emulator.ledger.mark()

    change = only_change(stage)
    applied = stage.apply()

    assert change.action is Action.UPDATE
    assert [field.pointer for field in change.fields] == pointers(kind)
    assert all(field.is_sensitive for field in change.fields)
    assert [entry.method for entry in stage.mutations(since)] == [method]
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert live_values(stage, kind) == [ROTATED, f"user:{ROTATED}@host"]
    assert stage.plan().plan.is_empty


@FIXED
def test_a_rotated_secret_of_what_cannot_change_takes_effect_at_the_next_run(kind: str, stage: Stage) -> None:
    stage.write(one=a_reader(kind)).apply()
    stage.environ["HF_TOKEN"] = ROTATED
    since = stage.emulator.ledger.mark()

    change = only_change(stage)
    applied = stage.apply()

    assert (change.action, change.reason) == (Action.KEEP, "secret changed; takes effect at the next run")
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert stage.mutations(since) == []
    assert live_values(stage, kind) == [CANARY, f"user:{CANARY}@host"]


@FIXED
def test_a_rotated_secret_replaces_what_cannot_change_where_git_says_so(kind: str, stage: Stage) -> None:
    stage.write(one=a_reader(kind, lifecycle="{onSecretChange: Replace}")).apply()
    stage.environ["HF_TOKEN"] = ROTATED
    since = stage.emulator.ledger.mark()

    change = only_change(stage)
    applied = stage.apply()

    assert change.action is Action.REPLACE
    assert [entry.method for entry in stage.mutations(since)] == ["DELETE", "POST"]
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert live_values(stage, kind) == [ROTATED, f"user:{ROTATED}@host"]
    assert stage.plan().plan.is_empty


@FIXED
def test_another_change_beside_a_rotated_secret_still_needs_consent(kind: str, stage: Stage) -> None:
    lifecycle = "{onSecretChange: Replace}"
    stage.write(one=a_reader(kind, lifecycle=lifecycle)).apply()
    stage.environ["HF_TOKEN"] = ROTATED

    stage.write(one=a_reader(kind, lifecycle=lifecycle, image="busybox:2"))

    assert only_change(stage).action is Action.REFUSED


@FIXED
def test_a_rotated_secret_leaves_what_is_protected(kind: str, stage: Stage) -> None:
    lifecycle = "{onSecretChange: Replace, protect: true}"
    stage.write(one=a_reader(kind, lifecycle=lifecycle)).apply()
    stage.environ["HF_TOKEN"] = ROTATED

    assert only_change(stage).action is Action.REFUSED


def test_a_rotated_secret_is_nothing_to_a_finished_job(stage: Stage) -> None:
    reader = a_reader("Training", lifecycle="{onSecretChange: Replace}")
    stage.write(one=reader.replace("sleep infinity", "sleep 30")).apply()
    stage.clock.advance(120)
    stage.environ["HF_TOKEN"] = ROTATED

    change = only_change(stage)

    assert (change.action, change.reason, change.fields) == (Action.KEEP, "finished", ())


@KINDS
def test_another_name_of_the_same_value_is_no_change(kind: str, stage: Stage) -> None:
    fleet = stage.root / "reconciler.yaml"
    fleet.write_text(fleet.read_text().replace("secrets: [HF_TOKEN]", "secrets: [HF_TOKEN, NEW_NAME]"))
    stage.environ["NEW_NAME"] = CANARY
    stage.write(one=a_reader(kind)).apply()

    stage.write(one=a_reader(kind).replace("HF_TOKEN", "NEW_NAME"))

    assert stage.plan().plan.is_empty


@KINDS
def test_a_missing_secret_is_unknown_in_a_plan_and_stops_an_apply_before_anything(
    kind: str, stage: Stage
) -> None:
    stage.write(one=a_reader(kind))
    del stage.environ["HF_TOKEN"]

    planned = stage.plan()
    with pytest.raises(FleetError) as refused:
        stage.apply()

    assert [change.action for change in planned.plan.changes] == [Action.CREATE]
    assert "(sensitive, not set here)" in repr(planned.plan.changes[0].resource)
    assert refused.value.exit_code is ExitCode.REJECTED
    assert "HF_TOKEN is not set" in str(refused.value.problems[0].what)
    assert stage.mutations() == []


@KINDS
def test_a_missing_secret_of_what_is_there_is_neither_a_change_nor_drift(kind: str, stage: Stage) -> None:
    stage.write(one=a_reader(kind)).apply()
    del stage.environ["HF_TOKEN"]

    assert stage.plan().plan.is_empty
    assert stage.drift().items == ()


@KINDS
def test_a_missing_secret_does_not_hide_other_changes_in_a_plan(kind: str, stage: Stage) -> None:
    stage.write(one=a_reader(kind)).apply()
    del stage.environ["HF_TOKEN"]

    stage.write(one=a_reader(kind, image="busybox:2"))

    change = only_change(stage)
    images = [f"{ROOTS.get(kind, '/spec')}/image"]
    images += ["/spec/worker/image"] if kind == "DistributedInference" else []
    assert change.action in (Action.UPDATE, Action.REFUSED)
    assert [field.pointer for field in change.fields] == images


@KINDS
@pytest.mark.parametrize(
    "now",
    [(), WRITTEN_OUT, OF_THE_SECRET[1:], (FROM_KUBERNETES, OF_THE_SECRET[1])],
    ids=["all variables removed", "written out", "one removed", "another source"],
)
def test_a_value_that_was_a_secret_is_not_shown_when_the_manifest_no_longer_says_so(
    kind: str, now: Variables, stage: Stage
) -> None:
    stage.write(one=a_reader(kind)).apply()
    source = {"valueFrom": {"secretKeyRef": FROM_KUBERNETES["secret"]}}
    told = tuple(
        {"name": "T", **source} if kind == "ExternalWorkload" and one is FROM_KUBERNETES else one
        for one in now
    )

    stage.write(one=a_reader(kind, told))
    seen = [stage.plan(), stage.drift()]

    assert only_change(stage).action in (Action.UPDATE, Action.REFUSED)
    assert CANARY not in "\n".join([*map(repr, seen), plan_text(stage)])
    consent = only_change(stage).consent
    applied = stage.apply(allow=(consent,) if consent else ())
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert stage.plan().plan.is_empty


def test_a_live_value_that_looks_like_a_credential_is_not_shown(stage: Stage) -> None:
    plain = a_reader("Inference", PLAIN).replace('"command":', '"args": "plain", "command":')
    stage.write(one=plain).apply()
    live = stage.live()["one"]
    env = [{"name": "API_KEY", "value": "k-123-live"}, *live.spec["environmentVariables"][1:]]
    changes = {"environmentVariables": env, "args": "--token ghp_0123456789abcdefghijABCDEFGHIJ"}
    stage.emulator.world.edit_spec(live.id, changes, by="admin")

    said = repr(stage.plan()) + repr(stage.drift()) + plan_text(stage)

    assert only_change(stage).action is Action.UPDATE
    assert "k-123-live" not in said
    assert "ghp_0123456789" not in said


@FIXED
def test_a_drifted_plain_value_under_the_name_of_a_credential_is_a_change(kind: str, stage: Stage) -> None:
    stage.write(one=a_reader(kind, PLAIN)).apply()
    edit_variables(stage, kind, {"API_KEY": "other"})

    assert only_change(stage).action is Action.REFUSED


@KINDS
def test_a_secret_stands_nowhere_but_in_the_request(kind: str, stage: Stage) -> None:
    stage.write(one=a_reader(kind, lifecycle="{onSecretChange: Replace}"))
    seen = [stage.plan(), stage.apply()]
    stage.environ["HF_TOKEN"] = ROTATED
    seen += [stage.plan(), stage.drift(), stage.apply(), stage.plan()]

    said = "\n".join([*map(repr, seen), *map(repr, stage.steps), plan_text(stage)])
    kept = texts_below(Path(stage.environ["XDG_STATE_HOME"]))
    assert '"commit"' in kept
    for text in (said, kept, carried(stage)):
        assert not any(value in text for value in spellings(CANARY) + spellings(ROTATED))
    assert "secret:HF_TOKEN" in carried(stage)


def plan_text(stage: Stage) -> str:
    return json_text(plan_document(stage.plan().plan, exit_code=ExitCode.IN_ORDER))


def spellings(value: str) -> list[str]:
    """Give a value as it could travel: plain, turned around by base64, in hex."""
    encoded = value.encode()
    return [value, base64.b64encode(encoded).decode().rstrip("=")[:-1], encoded.hex()]


def carried(stage: Stage) -> str:
    """Give all that was ever sent beside the two variables themselves, packed records unpacked."""
    return "\n".join(text for entry in stage.mutations() for text in _beside(entry.body))


def _beside(body: Any) -> Iterator[str]:
    if isinstance(body, dict) and body.get("name") in ("T", "U"):
        return
    if isinstance(body, dict) and body.get("name") == "RECONCILER_RECORD":
        yield zlib.decompress(base64.b64decode(body["value"])).decode()
    elif isinstance(body, dict | list):
        for item in body.values() if isinstance(body, dict) else body:
            yield from _beside(item)
    else:
        yield str(body)
