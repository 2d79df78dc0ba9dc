"""The corpus itself: enough of everything, in both halves, and every label true to its file."""

import pytest

from tests.corpus import CAUSES, LOGS, NONE, Labelled, read

CORPUS = read()


def test_there_are_enough_logs_and_healthy_ones_among_them() -> None:
    assert len(CORPUS) >= 180
    assert sum(log.cause == NONE for log in CORPUS) >= 45


def test_every_log_has_a_label_and_every_label_a_log() -> None:
    assert {path.name for path in LOGS.glob("*.log")} == {log.file for log in CORPUS}


@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("is_held_out", [False, True])
def test_every_class_stands_in_both_halves(cause: str, is_held_out: bool) -> None:
    assert sum(log.cause == cause and log.is_held_out is is_held_out for log in CORPUS) >= 6


@pytest.mark.parametrize("log", CORPUS, ids=lambda log: log.file)
def test_a_label_is_true_to_its_file(log: Labelled) -> None:
    assert log.cause in CAUSES
    assert log.line or log.cause == NONE or log.reason or log.exit_code or log.events
    assert not log.line or log.causal_line.strip()
    assert log.cause != NONE or not (log.line or log.exit_code or log.reason)
    assert not log.pod or log.pod in log.pods
