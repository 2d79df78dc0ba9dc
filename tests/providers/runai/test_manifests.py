"""A manifest that is shown in two forms, and one that is put in the place of another."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from reconciler.provider import Edit
from reconciler.providers.runai.manifests import laid_over, witnessed
from reconciler.resource import Lifecycle

Json = Any
OURS: dict[str, Json] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"labels": {"app": "x"}},
    "spec": {
        "replicas": 1,
        "template": {
            "spec": {
                "containers": [
                    {
                        "name": "main",
                        "image": "busybox:1",
                        "args": ["--one"],
                        "resources": {"limits": {"cpu": "1000m"}},
                    }
                ]
            }
        },
    },
}


def changed(tree: Json, path: str, value: Json) -> Json:
    """Give a copy with another value at a path; None takes the field out."""
    out = deepcopy(tree)
    *steps, last = path.split(".")
    node = out
    for step in steps:
        node = node[int(step)] if step.isdecimal() else node.setdefault(step, {})
    if value is None:
        del node[last]
    else:
        node[last] = value
    return out


MAIN = "spec.template.spec.containers.0"
MUTATED = changed(
    changed(changed(OURS, "metadata.namespace", "runai-team-a"), f"{MAIN}.image", "mirror/busybox:1"),
    f"{MAIN}.imagePullPolicy",
    "IfNotPresent",
)


def test_a_field_that_the_platform_changed_is_read_from_the_form_that_shows_ours() -> None:
    found = witnessed(MUTATED, OURS, OURS)

    assert found == changed(MUTATED, f"{MAIN}.image", "busybox:1")


def test_what_is_shown_as_recorded_is_taken_whatever_the_witness_shows() -> None:
    assert witnessed(OURS, MUTATED, OURS) == OURS


@pytest.mark.parametrize("witness", [OURS, MUTATED], ids=["as shown", "changed by the platform"])
def test_a_change_that_both_forms_show_is_a_change(witness: Json) -> None:
    theirs = changed(OURS, "spec.replicas", 5)

    assert witnessed(theirs, changed(witness, "spec.replicas", 5), OURS) == theirs


def test_a_field_that_only_the_witness_shows_is_there() -> None:
    without = changed(OURS, "metadata.labels", None)

    assert witnessed(without, OURS, OURS)["metadata"] == OURS["metadata"]


def test_a_field_that_we_never_recorded_is_none_of_the_witness() -> None:
    recorded = changed(OURS, "spec.replicas", None)

    assert witnessed(changed(OURS, "spec.replicas", 5), OURS, recorded)["spec"]["replicas"] == 5
    assert witnessed(OURS, OURS, None) == OURS


def test_amounts_in_other_units_are_the_same() -> None:
    other = changed(OURS, f"{MAIN}.resources.limits.cpu", "1")

    assert witnessed(other, OURS, OURS) == other


# -- what is put in the place of what is live --------------------------------------------------

BEFORE = {
    "/spec/manifest/apiVersion",
    "/spec/manifest/kind",
    "/spec/manifest/spec/replicas",
    "/spec/manifest/metadata/labels/app",
    "/spec/manifest/spec/template/spec/containers/name=main/image",
    "/spec/manifest/spec/template/spec/containers/name=main/args",
    "/spec/manifest/spec/template/spec/containers/name=main/resources/limits/cpu",
}


def laid(
    live: Json, wanted: Json, *removed: str, ignore: tuple[str, ...] = (), more: frozenset[str] = frozenset()
) -> Json:
    edit = Edit((), dict.fromkeys(removed))
    return laid_over(live, wanted, edit, Lifecycle(ignore=ignore), BEFORE | more)


def test_what_others_declared_stays() -> None:
    live = changed(OURS, "metadata.labels.theirs", "1")
    live = changed(live, f"{MAIN}.livenessProbe", {"httpGet": {"port": 80}})
    live["spec"]["template"]["spec"]["containers"].append({"name": "sidecar", "image": "proxy:1"})

    sent = laid(live, changed(OURS, f"{MAIN}.image", "busybox:2"))

    assert sent == changed(live, f"{MAIN}.image", "busybox:2")


def test_what_the_cluster_wrote_is_not_sent_back() -> None:
    written = {
        "uid": "u",
        "resourceVersion": "7",
        "generation": 2,
        "creationTimestamp": "2026-03-02T09:00:00Z",
        "managedFields": [{"manager": "kubectl"}],
        "ownerReferences": [{"uid": "o"}],
        "namespace": "runai-team-a",
        "selfLink": "/x",
    }
    live = {**OURS, "metadata": {**OURS["metadata"], **written}, "status": {"replicas": 1}}

    assert laid(live, OURS) == OURS


def test_a_field_that_is_no_longer_declared_is_left_out_and_what_held_it_too() -> None:
    wanted = changed(OURS, f"{MAIN}.resources", None)
    pointer = "/spec/manifest/spec/template/spec/containers/name=main/resources/limits/cpu"

    assert laid(OURS, wanted, pointer) == wanted


def test_an_item_that_was_ours_goes_and_one_of_others_stays() -> None:
    live = deepcopy(OURS)
    containers = live["spec"]["template"]["spec"]["containers"]
    containers += [{"name": "old", "image": "a:1"}, {"name": "theirs", "image": "b:1"}]
    removed = "/spec/manifest/spec/template/spec/containers/name=old"

    sent = laid(live, OURS, removed, more=frozenset({f"{removed}/image"}))

    assert [one["name"] for one in sent["spec"]["template"]["spec"]["containers"]] == ["main", "theirs"]


@pytest.mark.parametrize(
    ("field", "live", "wanted"),
    [
        (
            f"{MAIN}.env",
            [{"name": "T", "value": "literal"}],
            [{"name": "T", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
        ),
        (
            "spec.template.spec.volumes",
            [{"name": "data", "emptyDir": {}}],
            [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        ),
    ],
    ids=["a variable", "a volume"],
)
def test_an_item_with_one_form_of_several_has_the_declared_one_alone(
    field: str, live: Json, wanted: Json
) -> None:
    assert laid(changed(OURS, field, live), changed(OURS, field, wanted)) == changed(OURS, field, wanted)


def test_items_without_keys_are_as_declared_and_those_removed_go_by_their_place() -> None:
    ports = [{"containerPort": port} for port in (1, 2, 3)]
    live, root = (
        changed(OURS, f"{MAIN}.ports", ports),
        "/spec/manifest/spec/template/spec/containers/name=main",
    )

    declared = laid(live, changed(OURS, f"{MAIN}.ports", ports[:1]))
    gone = laid(live, OURS, *(f"{root}/ports/{place}/containerPort" for place in (0, 1, 2)))

    assert declared == changed(OURS, f"{MAIN}.ports", ports[:1])
    assert gone == OURS


def test_what_is_ignored_stays_as_it_is_live() -> None:
    live = changed(changed(OURS, "spec.replicas", 9), f"{MAIN}.args", None)
    root = "/spec/manifest/spec"
    ignore = (f"{root}/replicas", f"{root}/template/spec/containers/name=main/args")

    sent = laid(live, changed(OURS, f"{MAIN}.image", "busybox:2"), ignore=ignore)

    assert sent == changed(live, f"{MAIN}.image", "busybox:2")


def test_null_is_the_same_as_nothing() -> None:
    assert laid(OURS, {**OURS, "metadata": {"labels": None, "annotations": None}}) == OURS
