"""Bank and service of the races: scripted, with books of their own, called by many processes at once."""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta

from mpay_gateway.domain.confirmation import ConfirmationToDeliver, DeliveryReceipt
from mpay_gateway.domain.errors import OutcomeUnknown, RemoteRefused
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import Order, OrderStatus
from mpay_gateway.domain.provider_answer import ProviderCapture, ProviderConfirmation, ReversalAnswer
from mpay_gateway.domain.service import Service
from tests.unit.flow.scripted import HandClock, ScriptedCalls

WAIT_SECONDS = 60
LATEST_START = 0.004
"""How much later than the barrier somebody may begin, in seconds: so that everybody is first at times."""


class RaceClock(HandClock):
    """Time that many threads may ask for: it never goes back."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def now(self):
        with self._lock:
            return super().now()

    def advance(self, **by: float) -> None:
        with self._lock:
            self.time += timedelta(**by)

    def sleep(self, seconds: float) -> None:
        self.advance(seconds=seconds)


@dataclass
class OtherSides:
    """The books of the service and the bank.

    `applied`: per order, what PaymentIDs paid it. `silent`: orders of which the service takes note and does not answer.
    `released`: orders that it calls Refunding.
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    applied: dict[str, list[str]] = field(default_factory=dict)
    heard: Counter[str] = field(default_factory=Counter)
    partial: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    released: set[str] = field(default_factory=set)
    given_back: Counter[str] = field(default_factory=Counter)
    reversal_keys: dict[str, Money] = field(default_factory=dict)
    capture_keys: dict[str, ProviderCapture] = field(default_factory=dict)


class RaceCalls(ScriptedCalls):
    """The other sides as one process calls them.

    `meet`: where the answer to its next question to the bank waits for others. `answered`: set once there is one.
    """

    def __init__(self, sides: OtherSides, script: ScriptedCalls, chance: random.Random) -> None:
        super().__init__(script.clock, captured=script.captured, status=script.status)
        self.sides = sides
        self._chance = chance
        self.meet: threading.Barrier | None = None
        self.answered: threading.Event | None = None

    def order(self, order_key: str) -> Order:
        order = super().order(order_key)
        with self.sides.lock:
            paid = order_key in self.sides.applied and order_key not in self.sides.partial
            partial, released = order_key in self.sides.partial, order_key in self.sides.released
        status = OrderStatus.PAID if paid else order.status
        status = OrderStatus.REFUNDING if released else status
        return replace(order, status=status, allow_partial=partial)

    def fetch_confirmation(self, account_id: str, payment: object, reading: object) -> ProviderConfirmation:
        answer = super().fetch_confirmation(account_id, payment, reading)
        meet, answered = self.meet, self.answered
        self.meet = self.answered = None
        if answered is not None:
            answered.set()
        if meet is not None:
            meet.wait(WAIT_SECONDS)
            pause(moment(self._chance))
        return answer

    def capture_payment(
        self, account_id: str, payment: object, amount: Money, *, key: str
    ) -> ProviderConfirmation:
        """Idempotent by key, as banks are; another key would take the money a second time."""
        with self.sides.lock:
            known = self.sides.capture_keys.get(key)
        if known is not None:
            return ProviderConfirmation(self.status[payment.reference], (known,))  # type: ignore[attr-defined]
        answer = super().capture_payment(account_id, payment, amount, key=key)
        with self.sides.lock:
            self.sides.capture_keys[key] = answer.captures[0]
        return answer

    def deliver_confirmation(self, service: Service, confirmation: ConfirmationToDeliver) -> DeliveryReceipt:
        """Apply once per PaymentID; whoever comes second for an order that takes no parts is refused."""
        self._call(confirmation.evidence, "ConfirmOrderPayment")
        told = confirmation.confirmation
        with self.sides.lock:
            self.sides.heard[told.payment_id] += 1
            paid_by = self.sides.applied.setdefault(told.order_key, [])
            if told.payment_id not in paid_by:
                if paid_by and told.order_key not in self.sides.partial:
                    raise RemoteRefused(f"paid by {paid_by}")
                paid_by.append(told.payment_id)
            if told.order_key in self.sides.silent:
                raise OutcomeUnknown("the answer was lost")
        return DeliveryReceipt()

    def reverse_payment(self, account_id: str, payment: object, amount: Money, *, key: str) -> ReversalAnswer:
        answer = super().reverse_payment(account_id, payment, amount, key=key)
        with self.sides.lock:
            if key not in self.sides.reversal_keys:
                self.sides.reversal_keys[key] = amount
                self.sides.given_back[payment.reference] += amount.minor  # type: ignore[attr-defined]
        return answer


def moment(chance: random.Random) -> float:
    """How long somebody is late, in seconds: not at all, every other time."""
    return chance.choice((0.0, chance.uniform(0, LATEST_START)))


def pause(seconds: float) -> None:
    """Be late. Not by the gateway's clock, which does not wait."""
    if seconds:
        time.sleep(seconds)
