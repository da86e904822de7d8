"""Orders as a service describes them at one moment: the answer of GetOrderDetails, and what may be paid of it."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from mpay_gateway.domain.deviation import Deviation
from mpay_gateway.domain.identifiers import OrderKey, ServiceId
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.proof import Proof


class OrderStatus(StrEnum):
    """Contract section 2; only the first two can be paid."""

    ACTIVE = "Active"
    PARTIALLY_PAID = "PartiallyPaid"
    PAID = "Paid"
    COMPLETED = "Completed"
    EXPIRED = "Expired"
    CANCELLED = "Cancelled"
    REFUNDING = "Refunding"
    REFUNDED = "Refunded"

    @property
    def payable(self) -> bool:
        return self in {OrderStatus.ACTIVE, OrderStatus.PARTIALLY_PAID}

    @property
    def settled(self) -> bool:
        """Whether the service considers the order paid."""
        return self in {OrderStatus.PAID, OrderStatus.COMPLETED}


class CustomerType(StrEnum):
    UNSPECIFIED = "Unspecified"
    PERSON = "Person"
    ORGANIZATION = "Organization"


@dataclass(frozen=True, slots=True)
class PaymentAccount:
    """Where the money of a line goes (guide 1.3, PaymentAccount). Empty strings where nothing is known."""

    iban: str = ""
    bank_code: str = ""
    fiscal_code: str = ""
    beneficiary: str = ""
    configuration_code: str = ""
    treasury_account: str = ""


@dataclass(frozen=True, slots=True)
class OrderProperty:
    """A named value of an order or a line. `type` is open: unknown types are treated as `string`."""

    name: str
    value: str = ""
    display_name: str = ""
    type: str = "string"
    id: str = ""
    visible: bool = True
    modifiable: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One thing to pay. `amount_due` is None when the service does not know it yet."""

    line_id: str
    reason: str
    amount_due: Money | None
    account: PaymentAccount
    allow_partial: bool | None = None
    allow_advance: bool | None = None
    properties: tuple[OrderProperty, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """One order of a GetOrderDetails answer, checked: at least one line, lines sum to the total.

    Times are UTC. `total_due` is None when the amount is not known yet. `customer_id_asked`: the service does not
    know who pays and wants the payer to say it (contract section 3).
    """

    service_id: ServiceId
    order_key: OrderKey
    reason: str
    status: OrderStatus
    currency: str
    total_due: Money | None
    lines: tuple[OrderLine, ...]
    customer_id: str = ""
    customer_name: str = ""
    customer_id_asked: bool = False
    customer_type: CustomerType = CustomerType.UNSPECIFIED
    issued_at: datetime | None = None
    due_at: datetime | None = None
    allow_partial: bool = False
    allow_advance: bool = False
    properties: tuple[OrderProperty, ...] = ()

    @property
    def version(self) -> str:
        """Digest of what concerns money, and of nothing else: another language is not another order.

        Hexadecimal SHA-256 over lines (id, amount, account), total, currency, flags, status and due date.
        """
        concerns = [
            [[line.line_id, _minor(line.amount_due), *_destination(line.account)] for line in self.lines],
            _minor(self.total_due), self.currency, self.partial_allowed, self.advance_allowed, self.status.value,
            self.due_at.isoformat() if self.due_at else None,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(concerns, separators=(",", ":")).encode()).hexdigest()

    @property
    def partial_allowed(self) -> bool:
        """Flags are honoured on the order, else on the first line (contract section 8)."""
        return self.allow_partial or bool(self.lines[0].allow_partial)

    @property
    def advance_allowed(self) -> bool:
        return self.allow_advance or bool(self.lines[0].allow_advance)

    def overdue(self, now: datetime) -> bool:
        """Whether the due date has passed. The service alone decides whether it still takes the money."""
        return self.due_at is not None and self.due_at < now


@dataclass(frozen=True, slots=True)
class OrderLookup:
    """What a connector returns for one query.

    `orders` is empty when the service knows no such order, in whichever form it said so. `certain`: it said so in
    a form that means nothing else; if not, it may have been a passing fault, and money that is held stays held.
    `fault`: the code of the fault by which it said so, empty where it sent none.
    `skew`: the service's clock minus ours, None when the answer carried no time. `proof`: the signature by which the
    answer is believed, None where it is not signed.
    """

    orders: tuple[Order, ...]
    deviations: tuple[Deviation, ...] = ()
    skew: timedelta | None = None
    proof: Proof | None = None
    certain: bool = True
    fault: str = ""


def _destination(account: PaymentAccount) -> tuple[str, ...]:
    """What decides where money goes; what the beneficiary is called is a text."""
    return (
        account.iban, account.treasury_account, account.bank_code, account.fiscal_code,
        account.configuration_code,
    )  # fmt: skip


def _minor(money: Money | None) -> int | None:
    return None if money is None else money.minor
