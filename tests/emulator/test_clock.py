from datetime import UTC, datetime, timedelta

import pytest

from reconciler.emulator.clock import ManualClock, ScaledClock


def test_a_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock()
    start = clock.now()

    clock.advance(90)

    assert clock.now() - start == timedelta(seconds=90)
    assert clock.now().tzinfo is UTC


def test_a_clock_cannot_go_back() -> None:
    with pytest.raises(ValueError, match="cannot go back by 5 seconds"):
        ManualClock().advance(-5)


def test_a_clock_needs_a_timezone() -> None:
    with pytest.raises(ValueError, match="timezone"):
        ManualClock(datetime(2026, 1, 1))  # noqa: DTZ001


def test_a_scaled_clock_runs_faster() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    clock = ScaledClock(speed=1e9, start=start)

    assert clock.now() - start > timedelta(seconds=1)


def test_a_scaled_clock_does_not_stand_still() -> None:
    with pytest.raises(ValueError, match="runs forward"):
        ScaledClock(speed=0)
