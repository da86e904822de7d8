"""From a verified GetOrderDetailsResponse to orders (contract sections 2, 3 and 6)."""

from dataclasses import dataclass
from decimal import Decimal

from lxml import etree

from mpay_eservice_soap.account import read_account
from mpay_eservice_soap.checks import check_amounts, check_keys, check_lines, check_properties
from mpay_eservice_soap.currencies import CIRCULATING
from mpay_eservice_soap.members import Findings, Members
from mpay_eservice_soap.settings import ContractVersion
from mpay_eservice_soap.texts import for_a_log
from mpay_eservice_soap.times import WhenTwice
from mpay_gateway.api import (
    CustomerType,
    Deviation,
    Money,
    Order,
    OrderKey,
    OrderLine,
    OrderProperty,
    OrderStatus,
    PaymentAccount,
    ServiceId,
)

_RESULT = "GetOrderDetailsResult"
_ORDER = (
    "AllowAdvancePayments", "AllowPartialPayments", "Currency", "CustomerID", "CustomerName", "CustomerType",
    "DueDate", "IssuedAt", "Lines", "OrderKey", "Properties", "Reason", "ServiceID", "Status",
    "TotalAmountDue",
)  # fmt: skip
_LINE = (
    "AllowAdvancePayments", "AllowPartialPayments", "AmountDue", "DestinationAccount", "LineID", "Properties",
    "Reason",
)  # fmt: skip
_PROPERTY = ("DisplayName", "Id", "IsVisible", "Modifiable", "Name", "Required", "Type", "Value")
_STATUS_SPELLINGS = {"Canceled": OrderStatus.CANCELLED}
_CUSTOMER_SPELLINGS = {"Organisation": CustomerType.ORGANIZATION}


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, and what an answer is completed with: the service's default account."""

    service_id: ServiceId
    order_key: OrderKey
    account: PaymentAccount
    contract: ContractVersion


def read_orders(reply: etree._Element, question: Question) -> tuple[tuple[Order, ...], tuple[Deviation, ...]]:
    """The orders of a reply; none when the service knows none, be the array empty, nil or absent.

    Raises: InvalidAnswer when anything that concerns money or identity cannot be read without a guess.
    """
    findings = Findings()
    answer = Members(reply, (_RESULT,), path=etree.QName(reply).localname, findings=findings)
    orders = tuple(_order(each, question) for each in answer.items(_RESULT, "OrderDetails", _ORDER))
    check_keys(orders, question.order_key)
    return orders, findings.as_tuple()


def _order(members: Members, question: Question) -> Order:
    currency = _currency(members)
    order = Order(
        service_id=_service_id(members, question),
        order_key=OrderKey(members.identifier("OrderKey") or members.missing("OrderKey")),
        reason=_reason(members),
        status=members.choice("Status", OrderStatus, _STATUS_SPELLINGS) or members.missing("Status"),
        currency=currency,
        total_due=_money(members, "TotalAmountDue", currency),
        lines=tuple(_line(each, currency, question) for each in members.items("Lines", "OrderLine", _LINE)),
        customer_id=members.text("CustomerID"),
        customer_id_asked=members.raw("CustomerID") == "",
        customer_name=members.text("CustomerName"),
        customer_type=members.choice("CustomerType", CustomerType, _CUSTOMER_SPELLINGS)
        or CustomerType.UNSPECIFIED,
        issued_at=members.instant("IssuedAt", WhenTwice.EARLIER),
        due_at=members.instant("DueDate", WhenTwice.LATER),
        allow_partial=members.flag("AllowPartialPayments") or False,
        allow_advance=members.flag("AllowAdvancePayments") or False,
        properties=_properties(members),
    )
    check_lines(order, members)
    check_properties(order, members)
    return check_amounts(order, members)


def _line(members: Members, currency: str, question: Question) -> OrderLine:
    return OrderLine(
        line_id=members.identifier("LineID") or members.missing("LineID"),
        reason=_reason(members),
        amount_due=_money(members, "AmountDue", currency),
        account=read_account(members, default=question.account, contract=question.contract),
        allow_partial=members.flag("AllowPartialPayments"),
        allow_advance=members.flag("AllowAdvancePayments"),
        properties=_properties(members),
    )


def _properties(members: Members) -> tuple[OrderProperty, ...]:
    read = (_property(each) for each in members.items("Properties", "OrderProperty", _PROPERTY))
    return tuple(each for each in read if each is not None)


def _property(members: Members) -> OrderProperty | None:
    """A property; one without a name could be neither shown nor sent back."""
    name = members.text("Name")
    if not name:
        members.note("nameless-property", "Name")
        return None
    read = OrderProperty(
        name=name,
        value=members.text("Value"),
        display_name=members.text("DisplayName"),
        type=members.text("Type") or "string",
        id=members.text("Id"),
        visible=members.flag("IsVisible") is not False,
        modifiable=members.flag("Modifiable") or False,
        required=members.flag("Required") or False,
    )
    if read.required and not read.value and not (read.modifiable and read.visible):
        members.note("required-and-closed", "Required")  # nobody can give it a value
    return read


def _service_id(members: Members, question: Question) -> ServiceId:
    given = members.identifier("ServiceID") or members.missing("ServiceID")
    if given != question.service_id:
        members.refuse("ServiceID", f"an order of another service: {for_a_log(given, 40)!r}")
    return question.service_id


def _reason(members: Members) -> str:
    reason = members.text("Reason")
    if not reason:
        members.note("missing-member", "Reason")
    return reason


def _currency(members: Members) -> str:
    code = members.raw("Currency") or members.missing("Currency")
    if code not in CIRCULATING:
        members.refuse("Currency", f"not a currency in which anything can be paid: {for_a_log(code, 10)!r}")
    return code


def _money(members: Members, name: str, currency: str) -> Money | None:
    amount = members.amount(name)
    if amount is None:
        return None
    if amount < 0:
        members.refuse(name, f"negative: {amount}")
    try:
        return Money(amount or Decimal(0), currency)  # -0 is read, and is no amount to show
    except ValueError as error:
        members.refuse(name, str(error))
