"""What a process knows of the breakers: looked up in the database once a second at most."""

import threading
from collections.abc import Mapping

from mpay_gateway.boundary import Clock
from mpay_gateway.domain.breaker import Breaker, BreakerRule, CallsTo
from mpay_gateway.storage import UnitOfWork

FRESH_SECONDS = 1.0


class BreakerView:
    """The breakers whose last call went unanswered; all others are closed and need no row."""

    def __init__(self, rule: BreakerRule = BreakerRule()) -> None:  # noqa: B008  frozen
        self.rule = rule
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._troubled: Mapping[CallsTo, Breaker] = {}

    def look(self, units: UnitOfWork, clock: Clock, calls: CallsTo) -> Breaker:
        """The breaker as it was a second ago at most."""
        return self.all(units, clock).get(calls) or Breaker(calls)

    def all(self, units: UnitOfWork, clock: Clock) -> Mapping[CallsTo, Breaker]:
        """Those whose last call went unanswered."""
        with self._lock:
            if clock.monotonic() - self._read_at >= FRESH_SECONDS:
                rows = units.read(lambda work: work.breakers.troubled())
                self._troubled = {each.calls: each for each in rows}
                self._read_at = clock.monotonic()
            return self._troubled

    def forget(self) -> None:
        """Look again the next time: this process has just changed one."""
        with self._lock:
            self._read_at = float("-inf")
