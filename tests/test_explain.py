"""`explain`: every code has its text, every path leads to one field, and words from elsewhere too."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.errors import ExitCode, FleetError, UsageError
from reconciler.explain import explain
from reconciler.explain.code import code_told, exits
from reconciler.explain.told import CodeTold, ExitTold, FieldTold
from reconciler.fleet import Target
from reconciler.kind import NOTHING, Kind
from reconciler.load import load_fleet
from reconciler.problem import CODES
from reconciler.providers import kinds
from reconciler.validate import validate
from reconciler.yaml import parse
from tests.architecture.house import ROOT, modules
from tests.test_validate_broken import FLEET

MANIFEST_CODES = sorted(code for code in CODES if code.startswith("RC1") and code != "RC100")


def told_field(path: str) -> FieldTold:
    told = explain(path)
    assert isinstance(told, FieldTold)
    return told


def told_code(code: str) -> CodeTold:
    told = explain(code)
    assert isinstance(told, CodeTold)
    return told


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_has_a_meaning_an_example_and_a_way_out(code: str) -> None:
    told = told_code(code)

    assert told.stands_for == CODES[code]
    assert min(len(told.means), len(told.example), len(told.mend)) > 20
    assert max(map(len, told.example.split("\n"))) <= 100


def test_every_code_that_the_program_uses_is_explained() -> None:
    used = {code for file in modules() for code in re.findall(r'"(RC\d{3})"', file.read_text())}

    assert used == set(CODES)


def test_no_text_explains_a_code_that_is_none() -> None:
    texts = (ROOT / "reconciler" / "explain" / "codes").glob("*.toml")
    written = {
        code for file in texts for code in re.findall(r"^\[(RC\d{3})\]$", file.read_text(), re.MULTILINE)
    }

    assert sorted(written) == sorted(CODES)


@pytest.mark.parametrize("code", MANIFEST_CODES)
def test_the_example_of_a_manifest_code_brings_it_about(code: str) -> None:
    pinned = {"apiLevel": "2.23"}
    prod = replace(FLEET.targets["runai-prod"], name="prod", scopes=(), settings=pinned)
    targets = {"prod": prod, "safe": Target("safe", "primus-safe", "https://safe.wattfield.example")}
    parsed = parse(told_code(code).example, "m.yaml")

    found = validate(parsed.documents, replace(FLEET, targets=targets), kinds=kinds())

    assert {problem.code for problem in (*parsed.problems, *found.problems)} == {code}


def test_the_example_of_the_fleet_code_brings_it_about(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text(told_code("RC201").example)

    with pytest.raises(FleetError) as raised:
        load_fleet(cwd=tmp_path)

    assert {problem.code for problem in raised.value.problems} == {"RC201"}


@pytest.mark.parametrize("code", sorted(CODES))
def test_any_other_example_is_what_the_program_says(code: str) -> None:
    example = told_code(code).example

    assert example.startswith("apiVersion:") or re.match(rf"(error|warning|note)\[{code}\]: \S", example)


@pytest.mark.parametrize("word", ["rc103", "103", " RC103 "])
def test_a_code_may_be_written_short(word: str) -> None:
    assert told_code(word).code == "RC103"


@pytest.mark.parametrize("code", list(ExitCode), ids=lambda code: code.label)
def test_an_exit_code_is_explained_by_number_and_by_name(code: ExitCode) -> None:
    by_number, by_name = explain(str(int(code))), explain(code.label)

    assert isinstance(by_number, ExitTold)
    assert by_number == by_name
    assert by_number.code is code
    assert by_number.means
    assert by_number.mend


def test_the_docs_say_of_exit_codes_what_explain_says() -> None:
    text = (ROOT / "docs" / "exit-codes.md").read_text()
    rows = dict(re.findall(r"^\| \d+ \| `([a-z-]+)` \| (.+?) \|$", text, re.MULTILINE))

    assert rows == {told.label: told.means for told in exits()}


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("Training", "Training"),
        ("training", "Training"),
        ("Training.spec.compute.gpuDevicesRequest", "Training.spec.compute.gpuDevicesRequest"),
        ("training.compute", "Training.spec.compute"),
        ("Training/spec/compute", "Training.spec.compute"),
        ("Training.environmentVariables.secret.name", "Training.spec.environmentVariables[].secret.name"),
        ("Training.environmentVariables[0].value", "Training.spec.environmentVariables[].value"),
        ("Training.environmentVariables[].value", "Training.spec.environmentVariables[].value"),
        (
            "Training/spec/environmentVariables/name=HF_TOKEN/value",
            "Training.spec.environmentVariables[].value",
        ),
        ("Training.metadata.project", "Training.metadata.project"),
        ("Training.metadata.labels.team", "Training.metadata.labels.<key>"),
        ("Training.lifecycle.onRemove", "Training.lifecycle.onRemove"),
        ("Training.dependsOn.kind", "Training.dependsOn[].kind"),
        ("lifecycle.onRemove", "lifecycle.onRemove"),
        ("health", "health"),
        ("Fleet.targets", "Fleet.targets"),
        ("Fleet.targets.url", "Fleet.targets.<key>.url"),
        ("fleet.targets.runai-prod.auth.clientId", "Fleet.targets.<key>.auth.clientId"),
        ("Fleet.guard.maxDestroy.count", "Fleet.guard.maxDestroy.count"),
    ],
)
def test_a_path_leads_to_its_field(path: str, title: str) -> None:
    assert told_field(path).title == title


@pytest.mark.parametrize(
    ("path", "title", "note"),
    [
        ("Training.gpu", "Training.spec.compute.gpuDevicesRequest", "compute.gpuDevicesRequest (whole GPUs)"),
        ("Training.spec.env", "Training.spec.environmentVariables", "environmentVariables"),
        ("Training.compute.cpu", "Training.spec.compute.cpuCoreRequest", "compute.cpuCoreRequest"),
        ("Training.ports.containerPort", "Training.spec.ports[].container", "container"),
        (
            "Training.gpuDevicesRequest",
            "Training.spec.compute.gpuDevicesRequest",
            "under spec.compute",
        ),
        ("Training.Spec.Compute", "Training.spec.compute", "written spec"),
    ],
)
def test_a_word_from_elsewhere_leads_to_the_field_it_means(path: str, title: str, note: str) -> None:
    told = told_field(path)

    assert told.title == title
    assert note in told.note


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("Trainig", 'did you mean "Training"?'),
        ("Trainig.compute", 'did you mean "Training.compute"?'),
        ("RC999", "did you mean"),
        ("nonsense", "there are PyTorchJob"),
        ("", "there are PyTorchJob"),
        ("Training.compute.gpuDeviceRequest", 'did you mean "gpuDevicesRequest"?'),
        ("Training.imgae", 'Training has no field "imgae"; did you mean "image"?'),
        ("Training.image.tag", "Training.spec.image has no fields"),
        ("Training.podAffinity.zzz", "it has key, type"),
        ("Training.mountPath", "it stands in spec.storage."),
    ],
)
def test_an_unknown_path_says_what_is_near(path: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        explain(path)

    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("Inference.image", "is made in place"),
        ("Inference.autoscaling.minReplicas", "is made in place"),
        ("Inference.storage", "forces a new object: Run:ai does not change it in place"),
        ("Inference.spec", "is made in place in some of its fields, and else forces a new object"),
        ("Training.image", "forces a new object: Run:ai does not change it in place"),
        ("Training.templateId", "is seen only against what was last applied, and forces a new object"),
        ("Training.metadata.name", "makes it another object: this one is removed and the other made"),
        ("Cluster.domain", "is refused: nothing of it changes in place, and it is never made anew"),
        ("Cluster.metadata.name", "is made with metadata.renamedFrom, which names the one it had"),
        ("NimService.image", "is made in place"),
        ("DistributedInference.replicas", "is made in place"),
        ("Training.health.timeout", "is not sent: reconciler itself reads it, at the next run"),
    ],
)
def test_it_says_what_a_change_does_to_a_live_object(path: str, change: str) -> None:
    assert told_field(path).changes == change


def test_it_says_which_server_a_field_needs() -> None:
    assert told_field("Training.preemptibility").since == "control plane 2.24"
    assert told_field("Inference.servingConfiguration.requestTimeoutSeconds").since == "cluster 2.22"
    assert told_field("Training.image").since == ""


def test_it_names_the_words_that_mean_a_field_elsewhere() -> None:
    also = told_field("Training.compute.gpuDevicesRequest").also

    assert {"gpu", "gpus", "numGpus", "nvidia.com/gpu"} <= set(also)
    assert "gpudevicesrequest" not in also


@pytest.mark.parametrize(
    "path", ["Training.imagePullPolicy", "Training.ports.serviceType", "Fleet.targets.apiLevel"]
)
def test_an_example_is_yaml_at_its_place(path: str) -> None:
    told = told_field(path)

    (document,) = parse("\n".join(told.example) + "\n", "m.yaml").documents

    value = document.value
    for part in told.field.path:
        value = value[0] if part == "*" else value[part.replace("<key>", "NAME")]
    assert value in told.field.allowed


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.name)
def test_a_kind_shows_a_whole_manifest(kind: Kind) -> None:
    (document,) = parse("\n".join(told_field(kind.name).example) + "\n", "m.yaml").documents

    assert document.value["kind"] == kind.name


def test_it_says_the_default_that_the_platform_documents() -> None:
    assert told_field("Inference.autoscaling.minReplicas").default == 1
    assert told_field("Training.storage.pvc.readOnly").default is False
    assert told_field("Training.lifecycle.onRemove").default == "Delete"
    assert told_field("Training.image").default is NOTHING


def test_a_kind_of_every_provider_can_be_explained() -> None:
    assert {told_field(name).title for _, name in kinds()} == {name for _, name in kinds()}


def test_an_exit_code_wins_over_a_problem_code_of_that_number() -> None:
    assert isinstance(explain("130"), ExitTold)
    assert code_told("RC130") is not None


@pytest.mark.parametrize(
    ("word", "note"),
    [
        ("lifecycle.force", "only of Cluster"),
        ("lifecycle.onRemove", "of every kind but Cluster"),
        ("health.hold", "the same in every kind"),
    ],
)
def test_a_word_of_the_envelope_is_explained_by_the_kinds_that_have_it(word: str, note: str) -> None:
    told = explain(word)

    assert isinstance(told, FieldTold)
    assert (told.title, told.note) == (word, note)


def test_a_kind_that_came_later_says_what_it_needs() -> None:
    told = explain("NimService")

    assert isinstance(told, FieldTold)
    assert told.since == "control plane 2.24"
