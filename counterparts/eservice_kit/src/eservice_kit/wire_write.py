"""Answers from dataclasses to the wire, members in the contract's alphabetical order."""

from datetime import datetime
from decimal import Decimal

from lxml import etree

from eservice_kit import names
from eservice_kit.faults import Fault
from eservice_kit.messages import OrderDetails, OrderLine, OrderProperty, PaymentAccount
from eservice_kit.wire_times import time_to_wire

Value = str | bool | Decimal | datetime | None


def orders_answer(orders: tuple[OrderDetails, ...]) -> etree._Element:
    """GetOrderDetailsResponse. No order is an empty array: the guide's form of "not found"."""
    response = _root("GetOrderDetailsResponse")
    result = etree.SubElement(response, names.contract("GetOrderDetailsResult"))
    for order in orders:
        _write_order(result, order)
    return response


def confirmation_answer() -> etree._Element:
    """ConfirmOrderPaymentResponse, which is empty."""
    return _root("ConfirmOrderPaymentResponse")


def fault_answer(fault: Fault) -> etree._Element:
    """A SOAP 1.1 fault; faultcode and faultstring carry no namespace (SOAP 1.1, section 4.4)."""
    element = etree.Element(names.soap("Fault"), nsmap={"soap": names.SOAP})
    etree.SubElement(element, "faultcode").text = fault.code.value
    etree.SubElement(element, "faultstring").text = fault.reason
    return element


def _write_order(parent: etree._Element, order: OrderDetails) -> None:
    element = etree.SubElement(parent, names.contract("OrderDetails"))
    _write(element, "AllowAdvancePayments", order.allow_advance)
    _write(element, "AllowPartialPayments", order.allow_partial)
    _write(element, "Currency", order.currency)
    _write(element, "CustomerID", order.customer_id)
    _write(element, "CustomerName", order.customer_name)
    _write(element, "CustomerType", order.customer_type)
    _write(element, "DueDate", order.due_date)
    _write(element, "IssuedAt", order.issued_at)
    lines = etree.SubElement(element, names.contract("Lines"))
    for line in order.lines:
        _write_line(lines, line)
    _write(element, "OrderKey", order.order_key)
    _write_properties(element, order.properties)
    _write(element, "Reason", order.reason)
    _write(element, "ServiceID", order.service_id)
    _write(element, "Status", order.status)
    _write(element, "TotalAmountDue", order.total_due)


def _write_line(parent: etree._Element, line: OrderLine) -> None:
    element = etree.SubElement(parent, names.contract("OrderLine"))
    _write(element, "AllowAdvancePayments", line.allow_advance)
    _write(element, "AllowPartialPayments", line.allow_partial)
    _write(element, "AmountDue", line.amount_due)
    if line.account is not None:
        _write_account(element, line.account)
    _write(element, "LineID", line.line_id)
    _write_properties(element, line.properties)
    _write(element, "Reason", line.reason)


def _write_account(parent: etree._Element, account: PaymentAccount) -> None:
    element = etree.SubElement(parent, names.contract("DestinationAccount"))
    _write(element, "BankAccount", account.bank_account)
    _write(element, "BankCode", account.bank_code)
    _write(element, "BankFiscalCode", account.bank_fiscal_code)
    _write(element, "BeneficiaryName", account.beneficiary_name)
    _write(element, "ConfigurationCode", account.configuration_code)


def _write_properties(parent: etree._Element, properties: tuple[OrderProperty, ...]) -> None:
    if not properties:
        return
    holder = etree.SubElement(parent, names.contract("Properties"))
    for each in properties:
        element = etree.SubElement(holder, names.contract("OrderProperty"))
        _write(element, "DisplayName", each.display_name)
        if not each.visible:  # a member that the samples of guide 1.3 have, and its text does not
            _write(element, "IsVisible", value=False)
        _write(element, "Modifiable", each.modifiable)
        _write(element, "Name", each.name)
        _write(element, "Required", each.required)
        _write(element, "Type", each.type)
        _write(element, "Value", each.value)


def _write(parent: etree._Element, name: str, value: Value) -> None:
    if value is not None:
        etree.SubElement(parent, names.contract(name)).text = _wire_text(value)


def _wire_text(value: str | bool | Decimal | datetime) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:.2f}"
        case datetime():
            return time_to_wire(value)
        case _:
            return str(value)


def _root(local_name: str) -> etree._Element:
    return etree.Element(names.contract(local_name), nsmap={"mpay": names.CONTRACT})
