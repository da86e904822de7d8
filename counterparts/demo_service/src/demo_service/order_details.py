"""From the shop's order to what the gateway is told, in the language that it asks for."""

from datetime import UTC, datetime
from decimal import Decimal

from demo_service.kinds import PARTLY_PAYABLE, PAYABLE_IN_ADVANCE, Kind
from demo_service.language import Texts
from demo_service.offers import ACCOUNTS, TERMS
from demo_service.orders import Line, Order, PaymentState
from eservice_kit import CustomerType, OrderDetails, OrderLine, OrderProperty, OrderStatus

_STATUS = {
    PaymentState.WAITING: OrderStatus.ACTIVE,
    PaymentState.PARTLY_PAID: OrderStatus.PARTIALLY_PAID,
    PaymentState.PAID: OrderStatus.PAID,
    PaymentState.EXPIRED: OrderStatus.EXPIRED,
    PaymentState.CANCELLED: OrderStatus.CANCELLED,
    PaymentState.REFUNDING: OrderStatus.REFUNDING,
    PaymentState.REFUNDED: OrderStatus.REFUNDED,
}

_PARTS_REMAIN = (PaymentState.PARTLY_PAID, PaymentState.EXPIRED)
"""One that expired may have been paid in part before."""


def describe_order(order: Order, texts: Texts) -> OrderDetails:
    """The order as it stands now: what remains of one that can be paid on, all of any other."""
    state = order.state_at(datetime.now(UTC))
    open_lines = tuple(line for line in order.lines if line.remaining)
    lines = open_lines if state in _PARTS_REMAIN else order.lines
    described = tuple(_describe_line(line, order, state, texts) for line in lines)
    by_lines = order.kind is Kind.LINE_FLAGS
    foreigner = order.kind is Kind.FILL_IN
    return OrderDetails(
        service_id=order.service_id,
        order_key=order.order_key,
        reason=_reason(order, texts),
        lines=described,
        status=_STATUS[state],
        total_due=_total(described),
        customer_id="" if foreigner else order.customer_id,
        customer_name=_customer_name(order, texts),
        customer_type=CustomerType.PERSON,
        due_date=order.due_at,
        issued_at=order.created_at,
        allow_partial=order.kind in PARTLY_PAYABLE and not by_lines,
        allow_advance=order.kind in PAYABLE_IN_ADVANCE,
        properties=_properties(order, texts),
    )


def _describe_line(line: Line, order: Order, state: PaymentState, texts: Texts) -> OrderLine:
    rest = state in _PARTS_REMAIN or order.kind is Kind.NOTHING_DUE
    amount = line.remaining if rest else line.amount
    return OrderLine(
        line_id=line.line_id,
        reason=line_reason(line, order, texts),
        amount_due=None if order.kind is Kind.AMOUNT_UNKNOWN else lei(amount),
        account=None if order.kind is Kind.NO_ACCOUNT else ACCOUNTS[line.part],
        allow_partial=order.kind in PARTLY_PAYABLE,
        allow_advance=order.kind in PAYABLE_IN_ADVANCE,
        properties=(_recipient(texts),) if order.kind is Kind.FILL_IN else (),
    )


def line_reason(line: Line, order: Order, texts: Texts) -> str:
    """What a line is for, in the language of ``texts``."""
    if order.kind is Kind.LONG_NAMES:
        return texts("long.line", number=line.part + 1)
    if len(order.lines) == 1:
        return texts(f"offer.{order.offer.value}.title")
    return texts(f"offer.{order.offer.value}.part{line.part}")


def lei(bani: int) -> Decimal:
    return Decimal(bani) / 100


def _total(lines: tuple[OrderLine, ...]) -> Decimal | None:
    amounts = [line.amount_due for line in lines if line.amount_due is not None]
    return sum(amounts, Decimal(0)) if amounts else None


def _reason(order: Order, texts: Texts) -> str:
    return (
        texts("long.reason") if order.kind is Kind.LONG_NAMES else texts(f"offer.{order.offer.value}.title")
    )


def _customer_name(order: Order, texts: Texts) -> str:
    return texts("long.customer") if order.kind is Kind.LONG_NAMES else order.customer_name


def _properties(order: Order, texts: Texts) -> tuple[OrderProperty, ...]:
    detail = OrderProperty(
        name=TERMS[order.offer].detail_property,
        value=order.detail,
        display_name=texts(f"offer.{order.offer.value}.detail"),
        type="string",
    )
    return (detail, *_asked_for(texts)) if order.kind is Kind.FILL_IN else (detail,)


def _asked_for(texts: Texts) -> tuple[OrderProperty, ...]:
    """One property of each type that the payer fills in, and one that he does not see."""
    wanted = (
        ("Telephone", "string", "", True),
        ("OwnerCode", "idn", "", True),
        ("TaxCode", "tc", "", False),
        ("Copies", "number", "1", True),
    )
    asked = tuple(
        OrderProperty(
            name=name, value=value, display_name=texts(f"fill.{name}"), modifiable=True, required=required,
            type=type_,
        )
        for name, type_, value, required in wanted
    )  # fmt: skip
    return (*asked, OrderProperty(name="Source", value="web", visible=False))


def _recipient(texts: Texts) -> OrderProperty:
    return OrderProperty(name="Recipient", display_name=texts("fill.Recipient"), modifiable=True)
