"""Lints of the program: one that idles, words it will not see as meant, more processes than GPUs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.finding import number
from reconciler.problem import Problem
from reconciler.providers.runai.kinds.lints.pod import Pod, warned

IDLE, WORDS, PROCESSES = "RC150", "RC131", "RC153"
_SUBMIT_OPTIONS = frozenset(
    [
        "--image",
        "-i",
        "--project",
        "-p",
        "--gpu",
        "-g",
        "--gpu-devices-request",
        "--gpu-portion-request",
        "--cpu-core-request",
        "--cpu-memory-request",
        "--pvc",
        "--existing-pvc",
        "--large-shm",
        "--node-pools",
        "--workers",
        "--name-prefix",
    ]
)
_COUNTS = ("--nproc-per-node", "--num-gpus", "--tensor-parallel-size", "-tp")


def idle(pods: Sequence[Pod], gpus: float) -> Iterator[Problem]:
    """Warn of a job none of whose pods does anything while it holds GPUs, as people start one to log in."""
    said = [words for pod in pods if (words := pod.program.idles)]
    if gpus and said and len(said) == len(pods):
        held = f"{gpus:g} GPU{'' if gpus == 1 else 's'}"
        yield warned(
            IDLE,
            pods[0].starts_at,
            f'ends in "{said[0]}": it does no work, never finishes, and holds {held}',
            "run the program itself; to work in it by hand, declare kind: Workspace",
        )


def separators(pod: Pod) -> Iterator[Problem]:
    """Warn of `--` and of a command line of the platform's own tool, which belong to a terminal."""
    for field in ("command", "args"):
        text = pod.spec.get(field)
        words = text.split() if isinstance(text, str) else []
        before = words[: words.index("--")] if "--" in words else []
        if words[:1] == ["--"]:
            yield warned(
                WORDS,
                pod.at(field),
                'starts with "--", which the program will see as its first argument',
                "remove it: it separates arguments on a command line only",
            )
        elif words[:1] == ["runai"] or _is_submission(before):
            yield warned(
                WORDS,
                pod.at(field),
                "holds a command line of the runai tool, which the container would have to run",
                'write only what stands behind its "--"; its options are fields of spec',
            )
            return


def _is_submission(words: list[str]) -> bool:
    return sum(word.partition("=")[0] in _SUBMIT_OPTIONS for word in words) > 1


def shell_words(pod: Pod) -> Iterator[Problem]:
    """Warn of what only a shell understands where none runs, and of a script that is not one word."""
    program = pod.program
    if program.shell_only and "command" in pod.spec:
        word = program.shell_only[0]
        yield warned(
            WORDS,
            _holder(pod, word),
            f'holds "{word}", which means something to a shell only, and none is named',
            "write command: bash, and args: -c '…' around the whole line",
        )
    elif program.variables and "command" in pod.spec:
        word = program.variables[0]
        yield warned(
            WORDS,
            _holder(pod, word),
            f'holds "{word}", which stays as it is: no shell is named that would fill it in',
            f"write $({word.strip('${}')}), which the platform fills in, or run bash -c '…'",
        )
    if program.script and program.unread and not any(map(str.isspace, program.script)):
        yield warned(
            WORDS,
            pod.starts_at,
            f'runs only "{program.script}": a shell takes one word behind -c as its script',
            "quote the whole script",
        )


def _holder(pod: Pod, word: str) -> str:
    """Point at the field whose text holds a word, the arguments first."""
    held = [field for field in ("args", "command") if word in str(pod.spec.get(field, ""))]
    return pod.at(held[0]) if held else pod.starts_at


def processes(pod: Pod) -> Iterator[Problem]:
    """Warn of a program that wants more GPUs than its pod asks for."""
    has = number(pod.part("compute").get("gpuDevicesRequest"))
    wants = next((count for name in _COUNTS if (count := pod.program.number(name))), None)
    if wants and has and wants > has:
        yield warned(
            PROCESSES,
            pod.at("compute", "gpuDevicesRequest"),
            f"is {has:g}, but the program is told to use {wants} GPUs",
            f"write gpuDevicesRequest: {wants}, or start {has:g} process{'' if has == 1 else 'es'}",
        )
