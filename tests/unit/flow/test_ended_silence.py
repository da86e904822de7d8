"""Money that a provider never answers for: two operators end it, and what turns up afterwards is counted once."""

import pytest

from mpay_gateway.domain.bank_statement import LineOutcome
from mpay_gateway.domain.decision import Act
from mpay_gateway.domain.errors import (
    Conflict,
    InvalidTransition,
    NotAuthorised,
    NotFound,
    OutcomeUnknown,
    RemoteRefused,
)
from mpay_gateway.domain.order import OrderStatus
from mpay_gateway.domain.provider_answer import ReversalAnswer, StatementLine
from mpay_gateway.domain.refund import RefundGround, RefundState
from mpay_gateway.flow.attention import payments_for_people
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.decisions import approve, propose_about
from mpay_gateway.flow.refunds.acts import retry_refund
from mpay_gateway.flow.refunds.unanswered import proposed_return
from mpay_gateway.flow.settling import settle
from mpay_gateway.storage.attention import Why
from tests.unit.flow.refunding_scene import ANA, ION, balances, open_refund, refunds, release
from tests.unit.flow.scripted import ACCOUNT, NOON, ScriptedGateway, lei
from tests.unit.flow.stating import give_statements

GONE = OutcomeUnknown("gone")


@pytest.fixture(autouse=True)
def sound_books(gateway: ScriptedGateway):
    """Whatever happened: every invariant holds at the end."""
    yield
    assert check_books(gateway.parts.units) == ()


@pytest.fixture
def paid(gateway: ScriptedGateway):
    """A payment of which 100 of 150 are asked back, at a bank that is gone. Its service released the debt."""
    payment = gateway.pay("ORDER-1")
    release(gateway, payment)
    open_refund(gateway, payment, "100")
    gateway.calls.reversal_answers += [GONE] * 99
    return payment


def proposed(gateway: ScriptedGateway, payment):
    about = proposed_return(refunds(gateway, payment)[0].id)
    return propose_about(gateway.parts, payment.id, about, "the bank's people sent it", actor=ANA)


def test_two_operators_say_of_a_refund_without_an_answer_that_it_went_back(gateway, paid):
    gateway.work(turns=31, days=1)
    assert [why for _, why in payments_for_people(gateway.parts.units)] == [Why.NOT_ANSWERED]
    proposal = proposed(gateway, paid)
    assert (proposal.act, proposal.amount) == (Act.WENT_BACK, lei("100"))
    with pytest.raises(NotAuthorised):
        approve(gateway.parts, proposal.id, actor=ANA)
    assert refunds(gateway, paid)[0].state is RefundState.DUE
    approve(gateway.parts, proposal.id, actor=ION)
    (done,) = refunds(gateway, paid)
    assert (done.state, done.returned, done.last_error) == (RefundState.DONE, lei("100"), "")
    assert balances(gateway)[f"receivable:{ACCOUNT}"] == lei("50")
    assert payments_for_people(gateway.parts.units) == ()
    asked = len(gateway.calls.reversed_keys)
    release(gateway, paid, OrderStatus.REFUNDED)
    gateway.work(turns=3, days=1)
    assert len(gateway.calls.reversed_keys) == asked
    assert refunds(gateway, paid)[0].acknowledged_at is not None


def test_the_audit_names_both_and_says_why(gateway, paid):
    gateway.work(turns=31, days=1)
    approve(gateway.parts, proposed(gateway, paid).id, actor=ION)
    rows = gateway.parts.units.read(lambda work: work.audit.of_payment(paid.id))
    (done,) = [row for row in rows if (row.machine, row.event) == ("refund", "done")]
    assert (done.actor, done.detail) == (ION, "operators 100.00 MDL: the bank's people sent it")


def test_who_was_asked_for_less_than_thirty_days_may_answer_yet(gateway, paid):
    gateway.work(turns=29, days=1)
    with pytest.raises(InvalidTransition, match="waits for no such word"):
        proposed(gateway, paid)
    gateway.work(turns=2, days=1)
    proposed(gateway, paid)


def test_a_retry_begins_the_thirty_days_anew(gateway, paid):
    gateway.calls.reversal_answers[:] = [RemoteRefused("not now", permanent=True), *[GONE] * 99]
    gateway.work(turns=31, days=1)
    (refused,) = refunds(gateway, paid)
    assert refused.state is RefundState.REFUSED
    retry_refund(gateway.parts, refused.id, actor=ANA)
    gateway.work(turns=29, days=1)
    with pytest.raises(InvalidTransition):
        proposed(gateway, paid)
    gateway.work(turns=2, days=1)
    approve(gateway.parts, proposed(gateway, paid).id, actor=ION)
    assert refunds(gateway, paid)[0].state is RefundState.DONE


def test_a_refund_whose_money_was_never_asked_for_did_not_go_back(gateway):
    payment = gateway.pay("ORDER-1")
    open_refund(gateway, payment)  # and its service releases nothing
    gateway.work(turns=40, days=1)
    with pytest.raises(InvalidTransition):
        proposed(gateway, payment)


def test_it_is_about_a_refund_of_its_payment(gateway, paid):
    gateway.work(turns=31, days=1)
    other, about = gateway.pay("ORDER-2"), proposed_return(refunds(gateway, paid)[0].id)
    with pytest.raises(NotFound):
        propose_about(gateway.parts, other.id, about, "so", actor=ANA)


def test_what_the_provider_took_back_since_the_proposal_may_be_what_they_speak_of(gateway, paid):
    gateway.work(turns=31, days=1)
    proposal = proposed(gateway, paid)
    gateway.calls.given_back[paid.reference] = lei("140")  # our 100 may be in it, 40 are not ours
    with pytest.raises(Conflict, match="has been called back since"):
        approve(gateway.parts, proposal.id, actor=ION)
    states = {each.ground: (each.state, each.returned) for each in refunds(gateway, paid)}
    assert states == {
        RefundGround.OPERATORS: (RefundState.DUE, lei("0")),
        RefundGround.BY_PROVIDER: (RefundState.DONE, lei("40")),
    }


def test_a_provider_that_says_nothing_at_all_keeps_nobody_from_saying_it(gateway, paid):
    gateway.work(turns=31, days=1)
    gateway.calls.fetch_answers.append(GONE)
    approve(gateway.parts, proposed(gateway, paid).id, actor=ION)
    assert gateway.calls.fetch_answers == []
    assert refunds(gateway, paid)[0].state is RefundState.DONE


def test_an_answer_before_the_approval_counts_once(gateway, paid):
    gateway.work(turns=31, days=1)
    proposal = proposed(gateway, paid)
    gateway.calls.reversal_answers[:] = []
    gateway.work(hours=2)
    assert refunds(gateway, paid)[0].state is RefundState.DONE
    with pytest.raises(InvalidTransition):
        approve(gateway.parts, proposal.id, actor=ION)
    assert balances(gateway)[f"receivable:{ACCOUNT}"] == lei("50")


def test_what_is_being_sent_as_two_operators_end_it_is_booked_once(gateway, paid, monkeypatch):
    gateway.work(turns=31, days=1)
    gateway.calls.reversal_answers[:] = [ReversalAnswer(lei("100"))]
    proposal, answer = proposed(gateway, paid), gateway.calls.reverse_payment

    def ended_meanwhile(*arguments: object, **more: object) -> object:
        given = answer(*arguments, **more)
        approve(gateway.parts, proposal.id, actor=ION)
        return given

    monkeypatch.setattr(gateway.calls, "reverse_payment", ended_meanwhile)
    gateway.work(hours=2)
    assert [each.state for each in refunds(gateway, paid)] == [RefundState.DONE]
    assert balances(gateway)[f"receivable:{ACCOUNT}"] == lei("50")


def test_the_same_money_in_status_and_statement_is_no_news_later_and_more_is(gateway, paid):
    statements = give_statements(gateway)
    gateway.work(turns=31, days=1)
    approve(gateway.parts, proposed(gateway, paid).id, actor=ION)
    gateway.calls.given_back[paid.reference] = lei("100")
    settle(gateway.parts, paid.id)
    back = lei("-100")
    line = StatementLine("B1", paid.reference, "reversal", back, lei("0"), back, NOON)
    assert statements.write(line) == [LineOutcome.GIVEN_BACK]
    assert len(refunds(gateway, paid)) == 1
    gateway.calls.given_back[paid.reference] = lei("150")  # fifty of them on nobody's word
    settle(gateway.parts, paid.id)
    assert [each.returned for each in refunds(gateway, paid)] == [lei("100"), lei("50")]
