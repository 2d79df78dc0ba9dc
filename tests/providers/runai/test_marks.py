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
from reconciler.providers.runai.body import create_body
from reconciler.providers.runai.kinds import KINDS
from reconciler.providers.runai.marks import MARK, MARK_NOTE, RECORD, RECORD_NOTE, carried, marked
from reconciler.providers.runai.routes import ROUTES
from reconciler.resource import Scope
from reconciler.secret import Secret, revealed
from tests.providers.runai import stage
from tests.providers.runai.stage import SECRET, a_resource

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
BY_NAME = {kind.name: kind for kind in KINDS}
EVERY_KIND = pytest.mark.parametrize("kind", [BY_NAME[name] for name in ROUTES], ids=lambda kind: kind.name)


def placed(kind: Kind, block: dict[str, Any]) -> dict[str, Any]:
    """Give a spec of a kind that holds what a block states, where the kind carries what is ours."""
    if kind.name == "DistributedInference":
        return {"leader": block, "workers": 1}
    if kind.name != "ExternalWorkload":
        return block
    held = {name: value for name, value in block.items() if name != "annotations"}
    notes = {item["name"]: item["value"] for item in block.get("annotations", ())}
    metadata = {"annotations": notes} if notes else {"labels": {"a": "b"}}
    return {"manifest": {"kind": "Job", "metadata": metadata, "spec": held}}


def without_empty(block: dict[str, Any]) -> dict[str, Any]:
    """Give a block as it is read back: a list that held nothing is as none."""
    return {
        name: value
        for name, value in block.items()
        if value != [] or name not in ("annotations", "environmentVariables")
    }


@EVERY_KIND
@given(block=SPECS)
def test_a_mark_and_its_record_are_read_back_and_the_spec_is_as_it_was(
    kind: Kind, block: dict[str, Any]
) -> None:
    spec = placed(kind, without_empty(block))

    found = carried(marked(spec, spec, OURS, kind), kind)

    assert found.mark == OURS
    assert found.record == spec
    assert found.record_paths is None
    assert found.spec == spec


@EVERY_KIND
def test_a_record_too_large_becomes_its_pointers(kind: Kind) -> None:
    noise = random.Random(7)  # noise cannot be packed
    items = [{"name": f"N{n}", "value": noise.randbytes(150).hex()} for n in range(300)]
    spec = placed(kind, {"image": "x", "environmentVariables": items})

    found = carried(marked(spec, spec, OURS, kind), kind)

    assert found.record is None
    assert found.record_paths
    assert any(path.endswith("/environmentVariables/name=N7/value") for path in found.record_paths)


@EVERY_KIND
def test_secrets_are_recorded_by_name(kind: Kind) -> None:
    def told(value: Any) -> dict[str, Any]:
        return placed(kind, {"image": "x", "environmentVariables": [{"name": "T", "value": value}]})

    spec = told(Secret("secret:HF", SECRET))

    live = marked(revealed(spec), spec, OURS, kind)

    assert json.dumps(live).count(SECRET) == 1
    assert carried(live, kind).record == told("secret:HF")


@EVERY_KIND
def test_what_is_ours_is_taken_out_wherever_the_platform_repeats_it(kind: Kind) -> None:
    spec = placed(kind, {"image": "x"})
    live = marked(spec, spec, OURS, kind)
    notes = {MARK_NOTE: "m", "theirs": "1"}
    copies = {
        "masterSpec": {"environmentVariables": [{"name": MARK, "value": "m"}]},
        "worker": {"annotations": [{"name": MARK_NOTE, "value": "m"}, {"name": "theirs", "value": "1"}]},
        "template": [{"metadata": {"annotations": notes}}],
    }

    found = carried({**live, **copies}, kind)

    assert found.mark == OURS
    assert found.spec == {
        **spec,
        "masterSpec": {},
        "worker": {"annotations": [{"name": "theirs", "value": "1"}]},
        "template": [{"metadata": {"annotations": {"theirs": "1"}}}],
    }


def test_the_record_of_a_distributed_inference_does_not_tell_its_replicas() -> None:
    kind = BY_NAME["DistributedInference"]
    spec = {"leader": {"image": "x"}, "replicas": 2}
    large = {**spec, "leader": {"image": "x", "args": "a" * 40_000}}

    whole, paths = (carried(marked(each, each, OURS, kind), kind) for each in (spec, large))

    assert whole.record == {"leader": {"image": "x"}}
    assert set(paths.record_paths or ()) == {"/spec/leader/args", "/spec/leader/image"}


def test_annotations_of_a_manifest_are_a_map_that_kubernetes_takes() -> None:
    spec = {"manifest": {"kind": "Job", "metadata": {"name": "j", "annotations": {"theirs": "1"}}}}

    metadata = marked(spec, spec, OURS, BY_NAME["ExternalWorkload"])["manifest"]["metadata"]

    assert set(metadata["annotations"]) == {"theirs", MARK_NOTE, RECORD_NOTE}
    assert all(isinstance(value, str) for value in metadata["annotations"].values())


def test_on_an_inference_the_variables_count_and_annotations_tell_of_its_birth() -> None:
    kind = BY_NAME["Inference"]
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
@EVERY_KIND
def test_a_record_that_is_none_of_ours_is_none(kind: Kind, said: str) -> None:
    block = {
        "annotations": [{"name": RECORD_NOTE, "value": said}, {"name": MARK_NOTE, "value": said}],
        "environmentVariables": [{"name": RECORD, "value": said}, {"name": MARK, "value": said}],
    }

    found = carried(placed(kind, block), kind)

    assert (found.mark, found.record, found.record_paths) == (None, None, None)
    assert not {MARK, RECORD, MARK_NOTE, RECORD_NOTE} & {*json.dumps(found.spec).split('"')}


def test_a_template_stands_beside_the_spec() -> None:
    kind = BY_NAME["Training"]
    resource = a_resource(spec={"image": "x", "templateId": "t-1"})

    body = create_body(SCOPE, resource, OURS, kind)

    assert (body["templateId"], body["projectId"], body["clusterId"]) == ("t-1", "7", "c1")
    assert "templateId" not in body["spec"]
