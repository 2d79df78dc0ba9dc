"""Resolving: variables, secrets, targets and places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import FleetError
from reconciler.fleet import Fleet, Target
from reconciler.problem import Location, Problem
from reconciler.providers import kinds
from reconciler.resolve import (
    Resolved,
    describe_secret,
    doubt_credentials,
    place,
    resolve,
    resolve_target,
    with_excerpt,
)
from reconciler.resource import Resource, ResourceKey, Scope
from reconciler.secret import Scrubber, Secret, referenced, revealed
from reconciler.validate import validate
from reconciler.yaml import parse

TARGET = Target(
    "prod",
    "runai",
    "https://${{ vars.TENANT }}.run.ai",
    settings={
        "provider": "runai",
        "url": "https://${{ vars.TENANT }}.run.ai",
        "auth": {"clientId": "${{ vars.CLIENT_ID }}", "clientSecret": "${{ secrets.CLIENT_SECRET }}"},
    },
)
FLEET = Fleet(
    id="7f3a9c04d2b81e66",
    name="ml",
    file="reconciler.yaml",
    root="/fleet",
    targets={"prod": TARGET},
    vars=("IMAGE_TAG", "SHARED", "SIZE"),
    secrets=("HF_TOKEN", "SHARED"),
)
SIGN_IN = {"TENANT": "acme", "CLIENT_ID": "key-1", "CLIENT_SECRET": "s3cr3t-value"}


def declared(spec: str) -> tuple[Resource, ...]:
    text = f"apiVersion: runai/v1\nkind: Training\nmetadata: {{name: lora, project: nlp}}\nspec: {spec}\n"
    checked = validate(parse(text, "lora.yaml").documents, FLEET, kinds=kinds())
    assert checked.is_valid, checked.problems
    return checked.resources


def resolved(spec: str, environ: Mapping[str, str], *, need_secrets: bool = False) -> Resolved:
    return resolve(declared(spec), FLEET, environ, need_secrets=need_secrets)


def spec_of(found: Resolved) -> Mapping[str, Any]:
    assert not found.problems
    return found.resources[0].spec


def test_a_variable_is_filled_into_its_text() -> None:
    found = resolved('{image: "repo:${{ vars.IMAGE_TAG }}-${{vars.IMAGE_TAG}}"}', {"IMAGE_TAG": "1.0"})

    assert spec_of(found)["image"] == "repo:1.0-1.0"


def test_what_a_variable_holds_is_not_read_again() -> None:
    found = resolved(
        '{image: "a:${{ vars.IMAGE_TAG }}"}', {"IMAGE_TAG": "${{ secrets.HF_TOKEN }}", "HF_TOKEN": "x"}
    )

    assert spec_of(found)["image"] == "a:${{ secrets.HF_TOKEN }}"


def test_the_shells_own_braces_are_left_alone() -> None:
    assert spec_of(resolved('{image: a, args: "${HOME} $(X) $$"}', {}))["args"] == "${HOME} $(X) $$"


def test_a_missing_variable_is_an_error_with_its_place() -> None:
    problem = resolved('{image: "a:${{ vars.IMAGE_TAG }}"}', {}).problems[0]

    assert problem.code == "RC111"
    assert "IMAGE_TAG" in problem.what
    assert str(problem.location) == "lora.yaml:4:15"


def test_a_secret_becomes_a_value_that_nobody_sees() -> None:
    found = resolved('{image: a, args: "${{ secrets.HF_TOKEN }}"}', {"HF_TOKEN": "hf_value"})
    secret = spec_of(found)["args"]

    assert secret == Secret("secret:HF_TOKEN")
    assert secret.reveal() == "hf_value"
    assert found.scrubber.scrub("Bearer hf_value") == "Bearer (sensitive)"


def test_a_secret_inside_a_text_keeps_the_text_around_it() -> None:
    found = resolved('{image: a, args: "--key=${{ secrets.HF_TOKEN }} -v"}', {"HF_TOKEN": "hf_value"})

    assert referenced(spec_of(found)["args"]) == "--key=secret:HF_TOKEN -v"
    assert revealed(spec_of(found)["args"]) == "--key=hf_value -v"


def test_a_missing_secret_is_unknown_at_plan_and_an_error_at_apply() -> None:
    spec = '{image: a, args: "${{ secrets.HF_TOKEN }}"}'

    assert not spec_of(resolved(spec, {}))["args"].is_known
    assert "HF_TOKEN" in resolved(spec, {}, need_secrets=True).problems[0].what


def test_a_name_that_is_secret_anywhere_is_secret_everywhere() -> None:
    found = resolved('{image: a, args: "${{ vars.SHARED }}"}', {"SHARED": "not to be seen"})

    assert isinstance(spec_of(found)["args"], Secret)


@pytest.mark.parametrize("narrowing", ["", "OTHER", "OTHER, IMAGE"])
def test_the_environment_narrows_what_manifests_may_read(narrowing: str) -> None:
    found = resolved('{image: "a:${{ vars.IMAGE_TAG }}"}', {"IMAGE_TAG": "1", "RECONCILER_VARS": narrowing})

    assert "RECONCILER_VARS does not allow IMAGE_TAG" in found.problems[0].what


def test_a_narrowing_that_names_the_variable_lets_it_through() -> None:
    environ = {"IMAGE_TAG": "1", "RECONCILER_VARS": "OTHER, IMAGE_TAG"}

    assert spec_of(resolved('{image: "a:${{ vars.IMAGE_TAG }}"}', environ))["image"] == "a:1"


def test_a_filled_in_value_is_judged_again() -> None:
    found = resolved('{image: a, compute: {cpuMemoryRequest: "${{ vars.SIZE }}"}}', {"SIZE": "lots"})

    assert [(problem.code, problem.what) for problem in found.problems] == [
        ("RC108", '"lots" is not a quantity')
    ]
    assert str(found.problems[0].location) == "lora.yaml:4:46"


def test_a_secret_is_not_judged_by_its_value() -> None:
    spec = '{image: a, compute: {cpuMemoryRequest: "${{ secrets.HF_TOKEN }}"}}'

    assert not resolved(spec, {"HF_TOKEN": "whatever it is"}).problems


def test_a_target_is_filled_in_and_its_secrets_are_hidden() -> None:
    scrubber = Scrubber()

    target = resolve_target(TARGET, SIGN_IN, scrubber)

    assert target.url == "https://acme.run.ai"
    assert isinstance(target.settings["auth"]["clientSecret"], Secret)
    assert "s3cr3t-value" not in repr(target)
    assert scrubber.finds("s3cr3t-value")


def test_a_client_secret_is_secret_even_when_it_is_called_a_variable() -> None:
    auth = {"clientId": "a", "clientSecret": "${{ vars.CLIENT_SECRET }}"}
    target = replace(TARGET, settings={**TARGET.settings, "auth": auth})

    assert isinstance(resolve_target(target, SIGN_IN).settings["auth"]["clientSecret"], Secret)


def test_every_missing_variable_of_a_target_is_named() -> None:
    with pytest.raises(FleetError) as caught:
        resolve_target(TARGET, {"TENANT": "acme"})

    assert [problem.code for problem in caught.value.problems] == ["RC203", "RC203"]
    assert "CLIENT_ID" in caught.value.problems[0].what
    assert "CLIENT_SECRET" in caught.value.problems[1].what


def test_a_wrong_url_is_refused_without_saying_the_secret() -> None:
    target = replace(TARGET, settings={**TARGET.settings, "url": "ftp://${{ vars.TENANT }}"})

    with pytest.raises(FleetError) as caught:
        resolve_target(target, SIGN_IN)

    assert "targets.prod.url" in caught.value.problems[0].what
    assert "s3cr3t-value" not in repr(caught.value.problems)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("x" * 40, "KEY (40 characters)"),
        ("x" * 39 + "\n", "KEY (40 characters, ends with a newline)"),
        (" x", "KEY (2 characters, has spaces around it)"),
        ('"x"', "KEY (3 characters, stands in quotes)"),
        ("", "KEY (empty)"),
    ],
)
def test_a_secret_is_described_without_showing_it(value: str, words: str) -> None:
    assert describe_secret("KEY", value) == words


def test_refused_credentials_are_doubted_by_where_they_come_from_and_never_shown() -> None:
    auth = {"clientId": "${{ vars.ID }}", "clientSecret": "${{ secrets.SECRET }}"}
    target = replace(TARGET, settings={**TARGET.settings, "auth": auth})

    words = doubt_credentials(target, {"ID": "app", "SECRET": "canary-value\n"})
    other = doubt_credentials(target, {"ID": "app", "SECRET": "canary-value"})

    assert "clientId from ID (3 characters), clientSecret from SECRET (13 characters, ends with" in words
    assert "gh secret set SECRET" in words
    assert "regenerated or deleted" in other
    assert "canary" not in words + other


def test_the_line_of_a_manifest_is_shown_unless_it_may_hold_a_credential() -> None:
    documents = parse("a: 1\nspec:\n  image: x\n  password: y\n", "f.yaml").documents
    image = Problem("RC501", "no image", Location("f.yaml", 3, 10, 11), pointer="/spec/image")
    password = Problem("RC501", "no", Location("f.yaml", 4, 13, 14), pointer="/spec/password")

    assert with_excerpt(image, documents).excerpt == "  image: x"
    assert with_excerpt(password, documents).excerpt == ""
    assert with_excerpt(replace(image, location=Location("g.yaml", 3, 1)), documents).excerpt == ""


def a_resource(scope: str = "nlp", cluster: str = "", name: str = "lora") -> Resource:
    places = {"/metadata/project": Location("lora.yaml", 4, 12, 15)}
    key = ResourceKey("prod", scope, "Training", name)
    return Resource(key, {}, Location("lora.yaml", 1), cluster=cluster, places=places)


EAST, WEST = Scope("nlp", "1", "east", "c1"), Scope("nlp", "2", "west", "c2")


def test_a_project_with_one_home_keeps_its_name() -> None:
    placed, problems = place([a_resource()], [EAST, Scope("vision", "3", "west", "c2")], TARGET)

    assert placed[0].key.scope == "nlp"
    assert not problems


def test_a_project_on_several_clusters_is_named_with_its_cluster() -> None:
    one, two = a_resource(cluster="west"), a_resource(cluster="west", name="next")

    placed, _ = place([one, replace(two, depends_on=(one.key,))], [EAST, WEST], TARGET)

    assert placed[0].key.scope == "west/nlp"
    assert placed[1].depends_on == (placed[0].key,)


def test_a_provider_may_name_shared_projects_with_their_cluster() -> None:
    scopes = [replace(EAST, name="east/nlp"), replace(WEST, name="west/nlp")]

    assert place([a_resource(cluster="east")], scopes, TARGET)[0][0].key.scope == "east/nlp"


@pytest.mark.parametrize(
    ("resource", "words", "hint"),
    [
        (a_resource(), "exists on several clusters: east, west", "metadata.cluster"),
        (a_resource(cluster="north"), 'not on cluster "north"', "east, west"),
        (a_resource("nlpp"), 'project "nlpp" not found in prod', 'did you mean "nlp"?'),
    ],
)
def test_a_project_that_cannot_be_placed_is_a_problem(resource: Resource, words: str, hint: str) -> None:
    placed, problems = place([resource], [EAST, WEST], TARGET)

    assert not placed
    assert problems[0].code == "RC403"
    assert words in problems[0].what
    assert hint in problems[0].hint


def test_resources_of_other_targets_are_left_out() -> None:
    other = replace(a_resource(), key=ResourceKey("safe", "nlp", "Training", "lora"))

    assert place([other], [EAST], TARGET) == ((), ())
