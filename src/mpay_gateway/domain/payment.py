"""A payment and the facts that hang on it: captures, deliveries, reversals, each with its own states."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mpay_gateway.domain.identifiers import AccountId, InvoiceId, OrderKey, PaymentId, ServiceId
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.service import Channel


class PaymentState(StrEnum):
    """`created`: a row, nothing sent. `started`: a call may have been sent. "Not known" is no state."""

    CREATED = "created"
    STARTED = "started"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def open(self) -> bool:
        """Whether money may still move without anything new from the payer's side."""
        return self in {PaymentState.CREATED, PaymentState.STARTED, PaymentState.AUTHORISED}


class CaptureState(StrEnum):
    """One capture per provider transaction; a payment may have several, one of them claimed at most.

    `claimed`: pays the order. `surplus`: to be given back, nothing is sent. `review`: another amount or currency
    than asked; two people decide.
    """

    CLAIMED = "claimed"
    SURPLUS = "surplus"
    REVIEW = "review"


class ClaimState(StrEnum):
    """`held`: a payment is under way. `captured`: money is there, the service does not know. Then the two ends."""

    HELD = "held"
    CAPTURED = "captured"
    ACKNOWLEDGED = "acknowledged"
    RELEASED = "released"


class DeliveryState(StrEnum):
    """`parked`: waits for a person. `given-up`: never sent again, the money goes back to the payer."""

    DUE = "due"
    LEASED = "leased"
    CONFIRMED = "confirmed"
    PARKED = "parked"
    GIVEN_UP = "given-up"


class IntentState(StrEnum):
    """`due`: the provider is asked to take held money until it says a definite yes (`done`) or no (`refused`).

    So it stays when two operators end its payment: nobody knows, and nobody is asked.
    """

    DUE = "due"
    DONE = "done"
    REFUSED = "refused"


class ReversalState(StrEnum):
    DUE = "due"
    DONE = "done"
    REFUSED = "refused"


class ReversalGround(StrEnum):
    """Why captured money goes back. Nothing else may reverse (architecture, money safety)."""

    CLAIM_LOST = "claim-lost"
    SECOND_CAPTURE = "second-capture"
    SERVICE_REFUSED = "service-refused"
    BY_PROVIDER = "by-provider"
    ORDER_GONE = "order-gone"
    OPERATORS = "operators"


class DeclineReason(StrEnum):
    """Why a provider declined, as far as a payer may know; each has a text in three languages."""

    NO_FUNDS = "no-funds"
    CARD_REFUSED = "card-refused"
    CARD_EXPIRED = "card-expired"
    NOT_AUTHENTICATED = "not-authenticated"
    LIMIT = "limit"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as stored. Times are UTC; `version` counts its changes (compare-and-set)."""

    id: PaymentId
    invoice_id: InvoiceId
    snapshot_id: str
    service_id: ServiceId
    order_key: OrderKey
    instrument_id: str
    account_id: AccountId
    channel: Channel
    amount: Money
    state: PaymentState
    reference: str
    created_at: datetime
    session_until: datetime
    description: str = ""
    details: str = "[]"
    device: str = ""
    remote_reference: str = ""
    next_step: str = ""
    method: str = ""
    decline_reason: DeclineReason | None = None
    captured_at: datetime | None = None
    next_check_at: datetime | None = None
    checks: int = 0
    visit_token: str = ""
    form_token: str = ""
    receipt_token: str = ""
    language: str = "ro"
    version: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """A payment's hold on what one snapshot says is due. `until`: when the payer's time ends (UTC).

    `shares`: line id and the part of `amount` that goes to it, fixed when the claim was taken.
    """

    id: str
    service_id: ServiceId
    order_key: OrderKey
    snapshot_id: str
    payment_id: PaymentId
    amount: Money
    state: ClaimState
    until: datetime
    shares: tuple[tuple[str, Money], ...] = ()
    acknowledged_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Capture:
    """Money that the provider says it took: its own transaction id, its amount, not ours."""

    id: str
    payment_id: PaymentId
    account_id: AccountId
    transaction_id: str
    amount: Money
    state: CaptureState
    captured_at: datetime


def paid_amount(payment: Payment, captures: Iterable[Capture]) -> Money:
    """What pays the order, where operators accepted another amount; else what was asked."""
    claimed = (each.amount for each in captures if each.state is CaptureState.CLAIMED)
    return next(claimed, payment.amount)


@dataclass(frozen=True, slots=True)
class CaptureIntent:
    """The decision to take held money, stored before the provider is asked. `key`: the same at every try.

    While it is due the money may be taken already: nothing may be voided. `wanted`: whether the order still takes
    the money, by the service's latest answer; if not, it is given back as soon as it is known to be taken.
    """

    id: str
    payment_id: PaymentId
    key: str
    amount: Money
    state: IntentState
    created_at: datetime
    wanted: bool = True
    attempts: int = 0
    last_error: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The telling of one confirmation to the service.

    `content` is what is always sent, fixed at capture. `unanswered` counts the tries of which the service may
    know, from the commit before they leave: while there is another one, no refusal may lead to a reversal.
    `parked_reason`: why the machine says that it is parked; `note`: what an operator said of it last. `owner`: who
    looks after it while it is parked.
    """

    id: str
    payment_id: PaymentId
    service_id: ServiceId
    state: DeliveryState
    attempts: int
    content: str
    content_digest: str
    created_at: datetime
    unanswered: int = 0
    confirmed_at: datetime | None = None
    parked_reason: str = ""
    note: str = ""
    owner: str = ""
    last_error: str = ""


@dataclass(frozen=True, slots=True)
class Reversal:
    """Money on its way back. `key` is the idempotency key that the provider is given at every try.

    `capture_id` is None for the void of an authorisation, until the money turns out to be taken. `returned`: what the
    provider says that it gave back on our word.
    """

    id: str
    payment_id: PaymentId
    capture_id: str | None
    key: str
    amount: Money
    returned: Money
    ground: ReversalGround
    state: ReversalState
    created_at: datetime
    done_at: datetime | None = None
    attempts: int = 0
    last_error: str = ""

    @property
    def gone(self) -> Money:
        """What has gone back of it."""
        return self.amount if self.state is ReversalState.DONE else self.returned

    @property
    def held(self) -> Money:
        """What has gone back of it, or may have."""
        return self.returned if self.state is ReversalState.REFUSED else self.amount
