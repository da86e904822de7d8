"""What a service may have been told in the time that a restored backup lost goes back by no rule: people decide."""

import pytest

from mpay_gateway.domain.decision import Act
from mpay_gateway.domain.errors import InvalidTransition, RemoteRefused, RemoteUnavailable
from mpay_gateway.domain.payment import DeliveryState, Payment, ReversalState
from mpay_gateway.domain.provider_answer import ProviderCapture
from mpay_gateway.flow.attention import payments_for_people
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.decisions import approve, propose
from mpay_gateway.flow.held_deliveries import park_delivery
from mpay_gateway.flow.operating.restoring import begin_by_hand, compare, finish
from mpay_gateway.storage.attention import Why
from tests.unit.flow.refunding_scene import ANA, ION
from tests.unit.flow.scripted import ScriptedGateway

UNKNOWN_ORDER = RemoteRefused("UnknownOrder", permanent=True)


@pytest.fixture
def gateway(gateway: ScriptedGateway):
    """Its service has what it refuses given back; its account gives no statements."""
    gateway.parts.settings.books = None
    yield gateway
    assert check_books(gateway.parts.units) == ()


def restore(gateway: ScriptedGateway, *, finished: bool) -> None:
    restoration = begin_by_hand(gateway.parts, gateway.clock.now(), actor=ANA)
    if finished:
        compare(gateway.parts, restoration)
        finish(gateway.parts, actor=ANA)


@pytest.fixture
def untold(gateway: ScriptedGateway) -> Payment:
    """A payment of which no try has told its service, as far as the backup knows."""
    gateway.calls.delivery_answers = [RemoteUnavailable("down"), UNKNOWN_ORDER]
    return gateway.pay("ORDER-1")


def delivery(gateway: ScriptedGateway, payment: Payment):
    return gateway.parts.units.read(lambda work: work.deliveries.of_payment(payment.id))


def reversals(gateway: ScriptedGateway, payment: Payment) -> list[ReversalState]:
    found = gateway.parts.units.read(lambda work: work.reversals.of_payment(payment.id))
    return [each.state for each in found]


@pytest.mark.parametrize("finished", [False, True])
def test_a_refused_confirmation_of_before_the_restore_is_parked(gateway, untold, finished):
    restore(gateway, finished=finished)
    gateway.work(turns=2, minutes=2)
    assert delivery(gateway, untold).state is DeliveryState.PARKED
    assert reversals(gateway, untold) == []
    assert [why for _, why in payments_for_people(gateway.parts.units)] == [Why.PARKED]


def test_so_is_that_of_a_payment_whose_money_is_heard_of_afterwards(gateway):
    payment = gateway.start("ORDER-1")
    gateway.calls.captured[payment.reference] = [
        ProviderCapture("txn-1", payment.amount, gateway.clock.now())
    ]
    gateway.calls.delivery_answers = [UNKNOWN_ORDER]
    restore(gateway, finished=True)
    gateway.settled(payment)
    assert delivery(gateway, payment).state is DeliveryState.PARKED
    assert reversals(gateway, payment) == []


def test_operators_give_it_up_only_although_the_service_may_know(gateway, untold):
    restore(gateway, finished=True)
    gateway.work(turns=2, minutes=2)
    with pytest.raises(InvalidTransition, match="a restored backup lost"):
        propose(gateway.parts, untold.id, Act.RELEASE, "so", actor=ANA)
    decision = propose(gateway.parts, untold.id, Act.RELEASE_ALTHOUGH, "it was not told", actor=ANA)
    approve(gateway.parts, decision.id, actor=ION)
    gateway.work(seconds=1)
    assert reversals(gateway, untold) == [ReversalState.DONE]


def test_a_proposal_that_the_backup_holds_is_not_approved(gateway, untold):
    parked = park_delivery(gateway.parts, delivery(gateway, untold).id, "so", owner="", actor=ANA)
    decision = propose(gateway.parts, untold.id, Act.RELEASE, "it was not told", actor=ANA)
    restore(gateway, finished=True)
    with pytest.raises(InvalidTransition, match="a restored backup lost"):
        approve(gateway.parts, decision.id, actor=ION)
    assert delivery(gateway, untold) == parked


def test_what_was_begun_after_the_restore_goes_back_by_the_services_rule(gateway):
    restore(gateway, finished=True)
    gateway.calls.delivery_answers = [UNKNOWN_ORDER]
    payment = gateway.pay("ORDER-1")
    gateway.work(seconds=1)
    assert delivery(gateway, payment).state is DeliveryState.GIVEN_UP
    assert reversals(gateway, payment) == [ReversalState.DONE]
