"""What a payer must know beside an order key that can be guessed."""

from dataclasses import replace

import pytest

from mpay_gateway.domain.identifiers import OrderKey, ServiceId
from mpay_gateway.domain.language import LocalText
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import Order, OrderLine, OrderProperty, OrderStatus, PaymentAccount
from mpay_gateway.domain.service import Service
from mpay_gateway.flow.order_lookup import second_factor_matches

DUE = Money.from_minor(100, "MDL")
ORDER = Order(
    ServiceId("TEST01"), OrderKey("KEY"), "A fine", OrderStatus.ACTIVE, "MDL", DUE,
    (OrderLine("L0", "A fine", DUE, PaymentAccount()),), customer_id="2002004005676",
    properties=(OrderProperty("PlateNumber", "CDR 482"), OrderProperty("Series", "")),
)  # fmt: skip


def matches(demand: str, typed: str, order: Order = ORDER) -> bool:
    service = Service(
        ServiceId("TEST01"), "soap", LocalText("Test"), LocalText("Key"), None, second_factor=demand
    )
    return second_factor_matches(service, order, typed)


@pytest.mark.parametrize("typed", ["", "anything"])
def test_none_demands_nothing(typed):
    assert matches("none", typed)


@pytest.mark.parametrize("typed", ["CDR 482", "cdr482", " CDR-482 ", "c.d.r_4 8 2"])
def test_a_property_is_compared_without_regard_to_case_spaces_and_hyphens(typed):
    assert matches("property:PlateNumber", typed)


@pytest.mark.parametrize("typed", ["", " ", "CDR", "482", "CDR 483", "CDR 4822", "Series"])
def test_anything_but_the_whole_property_is_refused(typed):
    assert not matches("property:PlateNumber", typed)


@pytest.mark.parametrize("typed", ["5676", " 56 76 ", "56-76"])
def test_the_last_four_of_the_customers_id_are_demanded(typed):
    assert matches("customer_id_last4", typed)


@pytest.mark.parametrize("typed", ["", "2002", "676", "05676", "2002004005676", "4005", "5677"])
def test_neither_the_first_four_nor_fewer_nor_more_are_enough(typed):
    assert not matches("customer_id_last4", typed)


@pytest.mark.parametrize("known", ["2002 0040 056-76", "2002-0040-0567-6", "200200400567 6 "])
def test_a_customers_id_written_in_groups_has_the_same_last_four(known):
    order = replace(ORDER, customer_id=known)
    assert matches("customer_id_last4", "5676", order)
    assert not matches("customer_id_last4", "676", order)


@pytest.mark.parametrize(
    ("demand", "known"),
    [("customer_id_last4", ""), ("customer_id_last4", " - "), ("property:Series", ""), ("property:None", "")],
)
@pytest.mark.parametrize("typed", ["", " ", "-", "None"])
def test_what_the_service_does_not_say_is_matched_by_nothing(demand, known, typed):
    assert not matches(demand, typed, replace(ORDER, customer_id=known))


@pytest.mark.parametrize("demand", ["", "customer_id", "last4"])
def test_a_demand_that_nobody_knows_is_never_met(demand):
    assert not matches(demand, "5676")
