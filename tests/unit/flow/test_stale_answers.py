"""A provider's answer is judged by when it was asked for, not by when a process that was stopped writes it down."""

import pytest

from mpay_gateway.domain.payment import PaymentState
from mpay_gateway.domain.provider_answer import ProviderCapture, ProviderStatus
from tests.unit.flow.scripted import ScriptedGateway


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
