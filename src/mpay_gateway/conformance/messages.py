"""What we ask, as raw XML: the payloads of both operations, and confirmations before they become XML."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from mpay_gateway.conformance.names import CONTRACT

_LOCAL = ZoneInfo("Europe/Chisinau")
_ACCOUNT_MEMBERS = ("BankAccount", "BankCode", "BankFiscalCode", "BeneficiaryName", "ConfigurationCode")
Account = tuple[tuple[str, str], ...]
"""Members of a PaymentAccount and their texts."""


def element(name: str, text: str) -> str:
    """One element with text, which is escaped."""
    return f"<{name}>{escape(text)}</{name}>"


def lookup(service_id: str, order_key: str, language: str | None = "RO") -> str:
    """GetOrderDetails as the gateway sends it; without Language where that is None (contract of 2016)."""
    spoken = "" if language is None else element("Language", language)
    return lookup_of(f"{spoken}{element('OrderKey', order_key)}{element('ServiceID', service_id)}")


def lookup_of(members: str) -> str:
    """GetOrderDetails around members that are XML already."""
    return f'<GetOrderDetails xmlns="{CONTRACT}"><query>{members}</query></GetOrderDetails>'


@dataclass(frozen=True, slots=True)
class PaidLine:
    """One line of a confirmation. An account without members is sent as an empty element."""

    line_id: str
    amount: Decimal
    account: Account = ()


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What ConfirmOrderPayment tells. `total` stands by itself, so that it can contradict the lines."""

    service_id: str
    order_key: str
    payment_id: str
    invoice_id: str
    currency: str
    lines: tuple[PaidLine, ...]
    total: Decimal
    paid_at: datetime
    properties: tuple[tuple[str, str], ...] = (("Bank", "MAIB (Card)"),)


def confirmation_xml(told: Confirmation) -> str:
    """ConfirmOrderPayment as the gateway sends it: members in alphabetical order, local time without a zone."""
    lines = "".join(map(_line, told.lines))
    properties = "".join(
        f"<PaymentProperty>{element('Name', name)}{element('Value', value)}</PaymentProperty>"
        for name, value in told.properties
    )
    paid_at = told.paid_at.astimezone(_LOCAL).strftime("%Y-%m-%dT%H:%M:%S")
    payment_id = element("PaymentID", told.payment_id) if told.payment_id else ""
    return confirmation_of(
        f"{element('Currency', told.currency)}{element('InvoiceID', told.invoice_id)}<Lines>{lines}</Lines>"
        f"{element('OrderKey', told.order_key)}{element('PaidAt', paid_at)}{payment_id}"
        f"<Properties>{properties}</Properties>{element('ServiceID', told.service_id)}"
        f"{element('TotalAmount', f'{told.total:.2f}')}"
    )


def confirmation_of(members: str) -> str:
    """ConfirmOrderPayment around members that are XML already."""
    return f'<ConfirmOrderPayment xmlns="{CONTRACT}"><confirmation>{members}</confirmation></ConfirmOrderPayment>'


def new_payment_id() -> str:
    return f"CONFORMANCE-{secrets.token_hex(10).upper()}"


def new_invoice_id() -> str:
    return f"{secrets.randbelow(10**14):014d}"


def unknown_key() -> str:
    """A key that no service has: it is drawn now."""
    return f"NO-SUCH-{secrets.token_hex(8).upper()}"


def account_in_order(members: dict[str, str]) -> Account:
    """The members of an account in the order of the wire; others are left out."""
    return tuple((name, members[name]) for name in _ACCOUNT_MEMBERS if members.get(name))


def _line(line: PaidLine) -> str:
    account = "".join(element(name, text) for name, text in line.account)
    return (
        f"<PaymentConfirmationLine>{element('Amount', f'{line.amount:.2f}')}"
        f"<DestinationAccount>{account}</DestinationAccount>{element('LineID', line.line_id)}"
        "</PaymentConfirmationLine>"
    )
