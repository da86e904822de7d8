"""What happens seldom: a reference that is taken, the same words twice, a provider that is down for a second."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mpay_gateway.domain.errors import Conflict, OutcomeUnknown, RemoteRefused
from mpay_gateway.domain.payment import DeliveryState, PaymentState, ReversalState
from mpay_gateway.domain.provider_answer import ProviderCapture, ProviderStatus
from mpay_gateway.flow import payment_start
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.settling import settle
from mpay_gateway.storage.tasks import TaskKind


def test_a_reference_that_is_taken_is_drawn_again(gateway, monkeypatch):
    drawn = iter(["123456", "123456", "123456", "654321"])
    monkeypatch.setattr(payment_start, "new_payment_reference", lambda *_: next(drawn))
    assert [gateway.start(key).reference for key in ("ORDER-1", "ORDER-2")] == ["123456", "654321"]


def test_an_account_without_free_references_starts_nothing(gateway, monkeypatch):
    monkeypatch.setattr(payment_start, "new_payment_reference", lambda *_: "1")
    gateway.start("ORDER-1")
    with pytest.raises(Conflict, match="no free reference"):
        gateway.start("ORDER-2")


def test_the_same_words_again_tell_of_money_that_came_late(gateway):
    payment = gateway.start("ORDER-1")
    gateway.calls.status[payment.reference] = ProviderStatus.DECLINED
    gateway.hear(payment)
    assert gateway.settled(payment).state is PaymentState.DECLINED
    del gateway.calls.status[payment.reference]
    taken = ProviderCapture("T1", payment.amount, gateway.clock.now())
    gateway.calls.captured[payment.reference] = [taken]
    gateway.hear(payment)
    assert gateway.settled(payment).state is PaymentState.CAPTURED


def test_the_same_words_before_they_were_heard_are_asked_about_once(gateway):
    payment = gateway.start("ORDER-1")
    gateway.calls.fetch_answers += [OutcomeUnknown("down")] * 2
    for _ in range(3):
        gateway.hear(payment)
        gateway.settled(payment)
    assert gateway.calls.asked == 1


def test_a_late_callback_is_asked_about_again_in_a_minute_however_often_was_asked_before(gateway):
    payment = gateway.start("ORDER-1")
    gateway.work(turns=12, minutes=1.01)
    gateway.calls.status[payment.reference] = ProviderStatus.DECLINED
    settle(gateway.parts, payment.id)
    gateway.calls.fetch_answers += [OutcomeUnknown("down")] * 3
    gateway.hear(payment)
    gateway.settled(payment)
    pauses = []
    for _ in range(3):
        due = gateway.parts.units.read(lambda work: work.tasks.due_at(TaskKind.RECHECK, payment.id))
        pauses.append(round((due - gateway.clock.now()) / timedelta(minutes=1)))
        gateway.work(seconds=(due - gateway.clock.now()).total_seconds() + 1)
    assert pauses == [1, 5, 5]


def test_orphans_of_others_are_not_adopted(gateway):
    """Callbacks that came before the provider's answer wait under its reference and under ours."""
    payment = gateway.start("ORDER-1")
    for unknown in ("nobody-1", "nobody-2"):
        gateway.hear(replace(payment, reference=unknown))
    adopt = gateway.parts.units.run(
        "adopt",
        lambda work: [
            work.inbox.adopt(payment.account_id, payment.id, reference=ours, remote_reference=theirs)
            for ours, theirs in (("x", ""), ("x", "y"), ("nobody-1", "y"), ("nobody-1", ""))
        ],
    )
    assert adopt == [False, False, True, False]


@pytest.mark.parametrize("words", ["bad\x00words", "half a \ud800 pair", "long" * 1000])
def test_words_of_a_refusal_that_no_table_takes_stop_nothing(gateway, words):
    gateway.calls.delivery_answers.append(RemoteRefused("UnknownOrder", words))
    gateway.calls.reversal_answers.append(RemoteRefused("no", words))
    payment = gateway.pay("ORDER-1")
    gateway.work(turns=2, minutes=1)
    read = gateway.parts.units.read
    assert read(lambda work: work.deliveries.of_payment(payment.id)).state is DeliveryState.GIVEN_UP
    (reversal,) = read(lambda work: work.reversals.of_payment(payment.id))
    assert reversal.state is ReversalState.REFUSED
    assert len(reversal.last_error) <= 500
    assert check_books(gateway.parts.units) == ()
