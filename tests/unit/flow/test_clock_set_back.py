"""Clocks that are set back: what a service said before it was told stays said before, whatever the clock shows."""

from datetime import timedelta

import pytest

from mpay_gateway.domain.errors import RemoteUnavailable
from mpay_gateway.domain.intake import Claimed, RefusalReason, Refused
from mpay_gateway.domain.order import OrderStatus
from mpay_gateway.domain.payment import CaptureState, PaymentState
from mpay_gateway.domain.provider_answer import ProviderStatus
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.inbound import payment_intake
from mpay_gateway.flow.inbound.orders import order_of_just_now
from mpay_gateway.flow.order_lookup import look_up
from tests.unit.flow.inbound import kiosk_of, silent_service
from tests.unit.flow.scripted import SERVICE, ScriptedGateway

HOUR = timedelta(hours=1)


def declined(gateway: ScriptedGateway):
    """A payer goes to the bank, which refuses his card."""
    payment = gateway.start("ORDER-1")
    gateway.calls.status[payment.reference] = ProviderStatus.DECLINED
    gateway.settled(payment)
    gateway.work(minutes=2)
    del gateway.calls.status[payment.reference]
    return payment


def test_late_money_pays_no_order_that_was_paid_after_the_clock_was_set_back(gateway: ScriptedGateway):
    late = declined(gateway)
    gateway.clock.time -= HOUR
    paid = gateway.pay("ORDER-1")
    gateway.capture(late)
    states = [
        gateway.parts.units.read(lambda work, each=each: work.payments.captures_of(each.id))[0].state
        for each in (paid, late)
    ]
    assert states == [CaptureState.CLAIMED, CaptureState.SURPLUS]
    assert check_books(gateway.parts.units) == ()


def test_an_answer_counts_as_asked_for_no_later_than_the_clock_would_say_now(gateway: ScriptedGateway):
    began = gateway.clock.now()
    ask = gateway.calls.lookup_orders

    def set_back_meanwhile(*arguments: object):
        gateway.clock.time -= HOUR
        return ask(*arguments)

    gateway.calls.lookup_orders = set_back_meanwhile
    ticks = gateway.clock.monotonic
    gateway.clock.monotonic = lambda: ticks() + (0 if gateway.clock.time >= began else HOUR.total_seconds())
    answer = look_up(gateway.parts, gateway.parts.services.get(SERVICE), "ORDER-1", None)
    assert answer.snapshot.requested_at <= began - HOUR + timedelta(seconds=1)


def test_what_a_service_said_before_the_clock_was_set_back_is_not_its_latest_word(gateway: ScriptedGateway):
    """While a service is silent, money is taken on what it said last; a clock that was ahead makes no later word."""
    kiosk = kiosk_of(gateway)
    kiosk.port.look_up(kiosk.query("ORDER-1"))
    gateway.clock.time -= HOUR
    gateway.calls.order_status["ORDER-1"] = OrderStatus.CANCELLED
    kiosk.port.look_up(kiosk.query("ORDER-1"))
    with silent_service(gateway, RemoteUnavailable("down")):
        gateway.clock.advance(minutes=1)
        assert kiosk.accept("ORDER-1", "1") == Refused(RefusalReason.GONE)
    assert check_books(gateway.parts.units) == ()


def test_an_answer_of_before_the_clock_was_set_back_is_not_of_just_now(gateway: ScriptedGateway):
    kiosk = kiosk_of(gateway)
    kiosk.port.look_up(kiosk.query("ORDER-1"))
    gateway.clock.time -= HOUR
    gateway.calls.order_status["ORDER-1"] = OrderStatus.CANCELLED
    assert kiosk.claim("ORDER-1", "1") == Refused(RefusalReason.GONE)


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_an_answer_of_just_now_that_grows_old_before_the_claim_is_asked_for_again(
    gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch, jump: timedelta
):
    """The clock is set, or the process stopped, between the two (seed 261864)."""

    def found_and_set(*arguments: object) -> object:
        found = order_of_just_now(*arguments)
        gateway.clock.time += jump
        return found

    kiosk = kiosk_of(gateway)
    kiosk.port.look_up(kiosk.query("ORDER-1"))
    with monkeypatch.context() as setting:
        setting.setattr(payment_intake, "order_of_just_now", found_and_set)
        with pytest.raises(RemoteUnavailable, match="ask again"):
            kiosk.claim("ORDER-1", "1")
    assert isinstance(kiosk.claim("ORDER-1", "1"), Claimed)


def test_a_bank_that_does_not_know_a_payment_ends_it_by_no_clock_that_was_ahead(gateway: ScriptedGateway):
    """Its start may still be on its way (seed 66460)."""
    payment = gateway.start("ORDER-1")
    gateway.calls.status[payment.reference] = ProviderStatus.NOT_FOUND

    def set_right() -> None:
        gateway.clock.time -= HOUR

    gateway.calls.before_fetch_answer.append(set_right)
    gateway.clock.time += HOUR
    gateway.hear(payment)
    assert gateway.settled(payment).state is PaymentState.STARTED
    gateway.clock.time += HOUR
    gateway.hear(payment)
    assert gateway.settled(payment).state is PaymentState.EXPIRED
