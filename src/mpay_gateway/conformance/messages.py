"""What we ask, as raw XML: the payloads of both operations, and confirmations before they become XML."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from mpay_gateway.conformance.names import CONTRACT

_LOCAL = ZoneInfo("Europe/Chisinau")


class Contract(StrEnum):
    """By which form of the contract a service was built, as it is registered with the gateway (section 3)."""

    GUIDE_1_3 = "1.3"
    WSDL_2016 = "2016"


_ACCOUNT_MEMBERS = {
    Contract.GUIDE_1_3: ("BankAccount", "BankCode", "BankFiscalCode", "BeneficiaryName", "ConfigurationCode"),
    Contract.WSDL_2016: ("BankAccount", "BankCode", "BeneficiaryName", "TreasuryAccount"),
}
_REQUIRED_IN_2016 = ("BankAccount", "BankCode")
Account = tuple[tuple[str, str], ...]
"""Members of a PaymentAccount and their texts."""


def element(name: str, text: str) -> str:
    """One element with text, which is escaped."""
    return f"<{name}>{escape(text)}</{name}>"


def lookup(service_id: str, order_key: str | None, language: str | None = "RO") -> str:
    """GetOrderDetails as the gateway sends it; without the members that are None."""
    spoken = "" if language is None else element("Language", language)
    key = "" if order_key is None else element("OrderKey", order_key)
    members = f"{spoken}{key}{element('ServiceID', service_id)}"
    return f'<GetOrderDetails xmlns="{CONTRACT}"><query>{members}</query></GetOrderDetails>'


@dataclass(frozen=True, slots=True)
class PaidLine:
    """One line of a confirmation. An account without members is sent as an empty element, or as one of empty texts."""

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


def confirmation_xml(told: Confirmation, contract: Contract = Contract.GUIDE_1_3) -> str:
    """ConfirmOrderPayment as the gateway sends it: members in alphabetical order, local time without a zone."""
    lines = "".join(_line(line, contract) for line in told.lines)
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


def known_account(members: dict[str, str]) -> Account:
    """The members of an account that have a value, in the order of the wire."""
    return tuple(sorted((name, text) for name, text in members.items() if text))


def _line(line: PaidLine, contract: Contract) -> str:
    known = dict(line.account)
    required = _REQUIRED_IN_2016 if contract is Contract.WSDL_2016 else ()
    sent = (name for name in _ACCOUNT_MEMBERS[contract] if known.get(name) or name in required)
    account = "".join(element(name, known.get(name, "")) for name in sent)
    return (
        f"<PaymentConfirmationLine>{element('Amount', f'{line.amount:.2f}')}"
        f"<DestinationAccount>{account}</DestinationAccount>{element('LineID', line.line_id)}"
        "</PaymentConfirmationLine>"
    )
