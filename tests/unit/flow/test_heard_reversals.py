"""Refused reversals beside other money of their payment: of a sum that went back, each part is written down once."""

import pytest

from mpay_gateway.api import Capability
from mpay_gateway.domain.bank_statement import LineOutcome
from mpay_gateway.domain.errors import Conflict, InvalidTransition, OutcomeUnknown, RemoteRefused
from mpay_gateway.domain.payment import Payment, Reversal, ReversalState
from mpay_gateway.domain.provider_answer import ProviderCapture, ReversalAnswer, StatementLine
from mpay_gateway.flow.attention import payments_for_people
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.decisions import approve, propose_about, reject
from mpay_gateway.flow.refunds.acts import acknowledge_refund
from mpay_gateway.flow.reversal_acts import proposed_acknowledgement
from mpay_gateway.flow.settling import settle
from mpay_gateway.storage.attention import Why
from tests.unit.flow.refunding_scene import ANA, ION, balances, refunds
from tests.unit.flow.scripted import ACCOUNT, NOON, ScriptedGateway, lei
from tests.unit.flow.stating import Statements, give_statements

NO = RemoteRefused("too-old", permanent=True)
RECEIVABLE = f"receivable:{ACCOUNT}"


@pytest.fixture
def statements(gateway: ScriptedGateway) -> Statements:
    return give_statements(gateway, capabilities=frozenset({Capability.STATEMENT, Capability.REVERSE}))


@pytest.fixture(autouse=True)
def sound_books(gateway: ScriptedGateway):
    """Whatever happened: every invariant holds at the end."""
    yield
    assert check_books(gateway.parts.units) == ()


def paid(gateway: ScriptedGateway, *surplus: str, answers: tuple[object, ...] = (NO,) * 9) -> Payment:
    """A payment of 150 that its service knows of, with more that was taken, and that has been asked back."""
    payment = gateway.start("ORDER-1")
    taken = (payment.amount, *map(lei, surplus))
    gateway.calls.captured[payment.reference] = [
        ProviderCapture(f"T{place}", amount, gateway.clock.now()) for place, amount in enumerate(taken)
    ]
    gateway.calls.reversal_answers += answers
    settle(gateway.parts, payment.id)
    gateway.settled(payment)
    gateway.work(seconds=1)
    return payment


def pull(gateway: ScriptedGateway, payment: Payment, whole: str) -> None:
    """The provider says, when asked, that so much went back in all."""
    gateway.calls.given_back[payment.reference] = lei(whole)
    settle(gateway.parts, payment.id)


def line(payment: Payment, amount: str, number: int = 1) -> StatementLine:
    gross = lei(f"-{amount}")
    return StatementLine(f"B{number}", payment.reference, "back", gross, lei("0"), gross, NOON)


def reversals(gateway: ScriptedGateway, payment: Payment) -> tuple[Reversal, ...]:
    return gateway.parts.units.read(lambda work: work.reversals.of_payment(payment.id))


def standing(gateway: ScriptedGateway, payment: Payment) -> dict[str, ReversalState]:
    return {str(each.amount.amount): each.state for each in reversals(gateway, payment)}


def taken_back(gateway: ScriptedGateway, payment: Payment) -> list[str]:
    return [str(each.amount.amount) for each in refunds(gateway, payment)]


def test_a_chargeback_of_confirmed_money_ends_no_refused_reversal(gateway, statements):
    payment = paid(gateway, "30")
    pull(gateway, payment, "150")
    assert standing(gateway, payment) == {"30.00": ReversalState.REFUSED}
    assert taken_back(gateway, payment) == []  # it may be of the 30 as well: people look into it
    assert [why for _, why in payments_for_people(gateway.parts.units)] == [Why.NOT_GIVEN_BACK]
    assert statements.write(line(payment, "150")) == [LineOutcome.CHARGED_BACK]
    gateway.work(turns=3, hours=1)
    assert standing(gateway, payment) == {"30.00": ReversalState.REFUSED}
    assert taken_back(gateway, payment) == ["150.00"]
    pull(gateway, payment, "180")
    assert standing(gateway, payment) == {"30.00": ReversalState.DONE}
    assert taken_back(gateway, payment) == ["150.00"]
    assert "suspense" not in balances(gateway)


def test_a_sum_that_is_just_one_of_them_ends_that_one(gateway, statements):
    payment = paid(gateway, "30", "150")
    pull(gateway, payment, "150")
    assert standing(gateway, payment) == {"30.00": ReversalState.REFUSED, "150.00": ReversalState.DONE}
    assert statements.write(line(payment, "150")) == [LineOutcome.GIVEN_BACK]
    assert standing(gateway, payment) == {"30.00": ReversalState.REFUSED, "150.00": ReversalState.DONE}
    assert taken_back(gateway, payment) == []
    assert balances(gateway)["suspense"] == lei("-30")


def test_a_sum_that_is_all_of_them_ends_all(gateway):
    payment = paid(gateway, "30", "40", "150")
    pull(gateway, payment, "220")
    assert set(standing(gateway, payment).values()) == {ReversalState.DONE}
    assert "suspense" not in balances(gateway)


def test_what_was_seen_at_the_bank_once_is_called_back_once(gateway):
    """Two refused reversals of one amount, of which people sent one: the second operator's question finds it first."""
    payment = paid(gateway, "30", "30")
    _, other = reversals(gateway, payment)
    about = proposed_acknowledgement(other.id)
    proposal = propose_about(gateway.parts, payment.id, about, "sent", actor=ANA)
    gateway.calls.given_back[payment.reference] = lei("30")
    with pytest.raises(Conflict, match="called back since this was proposed"):
        approve(gateway.parts, proposal.id, actor=ION)
    assert [each.state for each in reversals(gateway, payment)] == [ReversalState.DONE, ReversalState.REFUSED]
    assert balances(gateway)["suspense"] == lei("-30")
    reject(gateway.parts, proposal.id, actor=ANA)
    again = propose_about(gateway.parts, payment.id, about, "sent, too", actor=ANA)
    approve(gateway.parts, again.id, actor=ION)
    assert "suspense" not in balances(gateway)


def test_a_word_on_a_refund_that_was_back_before_stands_in_nobodys_way(gateway, statements):
    payment = paid(gateway, "30")
    assert statements.write(line(payment, "150")) == [LineOutcome.CHARGED_BACK]
    [refused], [taken] = reversals(gateway, payment), refunds(gateway, payment)
    about = proposed_acknowledgement(refused.id)
    proposal = propose_about(gateway.parts, payment.id, about, "sent", actor=ANA)
    acknowledge_refund(gateway.parts, taken.id, "the service bears it", actor=ANA)
    approve(gateway.parts, proposal.id, actor=ION)
    assert standing(gateway, payment) == {"30.00": ReversalState.DONE}


def test_a_sum_that_fits_nothing_is_written_down_once_people_have_seen_to_the_reversal(gateway):
    payment = paid(gateway, "30")
    pull(gateway, payment, "180")  # the bank's people sent the 30, and all else was charged back
    assert (standing(gateway, payment), taken_back(gateway, payment)) == (
        {"30.00": ReversalState.REFUSED},
        [],
    )
    [refused] = reversals(gateway, payment)
    about = proposed_acknowledgement(refused.id)
    approve(gateway.parts, propose_about(gateway.parts, payment.id, about, "sent", actor=ANA).id, actor=ION)
    assert taken_back(gateway, payment) == []
    gateway.work(hours=1, seconds=1)
    assert (standing(gateway, payment), taken_back(gateway, payment)) == (
        {"30.00": ReversalState.DONE}, ["150.00"],
    )  # fmt: skip
    asked = gateway.calls.asked
    gateway.work(turns=3, hours=2)
    assert gateway.calls.asked == asked


def test_while_a_reversal_is_not_answered_nothing_is_called_a_chargeback(gateway):
    """It may have been done or not: the sum says nothing before it is over."""
    payment = paid(gateway, "30", answers=(OutcomeUnknown("no answer"), NO))
    pull(gateway, payment, "150")
    assert (standing(gateway, payment), taken_back(gateway, payment)) == ({"30.00": ReversalState.DUE}, [])
    gateway.work(turns=3, minutes=5)
    assert standing(gateway, payment) == {"30.00": ReversalState.REFUSED}
    assert taken_back(gateway, payment) == []


def test_a_reversal_that_is_answered_lets_the_rest_be_a_chargeback(gateway):
    payment = paid(gateway, "30", answers=(OutcomeUnknown("no answer"),))
    pull(gateway, payment, "180")
    gateway.work(turns=2, minutes=5)
    assert standing(gateway, payment) == {"30.00": ReversalState.DONE}
    gateway.work(hours=1)
    assert taken_back(gateway, payment) == ["150.00"]
    # 180 taken, 180 gone: the provider owes us nothing, and nobody bears the confirmed 150 yet.
    assert (RECEIVABLE in balances(gateway), balances(gateway)["refunds"]) == (False, lei("150"))


def test_who_ends_a_refused_reversal_is_in_the_audit_as_an_edge_of_its_own(gateway):
    payment = paid(gateway, "30")
    pull(gateway, payment, "30")
    rows = gateway.parts.units.read(lambda work: work.audit.of_payment(payment.id))
    said = [(row.actor, row.event, row.after) for row in rows if row.machine == "reversal"]
    assert said[-2:] == [
        ("machine", "refuse", "refused"), (f"provider:{ACCOUNT}", "went-back", "done"),
    ]  # fmt: skip


def test_nobody_says_that_what_went_back_whole_went_back_once_more(gateway):
    payment = paid(gateway, "100", answers=(ReversalAnswer(lei("150")),))
    [too_much] = reversals(gateway, payment)
    assert (too_much.state, too_much.returned) == (ReversalState.REFUSED, lei("150"))
    with pytest.raises(InvalidTransition, match=r"150\.00 MDL went back, nothing is left"):
        propose_about(gateway.parts, payment.id, proposed_acknowledgement(too_much.id), "seen", actor=ANA)
    assert [why for _, why in payments_for_people(gateway.parts.units)] == [Why.NOT_GIVEN_BACK]
    pull(gateway, payment, "190")  # its rest of nothing keeps no chargeback from being written down
    assert taken_back(gateway, payment) == ["40.00"]
