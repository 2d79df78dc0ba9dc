"""What keeps `exec` and `attach` out, and what ends them: every code of the platform's tables, tokens, CI."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.entered import Setter, piped, setting, terminal
from tests.cli.scene import Scene

__all__ = ["setting"]

WORDS = {"exec": ("exec", "box", "--", "yes"), "attach": ("attach", "box")}
both = pytest.mark.parametrize("name", WORDS)


@pytest.fixture
def scene(setting: Setter) -> Scene:
    return setting(stdio_taken="never")


def way(name: str) -> str:
    return f"WS /cluster-api/.*/{name}"


def sessions(scene: Scene) -> int:
    """Count how often a session was asked for by the last command line."""
    entries = scene.emulator.ledger.since(scene.sent)
    return sum(entry.path.endswith(("/exec", "/attach")) for entry in entries)


# -- before the session --------------------------------------------------------------------------

REFUSALS: dict[int, tuple[str, int, str]] = {
    400: ("RC421", 6, "-c names one of several containers"),
    401: ("RC401", 5, "or is of another control plane"),
    403: ("RC420", 5, "give the credentials a role that may"),
    404: ("RC440", 11, "--wait-timeout 5m waits for them"),
    409: ("RC440", 9, "`reconciler health` tells which"),
    426: ("RC422", 6, "does not pass WebSockets on"),
    500: ("RC422", 6, "a workload that the cluster does not know"),
    503: ("RC422", 6, "run it again in a minute"),
}


@both
@pytest.mark.parametrize(("status", "told"), REFUSALS.items())
def test_each_status_of_the_document_is_told_with_a_way_out(
    scene: Scene, name: str, status: int, told: tuple[str, int, str]
) -> None:
    body = {"code": status, "reason": "X", "message": "in the platform's own words"}
    scene.spoil(way(name), status=status, json=body, forever=True)
    code, exit_code, hint = told
    if (name, status) == ("attach", 503):
        code, exit_code, hint = "RC440", 9, "reconciler exec -it NAME -- sh"

    said = scene.types(*WORDS[name])

    assert said.code == exit_code, said.err
    assert said.err.startswith(f"error[{code}]: ")
    assert "in the platform's own words" in said.err
    assert hint in said.err
    assert said.out == ""


@both
def test_a_plain_text_500_is_told_as_it_is(scene: Scene, name: str) -> None:
    scene.spoil(way(name), status=500, text="failed to get workload: not found", content_type="text/plain")

    said = scene.types(*WORDS[name])

    assert said.code == 6
    assert "failed to get workload: not found" in said.err


@both
def test_a_redirect_is_followed_nowhere(scene: Scene, name: str) -> None:
    scene.spoil(way(name), kind="redirect", location="http://elsewhere.invalid/", forever=True)

    said = scene.types(*WORDS[name])

    assert said.code == 5
    assert 'it redirects to host "elsewhere.invalid", which is never followed' in said.err


def test_a_pod_that_is_not_there_is_no_reason_to_wait(scene: Scene) -> None:
    said = scene.types("exec", "--pod", "box-7", "box", "--", "ls")

    assert said.code == 6
    assert "error[RC440]" in said.err
    assert 'pods "box-7" not found' in said.err
    assert "`reconciler describe` lists its pods" in said.err


def test_a_command_that_may_be_too_long_is_told_so(scene: Scene) -> None:
    said = scene.types("exec", "box", "--", "echo", "x" * 10_000)

    assert said.code == 6
    assert "a line of the request is longer than 8192 bytes" in said.err
    assert "the command has 13 KiB, encoded" in said.err
    assert "reconciler exec -i NAME -- sh < FILE" in said.err


def test_pods_that_are_not_there_yet_can_be_waited_for(scene: Scene) -> None:
    scene.spoil(
        way("exec"), status=404, json={"code": 404, "reason": "Not Found", "message": "no pods"}, count=3
    )

    said = scene.types("exec", "--wait-timeout", "1m", "box", "--", "hostname")

    assert (said.code, said.out) == (0, "box-0\n")
    assert sessions(scene) == 4


def test_waiting_for_pods_has_an_end(scene: Scene) -> None:
    body = {"code": 404, "reason": "Not Found", "message": "no pods"}
    scene.spoil(way("exec"), status=404, json=body, forever=True)

    said = scene.types("exec", "--wait-timeout", "10s", "box", "--", "hostname")

    assert said.code == 11
    assert sessions(scene) == 6


def test_what_is_no_duration_is_a_usage_error(scene: Scene) -> None:
    said = scene.types("exec", "--wait-timeout", "soon", "box", "--", "ls")

    assert (said.code, '"soon" is no duration; write 90s, 5m or 1h' in said.err) == (2, True)


# -- in the session ------------------------------------------------------------------------------

CLOSES: dict[int, tuple[int, str]] = {
    1001: (6, "the server went away, or the pod ended"),
    1002: (6, "the server broke the WebSocket protocol"),
    1008: (5, "the token ran out"),
    1011: (6, "the server failed"),
}


@pytest.mark.parametrize(("code", "told"), CLOSES.items())
def test_each_close_code_of_the_document_ends_exec(scene: Scene, code: int, told: tuple[int, str]) -> None:
    scene.spoil(way("exec"), kind="ws_close", code=code, text="in its own words", after=2)

    said = scene.types(*WORDS["exec"])

    _is_severed(scene, said.code, said.err, *told)
    assert f"{told[1]}: in its own words" in said.err
    assert said.out.startswith("y\ny\n")


@pytest.mark.parametrize(("code", "told"), CLOSES.items())
def test_each_close_code_of_the_document_ends_attach(
    setting: Setter, code: int, told: tuple[int, str]
) -> None:
    scene = setting("cat")
    scene.spoil(way("attach"), kind="ws_close", code=code)  # at the first message

    done = piped(scene, "attach", "-i", "box", given=b"a\n")

    _is_severed(scene, done.returncode, done.stderr.decode(), *told)


def _is_severed(scene: Scene, code: int, err: str, exit_code: int, words: str) -> None:
    assert code == exit_code, err
    assert f"error[RC441]: the session in team-a/Workspace/box broke off: {words}" in err
    assert "Nothing was changed" not in err
    assert sessions(scene) == 1


def test_a_good_close_ends_exec(scene: Scene) -> None:
    scene.spoil(way("exec"), kind="ws_close", code=1000, after=2)

    assert scene.types(*WORDS["exec"]).code == 0


def test_a_good_close_ends_attach(setting: Setter) -> None:
    scene = setting("cat")
    scene.spoil(way("attach"), kind="ws_close", code=1000)

    assert piped(scene, "attach", "-i", "box", given=b"a\n").returncode == 0


@pytest.mark.parametrize("kind", ["ws_cut", "ws_half"])
def test_a_line_that_is_cut_ends_it(scene: Scene, kind: str) -> None:
    scene.spoil(way("exec"), kind=kind, after=2, ending="close")

    said = scene.types(*WORDS["exec"])

    _is_severed(scene, said.code, said.err, 6, "the connection broke off")


def test_a_line_that_is_cut_ends_attach(setting: Setter) -> None:
    scene = setting("cat")
    scene.spoil(way("attach"), kind="ws_cut")

    done = piped(scene, "attach", "-i", "box", given=b"a\n")

    _is_severed(scene, done.returncode, done.stderr.decode(), 6, "the connection broke off")


def test_a_malformed_frame_ends_it(scene: Scene) -> None:
    scene.spoil(way("exec"), kind="ws_raw", after=1)

    said = scene.types(*WORDS["exec"])

    assert said.code == 6
    assert "error[RC441]" in said.err


def test_a_text_message_ends_it(scene: Scene) -> None:
    scene.spoil(way("exec"), kind="ws_text", after=1, text="hello")

    said = scene.types(*WORDS["exec"])

    _is_severed(scene, said.code, said.err, 6, "a text message came where bytes are due")


def test_silence_ends_it_after_five_minutes(setting: Setter) -> None:
    scene = setting()
    with terminal(scene, "exec", "-it", "box", "--", "bash") as child:
        child.expect_exact(b"# ")
        scene.later(300)
        child.expect_exact(b"the server went away, or the pod ended: idle timeout")

    assert child.exitstatus == 6


# -- tokens --------------------------------------------------------------------------------------


@both
def test_a_token_that_is_refused_is_renewed_once(scene: Scene, name: str) -> None:
    body = {"code": 401, "reason": "Unauthorized", "message": "token is expired"}
    scene.spoil(way(name), status=401, json=body)
    scene.spoil(
        way(name), nth=2, status=409, json={"code": 409, "reason": "Conflict", "message": "terminating"}
    )

    said = scene.types(*WORDS[name])

    assert said.code == 9
    assert (sessions(scene), _sign_ins(scene)) == (2, 2)


def test_a_token_that_runs_out_before_anybody_typed_is_renewed(setting: Setter) -> None:
    scene = setting(framing="channels")
    before = scene.emulator.ledger.mark()
    scene.spoil(way("exec"), kind="ws_close", code=1008)
    with terminal(scene, "exec", "-it", "box", "--", "bash") as child:
        child.expect_exact(b"# ")
        child.send(b"stty size\r")
        child.expect_exact(b"\r\n30 90\r\n")
        child.send(b"\x04")

    scene.sent = before
    assert (child.exitstatus, sessions(scene), _sign_ins(scene)) == (0, 2, 2)


def test_a_token_that_runs_out_when_somebody_has_typed_ends_it(setting: Setter) -> None:
    scene = setting(framing="channels")
    before = scene.emulator.ledger.mark()
    scene.spoil(way("exec"), kind="ws_close", code=1008, after=1)
    with terminal(scene, "exec", "-it", "box", "--", "bash") as child:
        child.expect_exact(b"# ")
        child.send(b"ab")
        child.expect_exact(b"broke off: the token ran out")

    scene.sent = before
    assert (child.exitstatus, sessions(scene)) == (5, 1)


def test_a_command_that_nobody_types_into_is_never_run_again(scene: Scene) -> None:
    scene.spoil(way("exec"), kind="ws_close", code=1008)

    said = scene.types("exec", "box", "--", "echo", "once")

    assert (said.code, sessions(scene)) == (5, 1)
    assert "look what was done before you start it again" in said.err


def _sign_ins(scene: Scene) -> int:
    return sum(entry.is_login for entry in scene.emulator.ledger.since(scene.sent))


# -- in CI ---------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    "variable", ["CI=1", "CI=true", "GITHUB_ACTIONS=true", "GITLAB_CI=true", "TF_BUILD=True"]
)
def test_in_ci_it_is_off_and_reaches_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, name: str, variable: str
) -> None:
    monkeypatch.setenv(*variable.split("="))

    said = scene.types(*WORDS[name])

    assert said.code == 8
    assert said.err == (
        f"error[RC442]: {name} is off in CI: what it does stands in no plan, and nobody is there to type\n"
        "  say --in-ci if it is meant; declare what is to happen every time\n"
        "Nothing was changed.\n"
        "reconciler: refused (exit 8)\n"
    )
    assert not scene.emulator.ledger.since(scene.sent)


def test_in_ci_what_is_written_gives_the_runner_no_commands_and_no_secrets(
    setting: Setter, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = setting(framing="channels")
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    line = "echo ::error::taken; echo demo-secret; echo -n ü; nonesuch"

    done = piped(scene, "exec", "--in-ci", "box", "--", "bash", "-c", line)

    assert done.returncode == 127
    assert b"::error::" not in done.stdout
    assert b"taken" in done.stdout
    assert b"demo-secret" not in done.stdout
    assert done.stdout.endswith("ü\n".encode())
    assert done.stderr.startswith(b"bash: nonesuch: command not found\n")


def test_in_ci_a_file_gets_the_bytes_as_they_are(
    setting: Setter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scene = setting(framing="channels")
    monkeypatch.setenv("CI", "true")

    with (tmp_path / "out").open("wb") as out:
        subprocess.run(
            [sys.executable, "-m", "reconciler", "exec", "-i", "--in-ci", "box", "--", "cat"],
            cwd=scene.root, input=b"\xff\x00::error::", stdout=out, check=True, timeout=30,
        )  # fmt: skip

    assert (tmp_path / "out").read_bytes() == b"\xff\x00::error::"
