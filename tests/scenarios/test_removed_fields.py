"""A field taken out of a manifest, list items that were never ours, and fields that are ignored."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler.emulator.runai import Switches
from reconciler.errors import ExitCode
from reconciler.plan import Action, Change
from tests.scenarios.field_values import Json
from tests.scenarios.stage import Stage, a_manifest, staged
from tests.scenarios.test_no_drift import AS_SENT, COMPLETED, manifest

BASE: Mapping[str, Json] = {"image": "busybox:1", "command": "sleep infinity"}
BOTH_READS = pytest.mark.parametrize(
    "switches", [AS_SENT, COMPLETED], ids=["specs as sent", "specs completed"]
)
ENV = "environmentVariables"
OURS = ("RECONCILER_MARK", "RECONCILER_RECORD")

REMOVED = [
    # what is declared, what is left of it, what the update must send for its field
    ({"workingDir": "/work"}, {}, {"workingDir": None}),
    ({"args": "--verbose"}, {}, {"args": None}),
    ({"nodePools": ["default"]}, {}, {"nodePools": None}),
    ({"priorityClass": "medium"}, {}, {"priorityClass": "very-high"}),
    ({"category": "Gaming"}, {}, {"category": "Deploy"}),
    ({"preemptibility": "preemptible"}, {}, {"preemptibility": "non-preemptible"}),
    ({"imagePullPolicy": "Always"}, {}, {"imagePullPolicy": "IfNotPresent"}),
    ({"autoscaling": {"minReplicas": 2}}, {}, {"autoscaling": {"minReplicas": 1}}),
    (
        {"autoscaling": {"minReplicas": 2, "maxReplicas": 4, "metric": "latency", "metricThreshold": 9}},
        {},
        {"autoscaling": None},
    ),
    (
        {"autoscaling": {"minReplicas": 2, "maxReplicas": 4, "metric": "latency", "metricThreshold": 9}},
        {"autoscaling": {"minReplicas": 3}},
        {"autoscaling": {"minReplicas": 3, "maxReplicas": 3, "metric": None, "metricThreshold": None}},
    ),
    (
        {"compute": {"cpuCoreRequest": 1, "cpuMemoryRequest": "1Gi"}},
        {"compute": {"cpuCoreRequest": 1}},
        {"compute": {"cpuCoreRequest": 1, "cpuMemoryRequest": None}},
    ),
    ({"compute": {"cpuCoreRequest": 1}}, {}, {"compute": None}),
    (
        {"imagePullSecrets": [{"name": "a"}, {"name": "b"}]},
        {"imagePullSecrets": [{"name": "b"}]},
        {"imagePullSecrets": [{"name": "b"}]},
    ),
    ({"imagePullSecrets": [{"name": "a"}]}, {}, {"imagePullSecrets": []}),
    (
        {"probes": {"readiness": {"periodSeconds": 5, "handler": {"httpGet": {"port": 80}}}}},
        {"probes": {"readiness": {"handler": {"httpGet": {"port": 80}}}}},
        {"probes": {"readiness": {"periodSeconds": None, "handler": {"httpGet": {"port": 80}}}}},
    ),
    ({"probes": {"readiness": {"handler": {"httpGet": {"port": 80}}}}}, {}, {"probes": None}),
    ({"podAffinity": {"type": "Required", "key": "rack"}}, {}, {"podAffinity": None}),
]


def only_change(stage: Stage, **request: Json) -> Change:
    (change,) = stage.plan(**request).plan.changes
    return change


def env_of(spec: Mapping[str, Json]) -> dict[str, Json]:
    """Give the environment that is sent or live, without our own items."""
    return {item["name"]: item.get("value") for item in spec[ENV] if item["name"] not in OURS}


def laid_over(value: Json, part: Json) -> Json:
    """Lay a part over what was sent: the same again, where it was sent so."""
    return {**value, **part} if isinstance(value, dict) and isinstance(part, dict) else part


def a_server(spec: Mapping[str, Json]) -> str:
    return manifest("Inference", "one", {**BASE, **spec})


@BOTH_READS
@pytest.mark.parametrize(("declared", "left", "sent"), REMOVED, ids=lambda value: "+".join(value) or "none")
def test_a_field_removed_from_an_inference_goes_back_to_its_default_or_to_null(
    declared: Mapping[str, Json],
    left: Mapping[str, Json],
    sent: Mapping[str, Json],
    switches: Switches,
    tmp_path: Path,
) -> None:
    with staged(tmp_path / "repo", switches=switches) as stage:
        stage.write(one=a_server(declared)).apply()
        stage.write(one=a_server(left))
        since = stage.emulator.ledger.mark()

        assert only_change(stage).action is Action.UPDATE
        applied = stage.apply()

        (entry,) = stage.mutations(since)
        body = {name: value for name, value in entry.body["spec"].items() if name != ENV}
        assert applied.exit_code() is ExitCode.IN_ORDER
        assert {name: laid_over(value, sent.get(name)) for name, value in body.items()} == body
        assert set(sent) == set(body)
        assert stage.plan().plan.is_empty
        assert stage.drift().items == ()


@pytest.mark.parametrize("kind", ["Workspace", "Training"])
def test_a_field_removed_from_what_cannot_change_is_refused_until_somebody_consents(
    kind: str, stage: Stage
) -> None:
    stage.write(one=manifest(kind, "one", {**BASE, "workingDir": "/work", "backoffLimit": 2})).apply()
    stage.write(one=manifest(kind, "one", BASE))
    before = stage.live()["one"].id

    change = only_change(stage)
    refused = stage.apply()

    assert change.action is Action.REFUSED
    assert [field.pointer for field in change.fields] == ["/spec/backoffLimit", "/spec/workingDir"]
    assert {field.origin for field in change.fields} == {"git"}
    assert f"--allow replace={change.key}" in change.hint
    assert refused.exit_code() is ExitCode.REFUSED
    assert stage.live()["one"].id == before

    done = stage.apply(allow=(change.consent,))

    live = stage.live()["one"]
    assert done.exit_code() is ExitCode.IN_ORDER
    assert live.id != before
    assert not {"workingDir", "backoffLimit"} & set(live.spec)
    assert stage.plan().plan.is_empty


@BOTH_READS
@pytest.mark.parametrize("kind", ["Workspace", "Training"])
def test_a_default_that_was_written_out_may_be_left_out_of_what_cannot_change(
    kind: str, switches: Switches, tmp_path: Path
) -> None:
    with staged(tmp_path / "repo", switches=switches) as stage:
        stage.write(one=manifest(kind, "one", {**BASE, "backoffLimit": 6})).apply()

        stage.write(one=manifest(kind, "one", BASE))

        assert stage.plan().plan.is_empty


@BOTH_READS
def test_a_removed_variable_leaves_the_others_and_those_that_were_never_ours(
    switches: Switches, tmp_path: Path
) -> None:
    with staged(tmp_path / "repo", switches=switches) as stage:
        stage.write(one=a_server({ENV: [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]})).apply()
        add_behind_our_back(stage, ENV, {"name": "POLICY", "value": "theirs"})
        stage.write(one=a_server({ENV: [{"name": "B", "value": "2"}]}))

        change = only_change(stage)
        applied = stage.apply()

        assert [field.pointer for field in change.fields] == ["/spec/environmentVariables/name=A"]
        assert change.kept == ("/spec/environmentVariables/name=POLICY",)
        assert applied.exit_code() is ExitCode.IN_ORDER
        assert env_of(stage.live()["one"].spec) == {"B": "2", "POLICY": "theirs"}
        assert stage.plan().plan.is_empty


def test_the_last_removed_variable_leaves_those_that_were_never_ours(stage: Stage) -> None:
    stage.write(one=a_server({ENV: [{"name": "A", "value": "1"}]})).apply()
    add_behind_our_back(stage, ENV, {"name": "POLICY", "value": "theirs"})

    stage.write(one=a_server({})).apply()

    assert env_of(stage.live()["one"].spec) == {"POLICY": "theirs"}
    assert stage.plan().plan.is_empty


def add_behind_our_back(stage: Stage, field: str, item: Mapping[str, Json]) -> None:
    live = stage.live()["one"]
    stage.emulator.world.edit_spec(live.id, {field: [*live.spec.get(field, ()), item]}, by="admin")


@BOTH_READS
@pytest.mark.parametrize("kind", ["Workspace", "Training", "Inference"])
def test_items_that_were_never_ours_are_kept_and_are_no_drift(
    kind: str, switches: Switches, tmp_path: Path
) -> None:
    spec = {
        **BASE,
        ENV: [{"name": "A", "value": "1"}],
        "labels": [{"name": "a", "value": "1"}],
        "imagePullSecrets": [{"name": "ours"}],
    }
    with staged(tmp_path / "repo", switches=switches) as stage:
        stage.write(one=manifest(kind, "one", spec)).apply()
        add_behind_our_back(stage, ENV, {"name": "POLICY", "value": "theirs"})
        add_behind_our_back(stage, "labels", {"name": "team", "value": "theirs"})
        add_behind_our_back(stage, "imagePullSecrets", {"name": "theirs"})
        add_behind_our_back(stage, "tolerations", {"key": "gpu", "operator": "Exists", "effect": "Any"})

        change = only_change(stage)

        assert change.action is Action.KEEP
        assert sorted(change.kept) == [
            "/spec/environmentVariables/name=POLICY",
            "/spec/imagePullSecrets/name=theirs",
            "/spec/labels/name=team",
        ]
        assert stage.drift().items == ()


@BOTH_READS
def test_an_update_sends_back_the_items_that_were_never_ours(switches: Switches, tmp_path: Path) -> None:
    with staged(tmp_path / "repo", switches=switches) as stage:
        declared = {ENV: [{"name": "A", "value": "1"}], "imagePullSecrets": [{"name": "ours"}]}
        stage.write(one=a_server(declared)).apply()
        add_behind_our_back(stage, ENV, {"name": "POLICY", "value": "theirs"})
        add_behind_our_back(stage, "imagePullSecrets", {"name": "theirs", "userCredential": True})
        since = stage.emulator.ledger.mark()

        declared = {ENV: [{"name": "A", "value": "2"}], "imagePullSecrets": [{"name": "new"}]}
        stage.write(one=a_server(declared)).apply()

        (entry,) = stage.mutations(since)
        live = stage.live()["one"].spec
        assert env_of(entry.body["spec"]) == {"A": "2", "POLICY": "theirs"}
        assert entry.body["spec"]["imagePullSecrets"] == [
            {"name": "new"},
            {"name": "theirs", "userCredential": True},
        ]
        assert env_of(live) == {"A": "2", "POLICY": "theirs"}
        assert stage.plan().plan.is_empty


def test_an_update_of_another_field_sends_back_the_variables_that_were_never_ours(stage: Stage) -> None:
    stage.write(one=a_server({ENV: [{"name": "A", "value": "1"}]})).apply()
    add_behind_our_back(stage, ENV, {"name": "POLICY", "value": "theirs"})

    stage.write(one=a_server({ENV: [{"name": "A", "value": "1"}], "args": "--more"})).apply()

    assert env_of(stage.live()["one"].spec) == {"A": "1", "POLICY": "theirs"}


def test_an_item_that_takes_a_default_of_a_policy_away_is_no_change_and_is_sent(stage: Stage) -> None:
    ours = {"name": "A", "value": "1"}
    stage.write(one=a_server({ENV: [ours]})).apply()

    stage.write(one=a_server({ENV: [ours, {"name": "POLICY", "exclude": True}]}))

    assert only_change(stage).action is Action.KEEP
    since = stage.emulator.ledger.mark()
    excluded = {"name": "A", "value": "1", "exclude": True}
    stage.write(one=a_server({ENV: [excluded, {"name": "POLICY", "exclude": True}]})).apply()
    (entry,) = stage.mutations(since)
    items = [item for item in entry.body["spec"][ENV] if item["name"] not in OURS]
    assert items == [excluded, {"name": "POLICY", "exclude": True}]
    assert stage.plan().plan.is_empty


def test_what_changed_behind_our_back_is_put_back(stage: Stage) -> None:
    stage.write(one=a_server({"args": "--ours", ENV: [{"name": "A", "value": "1"}]})).apply()
    live = stage.live()["one"]
    stage.emulator.world.edit_spec(
        live.id, {"args": "--theirs", ENV: [{"name": "A", "value": "2"}, *live.spec[ENV][1:]]}, by="admin"
    )

    change = only_change(stage)
    applied = stage.apply()

    assert {field.pointer: field.origin for field in change.fields} == {
        "/spec/args": "live",
        "/spec/environmentVariables/name=A/value": "live",
    }
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert stage.live()["one"].spec["args"] == "--ours"
    assert env_of(stage.live()["one"].spec) == {"A": "1"}


@BOTH_READS
@pytest.mark.parametrize(("least", "then"), [(1, 2), (3, 1), (1, 0)])
def test_replicas_change_although_the_platform_shows_the_bounds_it_made_of_them(
    least: int, then: int, switches: Switches, tmp_path: Path
) -> None:
    with staged(tmp_path / "repo", switches=switches) as stage:
        stage.write(one=a_server({"autoscaling": {"minReplicas": least}})).apply()

        applied = stage.write(one=a_server({"autoscaling": {"minReplicas": then}})).apply()

        assert applied.exit_code() is ExitCode.IN_ORDER
        assert stage.live()["one"].spec["autoscaling"]["minReplicas"] == then
        assert stage.plan().plan.is_empty


# -- lifecycle.ignore --


IGNORE = "{ignore: [/spec/args, /spec/compute/cpuMemoryRequest, /spec/environmentVariables/name=SEED]}"
IGNORING = (
    "{{image: 'busybox:1', command: sleep infinity, args: {args}, workingDir: {home}, "
    "compute: {{cpuCoreRequest: 1, cpuMemoryRequest: {memory}}}, "
    "environmentVariables: [{{name: SEED, value: '{seed}'}}, {{name: A, value: '{a}'}}]}}"
)


def ignoring(kind: str, **changed: str) -> str:
    values = {"args": "--one", "home": "/a", "memory": "1Gi", "seed": "1", "a": "1", **changed}
    return a_manifest("one", kind, spec=IGNORING.format(**values), lifecycle=IGNORE)


@pytest.mark.parametrize("kind", ["Workspace", "Training", "Inference"])
def test_ignored_fields_are_sent_at_create_and_not_compared(kind: str, stage: Stage) -> None:
    stage.write(one=ignoring(kind)).apply()
    live = stage.live()["one"]
    assert (live.spec["args"], env_of(live.spec)) == ("--one", {"SEED": "1", "A": "1"})

    stage.write(one=ignoring(kind, args="--two", memory="2Gi", seed="2"))
    stage.emulator.world.edit_spec(live.id, {"args": "--theirs"}, by="admin")

    assert only_change(stage).action is Action.KEEP
    assert stage.drift().items == ()


def test_an_update_leaves_ignored_fields_as_they_are_live(stage: Stage) -> None:
    stage.write(one=ignoring("Inference")).apply()
    live = stage.live()["one"]
    theirs = [
        {"name": "SEED", "value": "theirs"},
        *(item for item in live.spec[ENV] if item["name"] != "SEED"),
    ]
    changes = {"args": "--theirs", ENV: theirs, "compute": {"cpuMemoryRequest": "7Gi"}}
    stage.emulator.world.edit_spec(live.id, changes, by="admin")
    since = stage.emulator.ledger.mark()

    stage.write(one=ignoring("Inference", args="--two", memory="2Gi", seed="2", home="/b", a="2")).apply()

    (entry,) = stage.mutations(since)
    spec = stage.live()["one"].spec
    assert "args" not in entry.body["spec"]
    assert (spec["args"], spec["workingDir"], spec["compute"]["cpuMemoryRequest"]) == (
        "--theirs",
        "/b",
        "7Gi",
    )
    assert env_of(spec) == {"SEED": "theirs", "A": "2"}
    assert stage.plan().plan.is_empty


def test_an_ignored_field_that_is_gone_live_stays_gone(stage: Stage) -> None:
    stage.write(one=ignoring("Inference")).apply()
    live = stage.live()["one"]
    without = [item for item in live.spec[ENV] if item["name"] != "SEED"]
    stage.emulator.world.edit_spec(live.id, {ENV: without}, by="admin")

    assert only_change(stage).action is Action.KEEP
    stage.write(one=ignoring("Inference", a="2")).apply()

    assert env_of(stage.live()["one"].spec) == {"A": "2"}
    assert stage.plan().plan.is_empty


def test_a_removed_field_that_is_ignored_is_left_alone(stage: Stage) -> None:
    spec = "{image: 'busybox:1', command: sleep infinity}"
    stage.write(one=ignoring("Inference")).apply()

    lifecycle = "{ignore: [/spec/args, /spec/compute, /spec/environmentVariables, /spec/workingDir]}"
    stage.write(one=a_manifest("one", "Inference", spec=spec, lifecycle=lifecycle))

    assert only_change(stage).action is Action.KEEP
