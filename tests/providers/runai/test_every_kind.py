"""Each kind over the wire: how it is asked for, what comes back, and when it is gone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from reconciler.errors import Conflict, Malformed, NotFound, ProviderError, Rejected, Unknown
from reconciler.mark import Owner, owner_of
from reconciler.provider import Edit
from reconciler.providers.runai.provider import RunaiProvider
from reconciler.providers.runai.routes import ROUTES
from reconciler.resource import Life, Observed, Resource, Scope
from tests.providers.runai.stage import MARK, SPECS, Stage, a_resource, only, stage

Act = Callable[[RunaiProvider, Scope], Awaitable[Any]]
EVERY_KIND = pytest.mark.parametrize("kind", SPECS)
V2_KINDS = pytest.mark.parametrize("kind", ["NimService", "ExternalWorkload"])


def one(kind: str, **changes: Any) -> Resource:
    return a_resource("x", kind, {**SPECS[kind], **changes})


async def made(provider: RunaiProvider, scope: Scope, resource: Resource) -> Observed:
    await provider.create(scope, resource, MARK)
    return await only(provider, scope, resource.key.kind, "x")


def sent(here: Stage, method: str) -> Any:
    """Give the one request of a method, its body without our own annotations."""
    (entry,) = [e for e in here.emulator.ledger.entries if e.method == method and not e.is_login]
    return entry


def failure(here: Stage, act: Act) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        here.play(act)
    return caught.value


# -- create and read ---------------------------------------------------------------------------


@EVERY_KIND
def test_what_is_created_is_read_back_as_declared_and_is_ours(kind: str) -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Observed:
        return await made(provider, scope, one(kind))

    with stage() as here:
        observed = here.play(act)

    canonical = here.provider().kinds[kind].canonical
    shown = canonical(observed.spec)
    assert {name: shown[name] for name in canonical(SPECS[kind])} == canonical(_named(kind, SPECS[kind]))
    assert owner_of(observed.mark, fleet_id=MARK.fleet_id, identity=observed.summary.identity) is Owner.OURS
    assert observed.key.kind == kind
    assert observed.wanted_phase == "Running"


def _named(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    """Give a spec as it is sent: a manifest takes the name of its workload."""
    if kind != "ExternalWorkload":
        return spec
    return {"manifest": {**spec["manifest"], "metadata": {"name": "x"}}}


@EVERY_KIND
def test_a_record_tells_what_was_declared(kind: str) -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        return (await made(provider, scope, one(kind))).record

    with stage() as here:
        record = here.play(act)

    known = {"replicas"} if kind == "DistributedInference" else set()
    assert record == {name: value for name, value in SPECS[kind].items() if name not in known}


def test_a_master_and_a_template_stand_beside_the_spec_of_a_distributed_training() -> None:
    beside = {"masterSpec": {"image": "master:1", "command": "sleep 600"}, "masterSpecSameAsWorker": False}

    async def act(provider: RunaiProvider, scope: Scope) -> Observed:
        return await made(provider, scope, one("DistributedTraining", **beside))

    with stage() as here:
        observed = here.play(act)
        body = sent(here, "POST").body

    assert {name: body[name] for name in beside} == beside
    assert not {*beside} & {*body["spec"]}
    assert {"projectId", "clusterId", "name"} <= {*body}
    assert observed.spec["masterSpec"] == beside["masterSpec"]


@V2_KINDS
def test_the_v2_api_is_told_the_project_and_never_the_cluster(kind: str) -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        await made(provider, scope, one(kind))
        return scope.id

    with stage() as here:
        project = here.play(act)
        body = sent(here, "POST").body

    assert body["metadata"] == {"name": "x", "projectId": project}
    assert set(body) == {"metadata", "spec" if kind == "NimService" else "manifest"}


def test_how_a_manifest_is_scheduled_stands_beside_it() -> None:
    aside = {"priority": "low", "category": "Train", "preemptibility": "preemptible"}

    async def act(provider: RunaiProvider, scope: Scope) -> Observed:
        return await made(provider, scope, one("ExternalWorkload", **aside))

    with stage() as here:
        observed = here.play(act)
        body = sent(here, "POST").body

    assert {name: body["metadata"][name] for name in aside} == aside
    assert body["manifest"]["metadata"]["name"] == "x"
    assert {name: observed.spec[name] for name in aside} == aside


@pytest.mark.parametrize("kind", ["NimService", "ExternalWorkload", "DistributedInference"])
def test_rows_that_cannot_show_our_mark_say_so(kind: str) -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        await made(provider, scope, one(kind))
        (row,) = await provider.list(scope)
        return row.shows_marks, row.mark is None

    with stage() as here:
        assert here.play(act) == ((True, False) if kind == "DistributedInference" else (False, True))


@pytest.mark.parametrize("kind", ["DistributedTraining", "DistributedInference"])
def test_a_list_that_shows_the_variables_of_other_pods_says_nothing_of_our_mark(kind: str) -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        await made(provider, scope, one(kind))
        here.spoil(
            "GET /api/v1/workloads",
            kind="mutate",
            mutate=lambda body: {"workloads": [{**r, "environmentVariables": {}} for r in body["workloads"]]},
            forever=True,
        )
        (row,) = await provider.list(scope)
        return row.shows_marks, (await provider.read(row)).mark is not None  # type: ignore[union-attr]  # it is there

    with stage() as here:
        assert here.play(act) == (False, True)


# -- answers that cannot be trusted ------------------------------------------------------------


def spoilt(path: str, change: Callable[[Any], Any]) -> dict[str, Any]:
    return {"match": path, "kind": "mutate", "mutate": change, "forever": True}


NIMS, V2 = r"GET /api/v2/workloads/nim-services/.*", r"GET /api/v2/workloads/[^/]*"
ANOTHER = "00000000-0000-4000-8000-000000000000"
UNTRUSTED: dict[str, tuple[str, dict[str, Any]]] = {
    "a NIM service without metadata": ("NimService", spoilt(NIMS, lambda b: {"spec": b["spec"]})),
    "a NIM service without its id": (
        "NimService",
        spoilt(NIMS, lambda b: {**b, "metadata": {**b["metadata"], "id": None}}),
    ),
    "another NIM service": (
        "NimService",
        spoilt(NIMS, lambda b: {**b, "metadata": {**b["metadata"], "id": ANOTHER}}),
    ),
    "a NIM service whose spec is a text": ("NimService", spoilt(NIMS, lambda b: {**b, "spec": "x"})),
    "a manifest without its wrapper": ("ExternalWorkload", spoilt(V2, lambda b: b["workload"])),
    "another workload": (
        "ExternalWorkload",
        spoilt(
            V2,
            lambda b: {
                "workload": {**b["workload"], "metadata": {**b["workload"]["metadata"], "id": ANOTHER}}
            },
        ),
    ),
    "a workload that shows no manifest": (
        "ExternalWorkload",
        spoilt(V2, lambda b: {"workload": {**b["workload"], "rawManifest": {}, "workloadManifest": {}}}),
    ),
    "a manifest that is a list": (
        "ExternalWorkload",
        spoilt(V2, lambda b: {"workload": {**b["workload"], "rawManifest": []}}),
    ),
    "a list": ("ExternalWorkload", spoilt(V2, lambda b: [b])),
}


@pytest.mark.parametrize(("kind", "fault"), UNTRUSTED.values(), ids=UNTRUSTED)
def test_an_answer_of_another_shape_is_malformed(kind: str, fault: dict[str, Any]) -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        await provider.create(scope, one(kind), MARK)
        (row,) = await provider.list(scope)
        here.spoil(**fault)
        return await provider.read(row)

    with stage() as here:
        assert type(failure(here, act)) is Malformed


@pytest.mark.parametrize("shown", ["rawManifest", "workloadManifest"])
def test_one_of_the_two_forms_of_a_manifest_is_enough(shown: str) -> None:
    other = {"rawManifest": "workloadManifest", "workloadManifest": "rawManifest"}[shown]

    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        return (await made(provider, scope, one("ExternalWorkload"))).mark is not None

    with stage() as here:
        here.spoil(**spoilt(V2, lambda b: {**b, "workload": {**b["workload"], other: {}}}))

        assert here.play(act) is True


def test_whichever_form_is_the_one_submitted_what_we_declared_is_read() -> None:
    def turned(body: Any) -> Any:
        workload = body["workload"]
        mutated = {**workload["workloadManifest"], "spec": {**workload["rawManifest"]["spec"], "replicas": 7}}
        forms = {"rawManifest": mutated, "workloadManifest": workload["rawManifest"]}
        return {**body, "workload": {**workload, **forms}}

    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        await provider.create(scope, one("ExternalWorkload"), MARK)
        here.clock.advance(10)
        return (await only(provider, scope, "ExternalWorkload", "x")).spec["manifest"]["spec"]["replicas"]

    with stage() as here:
        here.spoil(**spoilt(V2, turned))

        assert here.play(act) == 1


# -- the end -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [404, 200])
@EVERY_KIND
def test_it_is_leaving_and_then_gone_by_two_answers(kind: str, status: int) -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        observed = await made(provider, scope, one(kind))
        await provider.delete(observed)
        leaving = await provider.read(observed.summary)
        here.clock.advance(60)
        return leaving, await provider.read(observed.summary), await provider.deleted(scope)

    with stage(gone_status=status) as here:
        leaving, gone, remembered = here.play(act)

    assert leaving.summary.life is Life.LEAVING
    assert gone is None
    assert [row.key.name for row in remembered] == ["x"]
    assert sent(here, "DELETE").path.startswith(
        "/api/v2/workloads/" if ROUTES[kind].is_v2 else ROUTES[kind].root
    )


@EVERY_KIND
def test_one_404_alone_proves_nothing(kind: str) -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        await provider.create(scope, one(kind), MARK)
        (row,) = await provider.list(scope)
        here.spoil(f"GET {ROUTES[kind].root}/.*", status=404, forever=True)
        return await provider.read(row)

    with stage() as here:
        assert isinstance(failure(here, act), Malformed)


@EVERY_KIND
def test_deleting_what_is_not_there_is_no_error(kind: str) -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        observed = await made(provider, scope, one(kind))
        here.emulator.world.remove(observed.id)
        await provider.delete(observed)
        return await provider.read(observed.summary)

    with stage() as here:
        assert here.play(act) is None


# -- writes that go wrong ----------------------------------------------------------------------

LOST: dict[str, dict[str, Any]] = {
    "lost": {"kind": "lost"},
    "reset": {"kind": "reset", "phase": "after_effect"},
    "truncated": {"kind": "truncate"},
    "500": {"kind": "status", "status": 500, "phase": "after_effect"},
    "503": {"kind": "status", "status": 503, "phase": "after_effect", "headers": {"retry-after": "1"}},
    "no content": {"kind": "no_content", "phase": "after_effect"},
    "an empty object": {"kind": "empty_object", "phase": "after_effect"},
    "a login page": {"kind": "login_page", "phase": "after_effect"},
}


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
@EVERY_KIND
def test_a_create_whose_answer_is_lost_is_unknown_and_found_by_name(kind: str, fault: dict[str, Any]) -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        with pytest.raises(Unknown):
            await provider.create(scope, one(kind), MARK)
        return await only(provider, scope, kind, "x")

    with stage() as here:
        here.spoil(f"POST {ROUTES[kind].root}", **fault)
        observed = here.play(act)

    assert observed.mark is not None
    assert sent(here, "POST").path == ROUTES[kind].root


@pytest.mark.parametrize("status", [400, 409])
@EVERY_KIND
def test_a_name_that_is_taken_is_a_conflict(kind: str, status: int) -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        await provider.create(scope, one(kind), MARK)

    with stage(duplicate_name_status=status) as here:
        here.add("x", kind="Workspace" if kind != "Workspace" else "Training")

        assert type(failure(here, act)) is Conflict


# -- older control planes ----------------------------------------------------------------------


@pytest.mark.parametrize("status", [404, 405])
@pytest.mark.parametrize("kind", ["DistributedInference", "NimService", "ExternalWorkload"])
def test_an_endpoint_that_is_missing_is_told_by_the_level_that_has_it(kind: str, status: int) -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        await provider.create(scope, one(kind), MARK)

    with stage() as here:
        here.spoil(f"POST {ROUTES[kind].root}", status=status, forever=True)
        error = failure(here, act)

    assert type(error) is Rejected
    assert error.hint.startswith(f"this control plane has no {kind}: that needs {ROUTES[kind].since};")


@pytest.mark.parametrize("kind", ["DistributedInference", "NimService", "ExternalWorkload"])
def test_nothing_is_said_of_levels_where_no_neighbour_answers(kind: str) -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        await provider.create(scope, one(kind), MARK)

    with stage() as here:
        here.spoil(f"POST {ROUTES[kind].root}", status=404, forever=True)
        here.spoil("GET /api/v1/workloads/count", status=404, forever=True)

        assert type(failure(here, act)) is NotFound


def test_an_emulated_control_plane_of_2_23_has_no_nim_services() -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        await provider.create(scope, one("NimService"), MARK)

    with stage(api_level="2.23") as here:
        assert "needs 2.24" in failure(here, act).hint


def test_an_emulated_control_plane_of_2_23_replaces_no_manifest() -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        observed = await made(provider, scope, one("ExternalWorkload"))
        edit = Edit(("/spec/category",), {})
        await provider.update(observed, one("ExternalWorkload", category="Build"), edit, MARK)

    with stage(api_level="2.23") as here:
        error = failure(here, act)

    assert type(error) is Rejected
    assert error.hint.startswith(
        "this control plane cannot change ExternalWorkload objects in place: that needs 2.24;"
    )


def test_an_object_that_is_gone_is_not_taken_for_an_old_control_plane() -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        observed = await made(provider, scope, one("NimService"))
        here.emulator.world.remove(observed.id)
        edit = Edit(("/spec/replicas",), {})
        await provider.update(observed, one("NimService", replicas=2), edit, MARK)

    for status in (404, 200):
        with stage(gone_status=status) as here:
            assert type(failure(here, act)) is NotFound
