"""Limits against guessing of order keys and floods of callbacks, per process.

Source: faults.md, privacy of look-ups (d) and (f).
"""

import hashlib
import math
import re
import time

from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from mpay_gateway.domain.errors import TooManyRequests
from mpay_gateway.settings import LimitSettings

_ONE_GUESS = RateLimitItemPerMinute(1, 10)


class LookupLimits:
    """Counts look-ups and refuses when somebody asks too much."""

    def __init__(self, settings: LimitSettings) -> None:
        self._window = MovingWindowRateLimiter(MemoryStorage())
        self._misses: tuple[RateLimitItem, ...] = (
            RateLimitItemPerMinute(settings.misses_per_10_minutes, 10),
            RateLimitItemPerDay(settings.misses_per_day),
        )
        self._lookups = RateLimitItemPerHour(settings.per_service_per_hour)
        self._callbacks = RateLimitItemPerMinute(settings.callbacks_per_minute)
        self._forgeries = RateLimitItemPerMinute(settings.refused_callbacks_per_minute)

    def refuse_guesser(self, client: str) -> None:
        """Called before anything is looked for. Raises: TooManyRequests after too many misses."""
        for limit in self._misses:
            if not self._window.test(limit, "miss", client):
                raise TooManyRequests(self._seconds(limit, "miss", client))

    def before_lookup(self, client: str, service_id: str) -> None:
        """Called before the service is asked. Raises: TooManyRequests."""
        self.refuse_guesser(client)
        if not self._window.hit(self._lookups, "lookup", service_id, client):
            raise TooManyRequests(self._seconds(self._lookups, "lookup", service_id, client))

    def missed(self, client: str, asked: str) -> None:
        """A look-up found nothing, or nothing that the asker may see.

        `asked`: what was looked for. The same question again is no new guess: a payer may reload his page.
        Letters and digits alone make a question, since keys and factors are compared by them.
        """
        question = hashlib.sha256(re.sub(r"[\W_]", "", asked).casefold().encode()).hexdigest()
        if not self._window.hit(_ONE_GUESS, "asked", client, question):
            return
        for limit in self._misses:
            self._window.hit(limit, "miss", client)

    def refuse_forger(self, client: str) -> None:
        """Called before a callback is read. Raises: TooManyRequests after too many refused ones of this client."""
        if client and not self._window.test(self._forgeries, "forgery", client):
            raise TooManyRequests(self._seconds(self._forgeries, "forgery", client))

    def forged(self, client: str) -> None:
        """A callback was refused. Whoever sends such, it counts against him and not against the account."""
        if client:
            self._window.hit(self._forgeries, "forgery", client)

    def authentic_callback(self, account_id: str) -> None:
        """Called for each authentic callback of an account. Raises: TooManyRequests."""
        if not self._window.hit(self._callbacks, "callback", account_id):
            raise TooManyRequests(self._seconds(self._callbacks, "callback", account_id))

    def _seconds(self, limit: RateLimitItem, *key: str) -> int:
        """Until the window lets the next one in. The library counts by the machine's clock."""
        return max(1, math.ceil(self._window.get_window_stats(limit, *key).reset_time - time.time()))
