"""What we write onto a running job can be read back, whatever else stands there."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.kind import Kind
from reconciler.mark import mark_to_text
from reconciler.provider import Edit
from reconciler.providers.runai.body import create_body, patch_body
from reconciler.providers.runai.kinds import KINDS
from reconciler.providers.runai.marks import MARK, MARK_NOTE, RECORD, RECORD_NOTE, carried, marked
from reconciler.resource import Life, Observed, Scope, Summary
from reconciler.secret import Secret, revealed
from tests.providers.runai import stage
from tests.providers.runai.stage import SECRET, a_resource, an_inference

WORDS = st.text("abcXYZ0129_-", min_size=1, max_size=12)
NAMED = st.lists(
    st.fixed_dictionaries({"name": WORDS, "value": st.text(max_size=20)}),
    unique_by=lambda item: item["name"],
    max_size=4,
)
SPECS = st.fixed_dictionaries(
    {"image": WORDS},
    optional={
        "environmentVariables": NAMED,
        "annotations": NAMED,
        "args": WORDS,
        "backoffLimit": st.integers(),
    },
)
OURS = replace(stage.MARK, key="c1/team-a/Training/train")
SCOPE = Scope("team-a", "7", "dgx", "c1")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@given(spec=SPECS)
def test_a_mark_and_its_record_are_read_back_and_the_spec_is_as_it_was(
    kind: Kind, spec: dict[str, Any]
) -> None:
    found = carried(marked(spec, spec, OURS, kind), kind)

    assert found.mark == OURS
    assert found.record == spec
    assert found.record_paths is None
    assert found.spec == {name: value for name, value in spec.items() if value != []}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_record_too_large_becomes_its_pointers(kind: Kind) -> None:
    noise = random.Random(7)  # noise cannot be packed
    spec = {
        "image": "x",
        "environmentVariables": [{"name": f"N{n}", "value": noise.randbytes(150).hex()} for n in range(300)],
    }

    found = carried(marked(spec, spec, OURS, kind), kind)

    assert found.record is None
    assert found.record_paths
    assert "/spec/environmentVariables/name=N7/value" in found.record_paths


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_secrets_are_recorded_by_name(kind: Kind) -> None:
    spec = {"image": "x", "environmentVariables": [{"name": "T", "value": Secret("secret:HF", SECRET)}]}

    live = marked(revealed(spec), spec, OURS, kind)

    assert json.dumps(live).count(SECRET) == 1
    assert carried(live, kind).record == {
        "image": "x",
        "environmentVariables": [{"name": "T", "value": "secret:HF"}],
    }


def test_on_an_inference_the_variables_count_and_annotations_tell_of_its_birth() -> None:
    kind = next(kind for kind in KINDS if kind.name == "Inference")
    live = marked({"image": "old"}, {"image": "old"}, OURS, kind)
    notes = [note for note in live["annotations"] if note["name"] != MARK_NOTE]
    live = {**live, "annotations": [*notes, {"name": MARK_NOTE, "value": "another"}]}
    without = {**live, "environmentVariables": []}

    assert carried(live, kind).mark == OURS
    assert carried(live, kind).record == {"image": "old"}
    assert carried(without, kind).record is None


BROKEN: dict[str, str] = {
    "nothing": "",
    "not JSON": "{",
    "another version": '{"v": 2, "spec": {}}',
    "another shape": '{"v": 1, "spec": []}',
    "pointers that are none": '{"v": 1, "paths": [1]}',
}


@pytest.mark.parametrize("said", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_record_that_is_none_of_ours_is_none(kind: Kind, said: str) -> None:
    spec = {
        "annotations": [{"name": RECORD_NOTE, "value": said}, {"name": MARK_NOTE, "value": said}],
        "environmentVariables": [{"name": RECORD, "value": said}, {"name": MARK, "value": said}],
    }

    found = carried(spec, kind)

    assert (found.mark, found.record, found.record_paths) == (None, None, None)
    assert found.spec == {}


def test_a_template_stands_beside_the_spec() -> None:
    kind = next(kind for kind in KINDS if kind.name == "Training")
    resource = a_resource(spec={"image": "x", "templateId": "t-1"})

    body = create_body(SCOPE, resource, OURS, kind)

    assert (body["templateId"], body["projectId"], body["clusterId"]) == ("t-1", "7", "c1")
    assert "templateId" not in body["spec"]


# -- what an update sends ----------------------------------------------------------------------


def patched(live: dict[str, Any], wanted: dict[str, Any], edit: Edit, **carries: Any) -> dict[str, Any]:
    """Build an update from a live spec and what is wanted of it; without our own variables."""
    kind = next(kind for kind in KINDS if kind.name == "Inference")
    resource = an_inference(**wanted)
    row = Summary(resource.key, "i", "c1/team-a/Inference/serve", "Running", Life.ACTIVE, "")
    sent: dict[str, Any] = patch_body(Observed(row, live, **carries), resource, edit, OURS, kind)["spec"]
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
    live = {"autoscaling": {"minReplicas": 2, "metric": "latency"}, "command": "run"}
    removed = {
        "/spec/autoscaling/minReplicas": 1,
        "/spec/autoscaling/metric": None,
        "/spec/command": None,
    }

    sent = patched(live, {}, Edit((), removed))

    assert sent["autoscaling"] == {"minReplicas": 1, "metric": None}
    assert sent["command"] is None


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
