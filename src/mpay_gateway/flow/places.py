"""How many calls each service has in flight in this process, and the bound on them."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from mpay_gateway.domain.errors import UnknownService

AGAIN = timedelta(seconds=1)
"""When a delivery is tried again whose service has all the calls in flight that it may have."""


class Places:
    """Places at services. `limit_of`: how many calls a service takes at once."""

    def __init__(self, limit_of: Callable[[str], int]) -> None:
        self._limit_of = limit_of
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()

    @contextmanager
    def at(self, service_id: str) -> Iterator[bool]:
        """A place for the time of a call; False when the service has as many calls as it may have."""
        limit = self._limit(service_id)
        with self._lock:
            free = self._taken[service_id] < limit
            self._taken[service_id] += free
        try:
            yield free
        finally:
            with self._lock:
                self._taken[service_id] -= free

    def full(self) -> frozenset[str]:
        """The services that take no further call now: nothing of theirs need be claimed."""
        with self._lock:
            busy = dict(+self._taken)
        return frozenset(service for service, taken in busy.items() if taken >= self._limit(service))

    def _limit(self, service_id: str) -> int:
        """One for a service that cannot be used any more: its deliveries fail, each in its own turn."""
        try:
            return self._limit_of(service_id)
        except UnknownService:
            return 1


def lookup_places(calls_at_once: int) -> Places:
    """Half of a connector's calls for each service: one that hangs leaves the rest to the others."""
    half = max(1, calls_at_once // 2)
    return Places(lambda _: half)
