"""A service that does not answer is left alone but for a probe, and told everything when it answers again."""

from dataclasses import replace
from datetime import timedelta

import pytest
import structlog

from mpay_gateway.domain.breaker import BreakerRule
from mpay_gateway.domain.errors import (
    InvalidAnswer,
    OutcomeUnknown,
    PluginBusy,
    RemoteRefused,
    RemoteUnavailable,
)
from mpay_gateway.domain.identifiers import ServiceId
from mpay_gateway.domain.payment import DeliveryState, Payment
from mpay_gateway.flow.breakers import deliveries_to, look
from mpay_gateway.flow.registration import apply_service
from mpay_gateway.worker import Worker
from tests.unit.flow.scripted import SERVICE, ScriptedGateway, service_named

RULE = BreakerRule()
DEAD = OutcomeUnknown("no answer")
OTHER = ServiceId("TEST02")


def delivery_of(gateway: ScriptedGateway, payment: Payment):
    return gateway.parts.units.read(lambda work: work.deliveries.of_payment(payment.id))


def states(gateway: ScriptedGateway, payments) -> set[DeliveryState]:
    return {delivery_of(gateway, each).state for each in payments}


def is_open(gateway: ScriptedGateway) -> bool:
    return look(gateway.parts, deliveries_to(SERVICE)).is_open


@pytest.fixture
def dead(gateway: ScriptedGateway) -> ScriptedGateway:
    """A gateway whose service answers no confirmation until `heal`."""
    gateway.calls.silent = {SERVICE: DEAD}
    return gateway


def heal(gateway: ScriptedGateway) -> None:
    gateway.calls.silent = {}


def break_it(gateway: ScriptedGateway, count: int = RULE.opens_after) -> list[Payment]:
    """So many payments whose confirmations get no answer."""
    return [gateway.pay(f"BROKEN-{number}") for number in range(count)]


@pytest.mark.parametrize(
    "error",
    [
        OutcomeUnknown("no answer"),
        RemoteUnavailable("connection refused"),
        InvalidAnswer("a page of HTML"),
        RemoteRefused("InternalError", permanent=False),
    ],
    ids=lambda error: type(error).__name__,
)
def test_it_opens_after_five_confirmations_in_a_row_without_a_usable_answer(gateway, error):
    gateway.calls.silent = {SERVICE: error}
    with structlog.testing.capture_logs() as logs:
        break_it(gateway, 4)
        assert not is_open(gateway)
        gateway.pay("LAST")
    assert is_open(gateway)
    assert [each["to"] for each in logs if each["event"] == "breaker_opened"] == [SERVICE]


@pytest.mark.parametrize(
    "answer", [None, RemoteRefused("UnknownOrder")], ids=["confirmed", "definitely refused"]
)
def test_an_answer_in_between_keeps_it_closed(dead, answer):
    break_it(dead, 4)
    heal(dead)
    dead.calls.delivery_answers += [answer] if answer else []
    dead.pay("GOOD")
    dead.calls.silent = {SERVICE: DEAD}
    dead.pay("LAST")
    assert not is_open(dead)


def test_our_own_full_house_is_not_the_services_fault(gateway):
    gateway.calls.silent = {SERVICE: PluginBusy("all threads are busy")}
    break_it(gateway, 8)
    assert not is_open(gateway)


def test_one_confirmation_that_never_succeeds_does_not_open_it(dead):
    """A19: the service is told everything else at once."""
    poison = dead.pay("POISON")
    for _ in range(9):
        dead.work(minutes=61)
    assert delivery_of(dead, poison).attempts == 10
    assert not is_open(dead)
    heal(dead)
    good = dead.pay("GOOD")
    assert delivery_of(dead, good).state is DeliveryState.CONFIRMED


def test_while_it_is_open_nothing_is_sent_but_a_probe_a_minute(dead):
    break_it(dead)
    before = len(dead.calls.delivered)
    waiting = [dead.pay(f"WAITS-{number}") for number in range(6)]
    assert len(dead.calls.delivered) == before  # the payer's page waits for nobody
    assert {delivery_of(dead, each).attempts for each in waiting} == {0}
    dead.work(seconds=30)
    assert len(dead.calls.delivered) == before
    for minute in range(1, 5):
        dead.work(seconds=61)
        dead.work(seconds=5, turns=3)
        dead.clock.advance(seconds=-15)
        assert len(dead.calls.delivered) == before + minute


def test_the_probe_is_what_is_due_longest_and_each_is_another_one(dead):
    broken = break_it(dead)
    newer = dead.pay("NEWER")  # never sent, so due before those that are tried again
    for _ in range(4):
        dead.work(seconds=62)
    probes = [each.confirmation.payment_id for each in dead.calls.delivered[len(broken) :]]
    assert probes == [newer.id, *(each.id for each in broken[:3])]


def test_of_two_workers_one_sends_the_probe(dead):
    break_it(dead)
    before = len(dead.calls.delivered)
    other = replace(dead.parts, process="other", breakers=type(dead.parts.breakers)())
    dead.clock.advance(seconds=62)
    look(other, deliveries_to(SERVICE))
    look(dead.parts, deliveries_to(SERVICE))
    assert (Worker(dead.parts).run_due(), Worker(other).run_due()) == (1, 0)
    assert len(dead.calls.delivered) == before + 1


def test_an_answered_probe_closes_it_and_everything_is_due_at_once(dead):
    broken = break_it(dead)
    waiting = [dead.pay(f"WAITS-{number}") for number in range(6)]
    dead.work(hours=2, turns=3)
    heal(dead)
    with structlog.testing.capture_logs() as logs:
        dead.work(seconds=61)
    assert [each["event"] for each in logs if each["event"].startswith("breaker")] == ["breaker_closed"]
    assert states(dead, broken + waiting) == {DeliveryState.CONFIRMED}
    assert len(dead.calls.delivered) == len(broken) + 3 + len(broken + waiting)


def test_what_was_tried_lately_is_due_at_once_too(dead):
    broken = break_it(dead)
    for _ in range(20):
        dead.work(minutes=61)  # every one is on the hourly schedule now
    heal(dead)
    dead.clock.advance(minutes=1)
    before = dead.clock.now()
    dead.work(seconds=1)
    assert states(dead, broken) == {DeliveryState.CONFIRMED}
    assert dead.clock.now() - before < timedelta(minutes=1)


def test_a_certificate_that_ends_while_much_waits_stops_that_service_alone(gateway):
    """D69."""
    apply_service(gateway.parts, service_named(OTHER))
    gateway.calls.silent = {SERVICE: InvalidAnswer("certificate: expired")}
    stopped = break_it(gateway, 9)
    others = [gateway.pay_at(OTHER, f"OTHER-{number}") for number in range(3)]
    gateway.work(minutes=2)
    assert states(gateway, others) == {DeliveryState.CONFIRMED}
    assert states(gateway, stopped) == {DeliveryState.DUE}
    heal(gateway)  # its new certificate is registered
    gateway.work(minutes=2)
    assert states(gateway, stopped) == {DeliveryState.CONFIRMED}


def test_the_row_is_written_when_something_changes_and_never_else(gateway):
    for number in range(3):
        gateway.pay(f"GOOD-{number}")
    assert gateway.parts.units.read(lambda work: work.breakers.troubled()) == ()
