"""Payments start once, whatever the payer presses and however the provider answers meanwhile."""

from dataclasses import replace

import pytest

from mpay_gateway.domain.errors import (
    InvalidChoice,
    NotPayable,
    RemoteRefused,
    RemoteUnavailable,
    ServiceClosed,
)
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.payment import PaymentState
from mpay_gateway.domain.provider_answer import ProviderCapture
from mpay_gateway.flow.bank_page import show_bank_page
from mpay_gateway.flow.instrument_choice import show_instruments
from mpay_gateway.flow.payment_result import show_result
from mpay_gateway.flow.receipt import invoice_pdf
from mpay_gateway.flow.registration import disable_service
from mpay_gateway.storage.tables import evidence, order_snapshots
from tests.unit.flow.counting import rows_in
from tests.unit.flow.scripted import SERVICE, ScriptedGateway, lei


@pytest.mark.parametrize(
    "problem",
    [RemoteUnavailable("no connection"), RemoteRefused("too-many", permanent=False)],
    ids=lambda problem: type(problem).__name__,
)
def test_a_session_that_a_second_press_opened_is_not_forgotten_when_the_first_one_fails(
    gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    visit, shown = gateway.agreed("ORDER-1"), []

    def connect_slowly_and_fail(account: str, request: object) -> None:
        monkeypatch.undo()
        second = gateway.press(visit)
        shown.append(show_bank_page(gateway.parts, visit.token, second.payment.id))
        raise problem

    monkeypatch.setattr(gateway.calls, "start_payment", connect_slowly_and_fail)
    with pytest.raises(type(problem)):
        gateway.press(visit)
    [bank] = shown
    assert bank.step is not None
    payment = gateway.now(bank.payment)
    assert payment.state is PaymentState.STARTED
    taken = ProviderCapture("T1", payment.amount, gateway.clock.now())
    gateway.calls.captured[payment.reference] = [taken]
    show_result(gateway.parts, visit.token, payment.id)
    assert gateway.settled(payment).state is PaymentState.CAPTURED


def test_a_start_that_certainly_failed_ends_the_payment_and_frees_the_order(gateway: ScriptedGateway) -> None:
    gateway.calls.start_answers.append(RemoteUnavailable("no connection"))
    visit = gateway.agreed("ORDER-1")
    with pytest.raises(RemoteUnavailable):
        gateway.press(visit)
    [payment] = gateway.parts.units.read(lambda work: work.payments.of_visit(visit.token))
    assert payment.state is PaymentState.CANCELLED
    assert gateway.pay("ORDER-1").state is PaymentState.CAPTURED


def test_the_button_of_a_page_with_another_amount_starts_nothing(
    gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = gateway.calls.order
    monkeypatch.setattr(gateway.calls, "order", lambda key: replace(order(key), allow_partial=True))
    first_tab = gateway.agreed("ORDER-1", "40")
    second_tab = gateway.agree(first_tab.token, "100")
    with pytest.raises(InvalidChoice, match="stale"):
        gateway.press(first_tab)
    assert gateway.press(second_tab).payment.amount == lei("100")


def test_what_the_service_said_before_a_start_was_refused_is_kept(gateway: ScriptedGateway) -> None:
    late = gateway.agreed("ORDER-1")
    gateway.start("ORDER-1")
    snapshots, messages = rows_in(gateway, order_snapshots), rows_in(gateway, evidence)
    with pytest.raises(NotPayable):
        gateway.press(late)
    assert rows_in(gateway, order_snapshots) == snapshots + 1
    assert rows_in(gateway, evidence) == messages + 2


def close(gateway: ScriptedGateway) -> None:
    """An operator disables the service, and this process hears of it."""
    disable_service(gateway.parts.units, SERVICE, clock=gateway.clock)
    gateway.clock.advance(seconds=6)


def test_nothing_begins_for_a_service_that_was_closed_after_the_payer_agreed(
    gateway: ScriptedGateway,
) -> None:
    visit = gateway.agreed("ORDER-1")
    close(gateway)
    for ask in (
        lambda: show_instruments(gateway.parts, visit.token, Language.RO),
        lambda: invoice_pdf(gateway.parts, visit.token, Language.RO),
        lambda: gateway.press(visit),
    ):
        with pytest.raises(ServiceClosed):
            ask()
    assert gateway.parts.units.read(lambda work: work.payments.of_visit(visit.token)) == ()


def test_a_payment_that_began_before_its_service_was_closed_goes_on(gateway: ScriptedGateway) -> None:
    visit = gateway.agreed("ORDER-1")
    begun = gateway.press(visit).payment
    close(gateway)
    assert gateway.press(visit).payment.id == begun.id
    assert show_bank_page(gateway.parts, visit.token, begun.id).step is not None
