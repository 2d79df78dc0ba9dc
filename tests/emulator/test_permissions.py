"""What the caller may do, as the emulated control plane tells it."""

from __future__ import annotations

from typing import Any

from tests.emulator.plane import IDS, Plane

PATH = "/api/v1/authorization/permitted-scopes"


def scopes(plane: Plane, action: str) -> Any:
    return plane.http.post(PATH, {"resourceType": "workloads"}).json()[action]


def test_who_sees_all_projects_may_write_in_the_whole_tenant() -> None:
    plane = Plane()

    for action in ("create", "read", "update", "delete"):
        assert scopes(plane, action)["tenants"] == [str(plane.emu.world.tenant_id)]


def test_who_only_reads_some_projects_may_write_nowhere() -> None:
    plane = Plane()
    plane.emu.tokens.add("reader", "secret", "reader", projects=["team-a"], can_write=False)
    plane.sign_in("reader")

    assert scopes(plane, "read")["projects"] == [IDS["team-a"]]
    assert scopes(plane, "read")["tenants"] == []
    assert scopes(plane, "delete")["projects"] == []


def test_a_question_without_a_type_is_refused() -> None:
    assert Plane().http.post(PATH, {}).status_code == 400
    assert Plane().http.post(PATH, []).status_code == 400
