"""A bounded part of the fuzzing, and the proof that each of its limits can be broken."""

from __future__ import annotations

from itertools import islice

import pytest

from tests.fuzz import watch as limits
from tests.fuzz.inputs import BROKEN, EXAMPLES, NASTY, inputs
from tests.fuzz.watch import watching

CHANGED = 600


def test_any_bytes_give_documents_or_problems_within_the_limits() -> None:
    with watching() as watch:
        for data in islice(inputs(7), len(NASTY) + len(EXAMPLES) + len(BROKEN) + CHANGED):
            watch.give(data)

    assert watch.report.tried > CHANGED
    assert [(fault, data[:80]) for fault, data in watch.report.faults] == []


@pytest.mark.parametrize(
    ("subject", "said"),
    [("hold", "it held"), ("spin", "it took"), ("hang", "no answer within"), ("crash", "ValueError")],
)
def test_each_limit_can_be_broken(subject: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if subject in ("spin", "hang"):
        monkeypatch.setattr(limits, "LIMIT_S", 0.2)
    with watching(subject) as watch:
        fault = watch.give(b"a: 1")

    assert said in fault
    assert len(watch.report.faults) == 1
    assert watch.report.tried == 1


def test_one_seed_gives_one_row_of_inputs() -> None:
    assert [*islice(inputs(3), 300)] == [*islice(inputs(3), 300)]
