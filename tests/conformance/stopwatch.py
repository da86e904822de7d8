"""A clock that services may push on, so that slowness needs no waiting."""

from mpay_gateway.boundary import SystemClock


class Stopwatch(SystemClock):
    """The machine's clock; its seconds that never jump jump when a service says that it was slow."""

    def __init__(self) -> None:
        self._pushed = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self._pushed

    def sleep(self, seconds: float) -> None:
        self.push(seconds)

    def push(self, seconds: float) -> None:
        """Let so many seconds have gone by."""
        self._pushed += seconds
