"""What people read when something is wrong: whole texts, exit codes, and that nothing was changed.

The texts are stored below tests/golden/messages, one file for each moment.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from reconciler.emulator.clock import ManualClock
from reconciler.errors import ExitCode
from tests.cli.scene import NO_SUCH_IMAGE, Said, Scene, played

Golden = Callable[[str, str], None]
Hold = Callable[[str, Said, int], None]
PROJECT_A = r"GET /api/v1/workloads(/count)?\?filterBy=projectId%3D%3D1(&.*)?"
LIST = r"GET /api/v1/workloads\?filterBy=projectId(?!.*deleted=true).*"
SERVE = "image: ghcr.io/wattfield/assistant:v2.3.0\nservingPort: {container: 8000}\n"
FOR_DAYS = 'environmentVariables: [{name: EMULATOR_SECONDS, value: "864000"}]\n'
SLEEP = "image: busybox:1\ncommand: sleep\nargs: infinity\n"


@pytest.fixture
def hold(scene: Scene, golden: Golden) -> Hold:
    """Hold what was said against its golden file, its code, and the promises it makes."""

    def check(name: str, said: Said, code: int) -> None:
        golden(f"messages/{name}.txt", said.text)
        assert said.code == code, said.text
        if code:
            assert said.last == f"reconciler: {ExitCode(code).label} (exit {code})"
        if code in range(3, 9):
            assert scene.changes == []
        assert "Traceback" not in said.text
        assert max(map(len, said.err.splitlines()), default=0) <= 300

    return check


# -- signing in --------------------------------------------------------------------------------------


def test_a_wrong_secret_says_which_key_and_where_it_comes_from(
    scene: Scene, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNAI_CLIENT_SECRET", "not-the-right-secret")

    hold("wrong-secret", scene.declare("train").types("plan"), 5)


def test_a_secret_that_ends_with_a_newline_is_told_so(
    scene: Scene, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNAI_CLIENT_SECRET", "demo-secret\n")

    hold("secret-with-newline", scene.declare("train").types("plan"), 5)


def test_a_wrong_client_id_is_denied(scene: Scene, hold: Hold, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNAI_CLIENT_ID", "somebody-else")

    hold("wrong-client-id", scene.declare("train").types("apply", "--yes"), 5)


def test_a_secret_that_is_not_set_names_the_variable(
    scene: Scene, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RUNAI_CLIENT_SECRET")

    hold("no-secret", scene.declare("train").types("plan"), 4)


# -- what the credentials may see and do ---------------------------------------------------------------


def test_an_unknown_project_names_the_nearest_and_all_that_are_seen(scene: Scene, hold: Hold) -> None:
    scene.edit("reconciler.yaml", "    scope: {projects: [team-a, team-b]}\n", "")
    scene.declare("fine").declare("chat", kind="Inference", project="team-aa", more=SERVE)

    hold("unknown-project", scene.types("plan"), 4)


def test_a_project_outside_the_scope_of_the_fleet_needs_no_platform(scene: Scene, hold: Hold) -> None:
    scene.declare("chat", kind="Inference", project="platform", more=SERVE)

    hold("project-outside-scope", scene.types("plan"), 4)
    assert scene.emulator.ledger.entries == []


def test_one_project_that_may_not_be_read_stops_the_apply(scene: Scene, hold: Hold) -> None:
    scene.declare("train").declare("other", project="team-b")
    scene.spoil(
        PROJECT_A, status=403, forever=True, json={"code": 403, "message": "insufficient permissions"}
    )

    hold("forbidden-to-read", scene.types("apply", "--yes", "-q"), 5)


def test_one_change_that_is_not_allowed_fails_alone(scene: Scene, hold: Hold) -> None:
    scene.declare("train").declare("note", kind="Workspace", project="team-b")
    scene.spoil(
        "POST /api/v1/workloads/trainings",
        status=403,
        forever=True,
        json={"code": 403, "message": "insufficient permissions"},
    )

    hold("forbidden-to-write", scene.types("apply", "--yes", "-q"), 9)


def test_a_name_that_somebody_made_by_hand_is_not_taken_over(scene: Scene, hold: Hold) -> None:
    scene.emulator.world.add_workload(
        kind="Training", project="team-a", name="train", spec={"image": "busybox:1"}, created_by="mina"
    )

    hold("name-taken", scene.declare("train").types("apply", "--yes", "-q"), 8)


def test_a_name_that_was_taken_since_the_list_fails_alone(scene: Scene, hold: Hold) -> None:
    scene.declare("train")
    scene.emulator.world.add_workload(
        kind="Training", project="team-a", name="train", spec={"image": "busybox:1"}, created_by="mina"
    )
    scene.spoil(LIST, kind="no_rows", forever=True)
    scene.spoil("GET /api/v1/workloads/count", kind="body", json={"count": 0}, forever=True)
    scene.spoil(r"GET /api/v1/workloads\?filterBy=name.*", kind="no_rows", count=1)

    hold("name-taken-meanwhile", scene.types("apply", "--yes", "-q"), 9)


# -- the way to the platform ---------------------------------------------------------------------------


def test_a_name_that_does_not_resolve_asks_for_the_vpn(scene: Scene, hold: Hold) -> None:
    url = scene.emulator_url
    scene.declare("train").edit("reconciler.yaml", url, "https://wattfield.invalid")

    hold("vpn-down", scene.types("drift"), 6)


def test_a_refused_connection_reports_nothing_as_missing(scene: Scene, hold: Hold) -> None:
    scene.declare("train").edit("reconciler.yaml", scene.emulator_url, "http://127.0.0.1:9")

    hold("connection-refused", scene.types("plan"), 6)


def test_https_where_plain_http_answers_is_no_matter_of_certificates(scene: Scene, hold: Hold) -> None:
    scene.declare("train").edit("reconciler.yaml", "url: http:", "url: https:")

    hold("no-https", scene.types("plan"), 6)


def test_a_url_that_leads_into_a_path_is_not_taken_for_a_wrong_key(scene: Scene, hold: Hold) -> None:
    url = scene.emulator_url
    scene.declare("train").edit("reconciler.yaml", url, f"{url}/runai")

    hold("not-the-root", scene.types("plan"), 6)


def test_a_url_that_cannot_be_one_names_its_line_and_its_variable(
    scene: Scene, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.declare("train").edit("reconciler.yaml", scene.emulator_url, "${{ vars.RUNAI_BASE_URL }}")
    scene.edit("reconciler.yaml", "secrets: [HF_TOKEN]", "vars: [RUNAI_BASE_URL]\nsecrets: [HF_TOKEN]")
    monkeypatch.setenv("RUNAI_BASE_URL", "acme.run.ai")

    hold("not-a-url", scene.types("plan"), 4)


def test_a_certificate_of_a_private_authority_names_the_file_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], golden: Golden
) -> None:
    cert = trustme.CA().issue_cert("127.0.0.1")
    tls = (str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
    cert.cert_chain_pems[0].write_to_path(tls[0])
    cert.private_key_pem.write_to_path(tls[1])

    with played(tmp_path, monkeypatch, capsys, tls=tls) as scene:
        said = scene.declare("train").types("plan")

    golden("messages/private-authority.txt", said.text)
    assert said.code == 6
    assert "SSL_CERT_FILE" in said.err
    assert not any(word in said.text.casefold() for word in ("insecure", "verify=", "disable"))


def test_a_platform_that_asks_to_slow_down_is_told_in_one_line(scene: Scene, hold: Hold) -> None:
    scene.spoil("GET /api/v1/.*", status=429, headers={"Retry-After": "1"}, count=2)

    said = scene.declare("train").types("plan")

    hold("slow-down", said, 0)
    assert said.err.count("slow down") == 1


# -- workloads that do not get well --------------------------------------------------------------------


def test_over_quota_and_not_preemptible_can_never_start(scene: Scene, hold: Hold) -> None:
    more = SERVE + "compute: {gpuDevicesRequest: 8}\nautoscaling: {minReplicas: 3, maxReplicas: 3}\n"
    scene.declare("big", kind="Inference", more=more + "nodePools: [h100-pool]\n")

    hold("over-quota", scene.types("apply", "--yes", "-q"), 11)


def test_preemptible_work_waits_in_the_queue_and_that_is_in_order(scene: Scene, hold: Hold) -> None:
    more = SLEEP + "compute: {gpuDevicesRequest: 8}\nnodePools: [h100-pool]\n" + FOR_DAYS
    scene.declare("first", "second", "third", more=more)
    assert scene.types("apply", "--yes", "-q").code == 0
    scene.declare("fourth", more=more)

    hold("queued", scene.types("apply", "--yes", "-q"), 0)


def test_an_image_that_cannot_be_pulled_is_quoted(scene: Scene, hold: Hold) -> None:
    scene.declare("fine").declare(
        "train", more=SLEEP.replace("busybox:1", NO_SUCH_IMAGE) + "backoffLimit: 0\n"
    )

    hold("image-pull", scene.types("apply", "--yes", "-q"), 11)


def test_a_job_out_of_memory_shows_the_end_of_its_log(scene: Scene) -> None:
    scene.edit("reconciler.yaml", "hold: 1s", "hold: 1m")
    scene.declare(
        "train",
        more="""\
        image: ghcr.io/wattfield/forecaster:v1.4.2
        command: python train.py
        args: --preset oom --batch-size 4096
        compute: {gpuDevicesRequest: 1, cpuMemoryRequest: 8Gi, cpuMemoryLimit: 8Gi}
        backoffLimit: 0
        restartPolicy: Never
        """,
    )

    said = scene.types("apply", "--yes", "-q")

    assert said.code == 11
    assert (
        "error[RC502]: team-a/Training/train ran out of memory\n  --> manifests/train.yaml:10:74" in said.out
    )
    assert "^^^ ask for more memory, or make the program use less" in said.out
    assert "  Memory cgroup out of memory: killed process 1 (python)" in said.out
    assert re.search(r"\n  log of train-0-0, last \d lines:\n    \| train: PyTorch", said.out)
    assert "Applied 1 of 1: 1 unhealthy" in said.out  # how many lines came by then is the stream's matter


# -- guards --------------------------------------------------------------------------------------------


def test_an_older_commit_does_not_undo_newer_work(scene: Scene, hold: Hold) -> None:
    scene.declare("train")
    old = scene.git("rev-parse", "HEAD")
    scene.declare("note", kind="Workspace").commit(when="2030-01-01T00:00:00Z")
    assert scene.types("apply", "--yes", "-q").code == 0
    scene.git("checkout", "-q", old)

    hold("older-commit", scene.types("apply", "--yes", "-q"), 7)


def test_more_deletions_than_the_limit_are_refused_with_the_word_to_paste(scene: Scene, hold: Hold) -> None:
    names = [f"job-{number}" for number in range(6)]
    scene.declare(*names)
    assert scene.types("apply", "--yes", "-q").code == 0
    scene.remove(*names[:4])

    hold("too-many-deletions", scene.types("apply", "--yes", "-q"), 8)


def test_an_empty_answer_is_not_believed_where_the_journal_remembers(scene: Scene, hold: Hold) -> None:
    scene.declare("train", "other")
    assert scene.types("apply", "--yes", "-q").code == 0
    scene.spoil(LIST, kind="no_rows", forever=True)
    scene.spoil("GET /api/v1/workloads/count", kind="body", json={"count": 0}, forever=True)
    scene.spoil(r"GET /api/v1/workloads\?filterBy=name.*", kind="no_rows", forever=True)

    hold("empty-answer", scene.types("apply", "--yes", "-q"), 8)


# -- what stands in git --------------------------------------------------------------------------------


def test_two_manifests_of_one_object_show_both_places(scene: Scene, hold: Hold) -> None:
    scene.declare("train")
    scene.write("manifests/again.yaml", (scene.root / "manifests/train.yaml").read_text())

    hold("declared-twice", scene.types("validate"), 4)


def test_a_secret_in_git_is_named_and_never_shown(scene: Scene, hold: Hold) -> None:
    token = "hf_" + "QwErTyUiOpAsDfGhJkLzXcVbNm12345678"
    more = f"image: busybox:1\nenvironmentVariables:\n  - name: HF_TOKEN\n    value: {token}\n"
    said = scene.declare("train", more=more).types("validate")

    hold("secret-in-git", said, 4)
    assert token not in said.text


def test_an_unknown_field_and_a_bad_quantity_are_told_together(scene: Scene, hold: Hold) -> None:
    scene.declare("fine").declare(
        "train", more="image: busybox:1\ncompute:\n  gpus: 1\n  cpuMemoryRequest: 16Gib\n"
    )

    hold("typo-and-quantity", scene.types("validate"), 4)


def test_a_field_known_elsewhere_is_not_offered_where_it_cannot_stand(scene: Scene, hold: Hold) -> None:
    storage = "storage:\n  emptyDirVolume:\n    - name: scratch\n      mountPath: /scratch\n"

    hold("field-of-another-block", scene.declare("train", more=SLEEP + storage).types("validate"), 4)


def test_no_fleet_file_names_the_one_and_the_command_to_make_it(scene: Scene, hold: Hold) -> None:
    (scene.root / "reconciler.yaml").unlink()

    hold("no-fleet-file", scene.types("plan"), 4)


def test_a_finished_job_is_run_again_by_name(scene: Scene, hold: Hold) -> None:
    scene.declare("train", more="image: busybox:1\ncommand: sleep\nargs: '60'\n").types("apply", "--yes")
    clock = scene.emulator.clock
    assert isinstance(clock, ManualClock)
    clock.advance(120)

    hold("run-again", scene.types("plan", "--run", "Training/train"), 0)
    scene.types("apply", "--yes", "--run", "Training/train")
    assert [path.rpartition("/")[0] for path in scene.changes] == [
        "/api/v1/workloads/trainings",
        "/api/v1/workloads",
    ]


# -- the command line itself ---------------------------------------------------------------------------

WORDS = {
    "unknown-flag": ("plan", "--exit-cod"),
    "unknown-command": ("aply",),
    "unknown-format": ("plan", "-o", "jsn"),
    "unknown-target": ("plan", "--target", "prd"),
    "unknown-object": ("plan", "Training/trian"),
    "several-objects": ("plan", "Training/twin"),
    "unknown-run": ("plan", "--run", "Training/trian"),
    "unknown-consent": ("apply", "--yes", "--allow", "destory=3"),
    "nobody-to-ask": ("apply", "-p", "team-a"),
}


@pytest.mark.parametrize("name", WORDS)
def test_a_wrong_command_line_is_two_and_offers_the_right_one(name: str, scene: Scene, hold: Hold) -> None:
    scene.declare("train", "twin")
    scene.write(
        "manifests/b.yaml", (scene.root / "manifests/twin.yaml").read_text().replace("team-a", "team-b")
    )

    hold(name, scene.types(*WORDS[name]), 2)


@pytest.mark.parametrize("form", ["table", "markdown", "json", "junit", "sarif"])
def test_hints_name_the_fleet_that_was_named(form: str, scene: Scene) -> None:
    scene.write("other.yaml", (scene.root / "reconciler.yaml").read_text()).declare("train")
    scene.types("apply", "--yes", "--fleet", "other.yaml")
    scene.edit("manifests/train.yaml", "busybox:1", "busybox:2")

    plan, drift = (scene.types(word, "--fleet", "other.yaml", "-o", form) for word in ("plan", "drift"))

    words = "reconciler apply --fleet other.yaml --allow replace=team-a/Training/train"
    assert words in plan.out
    assert words in drift.out


def test_a_consent_that_names_nothing_is_told(scene: Scene, hold: Hold) -> None:
    hold("idle-consent", scene.declare("train").types("plan", "--allow", "replace=train"), 0)


def test_a_kind_that_is_misspelt_is_offered_right(scene: Scene, hold: Hold) -> None:
    hold("misspelt-kind", scene.declare("train").types("plan", "Trainig/train"), 4)


def test_an_edited_fleet_file_is_not_what_git_has(scene: Scene) -> None:
    scene.declare("train")
    (scene.root / "reconciler.yaml").write_text((scene.root / "reconciler.yaml").read_text() + "# edited\n")

    assert "+uncommitted" in scene.types("plan").out


def test_a_bare_name_is_told_how_objects_are_named(scene: Scene, hold: Hold) -> None:
    hold("bare-name", scene.declare("train").types("plan", "train"), 4)
