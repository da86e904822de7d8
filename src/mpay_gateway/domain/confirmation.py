"""The confirmation that a service gets: built once at capture, sent with the same content for ever."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from mpay_gateway.domain.deviation import Deviation
from mpay_gateway.domain.evidence import EvidenceSink
from mpay_gateway.domain.identifiers import InvoiceId, OrderKey, PaymentId, ServiceId
from mpay_gateway.domain.invoice import LineAllocation
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import Order, OrderProperty, PaymentAccount
from mpay_gateway.domain.proof import Proof
from mpay_gateway.domain.short_names import short_names

PROPERTY_PREFIX = "HO:"
"""Order-level properties come back prefixed (samples of guide 1.3)."""
ACCOUNT_PROPERTY = "Cont beneficiar"
"""The guide's own sample repeats the account of a line under this name."""
VALUE_LENGTH = 255
NAME_LENGTH = 36


@dataclass(frozen=True, slots=True)
class ConfirmationLine:
    line_id: str
    amount: Money
    account: PaymentAccount
    properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What ConfirmOrderPayment says (contract section 2). `paid_at` is UTC; the connector writes local time."""

    payment_id: PaymentId
    invoice_id: InvoiceId
    service_id: ServiceId
    order_key: OrderKey
    paid_at: datetime
    total: Money
    lines: tuple[ConfirmationLine, ...]
    properties: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> str:
        """Canonical text: the same confirmation gives the same bytes."""
        return json.dumps(_plain(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @property
    def digest(self) -> str:
        """Hexadecimal SHA-256 of the canonical text."""
        return content_digest(self.to_json())

    @classmethod
    def from_json(cls, text: str) -> "Confirmation":
        """The confirmation that `to_json` wrote."""
        data = json.loads(text)
        currency = data["currency"]
        return cls(
            payment_id=PaymentId(data["payment_id"]),
            invoice_id=InvoiceId(data["invoice_id"]),
            service_id=ServiceId(data["service_id"]),
            order_key=OrderKey(data["order_key"]),
            paid_at=datetime.fromisoformat(data["paid_at"]),
            total=Money.from_minor(data["total"], currency),
            lines=tuple(_line_from(line, currency) for line in data["lines"]),
            properties=tuple((name, value) for name, value in data["properties"]),
        )


@dataclass(frozen=True, slots=True)
class ConfirmationToDeliver:
    """A confirmation with the sink for the messages of this try. `attempt` counts from 1."""

    confirmation: Confirmation
    attempt: int
    evidence: EvidenceSink


@dataclass(frozen=True, slots=True)
class DeliveryReceipt:
    """The service's signed word that it knows. `skew_seconds`: its clock minus ours.

    `proof`: the signature by which it is believed. The answer may say nothing else of the payment, so that only this
    tells a copy that was meant for another one. `deviations`: what was off the contract in saying it.
    """

    skew_seconds: float | None = None
    proof: Proof | None = None
    deviations: tuple[Deviation, ...] = ()


def build_lines(allocations: tuple[LineAllocation, ...]) -> tuple[ConfirmationLine, ...]:
    """The lines of a confirmation, each to the account of the order that was paid."""
    return tuple(
        ConfirmationLine(
            line_id=part.line.line_id,
            amount=part.amount,
            account=part.line.account,
            properties=_returned(part.line.properties, NAME_LENGTH)
            + (((ACCOUNT_PROPERTY, part.line.account.iban),) if part.line.account.iban else ()),
        )
        for part in allocations
    )


def build_properties(order: Order, method: str) -> tuple[tuple[str, str], ...]:
    """The order's own properties, prefixed, and what the payer paid with (`Bank`)."""
    room = NAME_LENGTH - len(PROPERTY_PREFIX)
    returned = tuple((f"{PROPERTY_PREFIX}{name}", value) for name, value in _returned(order.properties, room))
    return returned + ((("Bank", method[:VALUE_LENGTH]),) if method else ())


def content_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _returned(properties: tuple[OrderProperty, ...], longest: int) -> tuple[tuple[str, str], ...]:
    """Names of `longest` characters at most: the same whichever of the properties have a value."""
    names = short_names((each.name for each in properties), longest)
    return tuple((names[each.name], each.value[:VALUE_LENGTH]) for each in properties if each.value)


def _plain(confirmation: Confirmation) -> dict[str, object]:
    return {
        "payment_id": confirmation.payment_id,
        "invoice_id": confirmation.invoice_id,
        "service_id": confirmation.service_id,
        "order_key": confirmation.order_key,
        "paid_at": confirmation.paid_at.isoformat(),
        "currency": confirmation.total.currency,
        "total": confirmation.total.minor,
        "lines": [
            {
                "line_id": line.line_id,
                "amount": line.amount.minor,
                "account": {
                    name: getattr(line.account, name) for name in PaymentAccount.__dataclass_fields__
                },
                "properties": [list(pair) for pair in line.properties],
            }
            for line in confirmation.lines
        ],
        "properties": [list(pair) for pair in confirmation.properties],
    }


def _line_from(data: dict[str, object], currency: str) -> ConfirmationLine:
    amount, account, properties = data["amount"], data["account"], data["properties"]
    assert isinstance(amount, int)
    assert isinstance(account, dict)
    assert isinstance(properties, list)
    return ConfirmationLine(
        line_id=str(data["line_id"]),
        amount=Money.from_minor(amount, currency),
        account=PaymentAccount(**account),
        properties=tuple((name, value) for name, value in properties),
    )
