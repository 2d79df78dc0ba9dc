"""The commands against an emulator: what is printed, and how each ends."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import pexpect
import pytest

from reconciler.emulator.runai import Emulator
from tests.cli.conftest import Run, replace

pytestmark = pytest.mark.usefixtures("demo")


def test_the_first_ten_minutes(run: Run) -> None:
    plan = run("plan")
    applied = run("apply", "--yes")
    again = run("plan", "--exit-code")

    assert "5 to create, 0 to change, 0 to replace, 0 to delete." in plan.out
    assert plan.code == 0
    assert applied.code == 0, applied.err
    assert applied.out.rstrip().endswith("A fresh plan is empty.")
    assert again.code == 0
    assert "Nothing to do: 5 objects declared" in again.out
    assert run("drift").code == 0
    assert run("health").code == 0
    assert run("logs", "assist-chat", "--tail", "1").out.count("\n") == 1


def test_a_plan_with_changes_is_three_only_when_asked(run: Run) -> None:
    assert run("plan").code == 0
    ended = run("plan", "--exit-code")

    assert ended.code == 3
    assert ended.last == "reconciler: changes (exit 3)"


@pytest.mark.parametrize("form", ["table", "wide", "name", "markdown", "json"])
def test_the_exit_code_does_not_depend_on_the_format(form: str, run: Run) -> None:
    assert run("plan", "--exit-code", "-o", form).code == 3


def test_a_plan_as_json_is_one_document(run: Run, here: Path) -> None:
    ended = run("plan", "-v", "-o", "json")
    run("plan", "-o", "json=plan.json")

    assert json.loads(ended.out)["counts"]["create"] == 5
    assert json.loads((here / "demo" / "plan.json").read_text())["document"] == "plan"


def test_a_document_that_cannot_be_written_is_told_before_anything_is_done(run: Run, demo: Emulator) -> None:
    ended = run("apply", "--yes", "-o", "json=none/a.json")

    assert ended.code == 2
    assert "none: no such folder" in ended.err
    assert not demo.ledger.mutations()


def test_drift_is_three_and_names_the_ways_out(run: Run) -> None:
    run("apply", "--yes")
    replace(Path("assist/chat.yaml"), "maxReplicas: 2", "maxReplicas: 4")

    ended = run("drift")

    assert ended.code == 3
    assert "/spec/autoscaling/maxReplicas   git 4 (line" in ended.out
    assert "Put it back:    reconciler apply Inference/assist-chat" in ended.out


def test_what_everything_refuses_is_eight(run: Run) -> None:
    run("apply", "--yes")
    replace(Path("forecast/lora.yaml"), "26.01", "26.02")

    plan, applied = run("plan"), run("apply", "--yes")

    assert plan.out.startswith("would end 1 running job: team-forecast/Training/lora, ")
    assert "--allow replace=team-forecast/Training/lora" in plan.out
    assert applied.code == 8
    assert applied.last == "reconciler: refused (exit 8)"


def test_nobody_to_ask_is_a_usage_error_with_the_command_to_type(run: Run) -> None:
    ended = run("apply", "-p", "team-assist")

    assert ended.code == 2
    assert "reconciler apply --yes -p team-assist" in ended.err


def test_an_unreachable_platform_is_six_and_nothing_is_missing(run: Run) -> None:
    text = Path("reconciler.yaml").read_text()
    Path("reconciler.yaml").write_text(text.replace("127.0.0.1", "localhost").replace(_port(text), "9"))

    ended = run("plan")

    assert ended.code == 6
    assert "nothing is reported as missing" in ended.err


def test_wrong_credentials_are_five(run: Run) -> None:
    replace(Path("reconciler.yaml"), "demo-secret", "wrong-secret")

    ended = run("drift", "-o", "json")

    assert ended.code == 5
    assert "error[RC401]: runai-demo did not accept the credentials" in ended.err
    assert json.loads(ended.out)["exit"]["name"] == "denied"
    assert "wrong-secret" not in ended.err + ended.out


def test_a_guard_is_eight_and_says_the_word(run: Run) -> None:
    with Path("reconciler.yaml").open("a") as file:
        file.write("guard: {maxCreate: {count: 1, percent: 1}}\n")

    ended = run("apply", "--yes")

    assert ended.code == 8
    assert "--allow create=5" in ended.err
    assert run("apply", "--yes", "--allow", "create=5").code == 0


def test_an_unknown_consent_is_a_usage_error(run: Run) -> None:
    assert run("plan", "--allow", "everything").code == 2


def test_only_the_plan_whose_digest_is_expected_is_applied(run: Run) -> None:
    digest = run("plan").out.partition("digest ")[2][:8]

    other, expected = (run("apply", "--yes", "--expect-digest", word) for word in ("0" * 8, digest))

    assert (other.code, other.last) == (7, "reconciler: stale (exit 7)")
    assert f"error[RC309]: the plan is not the one that was expected: its digest begins {digest}" in other.err
    assert "Nothing was changed." in other.err
    assert expected.code == 0


@pytest.mark.parametrize("word", ["7d1f", "not-a-digest", "0" * 65])
def test_what_is_no_digest_is_a_usage_error(run: Run, word: str) -> None:
    assert run("apply", "--yes", "--expect-digest", word).code == 2


@pytest.mark.parametrize("answer", ["", "n", "yess"])
def test_anything_but_yes_declines(answer: str) -> None:
    child = _typed("apply")
    child.expect_exact("Create 5 workloads in runai-demo? [y/N] ")
    child.sendline(answer)

    said = _ended(child)

    assert child.exitstatus == 8
    assert "declined at the prompt" in said


def test_on_a_terminal_it_asks_and_shows_progress_in_place(demo: Emulator) -> None:
    child = _typed("apply")
    child.expect_exact("[y/N] ")
    child.sendline("y")

    said = _ended(child)

    assert child.exitstatus == 0, said
    assert "\x1b[J" in said
    assert "Applied 5 of 5" in said


def test_in_ci_nothing_is_rewritten(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")

    ended = run("apply", "--yes")

    assert "\x1b" not in ended.err + ended.out
    assert "\r" not in ended.err
    assert "  team-forecast/Training/lora  " in ended.err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_cleanly_and_says_what_is_done(number: int, code: int) -> None:
    replace(Path("reconciler.yaml"), "hold: 1s", "hold: 60s")
    child = _typed("apply", "--yes", env={"CI": "true"})
    child.expect_exact("Running")
    time.sleep(0.2)
    child.kill(number)

    said = _ended(child)

    assert child.exitstatus == code, said
    assert "stopping after what is in flight" in said
    assert "Stopped. Done: 5." in said


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_followed_log(number: int, code: int, run: Run) -> None:
    run("apply", "--yes")
    child = _typed("logs", "-f", "lora")
    child.expect_exact("step")
    child.kill(number)

    said = _ended(child)

    assert child.exitstatus == code, said
    assert "Traceback" not in said


def test_a_second_ctrl_c_ends_at_once() -> None:
    replace(Path("reconciler.yaml"), "hold: 1s", "hold: 60s")
    child = _typed("apply", "--yes", env={"CI": "true"})
    child.expect_exact("created")
    child.kill(signal.SIGINT)
    child.expect_exact("once more stops at once")
    child.kill(signal.SIGINT)

    _ended(child)

    assert child.exitstatus == 130


def test_verbose_names_the_exit_that_is_zero(run: Run) -> None:
    assert run("plan", "-v").last == "reconciler: in-order (exit 0)"


def _port(text: str) -> str:
    return text.partition("127.0.0.1:")[2].partition("\n")[0]


def _typed(*words: str, env: dict[str, str] | None = None) -> pexpect.spawn[str]:
    return pexpect.spawn(
        sys.executable,
        ["-m", "reconciler", *words],
        env={**os.environ, "TERM": "xterm", **(env or {})},
        encoding="utf-8",
        timeout=30,
        dimensions=(24, 100),
    )


def _ended(child: pexpect.spawn[str]) -> str:
    said = child.read()
    child.close()
    return said
