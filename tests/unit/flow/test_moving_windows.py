"""Counts of the latest hits, and that they are forgotten."""

import time

import pytest
from limits import RateLimitItemPerMinute
from limits.strategies import MovingWindowRateLimiter

from mpay_gateway.flow.moving_windows import SWEEP_SECONDS, MovingWindows

TWO_A_MINUTE = RateLimitItemPerMinute(2)


class Time:
    """The machine's clock, in the test's hand."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    clock = Time()
    monkeypatch.setattr(time, "time", clock.time)
    return clock


def test_hits_beyond_the_limit_are_refused_until_the_oldest_leaves_the_window(clock: Time):
    limiter = MovingWindowRateLimiter(MovingWindows())
    hits = []
    for _ in range(4):
        hits.append(limiter.hit(TWO_A_MINUTE, "somebody"))
        clock.now += 21
    assert hits == [True, True, False, True]


def test_a_refused_hit_does_not_count(clock: Time):
    windows = MovingWindows()
    assert windows.acquire_entry("key", 1, 60)
    assert not windows.acquire_entry("key", 1, 60)
    assert windows.get_moving_window("key", 1, 60) == (clock.now, 1)


def test_the_window_tells_when_its_oldest_hit_was(clock: Time):
    limiter = MovingWindowRateLimiter(MovingWindows())
    first = clock.now
    limiter.hit(TWO_A_MINUTE, "somebody")
    clock.now += 15
    limiter.hit(TWO_A_MINUTE, "somebody")
    stats = limiter.get_window_stats(TWO_A_MINUTE, "somebody")
    assert (stats.reset_time, stats.remaining) == (first + 60, 0)
    assert not limiter.test(TWO_A_MINUTE, "somebody")
    assert limiter.test(TWO_A_MINUTE, "somebody else")


def test_keys_that_nobody_uses_any_more_are_forgotten(clock: Time):
    windows = MovingWindows()
    for number in range(100):
        windows.acquire_entry(f"visit {number}", 5, 3600 if number == 0 else 10)
    clock.now += SWEEP_SECONDS
    windows.acquire_entry("another", 5, 10)
    assert len(windows) == 2
    assert windows.get_moving_window("visit 0", 5, 3600)[1] == 1


def test_a_clock_that_jumps_back_neither_stops_sweeping_nor_lets_more_in(clock: Time):
    windows = MovingWindows()
    windows.acquire_entry("key", 1, 60)
    clock.now -= 3600
    assert not windows.acquire_entry("key", 1, 60)
    clock.now += SWEEP_SECONDS
    windows.acquire_entry("another", 1, 60)
    clock.now += 3600 + SWEEP_SECONDS
    windows.acquire_entry("a third", 1, 60)
    assert len(windows) == 1
