"""A provider's answer is judged by when it was asked for, not by when a process that was stopped writes it down."""

import pytest

from mpay_gateway.domain.errors import OutcomeUnknown
from mpay_gateway.domain.payment import PaymentState
from mpay_gateway.domain.provider_answer import ProviderCapture, ProviderStatus
from mpay_gateway.flow.settling import settle
from tests.unit.flow.refunding_scene import refunds
from tests.unit.flow.scripted import ScriptedGateway, lei


@pytest.mark.parametrize(
    "said", [ProviderStatus.NOT_FOUND, ProviderStatus.DECLINED, ProviderStatus.CANCELLED]
)
def test_an_answer_that_lay_long_ends_no_payment(gateway: ScriptedGateway, said):
    payment = gateway.start("ORDER-1")
    gateway.calls.status[payment.reference] = said

    def stopped() -> None:
        """The process is stopped after the answer was read; the payer pays meanwhile."""
        gateway.clock.advance(minutes=45)
        gateway.calls.captured[payment.reference] = [
            ProviderCapture("txn-1", payment.amount, gateway.clock.now())
        ]

    gateway.calls.before_fetch_answer.append(stopped)
    taken = gateway.calls.captured.setdefault(payment.reference, [])
    assert taken == []
    gateway.hear(payment)
    assert gateway.settled(payment).state is PaymentState.STARTED
    del gateway.calls.status[payment.reference]
    gateway.work(minutes=6)
    assert gateway.settled(payment).state is PaymentState.CAPTURED


def test_not_found_is_final_only_when_it_was_asked_for_after_the_session(gateway: ScriptedGateway):
    payment = gateway.start("ORDER-1")
    gateway.calls.status[payment.reference] = ProviderStatus.NOT_FOUND
    end = payment.session_until - gateway.clock.now()
    gateway.clock.advance(seconds=end.total_seconds() + 570)  # half a minute before it may be believed
    gateway.calls.before_fetch_answer.append(lambda: gateway.clock.advance(seconds=60))
    gateway.hear(payment)
    assert gateway.settled(payment).state is PaymentState.STARTED
    gateway.work(minutes=6)
    assert gateway.settled(payment).state is PaymentState.EXPIRED


def test_an_old_answer_does_not_end_the_asking_that_a_newer_one_left(gateway: ScriptedGateway):
    """What the bank charged back hides behind a reversal that has no answer yet; it is asked again once it has one."""
    payment = gateway.start("ORDER-1")
    gateway.calls.captured[payment.reference] = [
        ProviderCapture(f"T{place}", amount, gateway.clock.now())
        for place, amount in enumerate((payment.amount, lei("150")))
    ]
    gateway.calls.reversal_answers.append(OutcomeUnknown("no answer"))
    gateway.hear(payment)
    gateway.settled(payment)
    gateway.work(seconds=1)

    def newer() -> None:
        """The process is stopped after its answer was read; another one hears of what was charged back meanwhile."""
        gateway.calls.given_back[payment.reference] = lei("150")
        settle(gateway.parts, payment.id)
        del gateway.calls.given_back[payment.reference]

    gateway.calls.before_fetch_answer.append(newer)
    settle(gateway.parts, payment.id)
    gateway.calls.given_back[payment.reference] = lei("300")
    gateway.work(turns=3, minutes=5)
    assert refunds(gateway, payment) == ()
    gateway.work(hours=1)
    assert [each.amount for each in refunds(gateway, payment)] == [payment.amount]
