"""Confirmed money that its provider says it took back in another currency: people hear of it until two dismiss it."""

import pytest

from mpay_gateway.domain.decision import Act
from mpay_gateway.domain.errors import InvalidTransition, NotAuthorised, NotFound, OutcomeUnknown
from mpay_gateway.domain.money import Money
from mpay_gateway.flow.attention import payments_for_people
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.decisions import approve, propose
from mpay_gateway.flow.payment_story import tell_story
from mpay_gateway.flow.settling import settle
from mpay_gateway.storage.attention import Why
from tests.unit.flow.refunding_scene import ANA, ION, balances, refunds
from tests.unit.flow.scripted import ScriptedGateway, lei


@pytest.fixture(autouse=True)
def sound_books(gateway: ScriptedGateway):
    """Whatever happened: every invariant holds at the end."""
    yield
    assert check_books(gateway.parts.units) == ()


@pytest.fixture
def paid(gateway: ScriptedGateway):
    """A payment of 150.00 MDL of which its provider says that 10.00 EUR went back."""
    payment = gateway.pay("ORDER-1")
    pull(gateway, payment, "10")
    return payment


def pull(gateway: ScriptedGateway, payment, euro: str) -> None:
    gateway.calls.given_back[payment.reference] = Money.from_minor(round(float(euro) * 100), "EUR")
    settle(gateway.parts, payment.id)


def whys(gateway: ScriptedGateway) -> list[Why]:
    return [why for _, why in payments_for_people(gateway.parts.units)]


def proposed(gateway: ScriptedGateway, payment):
    return propose(gateway.parts, payment.id, Act.DISMISS, "the bank's mistake", actor=ANA)


def test_people_hear_of_it_and_nothing_is_booked(gateway, paid):
    assert whys(gateway) == [Why.TAKEN_BACK_FOREIGN]
    assert tell_story(gateway.parts.units, paid.id).heard_return.amount == Money.from_minor(1000, "EUR")
    assert (refunds(gateway, paid), "refunds" in balances(gateway)) == ((), False)


def test_two_operators_dismiss_it_and_hear_of_more_anew(gateway, paid):
    proposal = proposed(gateway, paid)
    assert proposal.amount == Money.from_minor(1000, "EUR")
    with pytest.raises(NotAuthorised):
        approve(gateway.parts, proposal.id, actor=ANA)
    assert whys(gateway) == [Why.TAKEN_BACK_FOREIGN]
    approve(gateway.parts, proposal.id, actor=ION)
    settle(gateway.parts, paid.id)
    assert whys(gateway) == []
    with pytest.raises(NotFound, match="is dismissed, by operator:ion"):
        proposed(gateway, paid)
    pull(gateway, paid, "10.01")
    assert whys(gateway) == [Why.TAKEN_BACK_FOREIGN]
    approve(gateway.parts, proposed(gateway, paid).id, actor=ION)
    assert whys(gateway) == []


def test_the_provider_is_asked_first_and_another_sum_is_another_case(gateway, paid):
    proposal = proposed(gateway, paid)
    gateway.calls.given_back[paid.reference] = Money.from_minor(2000, "EUR")
    with pytest.raises(InvalidTransition, match=r"another sum than 10\.00 EUR"):
        approve(gateway.parts, proposal.id, actor=ION)
    assert whys(gateway) == [Why.TAKEN_BACK_FOREIGN]


def test_a_provider_that_is_silent_keeps_nobody_from_dismissing(gateway, paid):
    gateway.calls.fetch_answers.append(OutcomeUnknown("down"))
    approve(gateway.parts, proposed(gateway, paid).id, actor=ION)
    assert whys(gateway) == []


def test_what_is_said_while_the_service_is_told_is_heard_once_it_knows(gateway):
    gateway.calls.delivery_answers = [OutcomeUnknown("no answer")]
    payment = gateway.pay("ORDER-1")
    pull(gateway, payment, "10")
    assert whys(gateway) == []
    gateway.work(turns=3, hours=1)
    assert whys(gateway) == [Why.TAKEN_BACK_FOREIGN]


@pytest.mark.parametrize("said", [None, lei("0"), lei("150"), Money.from_minor(0, "EUR")], ids=str)
def test_of_our_own_currency_and_of_nothing_there_is_nothing_to_dismiss(gateway, said):
    payment = gateway.pay("ORDER-1")
    if said is not None:
        gateway.calls.given_back[payment.reference] = said
        settle(gateway.parts, payment.id)
    assert Why.TAKEN_BACK_FOREIGN not in whys(gateway)
    with pytest.raises(NotFound, match="taken back in another currency"):
        proposed(gateway, payment)
