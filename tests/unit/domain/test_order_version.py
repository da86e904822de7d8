"""The version of an order is the digest of what concerns money, and of nothing else."""

from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest

from mpay_gateway.domain.identifiers import OrderKey, ServiceId
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import CustomerType, Order, OrderLine, OrderStatus, PaymentAccount

ACCOUNT = PaymentAccount("MD24AG000225100013104168", "TREZMD2X", "1006601000255", "Moldsilva", "C1", "T1")
LINE = OrderLine("L1", "A permit", Money.from_minor(15000, "MDL"), ACCOUNT)
ORDER = Order(
    ServiceId("MDS02"),
    OrderKey("MDS021"),
    "A permit",
    OrderStatus.ACTIVE,
    "MDL",
    Money.from_minor(15000, "MDL"),
    (LINE,),
)


def with_line(**changes: object) -> Order:
    return replace(ORDER, lines=(replace(LINE, **changes),))


@pytest.mark.parametrize(
    "other",
    [
        with_line(line_id="L2"),
        with_line(amount_due=Money.from_minor(14999, "MDL")),
        *(
            with_line(account=replace(ACCOUNT, **{field.name: "another"}))
            for field in fields(PaymentAccount)
            if field.name != "beneficiary"
        ),
        replace(ORDER, total_due=Money.from_minor(14999, "MDL")),
        replace(ORDER, currency="EUR"),
        replace(ORDER, allow_partial=True),
        replace(ORDER, allow_advance=True),
        replace(ORDER, status=OrderStatus.PARTIALLY_PAID),
        replace(ORDER, due_at=datetime(2026, 12, 1, tzinfo=UTC)),
        replace(ORDER, lines=(LINE, LINE)),
    ],
)
def test_what_concerns_money_makes_another_order(other: Order) -> None:
    assert other.version != ORDER.version


@pytest.mark.parametrize(
    "same",
    [
        with_line(reason="Un permis"),
        with_line(account=replace(ACCOUNT, beneficiary="Молдсилва")),
        replace(ORDER, reason="Un permis", customer_name="Ana Rusu", customer_type=CustomerType.PERSON),
    ],
)
def test_texts_make_no_other_order(same: Order) -> None:
    assert same.version == ORDER.version
