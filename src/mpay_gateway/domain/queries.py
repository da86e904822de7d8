"""Arguments of hooks that are no things of the domain by themselves."""

from dataclasses import dataclass
from datetime import date, datetime

from mpay_gateway.domain.evidence import EvidenceSink
from mpay_gateway.domain.identifiers import AccountId, OrderKey, PaymentId, ServiceId
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.payment import PaymentState


@dataclass(frozen=True, slots=True)
class OrderQuery:
    """What GetOrderDetails asks (contract section 2)."""

    service_id: ServiceId
    order_key: OrderKey
    language: Language
    evidence: EvidenceSink


@dataclass(frozen=True, slots=True)
class StatementPeriod:
    """One day of one account's statement, in the provider's own calendar."""

    account_id: AccountId
    day: date


@dataclass(frozen=True, slots=True)
class PaymentChange:
    """A committed change of a payment's state. `before` is None when the payment is new."""

    payment_id: PaymentId
    before: PaymentState | None
    after: PaymentState
    at: datetime
