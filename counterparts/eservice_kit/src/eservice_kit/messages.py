"""What gateway and service tell each other: the types of guide 1.3.

Amounts are ``Decimal`` in units of the currency (lei, not bani). Times are aware ``datetime`` values.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class OrderStatus(StrEnum):
    ACTIVE = "Active"
    PARTIALLY_PAID = "PartiallyPaid"
    PAID = "Paid"
    COMPLETED = "Completed"
    EXPIRED = "Expired"
    CANCELLED = "Cancelled"
    REFUNDING = "Refunding"
    REFUNDED = "Refunded"


class CustomerType(StrEnum):
    UNSPECIFIED = "Unspecified"
    PERSON = "Person"
    ORGANIZATION = "Organization"


@dataclass(frozen=True, slots=True)
class OrderQuery:
    """GetOrderDetails: which order is asked for. ``language`` is ro, ru or en."""

    service_id: str
    order_key: str
    language: str = "ro"


@dataclass(frozen=True, slots=True)
class PaymentAccount:
    """Where the money of a line goes. ``bank_account`` is an IBAN, ``bank_fiscal_code`` the payee's IDNO."""

    bank_account: str
    bank_code: str
    bank_fiscal_code: str | None = None
    beneficiary_name: str | None = None
    configuration_code: str | None = None


@dataclass(frozen=True, slots=True)
class OrderProperty:
    """Something that the payer sees unless it is not ``visible``, or fills in when ``modifiable``."""

    name: str
    value: str | None = None
    display_name: str | None = None
    modifiable: bool = False
    required: bool = False
    type: str | None = None
    visible: bool = True


@dataclass(frozen=True, slots=True)
class OrderLine:
    line_id: str
    reason: str
    amount_due: Decimal | None
    account: PaymentAccount | None = None
    allow_partial: bool = False
    allow_advance: bool = False
    properties: tuple[OrderProperty, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderDetails:
    """An order as it stands now.

    Raises: ValueError when the order breaks a rule of the guide (section 8 of the contract): it has no line,
    its lines do not add up to ``total_due``, or neither a total nor a flag lets the payer name the amount.
    """

    service_id: str
    order_key: str
    reason: str
    lines: tuple[OrderLine, ...]
    status: OrderStatus = OrderStatus.ACTIVE
    total_due: Decimal | None = None
    currency: str = "MDL"
    customer_id: str | None = None
    customer_name: str | None = None
    customer_type: CustomerType | None = None
    due_date: datetime | None = None
    issued_at: datetime | None = None
    allow_partial: bool = False
    allow_advance: bool = False
    properties: tuple[OrderProperty, ...] = ()

    def __post_init__(self) -> None:
        if not self.lines:
            raise ValueError("an order needs at least one line")
        if self.total_due is None:
            if not (self.allow_partial or self.allow_advance):
                raise ValueError("an order without a total needs allow_partial or allow_advance")
        elif sum_amounts(line.amount_due for line in self.lines) != self.total_due:
            raise ValueError("the lines of an order must add up to its total")


@dataclass(frozen=True, slots=True)
class PaymentProperty:
    name: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class ConfirmationLine:
    line_id: str
    amount: Decimal
    account: PaymentAccount | None = None
    properties: tuple[PaymentProperty, ...] = ()


@dataclass(frozen=True, slots=True)
class PaymentConfirmation:
    """ConfirmOrderPayment: money was taken for an order. ``payment_id`` identifies the payment for ever."""

    service_id: str
    order_key: str
    payment_id: str
    total: Decimal
    paid_at: datetime
    lines: tuple[ConfirmationLine, ...]
    currency: str = "MDL"
    invoice_id: str | None = None
    properties: tuple[PaymentProperty, ...] = ()


def sum_amounts(amounts: Iterable[Decimal | None]) -> Decimal:
    """Add amounts; one that is not given counts nothing."""
    return sum((amount for amount in amounts if amount is not None), Decimal(0))
