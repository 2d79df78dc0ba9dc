"""Completion: what TAB offers, by the words typed so far, and that a shell takes our script."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from reconciler.cli import cli
from tests.cli.conftest import Run, python, replace

NETWORKED = ("httpx", "asyncio", "pydantic", "websockets")
FLEET = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {name: here, id: 7f3a9c04d2b81e66}
targets:
  east:
    provider: runai
    url: "https://east.acme.example"
    auth: &auth {clientId: a, clientSecret: "${{ secrets.B }}"}
  west: {provider: runai, url: "https://west.acme.example", auth: *auth, scope: {projects: [team-c]}}
"""


@pytest.fixture
def fleet(here: Path) -> Path:
    """Stand in a fleet of five manifests, of which two have one name; nothing of it is served."""
    (here / "reconciler.yaml").write_text(FLEET)
    (here / "manifests").mkdir()
    for file, kind, name, project in (
        ("lora", "Training", "lora", "team-a"),
        ("pretrain", "Training", "pretrain", "team-a"),
        ("chat-a", "Inference", "chat", "team-a"),
        ("chat-b", "Inference", "chat", "team-b"),
        ("east", "Cluster", "dgx-east", ""),
    ):
        declare(here, file, kind, name, project)
    return here


def declare(here: Path, file: str, kind: str, name: str, project: str) -> None:
    where = f", project: {project}" if project else ""
    text = f"apiVersion: runai/v1\nkind: {kind}\nmetadata: {{name: {name!r}{where}}}\nspec: {{}}\n"
    (here / "manifests" / f"{file}.yaml").write_text(text)


def offered(*words: str) -> list[str]:
    """Give what is offered for the last word after the others."""
    *before, begun = words
    items = ShellComplete(cli, {}, "reconciler", "_RECONCILER_COMPLETE").get_completions(before, begun)
    return [item.value for item in items if item.type == "plain"]


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("apply", "Training/"), ["Training/lora", "Training/pretrain"]),
        (("apply", "training/l"), ["Training/lora"]),
        (("plan", ""), ["team-a/Inference/chat", "team-b/Inference/chat", "Cluster/dgx-east",
                        "Training/lora", "Training/pretrain"]),
        (("plan", "Training/lora", "Training/p"), ["Training/pretrain"]),
        (("plan", "team-b/"), ["team-b/Inference/chat"]),
        (("logs", "Training/l"), ["Training/lora"]),
        (("exec", "Training/l"), ["Training/lora"]),
        (("exec", "-it", "Training/p"), ["Training/pretrain"]),
        (("attach", "Training/l"), ["Training/lora"]),
        (("stop", "Training/l"), ["Training/lora"]),
        (("resume", "Training/l"), ["Training/lora"]),
        (("apply", "--run", "Training/l"), ["Training/lora"]),
        (("apply", "--adopt", "Training/l"), ["Training/lora"]),
        (("plan", "-p", ""), ["team-a", "team-b", "team-c"]),
        (("plan", "--project", "team-c"), ["team-c"]),
        (("drift", "--target", ""), ["east", "west"]),
        (("cluster", "install-info", ""), ["dgx-east"]),
    ],
)  # fmt: skip
def test_names_come_from_the_fleet_and_its_manifests(words: tuple[str, ...], found: list[str]) -> None:
    assert offered(*words) == found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("plan", "-o", "wi"), ["wide"]),
        (("plan", "--output", "mark"), ["markdown"]),
        (("drift", "--only", "m"), ["missing"]),
        (("explain", "rc40"), ["RC401", "RC403"]),
        (("explain", "refu"), ["refused"]),
        (("explain", "Distributed"), ["DistributedInference", "DistributedTraining"]),
        (("explain", "Training.compute.gpuDev"), ["Training.compute.gpuDevicesRequest"]),
        (("explain", "Training.life"), ["Training.lifecycle"]),
        (("explain", "Fleet.guard.max"), ["Fleet.guard.maxCreate", "Fleet.guard.maxDestroy",
                                          "Fleet.guard.maxGpuHoursLost"]),
        (("explain", "Nothing.there."), []),
        (("schema", "fl"), ["fleet"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
        (("do",), ["doctor"]),
        (("lock", ""), ["release", "show"]),
    ],
)  # fmt: skip
def test_words_of_our_own_need_no_fleet(words: tuple[str, ...], found: list[str], here: Path) -> None:
    assert sorted(offered(*words)) == sorted(found)


def test_a_fleet_file_that_was_named_is_the_one_that_is_read(fleet: Path, here: Path) -> None:
    (here / "other").mkdir()
    (fleet / "reconciler.yaml").rename(here / "other" / "reconciler.yaml")
    (fleet / "manifests").rename(here / "other" / "manifests")

    assert offered("plan", "Training/l") == []
    assert offered("plan", "--fleet", "other/reconciler.yaml", "Training/l") == ["Training/lora"]


@pytest.mark.parametrize("old", ["kind: Fleet", "apiVersion: reconciler/v1"])
def test_a_fleet_that_cannot_be_read_offers_nothing(old: str, fleet: Path) -> None:
    replace(fleet / "reconciler.yaml", old, "- [")

    assert offered("apply", "Training/") == []


def test_a_manifest_that_cannot_be_read_hides_no_other(fleet: Path) -> None:
    (fleet / "manifests" / "lora.yaml").write_text("kind: [")

    assert offered("apply", "Training/") == ["Training/pretrain"]


@pytest.mark.parametrize("name", ["$(touch pwned)", "a b", "a\nb", "*", "a;b", "`id`", "a,b", ""])
def test_a_name_that_a_shell_could_take_for_more_is_not_offered(name: str, fleet: Path) -> None:
    bad = f"kind: Training\nmetadata: {{name: {json.dumps(name)}, project: {json.dumps(name)}}}\n"
    (fleet / "manifests" / "bad.yaml").write_text(bad)

    assert offered("apply", "Training/") == ["Training/lora", "Training/pretrain"]
    assert offered("apply", "-p", "") == ["team-a", "team-b", "team-c"]


def test_files_are_left_to_the_shell(fleet: Path) -> None:
    comp = ShellComplete(cli, {}, "reconciler", "_RECONCILER_COMPLETE")

    for words in (["plan", "--fleet"], ["plan", "--out"], ["apply", "--plan"]):
        assert [item.type for item in comp.get_completions(words, "a")] == ["file"]
    assert comp.get_completions(["plan"], "man")[0].type == "file"


def test_it_loads_nothing_that_reaches_a_network(fleet: Path) -> None:
    code = (
        "import sys; from reconciler.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print([name for name in {NETWORKED} if name in sys.modules], file=sys.stderr)"
    )
    asked = {"COMP_WORDS": "reconciler apply Training/l", "COMP_CWORD": "2"}

    done = python("-c", code, env={**os.environ, **asked, "_RECONCILER_COMPLETE": "bash_complete"})

    assert (done.stdout, done.stderr) == ("file,Training/l\nplain,Training/lora\n", "[]\n")


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program called `reconciler` on the PATH that is this very code."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "reconciler").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reconciler "$@"\n')
    (folder / "reconciler").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))


ASK = {
    "bash": """
        set -eu
        compopt() { :; }  # bash has it only while it completes
        source <(reconciler completion bash)
        COMP_WORDS=(reconciler apply Training/) COMP_CWORD=2
        _reconciler_completion reconciler
        printf '%s\\n' "${COMPREPLY[@]}"
    """,
    "fish": """
        reconciler completion fish | source
        complete --do-complete "reconciler apply Training/" | string replace --regex '\\t.*' ''
        true  # nothing to replace is no failure
    """,
    "zsh": """
        set -e
        compdef() { }
        source <(reconciler completion zsh)
        env COMP_WORDS="reconciler apply Training/" COMP_CWORD=2 _RECONCILER_COMPLETE=zsh_complete \\
            reconciler | grep Training/
    """,
}


@pytest.mark.usefixtures("fleet", "program")
@pytest.mark.parametrize("shell", ASK)
def test_a_shell_takes_the_script_and_offers_what_we_do(shell: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")

    done = subprocess.run([shell, "-c", ASK[shell]], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert {"Training/lora", "Training/pretrain"} <= set(done.stdout.split())


def test_every_argument_and_option_that_names_something_offers_it() -> None:
    for command in _commands():
        for param in command.params:
            word = str(getattr(param, "metavar", "") or "")
            if word in {"FILE", "KIND/NAME", "KIND/NAME..."} or param.name in {
                "inputs",
                "targets",
                "projects",
            }:
                assert param._custom_shell_complete is not None, f"{command.name} {param.name}"


def _commands() -> list[click.Command]:
    context = click.Context(cli)
    found = [cli.get_command(context, name) for name in cli.list_commands(context)]
    inner = [sub for each in found if isinstance(each, click.Group) for sub in each.commands.values()]
    return [each for each in (*found, *inner) if each is not None]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_prints_a_script(shell: str, run: Run) -> None:
    assert "_RECONCILER_COMPLETE" in run("completion", shell).out


def test_shells_that_cannot_be_installed_are_named_and_nothing_fails(tmp_path: Path) -> None:
    for word in ("bash", "env", "id"):
        (tmp_path / word).symlink_to(shutil.which(word) or "")

    done = subprocess.run(
        [str(Path(__file__).with_name("shells.sh"))],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        f"no {shell} here: the test of its completion is skipped" for shell in ("zsh", "fish")
    ]
