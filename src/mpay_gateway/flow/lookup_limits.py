"""Limits against guessing of order keys and floods of callbacks, per process.

Guesses count against the address that they come from. Spread over many addresses they count against their service,
and against keys that begin alike: every address is then allowed one miss, and honest payers lose nothing.
Source: faults.md, privacy of look-ups (d) and (f), attacks 14 and 15.
"""

import hashlib
import math
import re
import time

import structlog
from limits import (
    RateLimitItem,
    RateLimitItemPerDay,
    RateLimitItemPerHour,
    RateLimitItemPerMinute,
    RateLimitItemPerSecond,
)
from limits.strategies import MovingWindowRateLimiter

from mpay_gateway.domain.errors import TooManyRequests
from mpay_gateway.flow.moving_windows import MovingWindows
from mpay_gateway.settings import LimitSettings

_ONE_GUESS = RateLimitItemPerMinute(1, 10)
_PROVIDER_QUESTIONS = RateLimitItemPerSecond(10, 10)
_VARYING = 3
"""So many characters at a key's end make it one of those that begin alike: keys that are given out in a row."""
_log = structlog.get_logger("limits")


class LookupLimits:
    """Counts look-ups and refuses when somebody asks too much."""

    def __init__(self, settings: LimitSettings) -> None:
        self._window = MovingWindowRateLimiter(MovingWindows())
        self._misses: tuple[RateLimitItem, ...] = (
            RateLimitItemPerMinute(settings.misses_per_10_minutes, 10),
            RateLimitItemPerDay(settings.misses_per_day),
        )
        self._lookups = RateLimitItemPerHour(settings.lookups_per_hour)
        self._visits = RateLimitItemPerHour(settings.visits_per_hour)
        self._forms = RateLimitItemPerHour(settings.forms_per_hour)
        self._service_misses = RateLimitItemPerHour(settings.misses_per_service_per_hour)
        self._prefix_misses = RateLimitItemPerHour(settings.misses_per_key_prefix_per_hour)
        self._callbacks = RateLimitItemPerMinute(settings.callbacks_per_minute)
        self._forgeries = RateLimitItemPerMinute(settings.refused_callbacks_per_minute)
        self._calls = RateLimitItemPerMinute(settings.calls_per_minute)

    def refuse_guesser(self, client: str) -> None:
        """Called before anything is looked for. Raises: TooManyRequests after too many misses."""
        for limit in self._misses:
            self._refuse_beyond(limit, "miss", client)

    def before_visit(self, client: str) -> None:
        """Called before a place is made for a payer. Raises: TooManyRequests."""
        self.refuse_guesser(client)
        self._count(self._visits, "visit", client)

    def before_form(self, client: str) -> None:
        """Called before a form is stored that begins an order. Raises: TooManyRequests."""
        self._count(self._forms, "form", client)

    def before_lookup(self, client: str, service_id: str, order_key: str) -> None:
        """Called before the service is asked for an order that this payer has not been shown yet.

        Raises: TooManyRequests.
        """
        self.refuse_guesser(client)
        self._count(self._lookups, "lookup", service_id, client)
        if self._has_missed(client):
            self._refuse_beyond(self._prefix_misses, "prefix", service_id, _beginning(order_key))
            self._refuse_beyond(self._service_misses, "service", service_id)

    def before_looking_again(self, visit_token: str) -> None:
        """Called before the service is asked again for the order of a visit: whoever saw it does not guess.

        Counted by visit, so that nobody can shut out his neighbours, and nobody use us to flood a service.
        Raises: TooManyRequests.
        """
        self._count(self._lookups, "again", visit_token)

    def missed(self, client: str, *asked: str) -> bool:
        """Nothing was found, or nothing that the asker may see. False when he asked the same a moment ago.

        `asked`: what was looked for. The same question again is no new guess: a payer may reload his page.
        """
        question = hashlib.sha256("\0".join(asked).encode()).hexdigest()
        if not self._window.hit(_ONE_GUESS, "asked", client, question):
            return False
        for limit in self._misses:
            self._window.hit(limit, "miss", client)
        return True

    def not_found(self, client: str, service_id: str, order_key: str, factor: str = "") -> None:
        """The service has no order under a key that it might have given out, or the second factor is wrong.

        Of a factor, letters and digits alone make another question: it is compared by them.
        """
        if not self.missed(client, service_id, order_key, letters_and_digits(factor)):
            return
        self._window.hit(self._prefix_misses, "prefix", service_id, _beginning(order_key))
        self._window.hit(self._service_misses, "service", service_id)
        if not self._window.test(self._service_misses, "service", service_id):
            _log.warning("keys_guessed", service=service_id)

    def may_ask_provider(self, payment_id: str) -> bool:
        """Whether a page may have the provider asked about the payment now: whoever reloads it much must wait."""
        return self._window.hit(_PROVIDER_QUESTIONS, "ask", payment_id)

    def refuse_forger(self, client: str) -> None:
        """Called before a callback or a return is read. Raises: TooManyRequests after too many refused ones."""
        if client:
            self._refuse_beyond(self._forgeries, "forgery", client)

    def forged(self, client: str) -> None:
        """A callback or a return was refused. Whoever sends such, it counts against him and not against the account."""
        if client:
            self._window.hit(self._forgeries, "forgery", client)

    def authentic_callback(self, account_id: str) -> None:
        """Called for each authentic callback of an account. Raises: TooManyRequests."""
        self._count(self._callbacks, "callback", account_id)

    def before_call(self, *caller: str) -> None:
        """Called before a caller who was let in is served. `caller`: his id, and the place that he calls from where
        one of many that fails must not shut out the others. Raises: TooManyRequests.
        """
        self._count(self._calls, "call", *caller)

    def _has_missed(self, client: str) -> bool:
        whole_day = self._misses[-1]
        return self._window.get_window_stats(whole_day, "miss", client).remaining < whole_day.amount

    def _count(self, limit: RateLimitItem, *key: str) -> None:
        if not self._window.hit(limit, *key):
            raise TooManyRequests(self._seconds(limit, *key))

    def _refuse_beyond(self, limit: RateLimitItem, *key: str) -> None:
        if not self._window.test(limit, *key):
            raise TooManyRequests(self._seconds(limit, *key))

    def _seconds(self, limit: RateLimitItem, *key: str) -> int:
        """Until the window lets the next one in. The library counts by the machine's clock."""
        return max(1, math.ceil(self._window.get_window_stats(limit, *key).reset_time - time.time()))


def _beginning(order_key: str) -> str:
    return order_key[:-_VARYING].casefold()


def letters_and_digits(text: str) -> str:
    """What a second factor is compared by."""
    return re.sub(r"[\W_]", "", text).casefold()
