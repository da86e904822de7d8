"""What went back in the time that a restored backup lost does not go back again."""

import pytest

from mpay_gateway.domain.errors import Conflict, OutcomeUnknown, PaymentsSuspended, RemoteRefused
from mpay_gateway.domain.order import OrderStatus
from mpay_gateway.domain.payment import ReversalState
from mpay_gateway.domain.provider_answer import ProviderCapture
from mpay_gateway.domain.refund import RefundGround, RefundState
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.decisions import approve
from mpay_gateway.flow.operating.restoring import begin_by_hand, compare, finish
from mpay_gateway.flow.settling import settle
from tests.unit.databases import make_tables
from tests.unit.flow.refunding_scene import ANA, ION, balances, open_refund, propose_refund, refunds, release
from tests.unit.flow.scripted import NOON, ScriptedGateway, lei, scripted_gateway


@pytest.fixture
def gateway(gateway: ScriptedGateway):
    """Its account gives no statements."""
    gateway.parts.settings.books = None
    return gateway


@pytest.fixture
def proposed(gateway: ScriptedGateway):
    """A payment of three days ago, and a proposal to give 50.00 of it back."""
    payment = gateway.pay("ORDER-1")
    gateway.clock.advance(days=3)
    return payment, propose_refund(gateway, payment, "50")


def test_a_refund_has_the_key_of_its_decision(gateway, proposed):
    payment, decision = proposed
    approve(gateway.parts, decision.id, actor=ION)
    release(gateway, payment)
    gateway.work(seconds=1)
    assert gateway.calls.reversed_keys == [f"ref-{decision.id}"]


def test_no_refund_is_approved_before_the_restoration_is_finished(gateway, proposed):
    payment, decision = proposed
    begin_by_hand(gateway.parts, gateway.clock.now(), actor=ANA)
    with pytest.raises(PaymentsSuspended):
        approve(gateway.parts, decision.id, actor=ION)
    compare(gateway.parts, gateway.parts.units.read(lambda work: work.restorations.open()))
    finish(gateway.parts, actor=ANA)
    approve(gateway.parts, decision.id, actor=ION)
    assert [each.ground for each in refunds(gateway, payment)] == [RefundGround.OPERATORS]


def test_a_refund_of_the_lost_time_is_heard_of_and_not_approved_again(gateway, proposed):
    payment, decision = proposed
    gateway.calls.given_back[payment.reference] = lei("50")  # sent by the database that is lost
    restoration = begin_by_hand(gateway.parts, gateway.clock.now(), actor=ANA)
    assert compare(gateway.parts, restoration).asked == 1
    finish(gateway.parts, actor=ANA)
    with pytest.raises(Conflict, match="went back since this was proposed"):
        approve(gateway.parts, decision.id, actor=ION)
    release(gateway, payment)
    gateway.work(turns=3, minutes=10)
    assert gateway.calls.reversed_keys == []
    assert [(each.ground, each.returned) for each in refunds(gateway, payment)] == [
        (RefundGround.BY_PROVIDER, lei("50"))
    ]
    assert check_books(gateway.parts.units) == ()


def restore(gateway: ScriptedGateway) -> None:
    """The database went back, all providers were asked, and operators let payments begin again."""
    compare(gateway.parts, begin_by_hand(gateway.parts, gateway.clock.now(), actor=ANA))
    finish(gateway.parts, actor=ANA)


def test_a_refund_that_waits_in_the_backup_is_not_sent_when_its_money_may_have_gone(gateway):
    """It was released and sent in the lost time: under its key the bank would repeat its answer, booked once more."""
    payment = gateway.pay("ORDER-1")
    open_refund(gateway, payment, "50")
    gateway.calls.given_back[payment.reference] = lei("50")
    restore(gateway)
    release(gateway, payment, OrderStatus.REFUNDED)
    gateway.work(turns=3, hours=2)
    assert gateway.calls.reversed_keys == []
    assert [(each.ground, each.state, each.returned) for each in refunds(gateway, payment)] == [
        (RefundGround.OPERATORS, RefundState.REFUSED, lei("0")),
        (RefundGround.BY_PROVIDER, RefundState.DONE, lei("50")),
    ]
    assert balances(gateway)["refunds"] == lei("50")
    assert check_books(gateway.parts.units) == ()


def test_a_refund_that_waits_in_the_backup_is_sent_when_nothing_went_back(gateway):
    payment = gateway.pay("ORDER-1")
    waiting = open_refund(gateway, payment, "50")
    restore(gateway)
    release(gateway, payment, OrderStatus.REFUNDED)
    gateway.work(turns=3, hours=2)
    assert gateway.calls.reversed_keys == [waiting.key]
    assert [each.state for each in refunds(gateway, payment)] == [RefundState.DONE]


def test_a_refund_that_was_opened_after_the_restore_waits_beside_a_chargeback(gateway):
    payment = gateway.pay("ORDER-1")
    restore(gateway)
    waiting = open_refund(gateway, payment, "50")
    gateway.calls.given_back[payment.reference] = lei("40")
    settle(gateway.parts, payment.id)
    release(gateway, payment)
    gateway.work(hours=2)
    assert gateway.calls.reversed_keys == [waiting.key]


def test_a_refund_of_which_the_backup_knows_nothing_is_heard_of_before_it_is_made_again(gateway):
    payment = gateway.pay("ORDER-1")
    gateway.clock.advance(days=3)
    gateway.calls.given_back[payment.reference] = lei("50")  # decided and sent by the database that is lost
    restore(gateway)
    assert refunds(gateway, payment) == ()
    decision = propose_refund(gateway, payment, "50")
    with pytest.raises(Conflict, match="went back since this was proposed"):
        approve(gateway.parts, decision.id, actor=ION)
    assert [each.ground for each in refunds(gateway, payment)] == [RefundGround.BY_PROVIDER]


def test_nor_is_it_made_again_while_its_provider_does_not_say(gateway):
    payment = gateway.pay("ORDER-1")
    gateway.clock.advance(days=3)
    restore(gateway)
    decision = propose_refund(gateway, payment, "50")
    gateway.calls.fetch_answers = [OutcomeUnknown("no answer")]
    with pytest.raises(Conflict, match="try again later"):
        approve(gateway.parts, decision.id, actor=ION)
    approve(gateway.parts, decision.id, actor=ION)
    assert [each.ground for each in refunds(gateway, payment)] == [RefundGround.OPERATORS]


def reversed_under(gateway: ScriptedGateway) -> str:
    """The key under which a transaction that its service refuses goes back."""
    gateway.calls.delivery_answers.append(RemoteRefused("UnknownOrder"))
    payment = gateway.start("ORDER-1")
    gateway.calls.captured[payment.reference] = [ProviderCapture("txn-1", payment.amount, NOON)]
    gateway.hear(payment)
    gateway.settled(payment)
    gateway.work(seconds=1)
    [reversal] = gateway.parts.units.read(lambda work: work.reversals.of_payment(payment.id))
    assert (reversal.state, gateway.calls.reversed_keys) == (ReversalState.DONE, [reversal.key])
    return reversal.key


def test_a_reversal_has_the_key_of_the_providers_transaction(gateway, tmp_path):
    other = f"sqlite:///{tmp_path / 'restored.sqlite'}"
    make_tables(other)
    with scripted_gateway(other) as restored:
        assert reversed_under(restored) == reversed_under(gateway)
