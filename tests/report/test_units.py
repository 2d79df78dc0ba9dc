"""Amounts for people."""

from __future__ import annotations

import pytest

from reconciler.report import units


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0s"),
        (9.87, "9.9s"),
        (45, "45s"),
        (125, "2m 05s"),
        (21720, "6h 02m"),
        (273600, "3d 04h"),
        (-1, "0.0s"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float, text: str) -> None:
    assert units.duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.75, "0.75 GPU"), (0.1, "0.10 GPU"), (1, "1 GPU"), (8.0, "8 GPU"), (0.125, "0.125 GPU"), (0, "")],
)
def test_gpus_are_whole_or_have_two_digits(number: float, text: str) -> None:
    assert units.gpus(number) == text


@pytest.mark.parametrize(("seconds", "text"), [(45, "45s"), (185, "3m"), (22000, "6h"), (1e6, "11d")])
def test_a_column_has_one_unit(seconds: float, text: str) -> None:
    assert units.short(seconds) == text


def test_counts_agree_with_their_word() -> None:
    assert units.count(1, "error") == "1 error"
    assert units.count(2000, "error") == "2,000 errors"
    assert units.gpu_hours(6.03) == "6.0 GPU-hours"
