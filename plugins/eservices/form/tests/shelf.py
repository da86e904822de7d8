"""Orders as the gateway and its record store meet them, and a store in memory."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from mpay_eservice_form.settings import Field, FieldType, Line, PayerPart, ServiceForm
from mpay_gateway.api import (
    Confirmation,
    ConfirmationLine,
    Conflict,
    InvoiceId,
    LocalText,
    PaymentAccount,
    PaymentId,
    Record,
    Service,
    ServiceId,
)

LARGEST_RECORD = 64 * 1024
"""What the gateway's store takes."""
NOW = datetime(2026, 11, 23, 21, 59, 59, tzinfo=UTC)
"""One second before midnight in Chisinau."""
TEXT = LocalText("Ceva", "Что-то", "Something")
OWN, DEFAULT = (
    PaymentAccount(iban="MD22AG000000022512345678"),
    PaymentAccount(iban="MD87TRPBAA142310A1500001"),
)
FORM = ServiceForm(
    TEXT, TEXT,
    (Line("meals", TEXT, amount=Decimal("620.00")), Line("upkeep", TEXT, amount=Decimal("80.50"), account=OWN)),
    (Field("child", LocalText("Copil", "Ребёнок", "Child")),
     Field("day", LocalText("Ziua", "День", "Day"), FieldType.DATE),
     Field("who", TEXT, payer=PayerPart.NAME)),
)  # fmt: skip
SERVICE = Service(ServiceId("K1"), "form", TEXT, TEXT, FORM, account=DEFAULT)


class Shelf:
    """A record store in memory. `break_on`: puts of keys that begin so fail once, before or after they are done."""

    def __init__(self):
        self.kept = {}
        self.break_on = ""
        self.done_first = False
        self.rivals = 0

    def get(self, key):
        return self.kept.get(key)

    def put(self, key, value, expected_version):
        broken = self.break_on and key.startswith(self.break_on)
        if broken and not self.done_first:
            self._break()
        if self.rivals and key in self.kept:
            self.rivals -= 1
            raise Conflict("somebody was faster")
        if (self.kept[key].version if key in self.kept else 0) != expected_version:
            raise Conflict("another version")
        if len(value) > LARGEST_RECORD:
            raise ValueError(f"{len(value)} bytes")
        self.kept[key] = Record(key, value, expected_version + 1)
        if broken:
            self._break()
        return self.kept[key]

    def list(self, prefix, *, after="", limit=1000):
        found = sorted(key for key in self.kept if key.startswith(prefix) and key > after)
        return tuple(self.kept[key] for key in found[:limit])

    def _break(self):
        self.break_on = ""
        raise KeyboardInterrupt


def confirmation(order, **changes):
    told = Confirmation(
        PaymentId("P1"), InvoiceId("00000000000000"), ServiceId("K1"), order.key, NOW, order.total,
        tuple(ConfirmationLine(line.id, order.amount(line), line.account) for line in order.lines),
    )  # fmt: skip
    return replace(told, **changes)
