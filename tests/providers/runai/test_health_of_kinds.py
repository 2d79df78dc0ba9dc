"""How the newer kinds are: groups, NIM services, manifests on their way, and which pod it is that fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from reconciler.errors import Lacking
from reconciler.health import Health, Level
from reconciler.provider import Edit, LogQuery
from reconciler.providers.runai.details import Sync
from reconciler.providers.runai.provider import RunaiProvider
from reconciler.providers.runai.routes import cluster_path
from reconciler.providers.runai.sync import synced
from reconciler.resource import Observed, Resource, Scope
from tests.providers.runai.stage import MARK, PODS, SPECS, Stage, a_resource, only, stage

STATUS = r"GET /cluster-api/.*/status"
NO_NOTE = "the API of a cluster shows no {}, so only the control plane was asked"


def one(kind: str, **changes: Any) -> Resource:
    return a_resource("x", kind, {**SPECS[kind], **changes})


async def made(
    provider: RunaiProvider, scope: Scope, here: Stage, resource: Resource, after_s: float = 30
) -> Observed:
    await provider.create(scope, resource, MARK)
    here.clock.advance(after_s)
    return await only(provider, scope, resource.key.kind, "x")


def judged(here: Stage, resource: Resource, after_s: float = 30) -> Health:
    async def act(provider: RunaiProvider, scope: Scope) -> Health:
        return await provider.health(await made(provider, scope, here, resource, after_s))

    return here.play(act)


def updated(
    here: Stage, before: Resource, after: Resource, edit: Edit | str, *moments: float
) -> list[Health]:
    """Create, update in place, and judge some seconds after that."""
    edit = Edit((edit,), {}) if isinstance(edit, str) else edit

    async def act(provider: RunaiProvider, scope: Scope) -> list[Health]:
        observed = await made(provider, scope, here, before)
        since = here.clock.now()
        await provider.update(observed, after, edit, MARK)
        found = []
        for seconds in moments:
            here.clock.advance(seconds)
            found.append(await provider.health(observed, since=since))
        return found

    return here.play(act)


# -- where a cluster is asked ------------------------------------------------------------------

PATHS: dict[str, tuple[str, Mapping[str, Any], str]] = {
    "a workspace": ("Workspace", {}, "workspace/runai/x"),
    "a training": ("Training", {}, "training/runai/x"),
    "an inference": ("Inference", {}, "inference/runai/x"),
    "a PyTorch training": (
        "DistributedTraining",
        {"distributedFramework": "PyTorch"},
        "distributed/pytorch/x",
    ),
    "an MPI training": ("DistributedTraining", {"distributedFramework": "MPI"}, "distributed/mpi/x"),
    "a TensorFlow training": ("DistributedTraining", {"distributedFramework": "TF"}, "distributed/tf/x"),
    "an XGBoost training": (
        "DistributedTraining",
        {"distributedFramework": "XGBoost"},
        "distributed/xgboost/x",
    ),
    "a JAX training": ("DistributedTraining", {"distributedFramework": "JAX"}, ""),
    "a training of a template": ("DistributedTraining", {}, ""),
    "a distributed inference": ("DistributedInference", {}, ""),
    "a NIM service": ("NimService", {}, ""),
    "a manifest": ("ExternalWorkload", {"manifest": {"kind": "RayJob"}}, "external/external/ew-rayjob-x"),
    "a manifest nobody could read": ("ExternalWorkload", {}, ""),
}


@pytest.mark.parametrize(("kind", "spec", "end"), PATHS.values(), ids=PATHS)
def test_where_a_cluster_shows_a_workload(kind: str, spec: Mapping[str, Any], end: str) -> None:
    path = cluster_path("team-a", kind, "x", spec)

    assert path == (f"/cluster-api/api/v1/team-a/workloads/{end}" if end else "")


@pytest.mark.parametrize("framework", ["PyTorch", "MPI", "TF", "XGBoost"])
def test_a_distributed_training_is_judged_by_its_cluster(framework: str) -> None:
    with stage() as here:
        health = judged(here, one("DistributedTraining", distributedFramework=framework))

    assert (health.level, health.source) == (Level.HEALTHY, "cluster-api and control plane")
    assert health.notes == ()


UNSHOWN: dict[str, tuple[Resource, str]] = {
    "JAX": (one("DistributedTraining", distributedFramework="JAX"), "DistributedTraining of JAX"),
    "groups": (one("DistributedInference"), "DistributedInference"),
    "NIM": (one("NimService"), "NimService"),
}


@pytest.mark.parametrize(("resource", "what"), UNSHOWN.values(), ids=UNSHOWN)
def test_what_no_cluster_shows_is_judged_by_the_control_plane_and_that_is_said(
    resource: Resource, what: str
) -> None:
    with stage() as here:
        health = judged(here, resource)
        asked = [entry for entry in here.emulator.ledger.entries if "cluster-api" in entry.path]

    assert (health.level, health.source) == (Level.HEALTHY, "control plane")
    assert health.notes == (NO_NOTE.format(what),)
    assert asked == []


@pytest.mark.parametrize(("resource", "what"), UNSHOWN.values(), ids=UNSHOWN)
def test_what_no_cluster_shows_has_no_log_and_one_line_says_so(resource: Resource, what: str) -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> list[str]:
        observed = await made(provider, scope, here, resource)
        said = []
        for read in (provider.follow, provider.download):
            with pytest.raises(Lacking, match="its logs cannot be read") as caught:
                await anext(aiter(read(observed, LogQuery("p"))))
            said.append(str(caught.value))
        return said

    with stage() as here:
        said = here.play(act)

    line = f"prod: cannot read the log of {resource.key}: the API of a cluster shows no {what}"
    assert said == [f"{line}, so its logs cannot be read"] * 2


# -- which pod it is ---------------------------------------------------------------------------


def test_the_worker_that_fails_is_named() -> None:
    spec = {**SPECS["DistributedTraining"], "command": "oom"}

    with stage() as here:
        health = judged(here, a_resource("x", "DistributedTraining", spec), after_s=120)

    assert (health.level, health.reason) == (Level.DEGRADED, "OOMKilled")
    assert health.message.startswith("x-")


def test_a_master_of_another_image_is_named_when_that_is_not_there() -> None:
    master = {"masterSpec": {"image": "acme/does-not-exist:1", "command": "sleep 600"}}

    with stage() as here:
        health = judged(here, one("DistributedTraining", **master))

    assert (health.level, health.reason) == (Level.DEGRADED, "ErrImagePull")
    assert health.message.startswith("x-master-0: ")


def test_a_single_pod_is_not_named() -> None:
    with stage() as here:
        health = judged(here, one("Training", image="acme/does-not-exist:1"))

    assert health.message.startswith("Failed to pull image")


# -- servers that were updated -----------------------------------------------------------------


def test_a_distributed_inference_tells_how_many_pods_are_ready() -> None:
    with stage() as here:
        assert judged(here, one("DistributedInference", replicas=2)).message == "4/4 pods ready"


def test_more_replicas_are_waited_for() -> None:
    after = one("DistributedInference", replicas=3)

    with stage() as here:
        first, last = updated(here, one("DistributedInference"), after, "/spec/replicas", 0, 30)

    assert (first.level, first.message) == (Level.PROGRESSING, "2/6 pods ready")
    assert (last.level, last.message) == (Level.HEALTHY, "6/6 pods ready")


def test_a_nim_service_of_a_new_image_is_healthy_when_its_new_pods_serve() -> None:
    after = one("NimService", image="nvcr.io/nim/meta/llama3:2")

    with stage() as here:
        first, last = updated(here, one("NimService"), after, "/spec/image", 0, 60)

    assert first.level is Level.PROGRESSING
    assert (last.level, last.notes) == (Level.HEALTHY, (NO_NOTE.format("NimService"),))


def test_a_nim_service_whose_pods_stay_the_old_ones_is_said_to_be_so() -> None:
    after = one("NimService", category="Build")

    def old(body: Any) -> Any:
        return {"pods": [{**pod, "createdAt": "2026-03-02T09:00:00Z"} for pod in body["pods"]]}

    with stage() as here:
        here.spoil("GET /api/v1/workloads/.*/pods", kind="mutate", mutate=old, forever=True)
        first, last = updated(here, one("NimService"), after, "/spec/category", 0, 60)

    assert (first.level, first.message) == (Level.PROGRESSING, "no pod newer than the update is shown yet")
    assert last.level is Level.HEALTHY
    assert last.notes[-1].startswith("no pod is newer than the update")


# -- manifests on their way --------------------------------------------------------------------

RUNNING = Health(Level.HEALTHY, "Running")
SYNCED: dict[str, tuple[Sync | None, Level, str, bool]] = {
    "nothing said": (None, Level.HEALTHY, "Running", False),
    "synced": (Sync("Synced"), Level.HEALTHY, "Running", False),
    "queued": (Sync("Queued"), Level.PROGRESSING, "Running", False),
    "applying": (Sync("Applying"), Level.PROGRESSING, "Running", False),
    "deleting": (Sync("Deleting"), Level.MISSING, "Running", False),
    "deleted": (Sync("Deleted"), Level.MISSING, "Running", False),
    "failed": (Sync("Failed", "no"), Level.DEGRADED, "Failed", True),
    "a word nobody knows": (Sync("Dreaming"), Level.HEALTHY, "Running", False),
}


@pytest.mark.parametrize(("sync", "level", "phase", "is_final"), SYNCED.values(), ids=SYNCED)
def test_how_far_a_manifest_has_got_is_part_of_the_verdict(
    sync: Sync | None, level: Level, phase: str, is_final: bool
) -> None:
    verdict = synced(RUNNING, sync)

    assert (verdict.level, verdict.phase, verdict.is_final) == (level, phase, is_final)


def test_what_fails_goes_on_failing_while_a_manifest_is_on_its_way() -> None:
    failing = Health(Level.DEGRADED, "Failed", is_final=True)

    assert synced(failing, Sync("Applying")) == failing


def _refused(kind: str = "Deployment") -> Resource:
    """Declare a manifest that Kubernetes does not take: no selector."""
    manifest = SPECS["ExternalWorkload"]["manifest"]
    spec = {name: value for name, value in manifest["spec"].items() if name != "selector"}
    return one("ExternalWorkload", manifest={**manifest, "kind": kind, "spec": spec})


@pytest.mark.parametrize("shows", [True, False])
def test_a_manifest_that_kubernetes_refuses_is_final_with_its_words(shows: bool) -> None:
    with stage(refused_shows=shows) as here:
        health = judged(here, _refused())

    assert (health.level, health.reason, health.is_final) == (Level.DEGRADED, "SyncFailed", True)
    assert "spec.selector: Required value" in health.message


def test_an_update_that_kubernetes_refuses_is_final_though_the_old_pods_run() -> None:
    with stage() as here:
        first, last = updated(
            here,
            one("ExternalWorkload"),
            _refused(),
            Edit((), {"/spec/manifest/spec/selector/matchLabels/app": None}),
            0,
            60,
        )

    assert first.level is Level.PROGRESSING
    assert (last.level, last.reason, last.is_final) == (Level.DEGRADED, "SyncFailed", True)


def _completed(row: Any) -> Any:
    return {**row, "phase": "Completed", "phaseReason": None, "phaseMessage": ""}


JOB = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "spec": {"template": {"spec": {**PODS["spec"], "restartPolicy": "Never"}}},
}


@pytest.mark.parametrize(
    ("manifest", "is_final"),
    [(SPECS["ExternalWorkload"]["manifest"], False), (JOB, True)],
    ids=["a Deployment", "a Job"],
)
def test_only_a_manifest_that_ends_is_done_when_it_completed(
    manifest: dict[str, Any], is_final: bool
) -> None:
    with stage() as here:
        here.spoil(r"GET /api/v1/workloads/[^/?]*-.*", kind="mutate", mutate=_completed, forever=True)
        here.spoil(STATUS, status=503, forever=True)

        assert judged(here, one("ExternalWorkload", manifest=manifest)).is_final is is_final
