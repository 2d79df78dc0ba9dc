"""What `doctor` finds out about a server: who we are there, which form it speaks, what we may do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from reconciler.emulator.primus_safe.seed import PLAIN, TRAIN
from reconciler.errors import ExitCode
from reconciler.provider import Finding
from reconciler.secret import Secret
from tests.providers.primus_safe.stage import DEMO, Stage, stage

ALL = "cpu-west, serve-mi300, train-mi300"
MEMBER = "as a member: update and delete only what they made; priority 2 is for managers"


def examined(made: Stage, **settings: Any) -> Sequence[Finding]:
    async def run() -> Sequence[Finding]:
        provider = made.provider(**settings)
        try:
            return await provider.examine()
        finally:
            await provider.aclose()

    return asyncio.run(run())


def told(found: Sequence[Finding], area: str) -> list[str]:
    return [finding.text for finding in found if finding.area == area]


def the(found: Sequence[Finding], area: str) -> Finding:
    [finding] = [finding for finding in found if finding.area == area]
    return finding


def of_user(made: Stage, name: str) -> dict[str, Any]:
    return {"token": Secret("secret:T", made.emulator.tokens.issue(made.emulator.world.users.named(name))[0])}


@pytest.mark.parametrize("generation", [1, 2])
def test_a_server_that_is_well_is_told_thing_by_thing_and_nothing_is_written(generation: int) -> None:
    with stage(generation) as made:
        found = examined(made)

        assert {finding.grade for finding in found} == {"ok"}
        assert [finding.area for finding in found] == [
            "control plane", "sign-in", "workspaces", "workspaces", "workspaces", "generation",
            "permissions", "permissions",
        ]  # fmt: skip
        assert told(found, "workspaces")[2] == "train-mi300 (Train, Authoring; balance queue)"
        assert the(found, "generation").text == f"{generation}, by what answers; not pinned"
        assert told(found, "permissions") == [
            f"workloads: create read update delete in {ALL} ({MEMBER})",
            "nodes: read",
        ]
        assert not made.emulator.ledger.effects()


@pytest.mark.parametrize(
    ("generation", "way", "text"),
    [
        (1, "userId", "userId, as demo; no secret: whoever knows the id is taken for them"),
        (1, "cookie", "cookie, as demo"),
        (2, "token", "token, as demo"),
        (2, "apiKey", "apiKey, as demo, until 2036-03-09"),
    ],
)
def test_the_sign_in_says_by_what_and_as_whom(generation: int, way: str, text: str) -> None:
    with stage(generation) as made:
        token = made.emulator.tokens.issue(made.emulator.world.users.named("demo"))[0]
        auth = {"userId": DEMO} if way == "userId" else {way: Secret("secret:S", token)}

        found = examined(made) if way == "apiKey" else examined(made, auth=auth)

    assert the(found, "sign-in").text == text


def test_an_api_key_that_soon_runs_out_is_worth_a_word() -> None:
    soon = json.dumps({"id": 1, "expirationTime": "2026-03-09T08:00:00"})
    with stage(2) as made:
        made.spoil("GET /api/v1/apikeys/current", status=200, text=soon, forever=True)

        found = the(examined(made), "sign-in")

    assert found.grade == "warn"
    assert found.text == "apiKey, as demo, until 2026-03-09"


def test_credentials_that_are_refused_are_the_last_that_is_told() -> None:
    with stage(2) as made:
        found = examined(made, auth={"token": Secret("secret:T", "bm90OmE6dG9rZW4=")})

    assert [finding.area for finding in found] == ["control plane", "sign-in"]
    assert found[-1].exit_code is ExitCode.DENIED


def test_whoever_is_restricted_is_told_so_and_nothing_else() -> None:
    with stage(1) as made:
        made.emulator.world.users.freeze("demo", 2)

        found = examined(made)

    assert found[-1].text == "the user is restricted (type 2) and may do nothing"
    assert found[-1].exit_code is ExitCode.DENIED


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("root", [f"workloads: create read update delete in {ALL} (as system-admin)"]),
        (
            "lee",
            [
                f"workloads: create read update delete in {TRAIN} ({MEMBER})",
                "workloads: create read update delete in serve-mi300 (as its manager)",
            ],
        ),
    ],
)
def test_rights_follow_from_roles_and_workspaces(name: str, expected: list[str]) -> None:
    with stage(2) as made:
        found = examined(made, auth=of_user(made, name))

    assert told(found, "permissions") == [*expected, "nodes: read"]


def test_who_may_only_read_is_warned() -> None:
    with stage(2) as made:
        world = made.emulator.world
        world.users.add("eye", "x", world.clock.now(), roles=("system-admin-readonly",))

        found = examined(made, auth=of_user(made, "eye"))[-2]

    assert found.text == f"workloads: read in {ALL} (as system-admin-readonly)"
    assert found.grade == "warn"


def test_nodes_that_may_not_be_read_are_worth_a_word() -> None:
    with stage(2) as made:
        refusal = {"errorCode": "Primus.00003", "errorMessage": "not for you"}
        made.spoil("GET /api/v1/nodes", status=403, json=refusal, forever=True)

        found = examined(made)[-1]

    assert found.text == "nodes: no read (not for you), so what starts is not foretold"
    assert found.grade == "warn"


def test_who_is_in_no_workspace_sees_none() -> None:
    with stage(2) as made:
        found = the(examined(made, auth=of_user(made, "jonas")), "workspaces")

    assert (found.text, found.exit_code) == ("these credentials see none", ExitCode.DENIED)


def test_a_workspace_that_the_scope_names_and_nobody_sees_is_told() -> None:
    with stage(1) as made:
        found = examined(made, scope={"workspaces": [TRAIN, "train-mi350"]})

    assert told(found, "workspaces") == [
        "train-mi300 (Train, Authoring; balance queue)",
        'scope names "train-mi350", which these credentials do not see',
    ]
    assert f"they see {ALL}" in found[3].mend


def test_a_workspace_that_is_not_well_says_what_is_wrong() -> None:
    with stage(2) as made:
        world = made.emulator.world
        broken = next(node for node in world.nodes.values() if node.workspace == TRAIN)
        world.nodes[broken.id] = replace(broken, is_available=False)
        world.workspaces[PLAIN] = replace(world.workspaces[PLAIN], is_abnormal=True)

        found = examined(made)

    abnormal, _, short = (finding for finding in found if finding.area == "workspaces")
    assert abnormal.text == "cpu-west (all kinds; balance queue) is Abnormal"
    assert short.text == "train-mi300 (Train, Authoring; balance queue), 1 of 8 nodes out of order"
    assert (abnormal.grade, short.grade) == ("warn", "warn")


@pytest.mark.parametrize(("live", "pinned"), [(1, 2), (2, 1)])
def test_another_generation_than_the_pinned_one_is_an_error(live: int, pinned: int) -> None:
    with stage(live) as made:
        found = the(examined(made, generation=pinned), "generation")

    assert found.text.startswith(f"{live}, but generation says {pinned}")
    assert found.exit_code is ExitCode.REJECTED


@pytest.mark.parametrize(("settings", "grade"), [({}, "fail"), ({"generation": 2}, "ok")])
def test_a_server_that_does_not_tell_its_generation_needs_a_pin(settings: dict[str, Any], grade: str) -> None:
    with stage(2) as made:
        made.spoil("GET /api/v1/envs", status=200, text='{"enableLog": true}', forever=True)

        found = the(examined(made, **settings), "generation")

    assert found.grade == grade
    assert "neither GET /envs nor a row tells" in found.text


def test_a_server_that_is_not_reached_is_all_that_is_told() -> None:
    with stage(1) as made:
        made.url = "http://127.0.0.1:9"

        [found] = examined(made)

    assert (found.area, found.exit_code) == ("control plane", ExitCode.UNOBSERVED)
    assert "HTTPS_PROXY" in found.mend
