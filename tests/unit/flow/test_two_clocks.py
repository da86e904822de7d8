"""Hosts whose clocks differ: what a service or a provider knew is judged by what was stored first, by no clock."""

from datetime import timedelta

from mpay_gateway.domain.language import Language
from mpay_gateway.domain.payment import DeliveryState
from mpay_gateway.flow.claiming import payable_now
from mpay_gateway.flow.order_lookup import look_up
from mpay_gateway.flow.settling import settle
from mpay_gateway.storage.inbox import InboxEntry, InboxState
from tests.unit.flow.scripted import SERVICE, HandClock, ScriptedGateway, scripted_gateway


def test_what_was_asked_before_a_slow_host_acknowledged_leaves_nothing_payable(
    gateway: ScriptedGateway, migrated_url
):
    behind = HandClock()
    with scripted_gateway(migrated_url, clock=behind) as other:
        paid = other.start("ORDER-1")
        ask = gateway.calls.lookup_orders

        def answered_first(service: object, query: object):
            """The service has answered, 150 are due; meanwhile the other host confirms, two seconds behind."""
            said = ask(service, query)
            behind.time = gateway.clock.time - timedelta(seconds=2)
            other.capture(paid)
            return said

        gateway.calls.lookup_orders = answered_first
        answer = look_up(gateway.parts, gateway.parts.services.get(SERVICE), paid.order_key, Language.RO)
        delivery = gateway.parts.units.read(lambda work: work.deliveries.of_payment(paid.id))
    assert delivery.state is DeliveryState.CONFIRMED
    assert delivery.confirmed_at < answer.snapshot.requested_at
    room = gateway.parts.units.read(lambda work: payable_now(work, answer.snapshot))
    assert not room.most


def test_a_callback_that_a_slow_host_kept_after_the_question_waits_for_the_next(gateway: ScriptedGateway):
    payment = gateway.start("ORDER-1")

    def kept_by_a_slow_host() -> None:
        entry = InboxEntry(
            "c1", payment.account_id, "e1", payment.reference, "", payment.id, InboxState.NEW,
            gateway.clock.now() - timedelta(seconds=5), b"",
        )  # fmt: skip
        gateway.parts.units.run("keep", lambda work: work.inbox.add(entry))

    gateway.calls.before_fetch_answer.append(kept_by_a_slow_host)
    settle(gateway.parts, payment.id)
    assert gateway.parts.units.read(lambda work: work.inbox.count(InboxState.NEW)) == 1
    gateway.work(seconds=10)
    assert gateway.calls.asked == 2
    assert gateway.parts.units.read(lambda work: work.inbox.count(InboxState.NEW)) == 0
