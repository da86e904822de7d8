"""The orders of the service that tests break: four kinds, in memory, and each rule that it may be lax about."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from eservice_kit import (
    CustomerType,
    Fault,
    FaultCode,
    OrderDetails,
    OrderLine,
    OrderProperty,
    OrderQuery,
    OrderStatus,
    PaymentAccount,
    PaymentConfirmation,
    content_digest,
)

SERVICE_ID = "SHOP-7"
READ = "READ-100"
RIGID = tuple(f"RIGID-{number}" for number in range(1, 6))
PARTS = "PARTS-1"
EXPIRED = "LATE-1"
OPEN = "OPEN-1"
ACCOUNTS = (
    PaymentAccount("MD87TRPBAA142310A1500001", "TREZMD2X", "1006601000255", "MF - Trezoreria de Stat"),
    PaymentAccount("MD22AG000000022512345678", "AGRNMD2X", "1007606001232", "Agenția Țara"),
)
REASONS = {"ro": "Taxă școlară", "ru": "Школьный сбор", "en": "School fee"}


@dataclass(slots=True)
class Entry:
    """An order and what was paid of it. The amount of an open one is for the payer to name."""

    status: OrderStatus = OrderStatus.ACTIVE
    in_parts: bool = False
    is_open: bool = False
    due: list[Decimal] = field(default_factory=lambda: [Decimal("120.50"), Decimal("79.50")])
    payments: list[str] = field(default_factory=list)


class Books:
    """A correct shop. `lax` names the rules that it forgets."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.lax: set[str] = set()
        self.orders = {key: Entry() for key in (READ, *RIGID)}
        self.orders[PARTS] = Entry(in_parts=True)
        self.orders[EXPIRED] = Entry(OrderStatus.EXPIRED)
        self.orders[OPEN] = Entry(in_parts=True, is_open=True)
        self.digests: dict[str, str] = {}
        self.find: Callable[[str], str | None] = lambda key: key if key in self.orders else None

    def get_order_details(self, query: OrderQuery) -> tuple[OrderDetails, ...]:
        if query.service_id != SERVICE_ID and "lookup-service" not in self.lax:
            raise Fault(FaultCode.UNKNOWN_SERVICE, "no such service")
        key = self.find(query.order_key)
        return () if key is None else (self.describe(key, query.language),)

    def describe(self, key: str, language: str) -> OrderDetails:
        entry = self.orders[key]
        lines = tuple(
            OrderLine(
                f"L{place}",
                f"{REASONS[language]} {place}",
                None if entry.is_open else due,
                ACCOUNTS[place],
                allow_partial=entry.in_parts,
            )
            for place, due in enumerate(entry.due)
        )
        now = datetime.now(UTC)
        return OrderDetails(
            service_id=SERVICE_ID, order_key=key, reason=REASONS[language], lines=lines, status=entry.status,
            total_due=None if entry.is_open else sum(entry.due, Decimal(0)),
            customer_id="2002004005676", customer_name="Ștefan Țurcanu",
            customer_type=CustomerType.PERSON, issued_at=now - timedelta(days=3), due_date=now + timedelta(days=3),
            allow_partial=entry.in_parts, properties=(OrderProperty("Class", "5A", "Clasa", type="string"),),
        )  # fmt: skip

    def confirm_order_payment(self, told: PaymentConfirmation) -> None:
        with self.lock:
            known = self.digests.get(told.payment_id)
            if known is not None:
                self.repeat(told, known)
                return
            self.check(told)
            self.take(told)

    def repeat(self, told: PaymentConfirmation, known: str) -> None:
        """A PaymentID that was told before."""
        if known != content_digest(told):
            raise Fault(FaultCode.INVALID_PARAMETER, "this PaymentID was told before with other content")

    def check(self, told: PaymentConfirmation) -> None:
        """Raises: Fault for what does not fit the order, but for what the shop is lax about."""
        entry = self.orders.get(told.order_key)
        if told.service_id != SERVICE_ID and "service" not in self.lax:
            raise Fault(FaultCode.UNKNOWN_SERVICE, "no such service")
        if entry is None:
            if "order" in self.lax:
                return
            raise Fault(FaultCode.UNKNOWN_ORDER, "no such order")
        for rule, is_broken in self.rules(told, entry).items():
            if is_broken and rule not in self.lax:
                raise Fault(FaultCode.INVALID_PARAMETER, f"{rule} is wrong")

    def rules(self, told: PaymentConfirmation, entry: Entry) -> dict[str, bool]:
        """Each rule, and whether the confirmation breaks it. Only one that is lax is looked at with others in mind."""
        names = [line.line_id for line in told.lines]
        amounts = [line.amount for line in told.lines]
        due = {f"L{place}": amount for place, amount in enumerate(entry.due)}
        twice = len(names) != len(set(names))
        known = all(name in due for name in names)
        more = known and not twice and any(line.amount > due[line.line_id] for line in told.lines)
        return {
            "total": told.total != sum(amounts, Decimal(0)),
            "currency": told.currency != "MDL",
            "line": not known,
            "twice": twice,
            "more": more,
            "nothing": not sum(amounts, Decimal(0)),
            "negative": any(amount < 0 for amount in amounts),
            "paid": entry.status is OrderStatus.PAID,
            "less": known
            and not more
            and not entry.in_parts
            and 0 < sum(amounts, Decimal(0)) < sum(entry.due, Decimal(0)),
        }

    def take(self, told: PaymentConfirmation) -> None:
        """Store a payment and its effect."""
        if told.payment_id:
            self.digests[told.payment_id] = content_digest(told)
        entry = self.orders.get(told.order_key)
        if entry is None:
            return
        entry.payments.append(told.payment_id)
        self.apply(entry, told)

    def apply(self, entry: Entry, told: PaymentConfirmation) -> None:
        """What a payment changes: the whole of a rigid order, the lines of one that is paid in parts."""
        if not entry.in_parts:
            entry.status = OrderStatus.PAID
            return
        for line in told.lines:
            entry.due[int(line.line_id[1:])] -= line.amount
        entry.status = OrderStatus.PARTIALLY_PAID
