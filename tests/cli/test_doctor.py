"""Broken set-ups, each named right by `doctor`: what is wrong, what to do, and the exit code."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import trustme

from tests.cli.scene import Said, Scene, played
from tests.scenarios.stage import DrivenClock


def lines(said: Said, grade: str, area: str) -> list[str]:
    """Give the findings of a grade in an area, each with what to do about it."""
    heads = ("ok ", "warn ", "fail ")
    found: list[str] = []
    for text in said.out.partition("\n\n")[0].splitlines():
        if text.startswith(heads):
            found.append(" ".join(text.split()))
        else:
            found[-1] += " " + text.strip()
    return [text for text in found if text.startswith(f"{grade} {area} ")]


def the(said: Said, grade: str, area: str) -> str:
    [found] = lines(said, grade, area)
    return found


def test_a_set_up_that_is_well_is_told_line_by_line_and_nothing_is_written(scene: Scene) -> None:
    scene.declare("train")

    said = scene.types("doctor")

    assert said.code == 0
    assert not re.search(r"^(warn|fail)|->", said.out, re.MULTILINE)
    assert said.out.endswith("\n14 checks: all well.\n")
    assert the(said, "ok", "repo").startswith("ok repo git main@")
    assert the(said, "ok", "manifests") == "ok manifests 1 in 1 file, valid"
    assert the(said, "ok", "API level") == "ok API level 2.25, by what answers; not pinned"
    assert the(said, "ok", "sign-in").endswith("token v2, valid 60 min")
    assert "workloads: create read update delete in team-a, team-b" in said.out
    assert "connected; cluster-api answers" in the(said, "ok", "cluster")
    assert not scene.emulator.ledger.effects()


def test_findings_come_as_json_with_the_exit_they_lead_to(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RUNAI_CLIENT_SECRET")

    said = scene.types("doctor", "-o", "json")

    document = json.loads(said.out)
    assert document["document"] == "doctor"
    assert document["exit"] == {"code": 4, "name": "rejected"}
    [failed] = [one for one in document["findings"] if one["grade"] == "fail"]
    assert (failed["area"], failed["exit"]) == ("environment", "rejected")


def test_a_missing_variable(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNAI_CLIENT_SECRET")

    said = scene.types("doctor")

    assert said.code == 4
    assert "prod needs the environment variable RUNAI_CLIENT_SECRET" in the(said, "fail", "environment")
    assert "-> export RUNAI_CLIENT_SECRET=" in said.out


def test_a_secret_with_a_newline_at_its_end(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNAI_CLIENT_SECRET", "demo-secret\n")

    said = scene.types("doctor")

    assert said.code == 5
    assert "RUNAI_CLIENT_SECRET (12 characters, ends with a newline)" in the(said, "warn", "environment")
    assert 'try:    printf %s "$RUNAI_CLIENT_SECRET" | gh secret set' in the(said, "fail", "sign-in")
    assert "demo-secret" not in said.text


def test_a_wrong_secret(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNAI_CLIENT_SECRET", "of-another-key")

    said = scene.types("doctor")

    assert said.code == 5
    assert "Invalid client or client credentials" in the(said, "fail", "sign-in")
    assert "likely: the key was regenerated or deleted" in the(said, "fail", "sign-in")
    assert lines(said, "ok", "control plane")
    assert not lines(said, "ok", "projects")


def test_a_name_that_does_not_resolve(scene: Scene) -> None:
    scene.edit("reconciler.yaml", scene.emulator_url, "https://wattfield.invalid")

    said = scene.types("doctor")

    assert said.code == 6
    assert 'host "wattfield.invalid": name does not resolve' in the(said, "fail", "control plane")
    assert "-> check the url, and the network" in said.out


def test_a_port_where_nobody_listens(scene: Scene) -> None:
    scene.edit("reconciler.yaml", scene.emulator_url, "http://127.0.0.1:9")

    said = scene.types("doctor")

    assert said.code == 6
    assert "cannot connect to host" in the(said, "fail", "control plane")
    assert "HTTPS_PROXY" in the(said, "fail", "control plane")


def test_a_certificate_of_an_authority_that_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cert = trustme.CA().issue_cert("127.0.0.1")
    tls = (str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
    cert.cert_chain_pems[0].write_to_path(tls[0])
    cert.private_key_pem.write_to_path(tls[1])

    with played(tmp_path, monkeypatch, capsys, tls=tls) as scene:
        said = scene.types("doctor")

    assert said.code == 6
    assert "is not trusted" in the(said, "fail", "control plane")
    assert "SSL_CERT_FILE" in the(said, "fail", "control plane")


def test_a_web_page_of_a_proxy_in_place_of_the_api(scene: Scene) -> None:
    scene.spoil("GET /api/v1/clusters", kind="login_page", forever=True)

    said = scene.types("doctor")

    assert said.code == 5
    assert "an identity proxy answered, not the platform" in the(said, "fail", "control plane")
    assert "check the target's url" in the(said, "fail", "control plane")


def test_a_clock_that_is_behind(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(DrivenClock):
        def now(self) -> datetime:
            return super().now() - timedelta(minutes=6)

    monkeypatch.setattr("reconciler.cli.request.SystemClock", lambda: Late(scene.emulator.clock))  # type: ignore[arg-type]  # the scene's is one

    said = scene.types("doctor")

    assert said.code == 0
    assert "this machine is 360s behind the control plane" in the(said, "warn", "clock")


def test_a_scope_that_names_a_project_nobody_sees(scene: Scene) -> None:
    scene.edit("reconciler.yaml", "[team-a, team-b]", "[team-a, team-bee]")

    said = scene.types("doctor")

    assert said.code == 4
    assert 'scope names "team-bee", which these credentials do not see' in the(said, "fail", "projects")
    assert "they see platform, team-a, team-b" in the(said, "fail", "projects")


def test_a_manifest_in_a_project_nobody_sees(scene: Scene) -> None:
    scene.edit("reconciler.yaml", "    scope: {projects: [team-a, team-b]}\n", "")
    scene.declare("train", project="team-asist")

    said = scene.types("doctor")

    assert said.code == 4
    assert 'manifests/train.yaml:5:12: project "team-asist" not found in prod' in the(
        said, "fail", "manifests"
    )


def test_a_broken_fleet_file_is_all_there_is_to_tell(scene: Scene) -> None:
    scene.edit("reconciler.yaml", "kind: Fleet", "kind: Flock")

    said = scene.types("doctor")

    assert said.code == 4
    assert "reconciler.yaml:2:7" in the(said, "fail", "fleet")
    assert lines(said, "ok", "repo")
    assert "control plane" not in said.out


def test_no_fleet_file(scene: Scene) -> None:
    (scene.root / "reconciler.yaml").unlink()

    said = scene.types("doctor")

    assert said.code == 4
    assert "run reconciler init" in the(said, "fail", "fleet")


def test_a_broken_manifest_keeps_nothing_from_being_looked_at(scene: Scene) -> None:
    scene.declare("train").edit("manifests/train.yaml", "image:", "imagge:")

    said = scene.types("doctor")

    assert said.code == 4
    assert '1 in 1 file: 1 error, the first at manifests/train.yaml:7:3: unknown field "imagge"' in the(
        said, "fail", "manifests"
    )
    assert "-> reconciler validate" in said.out
    assert lines(said, "ok", "cluster")


def test_a_folder_that_is_no_git_repository(scene: Scene) -> None:
    (scene.root / ".git").rename(scene.root / "no-git")

    said = scene.types("doctor")

    assert said.code == 0
    assert "is no git repository with a commit" in the(said, "warn", "repo")


def test_a_shallow_clone(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.declare("train")
    shallow = scene.root.parent / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{scene.root}", str(shallow)], check=True)
    monkeypatch.chdir(shallow)

    said = scene.types("doctor")

    assert said.code == 0
    assert "is a shallow clone" in the(said, "warn", "repo")
    assert "fetch-depth: 0" in the(said, "warn", "repo")


def test_edits_that_are_not_committed_are_told(scene: Scene) -> None:
    scene.declare("train")
    (scene.root / "manifests" / "train.yaml").write_text("")

    assert "with edits that are not committed" in the(scene.types("doctor"), "ok", "repo")


def test_a_cluster_whose_domain_no_token_may_go_to(scene: Scene) -> None:
    [(uuid, one)] = scene.emulator.world.clusters.items()
    scene.emulator.world.clusters[uuid] = replace(one, domain="dgx.acme.example")

    said = scene.types("doctor")

    assert said.code == 0
    assert (
        f"-> add below the target:\n{' ' * 24}clusterApi: {{{one.name}: https://dgx.acme.example}}"
        in said.out
    )
    assert "neither a target nor allowedHosts names it" in the(said, "warn", "cluster")


@pytest.mark.parametrize(
    ("state", "mend"),
    [
        ("Disconnected", "look at the cluster's agent"),
        ("WaitingToConnect", "cluster install-info NAME --version VERSION prints"),
    ],
)
def test_a_cluster_that_is_not_connected(scene: Scene, state: str, mend: str) -> None:
    [(uuid, one)] = scene.emulator.world.clusters.items()
    scene.emulator.world.clusters[uuid] = replace(one, state=state)

    told = the(scene.types("doctor"), "warn", "cluster")

    assert f"{one.name} is {state}" in told
    assert mend.replace("NAME", one.name) in told


def test_a_cluster_whose_own_api_does_not_answer(scene: Scene) -> None:
    scene.spoil("GET /cluster-api/status", status=503, forever=True)

    assert "connected, but its cluster-api fails" in the(scene.types("doctor"), "warn", "cluster")


@pytest.mark.parametrize(
    ("pinned", "told"),
    [
        ("", "2.23 or older: it does not know all that manifests may say"),
        ("2.25", "2.23 or older, but apiLevel says 2.25: what is newer would be dropped in silence"),
    ],
)
def test_an_old_control_plane(
    pinned: str,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with played(tmp_path, monkeypatch, capsys, api_level="2.23") as scene:
        if pinned:
            url = f"    url: {scene.emulator_url}\n"
            scene.edit("reconciler.yaml", url, f'{url}    apiLevel: "{pinned}"\n')
        said = scene.types("doctor")

    assert said.code == 0
    assert told in the(said, "warn", "API level")
    assert 'write apiLevel: "2.23" below the target' in the(said, "warn", "API level")
    assert "token v1" in the(said, "ok", "sign-in")


def test_an_old_control_plane_that_is_pinned_is_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with played(tmp_path, monkeypatch, capsys, api_level="2.23") as scene:
        url = f"    url: {scene.emulator_url}\n"
        said = scene.edit("reconciler.yaml", url, f'{url}    apiLevel: "2.23"\n').types("doctor")

    assert the(said, "ok", "API level") == "ok API level 2.23 or older, by what answers; pinned to 2.23"


def test_credentials_that_may_only_read(scene: Scene) -> None:
    scene.emulator.tokens.add("demo", "demo-secret", "demo", projects=["team-a"], can_write=False)
    scene.spoil("GET /api/v1/node-pools", status=403, forever=True)

    said = scene.types("doctor")

    rights, pools = lines(said, "warn", "permissions")
    assert "workloads: read in team-a; no create update delete" in rights
    assert "node pools: no read" in pools


def test_rights_that_differ_between_kinds_and_projects_are_told_apart(scene: Scene) -> None:
    here: dict[str, list[str]] = {"projects": ["1"]}
    nowhere: dict[str, list[str]] = {"projects": []}
    answer = {"read": {"tenants": ["1"]}, "create": here, "update": here, "delete": nowhere}
    scene.spoil("POST /api/v1/authorization/permitted-scopes", nth=3, status=200, json=answer)

    said = scene.types("doctor")

    assert "workloads, workspaces, inferences: create read update delete in team-a, team-b" in said.out
    first, second = lines(said, "warn", "permissions")
    assert "trainings: create read update in team-a; no delete" in first
    assert "trainings: read in team-b; no create update delete" in second


def test_credentials_that_may_not_even_read_workloads(scene: Scene) -> None:
    scene.spoil("POST /api/v1/authorization/permitted-scopes", status=200, json={}, forever=True)

    said = scene.types("doctor")

    assert said.code == 5
    assert "workloads: no read in team-a, team-b" in the(said, "fail", "permissions")


def test_a_control_plane_that_does_not_tell_rights(scene: Scene) -> None:
    scene.spoil("POST /api/v1/authorization/permitted-scopes", status=404, forever=True)

    assert "does not tell what the credentials may do" in the(scene.types("doctor"), "warn", "permissions")


def test_a_host_that_the_environment_does_not_allow(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_ALLOWED_HOSTS", "*.acme.com")

    said = scene.types("doctor")

    assert said.code == 4
    assert "RECONCILER_ALLOWED_HOSTS does not list it" in the(said, "fail", "control plane")


def test_in_ci_the_hosts_and_the_journal_are_looked_at(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    said = scene.types("doctor")
    monkeypatch.setenv("RECONCILER_ALLOWED_HOSTS", "127.0.0.1")
    narrowed = scene.types("doctor")

    assert "RECONCILER_ALLOWED_HOSTS is not set" in the(said, "warn", "ci")
    assert "{store: git}" in the(said, "warn", "journal")
    assert "tokens go to 127.0.0.1 only" in the(narrowed, "ok", "ci")


def test_a_journal_whose_remote_does_not_answer(scene: Scene) -> None:
    scene.edit("reconciler.yaml", "health:", "journal: {store: git}\nhealth:")

    said = scene.types("doctor")

    assert said.code == 6
    assert "origin" in the(said, "fail", "journal")


def test_a_state_folder_that_cannot_be_written(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(scene.root / "reconciler.yaml"))

    said = scene.types("doctor")

    assert said.code == 4
    assert "cannot be written, so no journal can be kept" in the(said, "fail", "state")


def test_a_target_that_the_fleet_does_not_have_is_a_usage_error(scene: Scene) -> None:
    assert scene.types("doctor", "--target", "prodd").code == 2
