"""Quantities: one spelling for each value."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.quantity import quantity, quantity_value, says_few_bytes

UNITS: dict[str, int | Fraction] = {
    "": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60,
    "m": Fraction(1, 10**3), "u": Fraction(1, 10**6), "n": Fraction(1, 10**9),
}  # fmt: skip


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("16Gi", "16Gi"),
        ("16384Mi", "16Gi"),
        ("17179869184", "16Gi"),
        (17179869184, "16Gi"),
        ("1536Mi", "1.5Gi"),
        ("100M", "100M"),
        ("1000m", "1"),
        ("500m", "0.5"),
        ("1e3", "1k"),
        ("16K", "16k"),
        ("+1.50G", "1.5G"),
        ("0", "0"),
        ("0Gi", "0"),
        (".5", "0.5"),
        ("1.", "1"),
    ],
)
def test_a_quantity_has_one_spelling(written: str | int, spelled: str) -> None:
    assert quantity(written) == spelled


@pytest.mark.parametrize("odd", ["", ".", "16GB", "-1", "1e999", "5e", "16 Gi", "٣", None, True, [], {}])
def test_what_is_no_quantity_stays_as_it_is(odd: Any) -> None:
    assert quantity(odd) == odd


@pytest.mark.parametrize(
    ("amount", "says"),
    [
        ("500m", 'is "500m", less than a byte: m means thousandths'),
        ("64000m", 'is "64000m", 64 bytes: m means thousandths'),
        ("1", 'is "1", 1 byte'),
        (16, 'is "16", 16 bytes'),
        ("1.5k", 'is "1.5k", 1500 bytes'),
        *((fine, "") for fine in ("1Mi", "2e6", "64Gi", "0", "16GB", None, "")),
    ],
)
def test_a_few_bytes_are_told(amount: str | int | None, says: str) -> None:
    assert says_few_bytes(amount) == says


@given(st.integers(0, 10**6), st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(UNITS)))
def test_spellings_of_one_value_are_equal(count: int, unit: str, other: str) -> None:
    value = count * Fraction(UNITS[unit])
    again = value / UNITS[other]

    if again.denominator == 1:
        assert quantity(f"{count}{unit}") == quantity(f"{again.numerator}{other}")
    assert quantity_value(quantity(f"{count}{unit}")) == value


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from(sorted(UNITS)))
def test_different_values_are_spelled_differently(one: int, other: int, unit: str) -> None:
    assert (quantity(f"{one}{unit}") == quantity(f"{other}{unit}")) is (one == other)
