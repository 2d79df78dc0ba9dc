"""Errors: an exit code on each branch, and one that speaks for several."""

from __future__ import annotations

from itertools import pairwise

import pytest

from reconciler.errors import (
    Conflict,
    ExitCode,
    FleetError,
    Forbidden,
    Malformed,
    ManifestError,
    NotFound,
    ProviderError,
    Rejected,
    StalePlan,
    Throttled,
    Unauthenticated,
    Unavailable,
    Unknown,
    UnsafePlan,
    UsageError,
    heaviest,
)

HEAVIEST_FIRST = (12, 130, 143, 1, 10, 9, 8, 7, 5, 6, 4, 11, 3, 0)
CODES = {UsageError: 2, ManifestError: 4, FleetError: 4, StalePlan: 7, UnsafePlan: 8}
PROVIDER_CODES = {
    Unauthenticated: 5, Forbidden: 5, NotFound: 6, Throttled: 6, Unavailable: 6, Malformed: 6,
    Conflict: 9, Rejected: 9, Unknown: 10,
}  # fmt: skip


@pytest.mark.parametrize(("heavy", "light"), list(pairwise(HEAVIEST_FIRST)))
def test_the_heavier_code_speaks_for_both(heavy: int, light: int) -> None:
    pair = [ExitCode(light), ExitCode(heavy)]

    assert heaviest(pair) is heaviest(pair[::-1]) is ExitCode(heavy)


def test_nothing_at_all_is_in_order() -> None:
    assert heaviest([]) is ExitCode.IN_ORDER


def test_each_branch_has_its_code() -> None:
    assert {kind: int(kind.exit_code) for kind in CODES} == CODES
    assert {kind: int(kind.exit_code) for kind in PROVIDER_CODES} == PROVIDER_CODES


def test_the_platforms_words_are_cut_at_256_characters() -> None:
    assert len(ProviderError("prod", "list", "workloads", said="x" * 1000).said) == 256
