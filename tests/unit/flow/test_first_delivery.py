"""The first delivery, sent by the process that captured: it takes no more than its service's places."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from mpay_gateway.domain.errors import OutcomeUnknown, RemoteRefused
from mpay_gateway.domain.payment import DeliveryState, Payment, ReversalState
from mpay_gateway.domain.provider_answer import ProviderCapture
from mpay_gateway.flow.background import Background, Lane
from mpay_gateway.flow.service_directory import FRESH_SECONDS
from mpay_gateway.flow.settling import settle
from mpay_gateway.storage.tasks import TaskKind
from mpay_gateway.worker import Worker
from tests.scene.waiting import eventually
from tests.unit.flow.scripted import SERVICE, ScriptedGateway

PLACES = 2
"""The scripted service's `max_in_flight`."""


def delivery_of(gateway: ScriptedGateway, payment: Payment):
    return gateway.parts.units.read(lambda work: work.deliveries.of_payment(payment.id))


def due_at(gateway: ScriptedGateway, payment: Payment):
    delivery = delivery_of(gateway, payment)
    return gateway.parts.units.read(lambda work: work.tasks.due_at(TaskKind.DELIVER, delivery.id))


def capture(gateway: ScriptedGateway, payment: Payment) -> None:
    """The bank took the money; the delivery runs beside."""
    taken = ProviderCapture(f"txn-{payment.reference}", payment.amount, gateway.clock.now())
    gateway.calls.captured[payment.reference] = [taken]
    settle(gateway.parts, payment.id)


class Hanging:
    """Calls of the service hang until they may end, then are answered as scripted."""

    def __init__(self, gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch) -> None:
        self.may_end = threading.Event()
        self.begun = threading.Semaphore(0)
        self.count = 0
        self._answer = gateway.calls.deliver_confirmation
        monkeypatch.setattr(gateway.calls, "deliver_confirmation", self.deliver)

    def deliver(self, *arguments: object) -> object:
        self.count += 1
        self.begun.release()
        assert self.may_end.wait(20)
        return self._answer(*arguments)


def test_a_service_that_hangs_gets_no_more_calls_than_it_takes(gateway, monkeypatch):
    payments = [gateway.start(f"ORDER-{number}") for number in range(PLACES + 2)]
    service = Hanging(gateway, monkeypatch)
    for payment in payments[:PLACES]:
        capture(gateway, payment)
    assert all(service.begun.acquire(timeout=10) for _ in range(PLACES))
    for payment in payments[PLACES:]:
        capture(gateway, payment)
        gateway.rest(payment)
        delivery = delivery_of(gateway, payment)
        assert (delivery.state, delivery.attempts, delivery.unanswered) == (DeliveryState.DUE, 0, 0)
        assert due_at(gateway, payment) - gateway.clock.now() <= timedelta(seconds=1)
    assert service.count == PLACES
    service.may_end.set()
    for payment in payments[:PLACES]:
        gateway.rest(payment)
    gateway.clock.advance(seconds=2)
    Worker(gateway.parts).run_due()
    assert {delivery_of(gateway, each).state for each in payments} == {DeliveryState.CONFIRMED}
    assert len(gateway.calls.delivered) == len(payments)


def test_a_delivery_that_was_not_begun_when_its_process_ends_is_due_at_once(gateway, monkeypatch):
    """Its lease is given back: nobody waits until it has run out."""
    beside = Background({Lane.SETTLING: 1, Lane.DELIVERIES: 1, Lane.LISTENERS: 1})
    ending = replace(gateway.parts, background=beside)
    service = Hanging(gateway, monkeypatch)
    payments = [gateway.start(f"ORDER-{number}") for number in range(2)]
    for payment in payments:
        taken = ProviderCapture(f"txn-{payment.reference}", payment.amount, gateway.clock.now())
        gateway.calls.captured[payment.reference] = [taken]
        settle(ending, payment.id)
    assert service.begun.acquire(timeout=10)
    closing = threading.Thread(target=beside.close)
    closing.start()
    given_back = eventually(
        lambda: delivery_of(gateway, payments[1]), lambda it: it.state is DeliveryState.DUE
    )
    assert (given_back.attempts, given_back.unanswered) == (0, 0)
    assert due_at(gateway, payments[1]) <= gateway.clock.now()
    service.may_end.set()
    closing.join(20)
    assert Worker(gateway.parts).run_due() == 1
    assert {delivery_of(gateway, each).state for each in payments} == {DeliveryState.CONFIRMED}
    assert len(gateway.calls.delivered) == 2


def test_a_postponed_delivery_may_still_be_refused_and_given_back(gateway):
    """Nothing was sent, so there is no earlier try that the service may have taken."""
    gateway.parts.places._limit_of = lambda _: 0
    payment = gateway.pay("ORDER-1")
    gateway.parts.places._limit_of = lambda _: 1
    gateway.calls.delivery_answers.append(RemoteRefused("UnknownOrder"))
    gateway.clock.advance(seconds=2)
    assert Worker(gateway.parts).run_due() == 2  # the delivery, and the reversal that follows
    (reversal,) = gateway.parts.units.read(lambda work: work.reversals.of_payment(payment.id))
    assert reversal.state is ReversalState.DONE


def test_another_payer_is_settled_while_a_service_hangs(gateway, monkeypatch):
    payments = [gateway.start(f"ORDER-{number}") for number in range(20)]
    service = Hanging(gateway, monkeypatch)
    for payment in payments:
        capture(gateway, payment)
    settled = threading.Event()
    gateway.parts.background.start("settle:another", settled.set)
    assert settled.wait(5)
    service.may_end.set()
    for payment in payments:
        gateway.rest(payment)


def spoil(gateway: ScriptedGateway) -> None:
    """The service's row cannot be read any more."""
    statement = text("UPDATE services SET document = '{}', version = version + 1")
    gateway.parts.units.run("spoil", lambda work: work.connection.execute(statement))
    gateway.clock.advance(seconds=FRESH_SECONDS)


def test_a_delivery_to_a_service_that_cannot_be_used_waits_and_says_why(gateway):
    payment = gateway.start("ORDER-1")
    spoil(gateway)
    capture(gateway, payment)
    gateway.rest(payment)
    delivery = delivery_of(gateway, payment)
    assert (delivery.state, delivery.attempts, delivery.unanswered) == (DeliveryState.DUE, 1, 0)
    assert delivery.last_error == f"UnknownService: {SERVICE}"
    assert due_at(gateway, payment) - gateway.clock.now() > timedelta(seconds=55)
    gateway.clock.advance(minutes=2)
    assert Worker(gateway.parts).run_due() == 1
    delivery = delivery_of(gateway, payment)
    assert (delivery.state, delivery.attempts, delivery.unanswered) == (DeliveryState.DUE, 2, 0)
    assert due_at(gateway, payment) - gateway.clock.now() > timedelta(minutes=4)
    assert gateway.calls.delivered == []


def test_an_answer_that_never_came_is_counted(gateway):
    gateway.calls.delivery_answers.append(OutcomeUnknown("no answer"))
    delivery = delivery_of(gateway, gateway.pay("ORDER-1"))
    assert (delivery.attempts, delivery.unanswered) == (1, 1)


def test_a_plugin_that_is_slow_to_listen_delays_no_delivery(gateway, monkeypatch):
    may_end = threading.Event()
    heard = []

    def listen(change) -> None:
        assert may_end.wait(20)
        heard.append((change.before, change.after))

    payment = gateway.start("ORDER-1")
    monkeypatch.setattr(gateway.calls, "payment_changed", listen)
    capture(gateway, payment)
    gateway.rest(payment)
    assert delivery_of(gateway, payment).state is DeliveryState.CONFIRMED
    assert heard == []
    may_end.set()
    gateway.parts.background.close()
    assert [after for _, after in heard] == ["captured"]
