"""A clock that tests can set forward."""

import time
from datetime import UTC, datetime, timedelta


class SceneClock:
    """The machine's clock plus what tests have added. It never goes back."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead.total_seconds()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def advance(self, **by: float) -> None:
        """Set it forward, by `minutes=2` for instance."""
        self._ahead += timedelta(**by)
