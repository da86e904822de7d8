"""What of an order may be shown to whom."""

import pytest

from mpay_gateway.domain.details import Detail, details_of, payer_named
from mpay_gateway.domain.filling import fields_of
from mpay_gateway.domain.identifiers import OrderKey, ServiceId
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import Order, OrderLine, OrderProperty, OrderStatus, PaymentAccount

PLATE = OrderProperty("Plate", "CDR 482", "Number plate")
TELEPHONE = OrderProperty("Telephone", display_name="Telefon", modifiable=True)
COPIES = OrderProperty("Copies", "1", modifiable=True)
HIDDEN = OrderProperty("Source", "web", visible=False)
SECRET = OrderProperty("Channel", "web", visible=False, modifiable=True)
PLOT = OrderProperty("Plot", "37B")
RECIPIENT = OrderProperty("Recipient", modifiable=True)


def an_order(*, lines: int = 1, asked: bool = False) -> Order:
    due = Money.from_minor(100, "MDL")
    made = tuple(
        OrderLine(f"L{place}", f"Thing {place}", due, PaymentAccount(), properties=(PLOT, RECIPIENT))
        for place in range(lines)
    )
    return Order(
        ServiceId("TEST01"), OrderKey("KEY"), "Things", OrderStatus.ACTIVE, "MDL", None, made,
        properties=(PLATE, TELEPHONE, COPIES, HIDDEN, SECRET), customer_id_asked=asked,
    )  # fmt: skip


def given(order: Order, **values: str) -> dict[str, str]:
    return {each.id: values[each.wanted.name] for each in fields_of(order) if each.wanted.name in values}


def test_everything_but_what_the_service_hides_is_shown_where_nothing_is_masked():
    order = an_order()
    assert details_of(order, given(order, Telephone="069"), masked=False) == (
        Detail("Number plate", "CDR 482"), Detail("Telefon", "069", asked=True), Detail("Copies", "1", asked=True),
        Detail("Plot", "37B"),
    )  # fmt: skip


def test_where_it_is_masked_the_payer_sees_what_he_gave_and_nothing_that_the_service_knows():
    order = an_order()
    filled = given(order, Telephone="069", Recipient="Ana")
    shown = details_of(order, filled, masked=True)
    assert [(each.name, each.value) for each in shown] == [("Telefon", "069"), ("Recipient", "Ana")]
    assert details_of(order, {}, masked=True) == ()


def test_what_belongs_to_one_of_several_lines_says_to_which():
    order = an_order(lines=2)
    shown = [each for each in details_of(order, {}, masked=False) if each.name == "Plot"]
    assert [each.line for each in shown] == ["Thing 0", "Thing 1"]


@pytest.mark.parametrize("masked", [False, True])
def test_who_pays_is_said_as_the_payer_and_not_among_the_details(masked):
    order = an_order(asked=True)
    filled = given(order, CustomerID="AB123456")
    assert payer_named(order, filled).customer_id == "AB123456"
    assert payer_named(order, {}).customer_id == ""
    assert "AB123456" not in str(details_of(order, filled, masked=masked))
    assert payer_named(an_order(), filled) == an_order()
