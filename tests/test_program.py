"""What a container starts is read as a shell would split it, and a shell's own words are told apart."""

from __future__ import annotations

import pytest

from reconciler.program import program_of


@pytest.mark.parametrize(
    ("command", "args", "words", "script"),
    [
        ("python", "train.py --lr 1", ("python", "train.py", "--lr", "1"), None),
        ("python train.py", None, ("python", "train.py"), None),
        (None, "--model x", ("--model", "x"), None),
        (None, None, (), None),
        ("bash", "-c 'cd /w && python t.py'", ("bash", "-c", "cd /w && python t.py"), "cd /w && python t.py"),
        ("/bin/sh -lc", '"exec x"', ("/bin/sh", "-lc", "exec x"), "exec x"),
        ("bash -l -c", "x", ("bash", "-l", "-c", "x"), "x"),
        ("bash", "run.sh -c x", ("bash", "run.sh", "-c", "x"), None),
        ("bash", "-c", ("bash", "-c"), None),
        ("echo", "it's", ("echo", "it's"), None),
        (["python", "a b.py"], None, ("python", "a b.py"), None),
        (["bash", "-c"], ["sleep infinity"], ("bash", "-c", "sleep infinity"), "sleep infinity"),
        ("python", {"a": 1}, ("python",), None),
    ],
    ids=repr,
)
def test_two_texts_become_words_and_a_script(
    command: object, args: object, words: tuple[str, ...], script: str | None
) -> None:
    program = program_of(command, args)

    assert (program.words, program.script) == (words, script)


@pytest.mark.parametrize(
    ("command", "args", "shell_only"),
    [
        ("python", "a.py && python b.py", ("&&",)),
        ("python", "a.py > log 2>&1", (">", "2>&1")),
        ("echo", "a; echo b", (";",)),
        ("cd", "/work", ("cd",)),
        ("TOKEN=hidden python", "a.py", ("TOKEN=",)),
        ("grep", "'|' file", ()),
        ("python", "a.py --expr 'a && b'", ()),
        ("bash", "-c 'a && b'", ()),
        ("python", "a.py --x a=b", ()),
        ("python", "a.py --expr='a && b' --x=\"c | d\" \\;", ()),
    ],
    ids=repr,
)
def test_words_that_only_a_shell_understands(command: str, args: str, shell_only: tuple[str, ...]) -> None:
    assert program_of(command, args).shell_only == shell_only


@pytest.mark.parametrize(
    ("args", "variables"),
    [
        ("--lr $LR --out ${OUT}", ("$LR", "${OUT}")),
        ("--lr $(LR)", ()),
        ("--lr \\$LR", ()),
        ("--lr $$LR", ()),
        ("--expr '$LR'", ()),
        ("--price 5$", ()),
        ("--tag ${{ vars.TAG }} $LR", ()),
    ],
)
def test_variables_that_only_a_shell_fills_in(args: str, variables: tuple[str, ...]) -> None:
    assert program_of("python", args).variables == variables


def test_a_script_is_read_statement_by_statement() -> None:
    program = program_of("bash", "-c 'pip install torchrun && exec /opt/bin/torchrun --n 2 t.py; sleep 1d'")

    assert [words[0] for words in program.statements] == ["pip", "exec", "sleep"]
    assert "torchrun" in program.names
    assert program.number("--n") == 2


def test_what_is_merely_installed_is_no_program() -> None:
    assert "vllm" not in program_of("bash", "-c 'pip install vllm && python t.py'").names


@pytest.mark.parametrize(
    "option", ["--nproc_per_node=8", "--nproc-per-node 8", "--nproc_per_node 2 --nproc-per-node=8"]
)
def test_the_last_number_behind_an_option_counts(option: str) -> None:
    assert program_of("torchrun", option).number("--nproc-per-node") == 8


def test_a_number_that_is_none_is_not_read() -> None:
    assert program_of("torchrun", "--nproc-per-node=gpu t.py").number("--nproc-per-node") is None
    assert program_of("torchrun", "--nproc-per-node").number("--nproc-per-node") is None


def test_words_behind_a_script_are_not_read_by_it() -> None:
    assert program_of("bash -c", "pip install x").unread == ("install", "x")
