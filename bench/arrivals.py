"""Payers who come at a steady rate, whether or not those before them are done: an open loop.

A slow gateway does not slow their coming, so that a payment's time counts from when its payer came, in a queue too.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue

from payer import Paid

_AT_ONCE = 64
"""Payers at once at most. When all are busy, those who come wait, and their time counts."""


@dataclass(frozen=True, slots=True)
class Served:
    """A payment that came to its end: seconds after the beginning when its payer came and was done."""

    came: float
    done: float
    paid: Paid

    @property
    def took(self) -> float:
        return self.done - self.came


@dataclass
class Arrivals:
    """What came of payers at a rate. `offered`: who came; `waiting`: who was not done when the time was over."""

    rate: float
    seconds: float
    offered: int = 0
    waiting: int = 0
    served: list[Served] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Payments that were done within the time, per second of it."""
        return sum(each.done <= self.seconds for each in self.served) / self.seconds

    @property
    def held(self) -> bool:
        """Nobody failed, and when the time was over no more than two seconds' payers were not done."""
        return not self.failures and self.waiting <= max(2, 2 * self.rate)


def let_come(
    pay: Callable[[], Paid],
    *,
    rate: float,
    seconds: float,
    beside: Callable[[float], object] = lambda _: None,
) -> Arrivals:
    """Let payers come at `rate` a second for `seconds`, then wait until the last is done.

    `pay` makes one payment, in any thread. `beside` is called about once a second, with the seconds since the start.
    """
    came: SimpleQueue[float | None] = SimpleQueue()
    result = Arrivals(rate, seconds)
    began = time.monotonic()
    threads = [
        threading.Thread(target=_serve, args=(pay, came, result, began), daemon=True)
        for _ in range(min(_AT_ONCE, max(4, int(rate * 4))))
    ]
    for thread in threads:
        thread.start()
    told = 0.0
    while (due := result.offered / rate) < seconds:
        now = time.monotonic() - began
        if now - told >= 1:
            told = now
            beside(now)
        if due > now:
            time.sleep(min(due - now, 1))
            continue
        came.put(due)
        result.offered += 1
    result.waiting = result.offered - len(result.served) - len(result.failures)
    for _ in threads:
        came.put(None)
    for thread in threads:
        thread.join()
    return result


def _serve(pay: Callable[[], Paid], came: SimpleQueue[float | None], result: Arrivals, began: float) -> None:
    while (at := came.get()) is not None:
        try:
            paid = pay()
        except Exception as error:  # noqa: BLE001  the run goes on, and says so
            result.failures.append(f"{type(error).__name__}: {error}"[:300])
        else:
            result.served.append(Served(at, time.monotonic() - began, paid))
