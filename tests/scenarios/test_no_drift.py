"""What the platform fills in, spells its own way or shows in another order is no drift."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.emulator.runai import Switches
from reconciler.emulator.runai.world import World
from reconciler.errors import ExitCode
from reconciler.plan import Action
from reconciler.providers.runai.kinds import KINDS
from reconciler.yaml import parse
from tests.scenarios.field_values import DEPLOYMENT, Json
from tests.scenarios.stage import Stage, staged
from tests.scenarios.test_every_field import paths_of
from tests.scenarios.whole_specs import WHOLE, in_other_words, stated, with_nulls

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "manifests").rglob("*.yaml"))
EVERY_KIND = pytest.mark.parametrize("kind", sorted(WHOLE))
PROJECTS = ("team-forecast", "team-assist")
SEEDED = ("team-a", "platform")
ROOM = ("create=100",)
AS_SENT, COMPLETED = Switches(), Switches(merge_defaults=True, reorder_lists=True)
BOTH_READS = pytest.mark.parametrize(
    "switches", [AS_SENT, COMPLETED], ids=["specs as sent", "specs completed"]
)
PLATFORMS = [
    Switches(
        merge_defaults=is_completed,
        reorder_lists=is_completed,
        list_env=lists_env,
        lag_s=lag_s,
        gone_status=200 if is_completed == lists_env else 404,
        duplicate_name_status=400 if is_completed != bool(lag_s) else 409,
    )
    for is_completed in (False, True)
    for lists_env in (False, True)
    for lag_s in (0.0, 5.0)
]


def manifest(kind: str, name: str, spec: Mapping[str, Json]) -> str:
    """Write a manifest. JSON is YAML."""
    metadata = {"name": name, "project": "team-a"}
    return json.dumps({"apiVersion": "runai/v1", "kind": kind, "metadata": metadata, "spec": spec})


def whole_fleet() -> dict[str, str]:
    """Write the manifests that together state every field of every kind."""
    return {
        f"{kind.lower()}{number}": manifest(kind, f"{kind.lower()}{number}", spec)
        for kind, specs in WHOLE.items()
        for number, spec in enumerate(specs)
    }


def make_room(world: World) -> None:
    """Add the projects of the examples, and GPUs for all at once: some wait until others are healthy."""
    for project in PROJECTS:
        world.add_project(project, quotas={"h100-pool": 160, "a100-40g": 40})
    for id_, pool in world.pools.items():
        world.pools[id_] = replace(pool, gpus=10 * pool.gpus)


@contextmanager
def applied(path: Path, switches: Switches, manifests: Mapping[str, str]) -> Iterator[Stage]:
    """Set a stage on which these manifests have been applied."""
    with staged(path / "repo", switches=switches, projects=", ".join((*SEEDED, *PROJECTS))) as stage:
        make_room(stage.emulator.world)
        done = stage.write(**manifests).apply(allow=ROOM)
        assert (done.is_replan_empty, done.not_taken) == (True, ())
        yield stage


def differences(stage: Stage) -> dict[str, list[str]]:
    """Plan, and name what is not as git says, with the fields."""
    plan = stage.plan(allow=ROOM).plan
    assert plan.is_empty
    return {str(c.key): [f.pointer for f in c.fields] for c in plan.changes if c.action is not Action.KEEP}


@EVERY_KIND
def test_the_whole_specs_state_every_field(kind: str) -> None:
    found = {path for spec in WHOLE[kind] for path in stated(spec)}

    assert {path for path in found if not path.startswith("/manifest/")} == set(paths_of(kind))


@pytest.mark.parametrize("switches", PLATFORMS, ids=lambda s: f"{s}".removeprefix("Switches"))
def test_a_fresh_plan_after_apply_is_empty_however_the_platform_answers(
    switches: Switches, tmp_path: Path
) -> None:
    examples = {file.stem.replace("-", "_"): file.read_text(encoding="utf-8") for file in EXAMPLES}
    with applied(tmp_path, switches, {**examples, **whole_fleet()}) as stage:
        since = stage.emulator.ledger.mark()

        drift = stage.drift()

        assert differences(stage) == {}
        assert {item.key.name: (item.state, item.fields) for item in drift.items} == {
            "bad-image": ("degraded", ()),
            "oom": ("degraded", ()),
        }
        again = stage.apply()
        assert (again.outcomes, again.exit_code()) == ((), ExitCode.IN_ORDER)
        assert stage.mutations(since) == []


def test_the_examples_are_of_every_kind() -> None:
    kinds = [parse(file.read_bytes(), str(file)).documents[0].value["kind"] for file in EXAMPLES]

    assert len(kinds) == len(EXAMPLES) >= 20
    assert set(kinds) == {kind.name for kind in KINDS}


@BOTH_READS
def test_amounts_in_other_units_and_lists_in_another_order_change_nothing(
    switches: Switches, tmp_path: Path
) -> None:
    with applied(tmp_path, switches, whole_fleet()) as stage:
        since = stage.emulator.ledger.mark()
        for kind, specs in WHOLE.items():
            for number, spec in enumerate(specs):
                name = f"{kind.lower()}{number}"
                stage.write(**{name: manifest(kind, name, in_other_words(spec))})

        assert differences(stage) == {}
        assert stage.apply().exit_code() is ExitCode.IN_ORDER
        assert stage.mutations(since) == []


@BOTH_READS
@EVERY_KIND
def test_null_is_the_same_as_nothing(kind: str, switches: Switches, tmp_path: Path) -> None:
    plain = SPARE[kind]
    nulls = with_nulls(plain, iter(paths_of(kind)))
    manifests = {"one": manifest(kind, "one", plain), "two": manifest(kind, "two", nulls)}
    with applied(tmp_path, switches, manifests) as stage:
        since = stage.emulator.ledger.mark()

        stage.write(one=manifest(kind, "one", nulls), two=manifest(kind, "two", plain))

        assert differences(stage) == {}
        assert stage.apply().exit_code() is ExitCode.IN_ORDER
        assert stage.mutations(since) == []


@BOTH_READS
@pytest.mark.parametrize("kind", sorted({*WHOLE} - {"ExternalWorkload"}))  # its types' defaults are not known
def test_a_default_written_out_or_left_out_again_changes_nothing(
    kind: str, switches: Switches, tmp_path: Path
) -> None:
    spare, full = SPARE[kind], merged(SPARE[kind], DEFAULTS[kind])
    manifests = {"one": manifest(kind, "one", spare), "two": manifest(kind, "two", full)}
    with applied(tmp_path, switches, manifests) as stage:
        since = stage.emulator.ledger.mark()

        stage.write(one=manifest(kind, "one", full), two=manifest(kind, "two", spare))

        assert differences(stage) == {}
        assert stage.apply().exit_code() is ExitCode.IN_ORDER
        assert stage.mutations(since) == []


@BOTH_READS
def test_the_name_of_a_manifest_written_out_or_left_out_again_changes_nothing(
    switches: Switches, tmp_path: Path
) -> None:
    named = {"manifest": {**DEPLOYMENT, "metadata": {"name": "one"}}}
    plain = {"manifest": DEPLOYMENT}
    kind = "ExternalWorkload"
    with applied(tmp_path, switches, {"one": manifest(kind, "one", named)}) as stage:
        since = stage.emulator.ledger.mark()

        assert differences(stage.write(one=manifest(kind, "one", plain))) == {}
        assert stage.apply().exit_code() is ExitCode.IN_ORDER
        assert stage.mutations(since) == []


def merged(base: Mapping[str, Json], more: Mapping[str, Json]) -> dict[str, Json]:
    """Lay fields over a spec; the items of a list each take those of the same place."""
    out = deepcopy(dict(base))
    for name, value in more.items():
        if isinstance(value, Mapping) and isinstance(out.get(name), dict):
            out[name] = merged(out[name], value)
        elif isinstance(out.get(name), list):
            out[name] = [merged(old, new) for old, new in zip(out[name], value, strict=True)]
        else:
            out[name] = value
    return out


_SPARE: Mapping[str, Json] = {
    "image": "busybox:1",
    "command": "sleep infinity",
    "probes": {"readiness": {"handler": {"httpGet": {"port": 80}}}},
    "storage": {
        "pvc": [
            {"path": "/new", "claimInfo": {"size": "10Gi"}},
            {"path": "/old", "claimName": "old", "existingPvc": True},
        ],
        "nfs": [{"server": "nfs.example", "path": "/export", "mountPath": "/nfs"}],
        "git": [
            {
                "repository": "https://git.example/a.git",
                "path": "/code",
                "secretRef": {"name": "git", "authenticationMethod": "password"},
            }
        ],
    },
}
_GROUP_POD: Mapping[str, Json] = {
    **_SPARE,
    "storage": {name: items for name, items in _SPARE["storage"].items() if name == "pvc"},
}
_BUCKET = {"s3": [{"bucket": "a", "path": "/s3"}]}
SPARE: Mapping[str, Mapping[str, Json]] = {
    "Workspace": merged(_SPARE, {"storage": _BUCKET}),
    "Training": merged(_SPARE, {"storage": _BUCKET}),
    "DistributedTraining": merged(
        _SPARE,
        {
            "storage": _BUCKET,
            "distributedFramework": "MPI",
            "numWorkers": 1,
            "masterSpec": merged(_SPARE, {"storage": _BUCKET}),
        },
    ),
    "Inference": merged(_SPARE, {"servingPort": {"container": 8000}}),
    "DistributedInference": {"leader": _GROUP_POD, "worker": _GROUP_POD, "servingPort": {"port": 8000}},
    "NimService": {
        "image": "nvcr.io/nim/meta/llama3:1",
        "probes": _SPARE["probes"],
        "modelStore": {"pvc": {"claimInfo": {"size": "10Gi"}}},
        "servingPort": {"port": 8000},
    },
    "ExternalWorkload": {"manifest": DEPLOYMENT},
}
_FILLED_IN: Mapping[str, Json] = {
    "imagePullPolicy": "IfNotPresent",
    "probes": {"readiness": {"handler": {"httpGet": {"path": "/", "scheme": "HTTP"}}}},
    "security": {"uidGidSource": "fromTheImage"},
    "storage": {
        "pvc": [
            {
                "existingPvc": False,
                "readOnly": False,
                "ephemeral": False,
                "dataSharing": False,
                "claimInfo": {
                    "accessModes": {"readWriteOnce": True, "readOnlyMany": False, "readWriteMany": False},
                    "volumeMode": "Filesystem",
                },
            },
            {"readOnly": False, "dataSharing": False},
        ],
        "nfs": [{"readOnly": True}],
        "git": [{"secretRef": {"secretKeyOfUser": "User", "secretKeyOfPassword": "Password"}}],
    },
}
_JOB: Mapping[str, Json] = {
    "autoDeletionTimeAfterCompletionSeconds": 2592000,
    "backoffLimit": 6,
    "security": {"uidGidSource": "fromTheImage", "hostIpc": False, "hostNetwork": False},
    "storage": {"s3": [{"secretKeyOfAccessKeyId": "AccessKeyId", "secretKeyOfSecretKey": "SecretKey"}]},
}
_FILLED_IN_OF_GROUP: Mapping[str, Json] = {
    **_FILLED_IN,
    "storage": {name: items for name, items in _FILLED_IN["storage"].items() if name == "pvc"},
}
_TRAINED: Mapping[str, Json] = {
    "priorityClass": "low",
    "preemptibility": "preemptible",
    "category": "Train",
}
_SERVED: Mapping[str, Json] = {
    "priorityClass": "very-high",
    "preemptibility": "non-preemptible",
    "category": "Deploy",
}
_MASTER: Mapping[str, Json] = {
    name: value for name, value in merged(_FILLED_IN, _JOB).items() if name not in _JOB or name == "security"
}
DEFAULTS: Mapping[str, Mapping[str, Json]] = {
    "Workspace": merged(
        merged(_FILLED_IN, _JOB),
        {"priorityClass": "high", "preemptibility": "non-preemptible", "category": "Build"},
    ),
    "Training": merged(merged(_FILLED_IN, _JOB), _TRAINED),
    "DistributedTraining": merged(
        merged(_FILLED_IN, _JOB),
        {
            **_TRAINED,
            "cleanPodPolicy": "Running",
            "slotsPerWorker": 1,
            "sshAuthMountPath": "/root/.ssh",
            "masterSpec": _MASTER,
        },
    ),
    "Inference": merged(
        _FILLED_IN,
        {
            **_SERVED,
            "servingPort": {
                "protocol": "http",
                "authorizationType": "public",
                "clusterLocalAccessOnly": False,
            },
            "autoscaling": {
                "minReplicas": 1,
                "maxReplicas": 1,
                "initialReplicas": 1,
                "activationReplicas": 1,
                "scaleToZeroRetentionSeconds": 0,
            },
        },
    ),
    "DistributedInference": {
        **_SERVED,
        "leader": _FILLED_IN_OF_GROUP,
        "worker": _FILLED_IN_OF_GROUP,
        "replicas": 1,
        "workers": 0,
        "restartPolicy": "RecreateGroupOnPodRestart",
        "startupPolicy": "LeaderCreated",
        "servingPort": {"protocol": "http", "authorizationType": "public", "exposeExternally": True},
    },
    "NimService": {
        **_SERVED,
        "imagePullPolicy": "IfNotPresent",
        "probes": _FILLED_IN["probes"],
        "replicas": 1,
        "modelStore": {
            "pvc": {
                "existingPvc": False,
                "readOnly": False,
                "claimInfo": _FILLED_IN["storage"]["pvc"][0]["claimInfo"],
            }
        },
        "servingPort": {"serviceType": "ClusterIP", "exposeExternally": True, "exposedProtocol": "http"},
    },
}
"""What the platform documents that it fills in, for each kind."""
