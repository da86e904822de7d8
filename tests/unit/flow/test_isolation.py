"""A bank or a plugin that hangs takes its own share of threads and nobody else's."""

import threading
from dataclasses import replace

import pytest

from mpay_gateway.domain.errors import PluginBusy
from mpay_gateway.domain.identifiers import AccountId
from mpay_gateway.domain.payment import DeliveryState, PaymentState
from mpay_gateway.domain.provider_answer import ProviderCapture, ProviderConfirmation
from mpay_gateway.flow.settling import settle_key
from mpay_gateway.storage.tasks import TaskKind
from mpay_gateway.worker import Worker
from tests.unit.flow.scripted import ACCOUNT, NOON, ScriptedGateway

PATIENCE = 20
OTHER = AccountId("bank-other")


@pytest.fixture
def hanging(gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch):
    """The first bank answers no question until the event is set; at the end of the test it is."""
    go, real = threading.Event(), gateway.calls.fetch_confirmation

    def fetch(account_id: str, *arguments: object) -> ProviderConfirmation:
        if account_id == ACCOUNT:
            assert go.wait(PATIENCE)
        return real(account_id, *arguments)

    monkeypatch.setattr(gateway.calls, "fetch_confirmation", fetch)
    yield go
    go.set()


def test_a_bank_that_hangs_keeps_no_payment_at_another_bank_from_being_settled(gateway, hanging):
    registry = gateway.parts.registry
    registry.accounts[OTHER] = replace(registry.accounts[ACCOUNT], id=OTHER)
    slow = [gateway.start(f"SLOW-{number}") for number in range(16)]
    registry.instruments["card"] = replace(registry.instruments["card"], providers=(OTHER,))
    quick = gateway.start("QUICK-1")
    for payment in slow:
        gateway.hear(payment)
    taken = ProviderCapture("T1", quick.amount, gateway.clock.now())
    gateway.calls.captured[quick.reference] = [taken]
    gateway.hear(quick)
    assert gateway.parts.background.wait(settle_key(quick.id), PATIENCE / 2)
    assert gateway.now(quick).state is PaymentState.CAPTURED
    hanging.set()
    for payment in slow:
        gateway.settled(payment)


def test_re_checks_at_a_bank_that_hangs_leave_a_worker_threads_for_deliveries(gateway, hanging, monkeypatch):
    hanging.set()
    slow = [gateway.start(f"SLOW-{number}") for number in range(8)]
    gateway.calls.delivery_answers.append(PluginBusy("postponed"))
    paid = gateway.pay("PAID-1")
    hanging.clear()
    gateway.clock.advance(seconds=70)
    for payment in slow:
        gateway.parts.units.run(
            "older", lambda work, each=payment.id: work.tasks.hurry(TaskKind.RECHECK, each, NOON)
        )
    told = threading.Event()
    real = gateway.calls.deliver_confirmation

    def deliver(*arguments: object) -> object:
        receipt = real(*arguments)
        told.set()
        return receipt

    monkeypatch.setattr(gateway.calls, "deliver_confirmation", deliver)
    stop = threading.Event()
    working = threading.Thread(target=Worker(gateway.parts, threads=8).run, args=(stop,))
    working.start()
    try:
        assert told.wait(PATIENCE / 2)
    finally:
        stop.set()
        hanging.set()
        working.join(PATIENCE)
    delivery = gateway.parts.units.read(lambda work: work.deliveries.of_payment(paid.id))
    assert delivery.state is DeliveryState.CONFIRMED


def test_a_delivery_that_found_its_connector_busy_was_not_tried(gateway):
    gateway.calls.delivery_answers.append(PluginBusy("all its threads are busy"))
    payment = gateway.pay("ORDER-1")
    delivery = gateway.parts.units.read(lambda work: work.deliveries.of_payment(payment.id))
    assert (delivery.state, delivery.attempts, delivery.unanswered) == (DeliveryState.DUE, 0, 0)
    gateway.work(seconds=2)
    delivery = gateway.parts.units.read(lambda work: work.deliveries.of_payment(payment.id))
    assert (delivery.state, delivery.attempts) == (DeliveryState.CONFIRMED, 1)


def test_a_transaction_that_another_payment_has_is_asked_about_by_the_schedule(gateway):
    first, second = gateway.start("ORDER-1"), gateway.start("ORDER-2")
    for payment in (first, second):
        taken = ProviderCapture("TXN-1", payment.amount, gateway.clock.now())
        gateway.calls.captured[payment.reference] = [taken]
        gateway.hear(payment)
        gateway.settled(payment)
    assert (gateway.now(first).state, gateway.now(second).state) == (
        PaymentState.CAPTURED,
        PaymentState.STARTED,
    )
    assert gateway.now(second).checks == 1
    gateway.clock.advance(days=60)
    asked = gateway.calls.asked
    gateway.work(turns=50, minutes=2)
    assert gateway.calls.asked - asked <= 2
