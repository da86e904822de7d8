"""Payments that start elsewhere: what a terminal or a payment network asks, and what it is told.

Everything is named by the caller's own key, scoped to its provider account. Refused money stays the provider's debt
to the payer; accepted money is the provider's debt to us (architecture, section 2).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mpay_gateway.domain.evidence import MessageMeta
from mpay_gateway.domain.identifiers import OrderKey, PaymentId, ServiceId
from mpay_gateway.domain.invoice import Invoice
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.money import Money

_KEY = re.compile(r"[!-~]{1,100}\Z", re.ASCII)


def check_inbound_key(key: str) -> str:
    """The key itself. Raises: ValueError unless it is 1 to 100 printable ASCII characters without space."""
    if not _KEY.match(key):
        raise ValueError("an inbound key has 1 to 100 printable ASCII characters and no space")
    return key


class RefusalReason(StrEnum):
    """Why an order cannot be paid from elsewhere now, or money for it is not taken."""

    UNKNOWN_SERVICE = "unknown-service"
    UNKNOWN_ORDER = "unknown-order"
    PAID = "paid"
    GONE = "gone"  # expired, cancelled, refunded, or nothing due
    IN_PROGRESS = "in-progress"  # another payer pays it
    TOO_LITTLE = "too-little"
    TOO_MUCH = "too-much"
    CURRENCY = "currency"
    FILL_IN = "fill-in"  # the payer has to say what he can say in the portal alone
    CLOSED = "closed"  # the account is retired, or its instrument is switched off


@dataclass(frozen=True, slots=True)
class OrderName:
    """An order by the names that a payer knows. Both are as he typed them until the port has read them."""

    service_id: str
    order_key: str


@dataclass(frozen=True, slots=True)
class InboundQuery:
    """What is due of an order? `second_factor`: what the payer typed where the service demands more than the key."""

    order: OrderName
    language: Language = Language.RO
    second_factor: str = ""


@dataclass(frozen=True, slots=True)
class DueOrder:
    """What may be shown at the payer's place: names and codes are masked as the service wishes.

    `invoice.payable`: what may be paid at most now, zero with a `refusal`, None when the payer says
    how much he pays. `smallest`: the least that may be paid.
    """

    invoice: Invoice
    smallest: Money
    refusal: RefusalReason | None = None


@dataclass(frozen=True, slots=True)
class CollectedPayment:
    """Money that was taken from a payer elsewhere.

    `taken_at`: when (UTC); a time to come counts as now. `method`: what the payer used, fit for a receipt. `message`:
    the authenticated request as it came, kept as evidence.
    """

    order: OrderName
    key: str
    amount: Money
    taken_at: datetime
    method: str = ""
    message: bytes = b""
    meta: MessageMeta = MessageMeta("accept")

    def __post_init__(self) -> None:
        check_inbound_key(self.key)


@dataclass(frozen=True, slots=True)
class Claimed:
    """The order is held until `until` (UTC) for the money of this key."""

    payment_id: PaymentId
    reference: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Accepted:
    """The money is in our books, in this call. `reference`: ours, in the form that the provider declares."""

    payment_id: PaymentId
    reference: str


@dataclass(frozen=True, slots=True)
class AlreadyAccepted:
    """The money of this key was booked by an earlier call; nothing was booked by this one."""

    payment_id: PaymentId
    reference: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The money is not booked and never will be under this key: it is the provider's debt to the payer."""

    reason: RefusalReason


class IntakeState(StrEnum):
    """What became of a key. `released`: a claim that was let go or ran out, and no money was told."""

    UNKNOWN = "unknown"
    CLAIMED = "claimed"
    RELEASED = "released"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class IntakeStatus:
    """What is known of a key. `told`: whether the service has confirmed that it knows of the money."""

    state: IntakeState
    order: OrderName | None = None
    amount: Money | None = None
    reference: str = ""
    reason: RefusalReason | None = None
    told: bool = False


@dataclass(frozen=True, slots=True)
class Intake:
    """What was first said under a key, and what came of it. `payment_id`: None while nothing was ever held or taken.

    `message`: of a refusal; what was accepted has its evidence with the payment. Never changed: order and amount,
    unless the key was released before any money was told.
    """

    key: str
    service_id: ServiceId
    order_key: OrderKey
    amount: Money
    state: IntakeState
    at: datetime
    device: str = ""
    payment_id: PaymentId | None = None
    reason: RefusalReason | None = None
    message: bytes = b""

    def same(self, order: OrderName, amount: Money) -> bool:
        """Whether the same is said of the key again."""
        return (self.service_id, self.order_key, self.amount) == (order.service_id, order.order_key, amount)
