"""What an update sends: what changes and no more, whole, with what others put there."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from reconciler.mark import mark_to_text
from reconciler.provider import Edit
from reconciler.providers.runai.body import update_body
from reconciler.providers.runai.kinds import KINDS
from reconciler.providers.runai.marks import MARK, MARK_NOTE, RECORD, RECORD_NOTE
from reconciler.providers.runai.provider import RunaiProvider
from reconciler.resource import Life, Lifecycle, Observed, Resource, Scope, Summary
from reconciler.secret import Secret
from tests.providers.runai import stage as staging
from tests.providers.runai.stage import SECRET, SPECS, a_resource, an_inference, only, stage

OURS = replace(staging.MARK, key="c1/team-a/Training/train")
BY_NAME = {kind.name: kind for kind in KINDS}


def body_of(resource: Resource, live: dict[str, Any], edit: Edit, **carries: Any) -> dict[str, Any]:
    """Build the body of an update from a live spec and what is wanted of it."""
    key = resource.key
    row = Summary(key, "i", f"c1/team-a/{key.kind}/{key.name}", "Running", Life.ACTIVE, "")
    return update_body(Observed(row, live, **carries), resource, edit, OURS, BY_NAME[key.kind])


# -- Inference ---------------------------------------------------------------------------------


def patched(live: dict[str, Any], wanted: dict[str, Any], edit: Edit, **carries: Any) -> dict[str, Any]:
    """Build an update from a live spec and what is wanted of it; without our own variables."""
    sent: dict[str, Any] = body_of(an_inference(**wanted), live, edit, **carries)["spec"]
    items = sent["environmentVariables"]
    assert items[-2] == {"name": MARK, "value": mark_to_text(OURS)}
    assert items[-1]["name"] == RECORD
    return {**sent, "environmentVariables": items[:-2]}


def test_an_object_is_sent_whole_with_what_the_platform_filled_in() -> None:
    live = {"compute": {"gpuDevicesRequest": 1, "cpuCoreRequest": 0.1}}

    sent = patched(
        live, {"compute": {"gpuDevicesRequest": 2}}, Edit(("/spec/compute/gpuDevicesRequest",), {})
    )

    assert sent["compute"] == {"gpuDevicesRequest": 2, "cpuCoreRequest": 0.1}


def test_a_field_that_is_no_longer_declared_goes_back_to_its_default_or_null() -> None:
    live = {"compute": {"largeShmRequest": True, "cpuCoreLimit": 2, "cpuCoreRequest": 1}, "command": "run"}
    removed = {
        "/spec/compute/largeShmRequest": False,
        "/spec/compute/cpuCoreLimit": None,
        "/spec/command": None,
    }

    sent = patched(live, {"compute": {"cpuCoreRequest": 1}}, Edit((), removed))

    assert sent["compute"] == {"largeShmRequest": False, "cpuCoreLimit": None, "cpuCoreRequest": 1}
    assert sent["command"] is None


def test_a_block_of_which_nothing_is_declared_and_only_defaults_are_left_is_cleared() -> None:
    live = {"autoscaling": {"minReplicas": 2, "metric": "latency"}}
    removed = {"/spec/autoscaling/minReplicas": 1, "/spec/autoscaling/metric": None}

    assert patched(live, {}, Edit((), removed))["autoscaling"] is None


@pytest.mark.parametrize("knows", ["record", "pointers"])
def test_live_items_that_were_ours_go_and_others_stay(knows: str) -> None:
    live = {"environmentVariables": [{"name": name, "value": "1"} for name in ("A", "OLD", "THEIRS")]}
    before = {"environmentVariables": [{"name": name, "value": "1"} for name in ("A", "OLD")]}
    carries: dict[str, Any] = (
        {"record": before}
        if knows == "record"
        else {"record_paths": tuple(f"/spec/environmentVariables/name={n}/value" for n in ("A", "OLD"))}
    )
    edit = Edit(("/spec/environmentVariables/name=A/value",), {})

    sent = patched(live, {"environmentVariables": [{"name": "A", "value": "2"}]}, edit, **carries)

    assert [item["name"] for item in sent["environmentVariables"]] == ["A", "THEIRS"]


def test_a_list_without_keys_is_sent_as_declared() -> None:
    sent = patched({"nodePools": ["a", "b"]}, {"nodePools": ["c"]}, Edit(("/spec/nodePools",), {}))

    assert sent["nodePools"] == ["c"]


def test_an_item_takes_the_declared_form_alone() -> None:
    live = {"environmentVariables": [{"name": "T", "value": "literal"}]}
    wanted = {"environmentVariables": [{"name": "T", "secret": {"name": "s", "key": "k"}}]}
    edit = Edit(
        ("/spec/environmentVariables/name=T/secret/name",), {"/spec/environmentVariables/name=T/value": None}
    )

    (item,) = patched(live, wanted, edit)["environmentVariables"]

    assert item.get("value") is None
    assert item["secret"] == {"name": "s", "key": "k"}


# -- DistributedInference ----------------------------------------------------------------------

GROUPS = SPECS["DistributedInference"]


def test_a_distributed_inference_is_sent_its_replicas_alone() -> None:
    wanted = a_resource("x", "DistributedInference", {**GROUPS, "replicas": 3})

    assert body_of(wanted, GROUPS, Edit(("/spec/replicas",), {})) == {"spec": {"replicas": 3}}


def test_replicas_that_are_no_longer_declared_go_back_to_their_default() -> None:
    wanted = a_resource("x", "DistributedInference", {"leader": GROUPS["leader"]})

    sent = body_of(wanted, {**GROUPS, "replicas": 3}, Edit((), {"/spec/replicas": 1}))

    assert sent == {"spec": {"replicas": 1}}


# -- NimService --------------------------------------------------------------------------------


def a_nim(**spec: Any) -> Resource:
    return a_resource("x", "NimService", {"image": "nim:1", **spec})


def test_a_nim_service_is_sent_what_changes_and_its_annotations() -> None:
    live = {
        "image": "nim:0",
        "replicas": 2,
        "annotations": [{"name": "theirs", "value": "1"}, {"name": "old", "value": "1"}],
    }
    edit = Edit(("/spec/image",), {"/spec/annotations/name=old": None})

    spec = body_of(a_nim(), live, edit)["spec"]

    assert set(spec) == {"image", "annotations"}
    assert spec["image"] == "nim:1"
    assert [item["name"] for item in spec["annotations"]] == ["theirs", MARK_NOTE, RECORD_NOTE]
    assert spec["annotations"][1]["value"] == mark_to_text(OURS)


def test_nulls_that_are_live_are_not_sent_back() -> None:
    live = {"compute": {"gpuDevicesRequest": 1, "cpuCoreRequest": None}, "labels": None}

    spec = body_of(
        a_nim(compute={"gpuDevicesRequest": 2}), live, Edit(("/spec/compute/gpuDevicesRequest",), {})
    )["spec"]

    assert spec["compute"] == {"gpuDevicesRequest": 2}


def test_a_field_removed_from_a_nim_service_is_its_default_or_null() -> None:
    live = {"replicas": 3, "ngcAuthSecret": "ngc"}
    edit = Edit((), {"/spec/replicas": 1, "/spec/ngcAuthSecret": None})

    spec = body_of(a_nim(), live, edit)["spec"]

    assert (spec["replicas"], spec["ngcAuthSecret"]) == (1, None)


# -- ExternalWorkload --------------------------------------------------------------------------

DEPLOYED = SPECS["ExternalWorkload"]["manifest"]


def an_external(lifecycle: Lifecycle | None = None, **spec: Any) -> Resource:
    wanted = {"manifest": DEPLOYED, **spec}
    return a_resource("x", "ExternalWorkload", wanted, lifecycle=lifecycle or Lifecycle())


def test_a_manifest_is_sent_whole_with_our_annotations_and_how_it_is_scheduled() -> None:
    live = {"manifest": {**DEPLOYED, "metadata": {"name": "x"}}, "priority": "low", "category": "Deploy"}

    sent = body_of(an_external(category="Build"), live, Edit(("/spec/category",), {}))

    assert sent["metadata"] == {"priority": "low", "category": "Build"}
    notes = sent["manifest"]["metadata"].pop("annotations")
    assert set(notes) == {MARK_NOTE, RECORD_NOTE}
    assert json.loads(notes[RECORD_NOTE])["spec"] == {"manifest": DEPLOYED, "category": "Build"}
    assert sent["manifest"] == live["manifest"]


def test_what_is_live_of_a_manifest_and_was_never_ours_is_sent_back() -> None:
    theirs = deepcopy(DEPLOYED)
    theirs["metadata"] = {"name": "x", "labels": {"theirs": "1"}, "annotations": {"theirs": "1"}}
    wanted = deepcopy(DEPLOYED)
    wanted["spec"]["replicas"] = 2

    sent = body_of(
        an_external(manifest=wanted), {"manifest": theirs}, Edit(("/spec/manifest/spec/replicas",), {})
    )

    assert set(sent["manifest"]["metadata"]["annotations"]) == {"theirs", MARK_NOTE, RECORD_NOTE}
    assert sent["manifest"]["metadata"]["labels"] == {"theirs": "1"}
    assert sent["manifest"]["spec"] == wanted["spec"]


def test_a_priority_that_is_no_longer_declared_is_sent_as_null() -> None:
    live = {"manifest": DEPLOYED, "priority": "low", "category": "Deploy"}

    sent = body_of(an_external(), live, Edit((), {"/spec/priority": None}))

    assert sent["metadata"] == {"priority": None, "category": "Deploy"}


def test_an_ignored_part_of_a_manifest_stays_as_it_is_live() -> None:
    live = {"manifest": {**DEPLOYED, "spec": {**DEPLOYED["spec"], "replicas": 9}}}
    ignoring = Lifecycle(ignore=("/spec/manifest/spec/replicas",))

    sent = body_of(an_external(ignoring, category="Build"), live, Edit(("/spec/category",), {}))

    assert sent["manifest"]["spec"]["replicas"] == 9


def test_a_secret_in_a_manifest_is_sent_and_recorded_by_name() -> None:
    wanted = deepcopy(DEPLOYED)
    container = wanted["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [{"name": "T", "value": Secret("secret:HF", SECRET)}]

    manifest = body_of(
        an_external(manifest=wanted), {"manifest": DEPLOYED}, Edit(("/spec/manifest/spec",), {})
    )["manifest"]

    assert json.dumps(manifest).count(SECRET) == 1
    assert SECRET not in json.dumps(manifest["metadata"])


# -- on the wire -------------------------------------------------------------------------------

CHANGED: dict[str, tuple[dict[str, Any], str, str, set[str]]] = {
    "DistributedInference": ({"replicas": 3}, "/spec/replicas", "PATCH", {"spec"}),
    "NimService": ({"replicas": 3}, "/spec/replicas", "PATCH", {"spec"}),
    "ExternalWorkload": ({"category": "Build"}, "/spec/category", "PUT", {"metadata", "manifest"}),
}


@pytest.mark.parametrize("kind", CHANGED)
def test_an_update_is_one_request_and_shows(kind: str) -> None:
    change, pointer, method, parts = CHANGED[kind]
    wanted = a_resource("x", kind, {**SPECS[kind], **change})

    async def act(provider: RunaiProvider, scope: Scope) -> Observed:
        await provider.create(scope, a_resource("x", kind, SPECS[kind]), staging.MARK)
        before = await only(provider, scope, kind, "x")
        mark = replace(staging.MARK, digest="1:new")
        await provider.update(before, wanted, Edit((pointer,), {}), mark)
        return await only(provider, scope, kind, "x")

    with stage() as here:
        after = here.play(act)
        (entry,) = [e for e in here.emulator.ledger.entries if e.method in ("PATCH", "PUT")]

    assert (entry.method, set(entry.body)) == (method, parts)
    assert {name: after.spec[name] for name in change} == change
    is_rewritten = kind != "DistributedInference"
    assert after.mark is not None
    assert (after.mark.digest == "1:new") is is_rewritten
    assert (after.record == wanted.spec) is is_rewritten
