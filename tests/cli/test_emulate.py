"""`emulate`: a control plane in another terminal."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_it_says_where_it_is_and_stops_when_told(number: int, code: int) -> None:
    words = [sys.executable, "-m", "reconciler", "emulate", "runai", "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        line = process.stdout.readline()
        process.send_signal(number)
        process.wait(timeout=20)

    assert line.startswith("runai emulator at http://127.0.0.1:")
    assert "client id demo, client secret demo-secret" in line
    assert process.returncode == code


@pytest.mark.parametrize(
    ("words", "credentials"),
    [
        ([], "user demo, password demo-secret, user id fe01ce2a7fbac8fafaed7c982a04e229"),
        (["--generation", "2", "--lag", "3"], "user demo, password demo-secret, API key ak-demo-secret"),
    ],
)
def test_primus_safe_says_what_signs_in(words: list[str], credentials: str) -> None:
    command = [sys.executable, "-m", "reconciler", "emulate", "primus-safe", "--port", "0", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)

    assert line.startswith("primus-safe emulator at http://127.0.0.1:")
    assert credentials in line


@pytest.mark.parametrize(
    "words", [("runai", "--generation", "1"), ("runai", "--lag", "2"), ("primus-safe", "--api-level", "2.24")]
)
def test_an_option_of_the_other_platform_is_a_usage_error(words: tuple[str, ...], run: Run) -> None:
    ended = run("emulate", *words)

    assert ended.code == 2
    assert f"{words[1]} is for " in ended.err
    assert "leave it out" in ended.err


def test_a_script_of_faults_that_makes_no_sense_is_a_usage_error(run: Run, here: Path) -> None:
    (here / "faults.json").write_text('[{"math": "GET /"}]')

    ended = run("emulate", "runai", "--port", "0", "--chaos", "faults.json")

    assert ended.code == 2
    assert "no script of faults" in ended.err


def test_a_port_that_is_taken_is_a_usage_error(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = run("emulate", "runai", "--port", str(taken.getsockname()[1]))

    assert ended.code == 2
    assert "--port 0 takes a free one" in ended.err
