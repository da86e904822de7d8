"""What is sent under a lease: by one process at a time, counted when it leaves, whatever becomes of the process."""

import threading
import time

import pytest

from mpay_gateway.domain.errors import Conflict, RemoteRefused
from mpay_gateway.domain.evidence import MessageMeta
from mpay_gateway.domain.payment import Delivery, DeliveryState, Payment
from mpay_gateway.domain.provider_answer import ProviderCapture
from mpay_gateway.flow import confirmation_delivery, confirmation_opening
from mpay_gateway.flow.evidence_sinks import DurableSink
from mpay_gateway.flow.schedules import LEASE
from mpay_gateway.flow.settling import settle, settle_key
from mpay_gateway.storage.tasks import Lease, TaskKind
from mpay_gateway.worker import Worker
from tests.unit.flow.scripted import ScriptedGateway


def delivery_of(gateway: ScriptedGateway, payment: Payment) -> Delivery:
    return gateway.parts.units.read(lambda work: work.deliveries.of_payment(payment.id))


def taken(gateway: ScriptedGateway, payment: Payment) -> None:
    gateway.calls.captured[payment.reference] = [ProviderCapture("T1", payment.amount, gateway.clock.now())]


def lease_of(gateway: ScriptedGateway, payment: Payment) -> Lease | None:
    """What a process gets that wants the payment's second step now."""
    now = gateway.clock.now()
    return gateway.parts.units.run(
        "lease",
        lambda work: work.tasks.lease(TaskKind.FINISH, payment.id, worker="w", now=now, until=now + LEASE),
    )


def wait_until_closing(gateway: ScriptedGateway) -> None:
    """Until the first lane takes nothing new."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            gateway.parts.background.start("probe", lambda: None).result(10)
        except RuntimeError:
            return
    raise AssertionError("the lane takes jobs though it is closed")


@pytest.fixture
def unsent(gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch) -> tuple[Payment, Lease]:
    """A captured payment whose first delivery is leased and still waits for its thread."""
    leases: list[Lease] = []
    monkeypatch.setattr(
        confirmation_opening, "deliver_soon", lambda parts, payment_id, lease: leases.append(lease)
    )
    payment = gateway.start("ORDER-1")
    taken(gateway, payment)
    settle(gateway.parts, payment.id)
    return payment, leases[0]


def test_a_first_delivery_that_is_late_is_not_sent_beside_a_workers(gateway, unsent, monkeypatch):
    """Its lease ran out in the queue and nobody took it: what it sends holds the lease for its whole span again."""
    payment, lease = unsent
    gateway.clock.advance(minutes=10)
    begun, may_end = threading.Event(), threading.Event()
    answer = gateway.calls.deliver_confirmation

    def slow(service: object, confirmation: object) -> object:
        confirmation.evidence.sent(b"x", MessageMeta("ConfirmOrderPayment"))
        begun.set()
        assert may_end.wait(20)
        return answer(service, confirmation)

    monkeypatch.setattr(gateway.calls, "deliver_confirmation", slow)
    late = threading.Thread(target=lambda: confirmation_delivery.send_first(gateway.parts, lease))
    late.start()
    try:
        assert begun.wait(10)
        assert Worker(gateway.parts).run_due() == 0
    finally:
        may_end.set()
        late.join(20)
    assert delivery_of(gateway, payment).state is DeliveryState.CONFIRMED
    assert len(gateway.calls.delivered) == 1


def test_a_first_delivery_that_a_worker_took_over_sends_nothing(gateway, unsent):
    payment, lease = unsent
    gateway.clock.advance(minutes=10)
    assert Worker(gateway.parts).run_due() == 1
    confirmation_delivery.send_first(gateway.parts, lease)
    assert delivery_of(gateway, payment).state is DeliveryState.CONFIRMED
    rows = gateway.parts.units.read(lambda work: work.evidence.of_subject(payment.id))
    assert [row.direction for row in rows if row.operation == "ConfirmOrderPayment"] == ["sent", "received"]


def test_each_send_has_the_whole_lease_for_its_answer(gateway):
    """Several calls under one lease, as the second step makes them: none outlives it."""
    payment = gateway.start("ORDER-1")
    lease = lease_of(gateway, payment)
    sink = DurableSink(gateway.parts.units, gateway.clock, payment.id, lease)
    for _ in range(3):
        gateway.clock.advance(seconds=80)
        sink.sent(b"question", MessageMeta("call"))
        gateway.clock.advance(seconds=80)
        assert lease_of(gateway, payment) is None
    gateway.clock.advance(seconds=91)
    assert lease_of(gateway, payment) is not None
    with pytest.raises(Conflict):
        sink.sent(b"question", MessageMeta("call"))


def test_a_lease_that_sent_nothing_is_no_unanswered_try(gateway, unsent):
    """The process died before the confirmation left: a refusal of the next try is the first word on it."""
    payment, _ = unsent
    gateway.calls.delivery_answers.append(RemoteRefused("UnknownOrder"))
    gateway.work(minutes=2)
    delivery = delivery_of(gateway, payment)
    assert (delivery.attempts, delivery.unanswered, delivery.state.value) == (2, 0, "given-up")


def test_a_lease_that_sent_is_an_unanswered_try_though_its_process_died(gateway, unsent, monkeypatch):
    payment, lease = unsent

    def die(service: object, confirmation: object) -> object:
        confirmation.evidence.sent(b"x", MessageMeta("ConfirmOrderPayment"))
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(gateway.calls, "deliver_confirmation", die)
        with pytest.raises(KeyboardInterrupt):
            confirmation_delivery.send_first(gateway.parts, lease)
    assert delivery_of(gateway, payment).unanswered == 1
    gateway.calls.delivery_answers.append(RemoteRefused("UnknownOrder"))
    gateway.work(minutes=2)
    delivery = delivery_of(gateway, payment)
    assert (delivery.unanswered, delivery.parked_reason) == (1, "refused")


def test_a_message_sent_in_two_parts_is_one_try(gateway, unsent, monkeypatch):
    payment, lease = unsent
    answer = gateway.calls.deliver_confirmation

    def twice(service: object, confirmation: object) -> object:
        confirmation.evidence.sent(b"x", MessageMeta("ConfirmOrderPayment"))
        return answer(service, confirmation)

    monkeypatch.setattr(gateway.calls, "deliver_confirmation", twice)
    gateway.calls.delivery_answers.append(RemoteRefused("UnknownOrder"))
    confirmation_delivery.send_first(gateway.parts, lease)
    delivery = delivery_of(gateway, payment)
    assert (delivery.unanswered, delivery.state.value) == (0, "given-up")


def test_a_process_that_stops_while_it_settles_still_sends_the_first_delivery(gateway):
    payment = gateway.start("ORDER-1")
    taken(gateway, payment)
    asked, may_answer = threading.Event(), threading.Event()
    gateway.calls.before_fetch_answer.append(lambda: (asked.set(), may_answer.wait(10)))
    gateway.parts.background.start(settle_key(payment.id), lambda: settle(gateway.parts, payment.id))
    assert asked.wait(10)
    closing = threading.Thread(target=gateway.parts.background.close)
    closing.start()
    wait_until_closing(gateway)
    may_answer.set()
    closing.join(20)
    assert delivery_of(gateway, payment).state is DeliveryState.CONFIRMED
