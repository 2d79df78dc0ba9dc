"""Validating: what is accepted, what is built from it, and what the schemas promise."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.fleet import Target
from reconciler.kind import Kind
from reconciler.problem import CODES, Severity
from reconciler.providers import kinds
from reconciler.resource import HealthPolicy, ResourceKey
from reconciler.validate import Validated, validate
from reconciler.validate.policy import seconds
from reconciler.validate.schema import fleet_schema, manifest_schema, schema_files, schema_for
from reconciler.yaml import parse
from tests.test_validate_broken import FLEET

OPEN = ("KubernetesManifest", "ManifestMetadata")
"""Parts that are the user's own tree, which no schema of ours can close."""

KINDS = sorted(kinds().values(), key=lambda kind: kind.name)
GOOD = """\
apiVersion: runai/v1
kind: Training
metadata:
  name: llama-finetune
  project: team-forecast
  labels: {team: nlp}
spec:
  image: nvcr.io/nvidia/nemo:24.07
  command: torchrun
  args: --nproc_per_node=8 train.py
  compute: {gpuDevicesRequest: 8, cpuCoreRequest: 32, cpuMemoryRequest: 256Gi, largeShmRequest: true}
  environmentVariables:
    - {name: HF_TOKEN, value: "${{ secrets.HF_TOKEN }}"}
    - {name: SEED, value: "7"}
  workingDir: null
lifecycle: {run: Once, onRemove: Keep, protect: true, ignore: [/spec/args]}
dependsOn: [{kind: training, name: preprocess}]
health: {timeout: 1h30m, queueTimeout: 2m, hold: 5s, logTail: 100}
---
apiVersion: runai/v1
kind: Training
metadata: {name: preprocess, project: team-forecast}
spec: {image: "a:1"}
lifecycle: null
dependsOn: null
health: null
"""


def checked(text: str) -> Validated:
    parsed = parse(text, "m.yaml")
    assert not parsed.problems
    return validate(parsed.documents, FLEET, kinds=kinds())


@pytest.mark.parametrize(
    "text",
    ["${{" * 100_000, "${{ vars.NOT }}" * 20_000, "".join(f"${{{{ vars.A{n} }}}}" for n in range(3_000))],
    ids=["never closed", "one name", "many names"],
)
def test_a_text_of_many_wrong_interpolations_is_judged_soon(text: str) -> None:
    begun = time.monotonic()

    found = checked(GOOD.replace("train.py", "train.py " + text))

    assert not found.is_valid
    assert time.monotonic() - begun < 10


def test_a_good_manifest_becomes_a_resource() -> None:
    found = checked(GOOD)
    first = found.resources[0]

    assert found.is_valid
    assert first.key == ResourceKey("runai-prod", "team-forecast", "Training", "llama-finetune")
    assert first.labels == {"team": "nlp"}
    assert first.lifecycle.on_remove == "Keep"
    assert first.lifecycle.protect
    assert first.lifecycle.ignore == ("/spec/args",)
    assert first.health == HealthPolicy(5400.0, 120.0, 5.0, 100)
    assert first.depends_on == (found.resources[1].key,)


def test_places_address_list_items_by_key() -> None:
    resource = checked(GOOD).resources[0]

    assert str(resource.place("/spec/environmentVariables/name=HF_TOKEN/value")) == "m.yaml:13:31"
    assert str(resource.place("/spec/environmentVariables/name=NEW")) == "m.yaml:13:5"
    assert str(resource.source) == "m.yaml:1"


def test_nothing_is_interpolated_by_validation() -> None:
    value = checked(GOOD).resources[0].spec["environmentVariables"][0]["value"]

    assert value == "${{ secrets.HF_TOKEN }}"


def test_fleet_defaults_stand_where_a_manifest_says_nothing() -> None:
    assert checked(GOOD).resources[1].lifecycle == FLEET.default_lifecycle


@pytest.mark.parametrize(("text", "value"), [("60s", 60), ("20m", 1200), ("1h30m", 5400), ("1h1m1s", 3661)])
def test_durations_are_read_in_seconds(text: str, value: float) -> None:
    assert seconds(text) == value


def test_with_several_targets_a_manifest_says_which() -> None:
    targets = {name: Target(name, "runai", "https://x.run.ai") for name in ("one", "two")}
    fleet = replace(FLEET, targets=targets)
    document = parse(GOOD.partition("---")[2], "m.yaml").documents

    problem = validate(document, fleet, kinds=kinds()).problems[0]

    assert (problem.code, problem.hint) == ("RC132", "write one of one, two")


def test_a_provider_without_a_target_is_an_error() -> None:
    fleet = replace(FLEET, targets={})

    problem = validate(parse(GOOD, "m.yaml").documents, fleet, kinds=kinds()).problems[0]

    assert problem.code == "RC132"


def test_a_guess_is_a_warning_and_stops_nothing() -> None:
    text = GOOD.replace('{name: SEED, value: "7"}', "{name: WANDB_API_KEY, value: local-abc123}")

    found = checked(text)

    assert found.is_valid
    assert [problem.severity for problem in found.problems] == [Severity.WARNING]


def test_a_kubernetes_manifest_bears_the_name_of_its_object_or_none() -> None:
    text = """\
apiVersion: runai/v1
kind: ExternalWorkload
metadata: {name: chat, project: team-forecast}
spec:
  manifest:
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: NAME}
"""

    (problem,) = checked(text.replace("NAME", "caht")).problems

    assert (problem.code, problem.pointer) == ("RC107", "/spec/manifest/metadata/name")
    assert str(problem.location) == "m.yaml:8:22"
    assert problem.what == 'spec.manifest.metadata.name is "caht", but metadata.name is chat'
    assert checked(text.replace("NAME", "chat")).problems == ()
    assert checked(text.replace("NAME", "null")).problems == ()


IDLE = GOOD.replace("command: torchrun", "command: sleep").replace(
    "args: --nproc_per_node=8 train.py", "args: infinity"
)


def test_a_lint_is_a_warning_with_a_place_and_stops_nothing() -> None:
    found = checked(IDLE)
    (problem,) = found.problems

    assert found.is_valid
    assert (problem.code, str(problem.location), problem.severity) == (
        "RC150",
        "m.yaml:10:9",
        Severity.WARNING,
    )


@pytest.mark.parametrize(
    ("comment", "codes"),
    [
        ("# allow RC150", []),
        ("# a debug pod: allow RC131, RC150", []),
        ("# allow RC131", ["RC150"]),
        ("# RC150", ["RC150"]),
        ("#allow", ["RC150"]),
    ],
)
def test_a_line_may_allow_its_own_warnings(comment: str, codes: list[str]) -> None:
    found = checked(IDLE.replace("args: infinity", f"args: infinity  {comment}"))

    assert [problem.code for problem in found.problems] == codes


def test_no_line_allows_an_error() -> None:
    found = checked(GOOD.replace("command: torchrun", "comand: torchrun  # allow RC103"))

    assert [problem.code for problem in found.problems] == ["RC103"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.name))
def test_each_schema_is_a_schema_and_closed(kind: Kind) -> None:
    schema = schema_for(kind)

    jsonschema.Draft202012Validator.check_schema(schema)
    open_parts = {path for path, part in _objects(schema) if part.get("additionalProperties") is not False}
    assert open_parts == {f"/$defs/{name}" for name in OPEN if name in schema["$defs"]}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.name))
def test_each_field_of_a_spec_is_described_and_may_be_null(kind: Kind) -> None:
    spec = schema_for(kind)["$defs"][f"{kind.name}Spec"]
    optional = {
        name: body for name, body in spec["properties"].items() if name not in spec.get("required", ())
    }

    assert not [name for name, body in spec["properties"].items() if not body.get("description")]
    assert not [name for name, body in optional.items() if not _allows_null(body)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.name))
def test_the_schema_of_all_kinds_agrees_with_that_of_each(kind: Kind) -> None:
    document = {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "metadata": {"name": "a", kind.scope_word: "b"},
        "spec": {"nonsense": 1},
    }

    whole = jsonschema.Draft202012Validator(manifest_schema())
    own = jsonschema.Draft202012Validator(schema_for(kind))

    assert not whole.is_valid(document)
    assert not own.is_valid(document)
    assert _said(whole, document) == _said(own, document)


def test_every_schema_file_is_stable_json() -> None:
    files = schema_files()

    assert files == schema_files()
    assert {"manifest.json", "fleet.json", "runai/training.json"} <= set(files)
    assert all(json.loads(text)["$schema"].endswith("2020-12/schema") for text in files.values())
    jsonschema.Draft202012Validator.check_schema(fleet_schema())


def test_validation_loads_no_network_library() -> None:
    code = "import sys, reconciler.load, reconciler.validate.schema as v; "
    code += (
        "v.manifest_schema(); v.fleet_schema(); print({'httpx', 'deepdiff', 'asyncio'} & set(sys.modules))"
    )

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert printed == "set()\n"


_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 9), st.sampled_from(["", "a", "8", "16Gi", "${{ x }}"])
)
_WORDS = ["apiVersion", "kind", "metadata", "spec", "name", "project", "image", "compute", "args", "value"]
_WORDS += ["environmentVariables", "annotations", "lifecycle", "health", "dependsOn", "gpus", "run"]
_TREES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(_WORDS),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=25,
)


@given(_TREES, _TREES, _TREES, _TREES)
@settings(max_examples=120, deadline=None)
def test_any_shape_gives_problems_and_never_a_crash(
    metadata: Any, spec: Any, lifecycle: Any, depends: Any
) -> None:
    value = {"apiVersion": "runai/v1", "kind": "Training", "metadata": metadata, "spec": spec}
    text = json.dumps({**value, "lifecycle": lifecycle, "dependsOn": depends})

    found = validate(parse(text, "m.yaml").documents, FLEET, kinds=kinds())

    assert all(problem.code in CODES and problem.location for problem in found.problems)


def _objects(schema: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    found = []
    if isinstance(schema, dict):
        if "properties" in schema and "if" not in path.split("/"):
            found.append((path, schema))
        for key, part in schema.items():
            found += _objects(part, f"{path}/{key}")
    elif isinstance(schema, list):
        for index, part in enumerate(schema):
            found += _objects(part, f"{path}/{index}")
    return found


def _allows_null(body: dict[str, Any]) -> bool:
    return "null" in (body.get("type") or ()) or {"type": "null"} in body.get("anyOf", ())


def _said(validator: jsonschema.Draft202012Validator, document: Any) -> list[str]:
    return sorted(error.message for error in validator.iter_errors(document))
