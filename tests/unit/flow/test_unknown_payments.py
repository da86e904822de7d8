"""A payment that nobody is asked about any more keeps its order from others until two operators end it."""

import pytest

from mpay_gateway.domain.decision import Act
from mpay_gateway.domain.errors import NotFound, OutcomeUnknown
from mpay_gateway.domain.payment import ClaimState, PaymentState
from mpay_gateway.domain.provider_answer import ProviderCapture, ProviderStatus
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.decisions import approve, propose
from tests.unit.flow.holding_stage import Stage
from tests.unit.flow.refunding_scene import ANA, ION
from tests.unit.flow.scripted import ScriptedGateway


@pytest.fixture
def unknown(gateway: ScriptedGateway):
    """A payment whose bank gave no answer for 45 days."""
    payment = gateway.start("ORDER-1")
    gateway.calls.fetch_answers += [OutcomeUnknown("no answer")] * 100
    gateway.work(turns=45, days=1)
    gateway.calls.fetch_answers.clear()
    assert gateway.now(payment).next_check_at is None
    return payment


def ended(gateway, payment):
    proposed = propose(gateway.parts, payment.id, Act.END, "the bank knows of no money", actor=ANA)
    return approve(gateway.parts, proposed.id, actor=ION)


def test_two_operators_end_it_and_late_money_still_counts(gateway: ScriptedGateway, unknown):
    ended(gateway, unknown)
    assert gateway.now(unknown).state is PaymentState.EXPIRED
    claim = gateway.parts.units.read(lambda work: work.claims.of_payment(unknown.id))
    assert claim.state is ClaimState.RELEASED
    assert gateway.capture(unknown).state is PaymentState.CAPTURED
    assert len(gateway.calls.delivered) == 1
    assert check_books(gateway.parts.units) == ()


def test_its_order_can_be_paid_by_others(gateway: ScriptedGateway, unknown):
    ended(gateway, unknown)
    assert gateway.pay("ORDER-1").state is PaymentState.CAPTURED
    assert check_books(gateway.parts.units) == ()


def test_the_provider_is_asked_before_it_is_ended(gateway: ScriptedGateway, unknown):
    gateway.calls.captured[unknown.reference] = [
        ProviderCapture("txn-1", unknown.amount, gateway.clock.now())
    ]
    with pytest.raises(NotFound, match="is captured"):
        ended(gateway, unknown)
    assert gateway.settled(unknown).state is PaymentState.CAPTURED


@pytest.fixture
def held(gateway: ScriptedGateway, monkeypatch) -> Stage:
    """A payment whose money was held, and whose bank has known of nothing for 45 days."""
    stage = Stage(gateway, monkeypatch)
    stage.order_not_heard()
    stage.settle()
    stage.bank.status = ProviderStatus.NOT_FOUND
    gateway.work(turns=45, days=1)
    assert (stage.state, gateway.now(stage.payment).next_check_at) == (PaymentState.AUTHORISED, None)
    return stage


def test_two_operators_end_a_hold_of_which_the_bank_knows_nothing_any_more(gateway, held):
    ended(gateway, held.payment)
    claim = gateway.parts.units.read(lambda work: work.claims.of_payment(held.payment.id))
    assert (held.state, claim.state) == (PaymentState.CANCELLED, ClaimState.RELEASED)
    held.order_gone()
    held.bank.status = ProviderStatus.AUTHORISED  # it turns up after all: it is given up
    held.settle()
    held.end()
    assert (held.state, held.bank.kinds) == (PaymentState.CANCELLED, ["void"])
    assert check_books(gateway.parts.units) == ()


def test_what_is_still_asked_about_is_not_ended(gateway: ScriptedGateway):
    payment = gateway.start("ORDER-1")
    with pytest.raises(NotFound):
        propose(gateway.parts, payment.id, Act.END, "in a hurry", actor=ANA)
