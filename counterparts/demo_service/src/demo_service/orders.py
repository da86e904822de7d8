"""Orders and payments as the shop keeps them. Amounts are whole bani."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from demo_service.kinds import Kind
from demo_service.offers import FINES, TERMS, Offer

_KEY_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class PaymentState(Enum):
    """How an order stands, as its page shows it."""

    WAITING = "waiting"
    PARTLY_PAID = "partly-paid"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUNDING = "refunding"
    REFUNDED = "refunded"


_GIVEN_BACK = {Kind.REFUNDING: PaymentState.REFUNDING, Kind.REFUNDED: PaymentState.REFUNDED}


@dataclass(frozen=True, slots=True)
class Line:
    """``part`` 0, 1 or 2 tells which text and account the line has."""

    line_id: str
    part: int
    amount: int
    paid: int

    @property
    def remaining(self) -> int:
        return max(self.amount - self.paid, 0)


@dataclass(frozen=True, slots=True)
class Payment:
    payment_id: str
    total: int
    paid_at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """``place`` stands in page addresses: the key, or something unguessable where keys can be guessed."""

    order_key: str
    place: str
    service_id: str
    offer: Offer
    kind: Kind
    customer_name: str
    customer_id: str | None
    detail: str
    slow_seconds: float | None
    created_at: datetime
    due_at: datetime
    lookups: int
    lines: tuple[Line, ...]
    payments: tuple[Payment, ...]

    @property
    def total(self) -> int:
        return sum(line.amount for line in self.lines)

    @property
    def paid(self) -> int:
        return sum(payment.total for payment in self.payments)

    @property
    def remaining(self) -> int:
        return sum(line.remaining for line in self.lines)

    def state_at(self, now: datetime) -> PaymentState:
        """How the order stands at ``now``; money that came counts before any date, money that went before all."""
        if self.kind in _GIVEN_BACK:
            return _GIVEN_BACK[self.kind]
        if self.payments and (not self.remaining or self.kind is Kind.AMOUNT_UNKNOWN):
            return PaymentState.PAID
        if self.kind in (Kind.CANCELLED, Kind.DEVIATION_CANCELLED):
            return PaymentState.CANCELLED
        if now >= self.due_at:
            return PaymentState.EXPIRED
        return PaymentState.PARTLY_PAID if self.payments else PaymentState.WAITING


@dataclass(frozen=True, slots=True)
class NewOrder:
    """What somebody orders. ``amount`` in bani and ``due_in`` in seconds replace what the kind would give."""

    offer: Offer
    kind: Kind
    customer_name: str
    detail: str
    customer_id: str | None = None
    amount: int | None = None
    slow_seconds: float | None = None
    due_in: float | None = None


def new_order_key(offer: Offer, now: datetime) -> str:
    """A key: eight digits for a fine, as on a paper ticket; 50 random bits for everything else."""
    if TERMS[offer].service_id == FINES:
        return str(secrets.randbelow(90_000_000) + 10_000_000)
    return f"DEMO-{now:%y}-" + "".join(secrets.choice(_KEY_ALPHABET) for _ in range(10))


def new_place(offer: Offer, order_key: str) -> str:
    return secrets.token_urlsafe(16) if TERMS[offer].service_id == FINES else order_key
