"""An order as it is kept: all that its definition said when it was made, so that a later one does not change it."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from mpay_eservice_form.filling import Filled, Value
from mpay_eservice_form.settings import PayerPart, ServiceForm
from mpay_gateway.api import LocalText, Money, PaymentAccount, Service, sum_money


@dataclass(frozen=True, slots=True)
class StoredLine:
    id: str
    reason: LocalText
    minor: int
    account: PaymentAccount


@dataclass(frozen=True, slots=True)
class Paid:
    """The one payment of an order. Times are UTC; `told_at`: when it was first told."""

    payment_id: str
    invoice_id: str
    paid_at: datetime
    told_at: datetime


@dataclass(frozen=True, slots=True)
class Released:
    """That the beneficiary lets the money of a paid order go back: since when (UTC), who wrote it down, and why."""

    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """`due_at`: until when it can be paid (UTC). `paid`: None as long as nobody has paid it.

    `released`: None as long as its beneficiary keeps the money.
    """

    service_id: str
    key: str
    reason: LocalText
    currency: str
    lines: tuple[StoredLine, ...]
    values: tuple[Value, ...]
    payer_name: str
    payer_code: str
    made_at: datetime
    due_at: datetime
    paid: Paid | None = None
    released: Released | None = None

    @property
    def total(self) -> Money:
        return sum_money((self.amount(line) for line in self.lines), self.currency)

    def amount(self, line: StoredLine) -> Money:
        return Money.from_minor(line.minor, self.currency)

    def to_json(self) -> bytes:
        """The record's content. What is shown as it was written is written once."""
        plain = asdict(self)
        for value, each in zip(self.values, plain["values"], strict=True):
            if value.shown == LocalText(value.value):
                del each["shown"]
        written = json.dumps(plain, ensure_ascii=False, separators=(",", ":"), default=datetime.isoformat)
        return written.encode()

    @classmethod
    def from_json(cls, content: bytes) -> "StoredOrder":
        """The order that `to_json` wrote."""
        plain = json.loads(content)
        return cls(
            **plain
            | {
                "reason": LocalText(**plain["reason"]),
                "lines": tuple(map(_line, plain["lines"])),
                "values": tuple(map(_value, plain["values"])),
                "made_at": datetime.fromisoformat(plain["made_at"]),
                "due_at": datetime.fromisoformat(plain["due_at"]),
                "paid": None if plain["paid"] is None else _paid(plain["paid"]),
                "released": None if plain.get("released") is None else _released(plain["released"]),
            }
        )


def make_order(service: Service, form: ServiceForm, filled: Filled, now: datetime) -> StoredOrder:
    """The order of a form that was filled in without errors; its key is drawn when it is stored."""
    told = {
        field.payer: value.value
        for field in form.fields
        for value in filled.values
        if value.name == field.name
    }
    return StoredOrder(
        service_id=service.id,
        key="",
        reason=form.reason,
        currency=form.currency,
        lines=tuple(
            StoredLine(
                line.id, line.reason, amount.minor, line.account if line.account.iban else service.account
            )
            for line, amount in filled.amounts
        ),
        values=filled.values,
        payer_name=told.get(PayerPart.NAME, ""),
        payer_code=told.get(PayerPart.CODE, ""),
        made_at=now,
        due_at=now + form.valid,
    )


def emptied(order: StoredOrder) -> StoredOrder:
    """The order without anything that somebody wrote into its form."""
    return replace(order, values=(), payer_name="", payer_code="")


def _line(plain: dict[str, Any]) -> StoredLine:
    return StoredLine(
        **plain | {"reason": LocalText(**plain["reason"]), "account": PaymentAccount(**plain["account"])}
    )


def _value(plain: dict[str, Any]) -> Value:
    shown = LocalText(**plain["shown"]) if "shown" in plain else LocalText(plain["value"])
    return Value(**plain | {"label": LocalText(**plain["label"]), "shown": shown})


def _paid(plain: dict[str, Any]) -> Paid:
    times = {name: datetime.fromisoformat(plain[name]) for name in ("paid_at", "told_at")}
    return Paid(**plain | times)


def _released(plain: dict[str, Any]) -> Released:
    return Released(**plain | {"at": datetime.fromisoformat(plain["at"])})
