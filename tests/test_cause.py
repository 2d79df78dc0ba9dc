"""Causes: what the logs of the corpus say, whose failure came first, and no word too long to read."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from reconciler.cause import ABOUT, Cause, Diagnosis, Evidence, diagnose
from reconciler.cause.signature import Signature
from reconciler.cause.table import SIGNATURES
from tests.corpus import CAUSES, NONE, POD, Labelled, read

HELD_OUT = [log for log in read() if log.is_held_out]
TRAIN = [log for log in read() if not log.is_held_out]
HEALTHY = [log for log in read() if log.cause == NONE]


def found(log: Labelled) -> Diagnosis | None:
    codes = () if log.exit_code is None else (log.exit_code,)
    reasons = (log.reason,) if log.reason else ()
    return diagnose(Evidence(log.pods, reasons, log.events, codes))


def said(*lines: str, reasons: tuple[str, ...] = (), events: tuple[str, ...] = ()) -> Diagnosis | None:
    return diagnose(Evidence({POD: lines}, reasons, events))


def cause_of(*lines: str) -> Cause | None:
    return diagnosis.cause if (diagnosis := said(*lines)) else None


def test_the_causes_are_those_of_the_corpus() -> None:
    assert set(CAUSES) == {NONE, *Cause}
    assert set(ABOUT) == set(Cause)


@pytest.mark.parametrize("log", HEALTHY, ids=lambda log: log.file)
def test_a_healthy_log_has_no_cause(log: Labelled) -> None:
    assert diagnose(Evidence(log.pods, events=log.events)) is None


@pytest.mark.parametrize("logs", [TRAIN, HELD_OUT], ids=["train", "held out"])
def test_nine_of_ten_logs_have_their_cause(logs: Sequence[Labelled]) -> None:
    failed = [log for log in logs if log.cause != NONE]

    assert sum(str(each.cause) == log.cause for log in failed if (each := found(log))) >= 0.9 * len(failed)


@pytest.mark.parametrize("logs", [TRAIN, HELD_OUT], ids=["train", "held out"])
def test_nine_of_ten_causal_lines_are_the_first(logs: Sequence[Labelled]) -> None:
    told = [(log, each) for log in logs if log.line and (each := found(log)) and str(each.cause) == log.cause]
    right = [log for log, each in told if log.pods[each.pod][each.number - 1] == log.causal_line]

    assert len(right) >= 0.9 * len(told)


def test_the_first_rank_is_named_and_not_those_that_waited_for_it() -> None:
    waited = [
        f"[rank{rank}]:[E211 15:51:0{rank}.1 ProcessGroupNCCL.cpp:632] [Rank {rank}] Watchdog caught "
        "collective operation timeout: WorkNCCL(SeqNum=9, OpType=ALLREDUCE) ran for 600012 milliseconds"
        for rank in (0, 1, 3)
    ]
    fell = [
        "[rank2]: Traceback (most recent call last):",
        '[rank2]:   File "t.py", line 1',
        "[rank2]: KeyError: 'x'",
    ]

    diagnosis = diagnose(Evidence({"worker-0": waited, "worker-1": fell}))

    assert diagnosis
    assert (diagnosis.cause, diagnosis.pod, diagnosis.rank) == (Cause.TRACEBACK, "worker-1", 2)
    assert (diagnosis.line, diagnosis.number) == ("KeyError: 'x'", 3)


def test_the_launchers_root_cause_names_the_rank() -> None:
    diagnosis = said(
        "E0 torch/elastic/multiprocessing/api.py:874] failed (exitcode: -11) local_rank: 6 (pid: 7)",
        "Root Cause (first observed failure):",
        "[0]:",
        "  rank      : 14 (local_rank: 6)",
        "  exitcode  : -11 (pid: 7)",
    )

    assert diagnosis
    assert (diagnosis.cause, diagnosis.rank) == (Cause.CRASH, 14)


def test_between_pods_the_earlier_moment_decides() -> None:
    line = "[rank{0}]:[E110 06:12:{1}.1 x.cpp:632] [Rank {0}] Watchdog caught collective operation timeout: x"
    diagnosis = diagnose(Evidence({"worker-0": [line.format(0, 40)], "worker-1": [line.format(1, 39)]}))

    assert diagnosis
    assert (diagnosis.pod, diagnosis.rank) == ("worker-1", 1)


def test_what_the_program_outlived_is_no_cause() -> None:
    caught = [
        "Traceback (most recent call last):",
        '  File "t.py", line 1',
        "RuntimeError: CUDA out of memory",
    ]
    steps = [f"step {n} | loss 0.5" for n in range(5)]

    assert cause_of(*caught, *steps) is None
    assert cause_of(*steps, *caught) is Cause.GPU_MEMORY
    assert cause_of(*steps, *caught, steps[0]) is Cause.GPU_MEMORY


def test_the_platforms_word_outweighs_the_log() -> None:
    diagnosis = said("KeyError: 'x'", reasons=("OOMKilled",))

    assert diagnosis == Diagnosis(Cause.HOST_MEMORY)


def test_what_ended_well_has_no_cause() -> None:
    assert diagnose(Evidence({POD: ["ValueError: no"]}, exit_codes=(0,))) is None


def test_events_say_why_nothing_started() -> None:
    missing = 'Failed: Error: secret "hf-token" not found'

    assert (diagnosis := said(events=("Pulled: Container image is present", missing)))
    assert (diagnosis.cause, diagnosis.line, diagnosis.pod) == (Cause.REFERENCE, missing, "")
    assert said(events=(missing, "Started: Started container main")) is None


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("job/slurm_script: line 28:  8156 Killed                  python3 main.py", Cause.HOST_MEMORY),
        ("slurmstepd: error: Detected 2 oom_kill events in StepId=7.13.", Cause.HOST_MEMORY),
        ("RuntimeError: Not enough memory. Please try to increase --mem-fraction-static.", Cause.GPU_MEMORY),
        ("RuntimeError: CUDA error: out of memory", Cause.GPU_MEMORY),
        ("RuntimeError: NCCL communicator was aborted on rank 3.", Cause.COLLECTIVE),
        ("n:1:2 [0] ibvwrap.cc:187 NCCL WARN Call to ibv_modify_qp failed with error x", Cause.COLLECTIVE),
        ("RuntimeError: DataLoader worker (pid 3) is killed by signal: Bus error.", Cause.DISK),
        ("ImportError: libc.so.6: version `GLIBC_2.32' not found (required by x.so)", Cause.TRACEBACK),
        ("urllib.error.HTTPError: HTTP Error 403: Forbidden", Cause.TRACEBACK),
        ("/usr/bin/env: 'python': No such file or directory", Cause.COMMAND),
        ("/opt/nvidia/nvidia_entrypoint.sh: line 67: exec: trian.py: not found", Cause.COMMAND),
        ("t.py: error: argument --lr: invalid float value: 'fast'", Cause.COMMAND),
        ("!!!!!!! Segfault encountered !!!!!!!", Cause.CRASH),
        ("python: malloc.c:2617: sysmalloc: Assertion `(old_top == 0)' failed.", Cause.CRASH),
        ("AssertionError: Torch not compiled with CUDA enabled", Cause.ASSERTION),
        ("jax.errors.JaxRuntimeError: RESOURCE_EXHAUSTED: Ran out of memory in hbm.", Cause.GPU_MEMORY),
        (
            "RuntimeError: [/gloo/transport/tcp/pair.cc:534] Connection closed by peer [::1]:4",
            Cause.COLLECTIVE,
        ),
        ("[FATAL tini (7)] exec python3.12 failed: No such file or directory", Cause.COMMAND),
        ("panic: dial tcp 10.0.0.1:5432: connect: connection refused", Cause.TRACEBACK),
        ("ERROR: GPU is lost. Reboot the system to recover this GPU", Cause.NODE),
        ("0/3 nodes are available: 3 Insufficient nvidia.com/gpu.", Cause.QUOTA),
        ("NVRM: Xid (PCI:0000:07:00): 79, pid=12, GPU has fallen off the bus.", Cause.NODE),
        ("rm: cannot remove '/tmp/stale': No such file or directory", None),
        ("[rank0]:[W910 04:11:09.7 x.cpp:1250] Warning: process group has NOT been destroyed", None),
    ],
)
def test_a_wording_has_its_cause(line: str, cause: Cause | None) -> None:
    assert cause_of("starting", line) is cause


EVERY_WAY = [(row, way) for row in SIGNATURES for way in row.ways]
TYPED = st.characters(min_codepoint=32, max_codepoint=126)


@pytest.mark.parametrize(("row", "way"), EVERY_WAY, ids=[way[:40] for _, way in EVERY_WAY])
def test_no_way_of_saying_a_cause_lacks_its_word(row: Signature, way: str) -> None:
    @settings(max_examples=5, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @seed(1)
    @given(st.from_regex(way, alphabet=TYPED))
    def has_a_word(line: str) -> None:
        assert any(word in line.lower() for word in row.words)

    has_a_word()


def test_an_exception_of_any_name_ends_a_traceback() -> None:
    failed = ("Traceback (most recent call last):", '  File "t.py", line 1', "torch.x.CompilerFailed: no")

    assert cause_of(*failed) is Cause.TRACEBACK
    assert cause_of(failed[-1]) is None


def test_a_signal_that_ended_a_rank_comes_before_the_ranks_that_waited() -> None:
    fell = "E0 x/api.py:874] failed (exitcode: -11) local_rank: 6 (pid: 7) of binary: python"
    waited = "[rank0]:[E1 x.cpp:1] [Rank 0] Watchdog caught collective operation timeout: WorkNCCL"

    assert cause_of(fell, waited) is Cause.CRASH
    assert cause_of(waited, fell) is Cause.COLLECTIVE


def test_the_context_holds_the_lines_around_it() -> None:
    diagnosis = said(*(f"line {n}" for n in range(9)), "ValueError: no", "after")

    assert diagnosis
    assert diagnosis.context == ("line 7", "line 8", "ValueError: no", "after")


@pytest.mark.parametrize(
    "word",
    [
        "RuntimeError: ",
        "Assertion `",
        'secret "',
        "[rank0]: ",
        "(Worker pid=",
        "a.",
        "A" * 40 + ".",
        "nodes are available: ",
        "t.py: error: ",
        "sh: 1: ",
        "NCCL WARN ",
        "pod | ",
        "2026-01-01 00:00:00 ",
        '{"log":',
        "\x1b[",
        "\x1b]",
    ],
)
def test_a_line_of_a_mebibyte_takes_no_time(word: str) -> None:
    line = word * (2**20 // len(word))
    begun = time.process_time()

    said(line, line + "]", "{" + line + "}", line.replace(" ", ""))

    assert time.process_time() - begun < 2


def test_the_time_grows_with_the_lines_and_no_faster() -> None:
    lines = [
        f"torch.OutOfMemoryError: CUDA out of memory {n}" if n % 2 else f"step {n} loss 1"
        for n in range(100_000)
    ]
    begun = time.process_time()

    assert cause_of(*lines) is Cause.GPU_MEMORY
    assert time.process_time() - begun < 30


def test_nested_json_is_no_way_to_exhaust_us() -> None:
    assert cause_of('{"log": ' + "[" * 60_000 + "]" * 60_000 + "}") is None
