"""Before money that a provider refused to give is asked back again, it is asked what went back meanwhile."""

import pytest

from mpay_gateway.api import Capability
from mpay_gateway.domain.bank_statement import LineOutcome
from mpay_gateway.domain.errors import Conflict, InvalidTransition, OutcomeUnknown, RemoteRefused
from mpay_gateway.domain.payment import Payment, Reversal, ReversalState
from mpay_gateway.domain.provider_answer import Confirms, ProviderCapture, StatementLine
from mpay_gateway.domain.refund import Refund, RefundGround, RefundState
from mpay_gateway.flow.attention import payments_for_people
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.refunds.acts import retry_refund
from mpay_gateway.flow.reversal_acts import retry_reversal
from mpay_gateway.flow.reviewed_returns import went_by_itself
from mpay_gateway.flow.settling import settle
from mpay_gateway.storage.attention import Why
from tests.unit.flow.refunding_scene import ANA, balances, open_refund, refunds, release
from tests.unit.flow.scripted import ACCOUNT, NOON, ScriptedGateway, lei
from tests.unit.flow.stating import Statements, give_statements

NO = RemoteRefused("too-old", permanent=True)
LOST = OutcomeUnknown("no answer")


@pytest.fixture(autouse=True)
def sound_books(gateway: ScriptedGateway):
    """Whatever happened: every invariant holds at the end."""
    yield
    assert check_books(gateway.parts.units) == ()


@pytest.fixture
def paid_twice(gateway: ScriptedGateway) -> Payment:
    """A payment of which the provider is about to take the money twice."""
    payment = gateway.start("ORDER-1")
    gateway.calls.captured[payment.reference] = [
        ProviderCapture(each, payment.amount, gateway.clock.now()) for each in ("T1", "T2")
    ]
    return payment


def reversal_after(gateway: ScriptedGateway, payment: Payment, *answers: object) -> Reversal:
    """The reversal of the surplus after the provider gave these answers, with a worker's later tasks done."""
    begun(gateway, payment, *answers)
    gateway.work(turns=3, hours=2)
    return only(gateway, payment)


def begun(gateway: ScriptedGateway, payment: Payment, *answers: object) -> None:
    gateway.calls.reversal_answers += answers
    settle(gateway.parts, payment.id)
    gateway.settled(payment)
    gateway.work(seconds=1)


def only(gateway: ScriptedGateway, payment: Payment) -> Reversal:
    (reversal,) = gateway.parts.units.read(lambda work: work.reversals.of_payment(payment.id))
    return reversal


def refund_after(gateway: ScriptedGateway, payment: Payment, *answers: object) -> Refund:
    """A refund of 50 that its service released, after the provider gave these answers to its first tries."""
    opened = open_refund(gateway, payment, "50")
    release(gateway, payment)
    gateway.calls.reversal_answers += answers
    gateway.work(seconds=1)
    return opened


def back(payment: Payment, amount: str, number: int = 1) -> StatementLine:
    gross = lei(f"-{amount}")
    return StatementLine(f"B{number}", payment.reference, "back", gross, lei("0"), gross, NOON)


@pytest.fixture(params=[Confirms.PULL, Confirms.STATEMENT])
def statements(gateway: ScriptedGateway, request: pytest.FixtureRequest) -> Statements:
    """Of an account that gives money back by itself; one can be asked about a payment, others cannot."""
    able = frozenset({Capability.STATEMENT, Capability.REVERSE})
    return give_statements(gateway, capabilities=able, confirms=request.param)


def test_a_reversal_that_a_person_sent_is_not_asked_for_again(gateway, paid_twice):
    refused = reversal_after(gateway, paid_twice, NO)
    gateway.calls.given_back[paid_twice.reference] = paid_twice.amount
    with pytest.raises(InvalidTransition):
        retry_reversal(gateway.parts, refused.id, actor=ANA)
    gateway.work(turns=2, hours=2)
    assert len(gateway.calls.reversed_keys) == 1
    assert (only(gateway, paid_twice).state, "suspense" in balances(gateway)) == (ReversalState.DONE, False)


@pytest.mark.parametrize("part", ["40", "190"])
def test_a_reversal_is_not_asked_for_again_beside_money_that_may_be_of_it(gateway, paid_twice, part):
    refused = reversal_after(gateway, paid_twice, NO)
    gateway.calls.given_back[paid_twice.reference] = lei(part)
    with pytest.raises(Conflict, match=rf"gave {part}\.00 MDL of the payment back in another way"):
        retry_reversal(gateway.parts, refused.id, actor=ANA)
    gateway.work(turns=2, hours=2)
    assert (only(gateway, paid_twice).state, len(gateway.calls.reversed_keys)) == (ReversalState.REFUSED, 1)


def test_a_silent_provider_is_asked_for_nothing_again(gateway, paid_twice):
    refused = reversal_after(gateway, paid_twice, NO)
    gateway.calls.fetch_answers.append(LOST)
    with pytest.raises(Conflict, match="does not say now"):
        retry_reversal(gateway.parts, refused.id, actor=ANA)
    assert retry_reversal(gateway.parts, refused.id, actor=ANA).state is ReversalState.DUE


def test_a_refund_that_went_back_all_the_same_is_not_asked_for_again(gateway):
    payment = gateway.pay("ORDER-1")
    refund = refund_after(gateway, payment, LOST, NO)
    gateway.work(turns=2, minutes=5)
    assert [each.state for each in refunds(gateway, payment)] == [RefundState.REFUSED]
    gateway.calls.given_back[payment.reference] = lei("50")  # the first try's, or sent by hand since
    with pytest.raises(Conflict, match="money went back since refund"):
        retry_refund(gateway.parts, refund.id, actor=ANA)
    gateway.work(turns=2, hours=2)
    assert len(gateway.calls.reversed_keys) == 2
    assert [(each.ground, str(each.returned.amount)) for each in refunds(gateway, payment)] == [
        (RefundGround.OPERATORS, "0.00"), (RefundGround.BY_PROVIDER, "50.00"),
    ]  # fmt: skip


def test_a_refund_of_a_silent_provider_is_not_asked_for_again(gateway):
    payment = gateway.pay("ORDER-1")
    refund = refund_after(gateway, payment, NO)
    gateway.work(seconds=1)
    gateway.calls.fetch_answers.append(LOST)
    with pytest.raises(Conflict, match="does not say now"):
        retry_refund(gateway.parts, refund.id, actor=ANA)
    assert retry_refund(gateway.parts, refund.id, actor=ANA).state is RefundState.DUE


def test_a_line_that_came_before_the_refusal_ends_the_reversal(gateway, statements, paid_twice):
    begun(gateway, paid_twice, LOST, NO)
    assert statements.write(back(paid_twice, "150")) == [LineOutcome.GIVEN_BACK]
    gateway.work(turns=3, hours=2)
    assert len(gateway.calls.reversed_keys) == 2
    assert (only(gateway, paid_twice).state, "suspense" in balances(gateway)) == (ReversalState.DONE, False)
    assert payments_for_people(gateway.parts.units) == ()


def test_a_line_that_came_before_the_refusal_ends_the_refund(gateway, statements):
    payment = gateway.pay("ORDER-1")
    refund = refund_after(gateway, payment, LOST, NO)
    assert statements.write(back(payment, "50")) == [LineOutcome.GIVEN_BACK]
    release(gateway, payment)
    gateway.work(turns=2, minutes=5)
    [done] = refunds(gateway, payment)
    assert (done.id, done.state, done.returned) == (refund.id, RefundState.DONE, lei("50"))
    assert balances(gateway)[f"receivable:{ACCOUNT}"] == lei("150")
    assert len(gateway.calls.reversed_keys) == 2


def test_a_provider_that_refuses_is_asked_whether_an_earlier_try_had_its_effect(gateway, paid_twice):
    begun(gateway, paid_twice, LOST, NO)
    gateway.calls.given_back[paid_twice.reference] = paid_twice.amount
    gateway.work(turns=3, minutes=2)
    assert (only(gateway, paid_twice).state, len(gateway.calls.reversed_keys)) == (ReversalState.DONE, 2)


def test_a_provider_that_refuses_a_refund_is_asked_as_well(gateway):
    payment = gateway.pay("ORDER-1")
    refund_after(gateway, payment, LOST, NO)
    gateway.calls.given_back[payment.reference] = lei("50")
    gateway.work(turns=3, minutes=2)
    assert [each.ground for each in refunds(gateway, payment)] == [
        RefundGround.OPERATORS, RefundGround.BY_PROVIDER,
    ]  # fmt: skip
    assert Why.TAKEN_BACK in [why for _, why in payments_for_people(gateway.parts.units)]


def test_what_went_back_by_itself_of_released_money_is_kept_for_people(gateway):
    gateway.calls.delivery_answers.append(RemoteRefused("UnknownOrder", permanent=True))
    gateway.calls.reversal_answers.append(NO)
    payment = gateway.pay("ORDER-1")
    gateway.calls.given_back[payment.reference] = lei("40")
    gateway.work(turns=2, seconds=5)
    assert only(gateway, payment).state is ReversalState.REFUSED
    assert gateway.parts.units.read(lambda work: went_by_itself(work, payment)) == lei("40")
