"""Counts of what happened lately, by key, for the limits of this process.

The storage in memory that comes with `limits` starts a thread after every hit, which goes through all keys that it
has ever seen, and forgets none of them: at some payments a second it costs more than the payments' pages.
"""

import threading
import time
from array import array
from bisect import bisect_left
from dataclasses import dataclass, field

from limits.storage import MemoryStorage

SWEEP_SECONDS = 60.0


@dataclass(slots=True)
class _Window:
    """The times of the latest hits in order, each eight bytes: there is a window for each visit of an hour."""

    seconds: float
    times: "array[float]" = field(default_factory=lambda: array("d"))

    def drop_old(self, now: float) -> None:
        del self.times[: bisect_left(self.times, now - self.seconds)]


class MovingWindows(MemoryStorage):
    """Windows by key. A key is forgotten within a minute after its last hit has left its window."""

    STORAGE_SCHEME = []  # noqa: RUF012  not to be had by an address

    def __init__(self) -> None:
        super().__init__()
        self._windows: dict[str, _Window] = {}
        self._swept = time.time()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._windows)

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count `amount` hits, unless there would be more than `limit` within `expiry` seconds."""
        now = time.time()
        with self._lock:
            self._sweep(now)
            window = self._windows.get(key) or _Window(expiry)
            window.drop_old(now)
            if len(window.times) + amount > limit:
                return False
            window.times.extend([now] * amount)
            self._windows[key] = window
            return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:  # noqa: ARG002
        """When the oldest hit within `expiry` seconds was, and how many there are; now and 0 for none."""
        now = time.time()
        with self._lock:
            window = self._windows.get(key)
            if window is None:
                return now, 0
            window.drop_old(now)
            return (window.times[0], len(window.times)) if window.times else (now, 0)

    def _sweep(self, now: float) -> None:
        if 0 <= now - self._swept < SWEEP_SECONDS:
            return
        self._swept = now
        for key, window in list(self._windows.items()):
            window.drop_old(now)
            if not window.times:
                del self._windows[key]
