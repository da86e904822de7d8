"""A payment is taken when it is what the order asks for, and refused for good otherwise."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from eservice_kit import (
    ConfirmationLine,
    Fault,
    FaultCode,
    OrderDetails,
    OrderLine,
    OrderStatus,
    PaymentConfirmation,
    check_payment,
)

LINES = (OrderLine("L1", "Fee", Decimal(80)), OrderLine("L2", "Stamp", Decimal(20)))
WHOLE = OrderDetails("S", "K", "Permit", LINES, total_due=Decimal(100))
UNKNOWN = OrderDetails("S", "K", "Gift", (OrderLine("L1", "Gift", None),), allow_advance=True)
PARTS = replace(WHOLE, allow_partial=True)
ADVANCE = replace(WHOLE, allow_advance=True)
BY_LINE = replace(WHOLE, lines=(replace(LINES[0], allow_partial=True), LINES[1]))


def told(amounts: Mapping[str, str], **changes: object) -> PaymentConfirmation:
    lines = tuple(ConfirmationLine(name, Decimal(amount)) for name, amount in amounts.items())
    total = sum((line.amount for line in lines), Decimal(0))
    confirmation = PaymentConfirmation("S", "K", "P1", total, datetime(2026, 1, 1, tzinfo=UTC), lines)
    return replace(confirmation, **changes)  # type: ignore[arg-type]


def refusal(order: OrderDetails, confirmation: PaymentConfirmation) -> FaultCode | None:
    """The code that a payment is refused with; None when it is taken."""
    try:
        check_payment(order, confirmation)
    except Fault as fault:
        return fault.code
    return None


@pytest.mark.parametrize(
    ("order", "amounts"),
    [
        (WHOLE, {"L1": "80", "L2": "20.00"}),
        (replace(WHOLE, status=OrderStatus.EXPIRED), {"L1": "80", "L2": "20"}),
        (replace(PARTS, status=OrderStatus.PARTIALLY_PAID), {"L1": "0.01"}),
        (BY_LINE, {"L1": "80", "L2": "1"}),
        (ADVANCE, {"L1": "900", "L2": "20"}),
        (UNKNOWN, {"L1": "7.5"}),
    ],
)
def test_what_the_order_asks_for_is_taken(order: OrderDetails, amounts: dict[str, str]) -> None:
    assert refusal(order, told(amounts)) is None


@pytest.mark.parametrize(
    ("order", "amounts"),
    [
        (WHOLE, {"L1": "80"}),
        (WHOLE, {"L1": "80", "L2": "20.01"}),
        (WHOLE, {"L1": "70", "L2": "30"}),
        (WHOLE, {"L1": "80", "L3": "20"}),
        (PARTS, {"L1": "0.001"}),
        (PARTS, {"L1": "80.01"}),
        (PARTS, {"L1": "9" * 40}),
        (ADVANCE, {"L1": "999999999.99999999999999999999", "L2": "20"}),
        (BY_LINE, {"L2": "20.01"}),
        (ADVANCE, {"L1": "80", "L2": "19.99"}),
        (replace(PARTS, status=OrderStatus.CANCELLED), {"L1": "80", "L2": "20"}),
        (replace(PARTS, status=OrderStatus.REFUNDING), {"L1": "80", "L2": "20"}),
    ],
)
def test_what_the_order_does_not_ask_for_is_refused(order: OrderDetails, amounts: dict[str, str]) -> None:
    assert refusal(order, told(amounts)) is FaultCode.INVALID_PARAMETER


@pytest.mark.parametrize(
    "confirmation",
    [
        told({"L1": "80", "L2": "20"}, total=Decimal(99)),
        told({"L1": "80", "L2": "20"}, currency="EUR"),
        told({}, lines=(ConfirmationLine("L1", Decimal(50)),) * 2, total=Decimal(100)),
    ],
    ids=["another total", "another currency", "a line twice"],
)
def test_a_payment_that_contradicts_itself_is_refused(confirmation: PaymentConfirmation) -> None:
    assert refusal(replace(PARTS, allow_advance=True), confirmation) is FaultCode.INVALID_PARAMETER


@pytest.mark.parametrize("status", [OrderStatus.PAID, OrderStatus.COMPLETED])
def test_a_paid_order_is_not_paid_again(status: OrderStatus) -> None:
    assert refusal(replace(PARTS, status=status), told({"L1": "1"})) is FaultCode.INVOICE_ALREADY_PAID
