"""Requests from the wire to dataclasses. Members that are unknown or out of order are passed over."""

from datetime import datetime
from decimal import Decimal, InvalidOperation

from lxml import etree

from eservice_kit import names
from eservice_kit.faults import Fault, FaultCode
from eservice_kit.messages import (
    ConfirmationLine,
    OrderQuery,
    PaymentAccount,
    PaymentConfirmation,
    PaymentProperty,
)
from eservice_kit.wire_times import time_from_wire

Request = OrderQuery | PaymentConfirmation
_NIL = f"{{{names.XSI}}}nil"


def read_request(body: etree._Element) -> Request:
    """The one operation in a verified Body.

    Raises: Fault(InvalidParameter) naming the member that is missing or can't be read.
    """
    if len(body) != 1:
        raise _invalid("the Body must hold exactly one operation")
    match body[0].tag:
        case tag if tag == names.contract("GetOrderDetails"):
            return _order_query(_member(body[0], "query"))
        case tag if tag == names.contract("ConfirmOrderPayment"):
            return _confirmation(_member(body[0], "confirmation"))
        case _:
            raise _invalid("the operation is neither GetOrderDetails nor ConfirmOrderPayment")


def _order_query(query: etree._Element) -> OrderQuery:
    return OrderQuery(
        service_id=_text(query, "ServiceID"),
        order_key=_text(query, "OrderKey"),
        language=(_optional_text(query, "Language") or "ro").lower(),
    )


def _confirmation(confirmation: etree._Element) -> PaymentConfirmation:
    lines = _member(confirmation, "Lines").findall(names.contract("PaymentConfirmationLine"))
    if not lines:
        raise _invalid("a confirmation needs at least one line")
    return PaymentConfirmation(
        service_id=_text(confirmation, "ServiceID"),
        order_key=_text(confirmation, "OrderKey"),
        payment_id=_text(confirmation, "PaymentID"),
        total=_amount(confirmation, "TotalAmount"),
        paid_at=_time(confirmation, "PaidAt"),
        lines=tuple(_line(line) for line in lines),
        currency=_text(confirmation, "Currency"),
        invoice_id=_optional_text(confirmation, "InvoiceID"),
        properties=_properties(confirmation),
    )


def _line(line: etree._Element) -> ConfirmationLine:
    return ConfirmationLine(
        line_id=_text(line, "LineID"),
        amount=_amount(line, "Amount"),
        account=_account(_optional(line, "DestinationAccount")),
        properties=_properties(line),
    )


def _account(account: etree._Element | None) -> PaymentAccount | None:
    """An account; None when it is left out or empty, as in the guide's own sample."""
    if account is None or _optional_text(account, "BankAccount") is None:
        return None
    return PaymentAccount(
        bank_account=_text(account, "BankAccount"),
        bank_code=_optional_text(account, "BankCode") or "",
        bank_fiscal_code=_optional_text(account, "BankFiscalCode"),
        beneficiary_name=_optional_text(account, "BeneficiaryName"),
        configuration_code=_optional_text(account, "ConfigurationCode"),
    )


def _properties(parent: etree._Element) -> tuple[PaymentProperty, ...]:
    holder = _optional(parent, "Properties")
    if holder is None:
        return ()
    found = holder.findall(names.contract("PaymentProperty"))
    return tuple(PaymentProperty(_text(each, "Name"), _optional_text(each, "Value")) for each in found)


def _optional(parent: etree._Element, name: str) -> etree._Element | None:
    found = parent.findall(names.contract(name))
    if len(found) > 1:
        raise _invalid(f"{name} is given {len(found)} times")
    return found[0] if found and found[0].get(_NIL) not in ("true", "1") else None


def _member(parent: etree._Element, name: str) -> etree._Element:
    found = _optional(parent, name)
    if found is None:
        raise _invalid(f"{name} is missing")
    return found


def _optional_text(parent: etree._Element, name: str) -> str | None:
    found = _optional(parent, name)
    if found is None:
        return None
    if len(found):
        raise _invalid(f"{name} must be a text")
    return (found.text or "").strip() or None


def _text(parent: etree._Element, name: str) -> str:
    text = _optional_text(parent, name)
    if text is None:
        raise _invalid(f"{name} is missing or empty")
    return text


def _amount(parent: etree._Element, name: str) -> Decimal:
    text = _text(parent, name)
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise _invalid(f"{name} is not an amount: {text!r}") from error
    if not amount.is_finite() or "e" in text.lower() or amount <= 0:
        raise _invalid(f"{name} is not an amount above zero: {text!r}")
    return amount


def _time(parent: etree._Element, name: str) -> datetime:
    text = _text(parent, name)
    try:
        return time_from_wire(text)
    except ValueError as error:
        raise _invalid(f"{name} is not a time: {text!r}") from error


def _invalid(reason: str) -> Fault:
    return Fault(FaultCode.INVALID_PARAMETER, reason)
