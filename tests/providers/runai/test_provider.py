"""The provider reads whole or not at all, writes once, and says whose a thing is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from reconciler.errors import (
    FleetError,
    Forbidden,
    Malformed,
    ProviderError,
    Rejected,
    Unauthenticated,
    Unavailable,
)
from reconciler.fleet import Target
from reconciler.mark import Owner, owner_of
from reconciler.provider import Edit, Logs, Provider
from reconciler.providers.runai import connect
from reconciler.providers.runai.provider import RunaiProvider
from reconciler.resource import Life, Lifecycle, Scope
from reconciler.secret import Secret
from tests.providers.runai.stage import MARK, SECRET, Stage, a_resource, an_inference, only, stage
from tests.wire import FakeClock

Act = Callable[[RunaiProvider, Scope], Awaitable[Any]]
LIST = r"GET /api/v1/workloads"


async def listed(provider: RunaiProvider, scope: Scope) -> Any:
    return await provider.list(scope)


async def created(provider: RunaiProvider, scope: Scope) -> str:
    return await provider.create(scope, a_resource(), MARK)


def failure(here: Stage, act: Act, **settings: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        here.play(act, **settings)
    return caught.value


def test_it_keeps_the_protocol() -> None:
    with stage() as here:
        provider: Provider = here.provider()

        assert isinstance(provider, Logs)
        assert set(provider.kinds) >= {"Workspace", "Training", "Inference"}


# -- scopes ------------------------------------------------------------------------------------


def test_projects_are_listed_by_name_with_their_ids() -> None:
    with stage() as here:
        here.emulator.world.add_project("a-first")

        async def act(provider: RunaiProvider, _: Scope) -> Any:
            return await provider.scopes()

        scopes = here.play(act)

    assert [scope.name for scope in scopes] == sorted(scope.name for scope in scopes)
    assert all(scope.id and scope.cluster and scope.cluster_id for scope in scopes)


def test_only_the_targets_projects_are_looked_at() -> None:
    with stage() as here:
        here.emulator.world.add_project("other")

        async def act(provider: RunaiProvider, _: Scope) -> Any:
            return [scope.name for scope in await provider.scopes()]

        assert here.play(act, scope={"projects": ["team-a"]}) == ["team-a"]


def test_clusters_that_may_not_be_read_in_full_are_read_in_short() -> None:
    with stage() as here:
        here.spoil("GET /api/v1/clusters", status=403, forever=True)

        async def act(_: RunaiProvider, scope: Scope) -> str:
            return scope.cluster

        assert here.play(act)


def test_clusters_that_may_not_be_read_at_all_leave_their_names_out() -> None:
    with stage(api_level="2.24") as here:
        here.spoil("GET /api/v1/clusters.*", status=403, forever=True)

        async def act(_: RunaiProvider, scope: Scope) -> str:
            return scope.cluster

        assert here.play(act) == ""


# -- reading -----------------------------------------------------------------------------------


def test_what_a_list_shows() -> None:
    with stage() as here:
        here.add("train", phase="Running", spec={"image": "x", "compute": {"gpuDevicesRequest": 2}})

        (row,) = here.play(listed)

    assert (str(row.key), row.phase, row.life, row.gpus) == (
        "team-a/Training/train",
        "Running",
        Life.ACTIVE,
        2,
    )
    assert (row.mark, row.shows_marks, row.is_known_kind) == (None, True, True)
    assert row.identity.endswith("/team-a/Training/train")


def test_a_type_we_do_not_know_keeps_the_platforms_word() -> None:
    with stage() as here:
        here.add()
        here.spoil(LIST, kind="mutate", mutate=lambda body: _with_rows(body, type="Dream"), forever=True)

        (row,) = here.play(listed)

    assert (row.key.kind, row.is_known_kind) == ("Dream", False)


@pytest.mark.parametrize("shows", [True, False])
def test_a_list_without_environments_shows_no_marks(shows: bool) -> None:
    with stage(list_env=shows) as here:
        here.play(created)

        (row,) = here.play(listed)

    assert (row.shows_marks, row.mark is not None) == (shows, shows)


SHAPES = ["empty_object", "null", "empty_list", "no_content", "login_page"]


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("path", [LIST, r"GET /api/v1/workloads/count", r"GET /api/v1/org-unit/projects"])
def test_an_answer_of_another_shape_is_never_an_empty_list(kind: str, path: str) -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        return await provider.count(scope) if "count" in path else await provider.list(scope)

    with stage() as here:
        here.add()
        here.spoil(path, kind=kind, forever=True)

        error = failure(here, act)

    assert isinstance(error, Malformed | Unauthenticated)


def test_a_row_of_another_project_makes_the_scope_unknown() -> None:
    with stage() as here:
        here.add()
        here.spoil(LIST, kind="mutate", mutate=lambda body: _with_rows(body, projectId="99"), forever=True)

        assert isinstance(failure(here, listed), Malformed)


@pytest.mark.parametrize("key", ["id", "name", "type", "phase", "clusterId", "projectName", "createdAt"])
@pytest.mark.parametrize("value", [None, {}, ["x"], True])
def test_a_row_without_what_it_must_hold_makes_the_scope_unknown(key: str, value: Any) -> None:
    with stage() as here:
        here.add()
        here.spoil(LIST, kind="mutate", mutate=lambda body: _with_rows(body, **{key: value}), forever=True)

        assert isinstance(failure(here, listed), Malformed)


def test_a_phase_we_do_not_know_is_unknown() -> None:
    with stage() as here:
        here.add()
        here.spoil(LIST, kind="mutate", mutate=lambda body: _with_rows(body, phase="Dreaming"), forever=True)

        (row,) = here.play(listed)

    assert (row.phase, row.life) == ("Dreaming", Life.UNKNOWN)


def test_names_are_looked_up_exactly_and_in_the_project_only() -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        few = await provider.named(scope, ["train", "nobody"])
        many = await provider.named(scope, ["train", *(f"n{n}" for n in range(40))])
        return [row.key.name for row in few], [row.key.name for row in many]

    with stage() as here:
        here.emulator.world.add_project("other")
        here.emulator.world.add_workload(
            kind="Training", project="other", name="train", spec={"image": "x"}, created_by="x"
        )
        here.add("train")
        here.add("train-2")

        assert here.play(act) == (["train"], ["train"])


# -- writing -----------------------------------------------------------------------------------


def test_what_is_created_carries_our_mark_and_its_record() -> None:
    resource = a_resource(
        spec={"image": "x", "environmentVariables": [{"name": "T", "value": Secret("secret:HF", SECRET)}]}
    )

    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        await provider.create(scope, resource, MARK)
        return await only(provider, scope, "Training", "train")

    with stage() as here:
        observed = here.play(act)

    assert observed.spec == {"image": "x", "environmentVariables": [{"name": "T", "value": SECRET}]}
    assert observed.record == {"image": "x", "environmentVariables": [{"name": "T", "value": "secret:HF"}]}
    identity = observed.summary.identity
    assert owner_of(observed.mark, fleet_id=MARK.fleet_id, identity=identity) is Owner.OURS
    assert owner_of(observed.summary.mark, fleet_id="other", identity=identity) is Owner.FOREIGN


def test_an_error_that_echoes_a_secret_does_not_show_it() -> None:
    resource = a_resource(
        spec={"image": "x", "environmentVariables": [{"name": "T", "value": Secret("secret:HF", SECRET)}]}
    )

    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        await provider.create(scope, resource, MARK)

    with stage() as here:
        here.spoil("POST /api/v1/workloads/trainings", kind="echo")
        error = failure(here, act)

    assert SECRET not in f"{error} {error.said} {error.args}"
    assert "demo-secret" not in str(error)
    assert "Bearer ey" not in str(error)


def test_an_update_sends_what_changes_and_keeps_what_was_never_ours() -> None:
    env = [{"name": "A", "value": "1"}, {"name": "OLD", "value": "x"}]

    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        id_ = await provider.create(scope, an_inference(environmentVariables=env, command="run"), MARK)
        live = await only(provider, scope, "Inference", "serve")
        theirs = [*live.spec["environmentVariables"], {"name": "THEIRS", "value": "kept"}]
        here.emulator.world.edit_spec(id_, {"environmentVariables": theirs}, by="admin")
        wanted = an_inference(environmentVariables=[{"name": "A", "value": "2"}])
        edit = Edit(
            ("/spec/environmentVariables/name=A/value",),
            {"/spec/environmentVariables/name=OLD": None, "/spec/command": None},
        )
        await provider.update(await only(provider, scope, "Inference", "serve"), wanted, edit, MARK)
        return await only(provider, scope, "Inference", "serve")

    with stage() as here:
        after = here.play(act)
        body = next(entry.body for entry in here.emulator.ledger.entries if entry.method == "PATCH")

    assert set(body["spec"]) == {"environmentVariables", "command"}
    assert {item["name"]: item["value"] for item in after.spec["environmentVariables"]} == {
        "A": "2",
        "THEIRS": "kept",
    }
    assert "command" not in after.spec
    assert after.record == {
        "image": "vllm",
        "servingPort": {"container": 8000},
        "environmentVariables": [{"name": "A", "value": "2"}],
    }


def test_an_ignored_field_keeps_its_live_value_in_a_whole_list() -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        env = [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]
        id_ = await provider.create(scope, an_inference(environmentVariables=env), MARK)
        here.emulator.world.edit_spec(
            id_, {"environmentVariables": [env[0], {"name": "B", "value": "9"}]}, by="admin"
        )
        wanted = an_inference(environmentVariables=[{"name": "A", "value": "2"}, env[1]])
        ignoring = Lifecycle(ignore=("/spec/environmentVariables/name=B/value",))
        observed = await only(provider, scope, "Inference", "serve")
        edit = Edit(("/spec/environmentVariables/name=A/value",), {})
        await provider.update(observed, _replaced(wanted, ignoring), edit, MARK)
        return (await only(provider, scope, "Inference", "serve")).spec["environmentVariables"]

    with stage() as here:
        assert here.play(act) == [{"name": "A", "value": "2"}, {"name": "B", "value": "9"}]


def test_a_training_does_not_change_in_place() -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        await provider.create(scope, a_resource(), MARK)
        observed = await only(provider, scope, "Training", "train")
        await provider.update(observed, a_resource(), Edit(("/spec/image",), {}), MARK)

    with stage() as here:
        assert type(failure(here, act)) is Rejected


# -- signing in --------------------------------------------------------------------------------


@pytest.mark.parametrize(("level", "path"), [("2.25", "/api/v2/token"), ("2.23", "/api/v1/token")])
def test_the_way_to_sign_in_is_found_out_and_kept(level: str, path: str) -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        here.emulator.tokens.revoke_all()
        return await provider.list(scope)

    with stage(api_level=level) as here:
        here.play(act)
        logins = [
            entry.path for entry in here.emulator.ledger.entries if entry.is_login and entry.status == 200
        ]

    assert logins == [path, path]


def test_a_pinned_level_is_not_probed() -> None:
    with stage(api_level="2.23") as here:
        here.play(listed, apiLevel="2.23")
        logins = [entry.path for entry in here.emulator.ledger.entries if entry.is_login]

    assert logins == ["/api/v1/token"]


@pytest.mark.parametrize(("level", "tries"), [("2.25", 1), ("2.23", 3)])
def test_wrong_credentials_are_told_once_and_not_repeated(level: str, tries: int) -> None:
    with stage(api_level=level) as here:
        error = failure(here, listed, auth={"clientId": "demo", "clientSecret": "wrong-wrong"})
        logins = [entry for entry in here.emulator.ledger.entries if entry.is_login]

    assert type(error) is Unauthenticated
    assert len(logins) == tries
    assert "wrong-wrong" not in str(error)


def test_many_calls_sign_in_once_and_a_token_is_renewed_before_it_ends() -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        await provider.named(scope, [f"n{n}" for n in range(12)])
        here.clock.advance(0.81 * 3600)
        await provider.named(scope, [f"n{n}" for n in range(12)])

    with stage() as here:
        here.play(act)
        refused = [entry for entry in here.emulator.ledger.entries if entry.status == 401]
        logins = [entry for entry in here.emulator.ledger.entries if entry.is_login]

    assert (len(logins), refused) == (2, [])


def test_a_write_whose_token_ran_out_is_sent_again() -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> Any:
        here.emulator.tokens.revoke_all()
        return await provider.create(scope, a_resource(), MARK)

    with stage() as here:
        assert here.play(act)
        assert len(here.emulator.ledger.effects()) == 1


def test_a_forbidden_project_is_forbidden() -> None:
    with stage() as here:
        here.spoil(LIST, status=403, forever=True)

        assert type(failure(here, listed)) is Forbidden


def test_a_platform_that_is_away_is_unavailable() -> None:
    with stage() as here:
        here.spoil(LIST, status=503, forever=True)

        assert type(failure(here, listed)) is Unavailable


# -- the target block --------------------------------------------------------------------------

AUTH = {"clientId": "c", "clientSecret": "secret-secret"}
BLOCKS: dict[str, tuple[dict[str, Any], str]] = {
    "no auth": ({}, "auth"),
    "an unknown field": ({"auth": AUTH, "tls": False}, "tls"),
    "plain http": ({"auth": AUTH, "url": "http://acme.run.ai"}, "loopback"),
    "a level that is none": ({"auth": AUTH, "apiLevel": "1.0"}, "apiLevel"),
    "a secret that is not set": (
        {"auth": {"clientId": "c", "clientSecret": Secret("secret:RUNAI", None)}},
        "secret:RUNAI",
    ),
}


@pytest.mark.parametrize(("block", "said"), BLOCKS.values(), ids=BLOCKS)
def test_a_target_block_that_is_wrong_is_told(block: dict[str, Any], said: str) -> None:
    target = Target("prod", "runai", "https://acme.run.ai", settings=block)

    with pytest.raises(FleetError) as caught:
        connect(target, allowed_hosts=(), clock=FakeClock())

    assert said in str(caught.value)
    assert "secret-secret" not in str(caught.value)


def test_a_target_that_the_environment_does_not_allow_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_ALLOWED_HOSTS", "acme.run.ai")
    target = Target("prod", "runai", "https://evil.example", settings={"auth": AUTH})

    with pytest.raises(FleetError) as caught:
        connect(target, allowed_hosts=("*",), clock=FakeClock())

    assert caught.value.problems[0].code == "RC204"


def _with_rows(body: Any, **changes: Any) -> Any:
    return {**body, "workloads": [{**row, **changes} for row in body["workloads"]]}


def _replaced(resource: Any, lifecycle: Lifecycle) -> Any:
    from dataclasses import replace

    return replace(resource, lifecycle=lifecycle)
