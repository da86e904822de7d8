"""An order whose currency changes while it is being paid stands in nobody's way."""

from dataclasses import replace

import pytest

from mpay_gateway.domain.language import Language
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import Order
from mpay_gateway.domain.payment import CaptureState, DeliveryState
from mpay_gateway.domain.provider_answer import ProviderCapture, ProviderStatus
from mpay_gateway.flow.claiming import Standing
from mpay_gateway.flow.invoicing import show_invoice
from mpay_gateway.flow.settling import settle
from mpay_gateway.flow.visiting import Arrival, open_visit
from tests.unit.flow.scripted import ACCOUNT, SERVICE, ScriptedGateway


@pytest.fixture
def euros(gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch):
    """Called: from now on the service says the same of every order in EUR."""
    was = gateway.calls.order

    def in_euros(money: Money | None) -> Money:
        assert money is not None
        return Money(money.amount, "EUR")

    def order(key: str) -> Order:
        old = was(key)
        lines = tuple(replace(line, amount_due=in_euros(line.amount_due)) for line in old.lines)
        return replace(old, currency="EUR", total_due=in_euros(old.total_due), lines=lines)

    return lambda: monkeypatch.setattr(gateway.calls, "order", order)


def test_a_confirmation_is_written_down(gateway, euros):
    other = gateway.agreed("ORDER-1")
    payment = gateway.start("ORDER-1")
    euros()
    gateway.press(other)
    gateway.capture(payment)
    delivery = gateway.parts.units.read(lambda work: work.deliveries.of_payment(payment.id))
    assert (delivery.state, delivery.attempts) == (DeliveryState.CONFIRMED, 1)


def test_late_money_is_recorded_and_goes_back(gateway, euros):
    accounts = gateway.parts.registry.accounts
    accounts[ACCOUNT] = replace(accounts[ACCOUNT], currencies=frozenset({"MDL", "EUR"}))
    late = gateway.start("ORDER-1")
    gateway.calls.status[late.reference] = ProviderStatus.DECLINED
    settle(gateway.parts, late.id)
    del gateway.calls.status[late.reference]
    euros()
    gateway.start("ORDER-1")
    gateway.capture(late)
    gateway.settled(late)
    [capture] = gateway.parts.units.read(lambda work: work.payments.captures_of(late.id))
    assert capture.state is CaptureState.SURPLUS


def test_the_page_says_that_a_payment_is_under_way(gateway, euros):
    gateway.start("ORDER-1")
    euros()
    visit = open_visit(gateway.parts, Arrival(SERVICE, "ORDER-1", "127.0.0.2"))
    page = show_invoice(gateway.parts, visit.token, Language.RO, client="127.0.0.2")
    assert page.payable.standing is Standing.IN_PROGRESS


def test_money_that_went_back_in_another_currency_than_it_came_is_a_persons_affair(gateway):
    payment = gateway.start("ORDER-1")
    taken = ProviderCapture("T1", payment.amount, gateway.clock.now())
    gateway.calls.captured[payment.reference] = [taken]
    gateway.calls.given_back[payment.reference] = Money(payment.amount.amount, "EUR")
    settle(gateway.parts, payment.id)
    [capture] = gateway.parts.units.read(lambda work: work.payments.captures_of(payment.id))
    assert capture.state is CaptureState.REVIEW
