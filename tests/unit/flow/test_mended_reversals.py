"""Money on its way back that a provider refuses or gives in part: people bring it to its end, and it goes back once."""

import pytest

from mpay_gateway.api import Capability
from mpay_gateway.domain.bank_statement import LineOutcome
from mpay_gateway.domain.decision import Act, Decision
from mpay_gateway.domain.errors import (
    InvalidTransition,
    NoPluginAnswered,
    NotAuthorised,
    NotFound,
    OutcomeUnknown,
    RemoteRefused,
)
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import Payment, Reversal, ReversalState
from mpay_gateway.domain.provider_answer import ProviderCapture, ReversalAnswer, StatementLine
from mpay_gateway.flow.attention import payments_for_people
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.decisions import approve, propose_about
from mpay_gateway.flow.reversal_acts import proposed_acknowledgement, retry_reversal
from mpay_gateway.flow.settling import settle
from mpay_gateway.storage.tasks import TaskKind
from tests.unit.flow.refunding_scene import ANA, ION, balances
from tests.unit.flow.scripted import NOON, ScriptedGateway, lei
from tests.unit.flow.stating import Statements, give_statements
from tests.unit.flow.tampering import by_hand

NO = RemoteRefused("too-old", permanent=True)


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


def answered(gateway: ScriptedGateway, payment: Payment, *answers: object) -> Reversal:
    """The reversal of the surplus after the provider gave these answers."""
    gateway.calls.reversal_answers += answers
    settle(gateway.parts, payment.id)
    gateway.settled(payment)
    gateway.work(turns=3, hours=2)
    return only(gateway, payment)


def only(gateway: ScriptedGateway, payment: Payment) -> Reversal:
    (reversal,) = gateway.parts.units.read(lambda work: work.reversals.of_payment(payment.id))
    return reversal


def test_a_refused_reversal_is_asked_for_again_under_the_same_key(gateway, paid_twice):
    refused = answered(gateway, paid_twice, NO)
    assert refused.state is ReversalState.REFUSED
    assert retry_reversal(gateway.parts, refused.id, actor=ANA).state is ReversalState.DUE
    gateway.work(seconds=1)
    done = only(gateway, paid_twice)
    assert (done.state, done.returned) == (ReversalState.DONE, paid_twice.amount)
    assert len(gateway.calls.reversed_keys) == 2
    assert len(set(gateway.calls.reversed_keys)) == 1
    assert "suspense" not in balances(gateway)
    rows = gateway.parts.units.read(lambda work: work.audit.of_payment(paid_twice.id))
    assert (ANA, "retry") in {(row.actor, row.event) for row in rows if row.machine == "reversal"}


def test_a_reversal_that_is_not_answered_is_only_hurried(gateway, paid_twice):
    due = answered(gateway, paid_twice, *[NoPluginAnswered("no such capability")])
    retry_reversal(gateway.parts, due.id, actor=ANA)
    gateway.calls.reversal_answers.append(RemoteRefused("busy", permanent=False))
    gateway.work(seconds=1)
    again = retry_reversal(gateway.parts, due.id, actor=ANA)
    assert (again.state, again.attempts) == (ReversalState.DUE, 2)
    hurried = gateway.parts.units.read(lambda work: work.tasks.due_at(TaskKind.REVERSE, due.id))
    assert hurried is not None
    assert hurried <= gateway.clock.now()


def test_what_went_back_in_part_is_kept_and_booked_once_and_not_asked_for_again(gateway, paid_twice):
    part = answered(gateway, paid_twice, ReversalAnswer(lei("40")))
    assert (part.state, part.returned) == (ReversalState.REFUSED, lei("40"))
    assert balances(gateway)["suspense"] == lei("-110")
    with pytest.raises(InvalidTransition, match=r"40\.00 MDL went back already"):
        retry_reversal(gateway.parts, part.id, actor=ANA)
    gateway.work(turns=3, hours=2)
    assert len(gateway.calls.reversed_keys) == 1


def test_the_providers_word_on_a_part_that_went_back_is_no_chargeback(gateway, paid_twice):
    answered(gateway, paid_twice, ReversalAnswer(lei("40")))
    gateway.calls.given_back[paid_twice.reference] = lei("40")
    settle(gateway.parts, paid_twice.id)
    assert gateway.parts.units.read(lambda work: work.refunds.of_payment(paid_twice.id)) == ()


def test_of_another_currency_nothing_is_booked(gateway, paid_twice):
    other = answered(gateway, paid_twice, ReversalAnswer(Money.from_minor(150_00, "EUR")))
    assert (other.state, other.returned) == (ReversalState.REFUSED, lei("0"))
    assert balances(gateway)["suspense"] == lei("-150")


def test_what_is_back_or_is_none_is_not_asked_for(gateway, paid_twice):
    done = answered(gateway, paid_twice)
    with pytest.raises(InvalidTransition):
        retry_reversal(gateway.parts, done.id, actor=ANA)
    with pytest.raises(NotFound):
        retry_reversal(gateway.parts, "nobody", actor=ANA)
    assert len(gateway.calls.reversed_keys) == 1


def proposed(gateway: ScriptedGateway, reversal: Reversal) -> Decision:
    about = proposed_acknowledgement(reversal.id)
    return propose_about(gateway.parts, reversal.payment_id, about, "sent by hand", actor=ANA)


def acknowledged(gateway: ScriptedGateway, reversal: Reversal) -> Reversal:
    approve(gateway.parts, proposed(gateway, reversal).id, actor=ION)
    return gateway.parts.units.read(lambda work: work.reversals.get(reversal.id))


@pytest.mark.parametrize(("answer", "left"), [(NO, "150"), (ReversalAnswer(lei("40")), "110")], ids=str)
def test_two_operators_say_that_what_is_left_went_back_by_another_way(gateway, paid_twice, answer, left):
    refused = answered(gateway, paid_twice, answer)
    proposal = proposed(gateway, refused)
    assert (proposal.act, proposal.amount, only(gateway, paid_twice)) == (Act.ACKNOWLEDGE, lei(left), refused)
    with pytest.raises(NotAuthorised):
        approve(gateway.parts, proposal.id, actor=ANA)
    approve(gateway.parts, proposal.id, actor=ION)
    done = only(gateway, paid_twice)
    assert (done.state, done.gone, done.returned) == (ReversalState.DONE, paid_twice.amount, refused.returned)
    assert "suspense" not in balances(gateway)
    assert payments_for_people(gateway.parts.units) == ()
    assert len(gateway.calls.reversed_keys) == 1


def test_it_is_said_once_and_of_what_is_refused_alone(gateway, paid_twice):
    refused = answered(gateway, paid_twice, NO)
    late = proposed(gateway, refused)
    retry_reversal(gateway.parts, refused.id, actor=ANA)
    with pytest.raises(InvalidTransition, match="is due"):
        approve(gateway.parts, late.id, actor=ION)
    gateway.work(seconds=1)
    with pytest.raises(InvalidTransition, match="is done"):
        approve(gateway.parts, late.id, actor=ION)
    with pytest.raises(InvalidTransition, match="is done"):
        propose_about(gateway.parts, paid_twice.id, proposed_acknowledgement(refused.id), "again", actor=ANA)
    assert "suspense" not in balances(gateway)


def test_two_operators_end_what_a_provider_leaves_without_an_answer_for_very_long(gateway, paid_twice):
    """A bank that is gone never answers: its payer is paid by hand, and the money leaves the books."""
    gateway.calls.reversal_answers += [OutcomeUnknown("gone")] * 99
    due = answered(gateway, paid_twice)
    gateway.work(turns=28, days=1)
    with pytest.raises(InvalidTransition, match="is due"):
        proposed(gateway, due)
    gateway.work(turns=2, days=1)
    gateway.calls.fetch_answers += [OutcomeUnknown("gone")] * 2
    asked, done = len(gateway.calls.reversed_keys), acknowledged(gateway, due)
    assert (done.state, done.gone, done.last_error) == (ReversalState.DONE, paid_twice.amount, "")
    gateway.work(turns=3, days=1)
    assert len(gateway.calls.reversed_keys) == asked
    assert "suspense" not in balances(gateway)
    assert payments_for_people(gateway.parts.units) == ()


def test_what_is_being_sent_as_two_operators_end_it_writes_nothing(gateway, paid_twice, monkeypatch):
    gateway.calls.reversal_answers += [OutcomeUnknown("gone")] * 99
    due = answered(gateway, paid_twice)
    gateway.work(turns=31, days=1)
    gateway.calls.reversal_answers[:] = [ReversalAnswer(paid_twice.amount)]
    proposal, answer = proposed(gateway, due), gateway.calls.reverse_payment

    def ended_meanwhile(*arguments: object, **more: object) -> object:
        given = answer(*arguments, **more)
        approve(gateway.parts, proposal.id, actor=ION)
        return given

    monkeypatch.setattr(gateway.calls, "reverse_payment", ended_meanwhile)
    gateway.work(hours=2)
    done = only(gateway, paid_twice)
    assert (done.state, done.returned) == (ReversalState.DONE, lei("0"))
    assert "suspense" not in balances(gateway)


def test_it_is_about_a_reversal_of_its_payment(gateway, paid_twice):
    refused = answered(gateway, paid_twice, NO)
    other = gateway.pay("ORDER-2")
    with pytest.raises(NotFound):
        propose_about(gateway.parts, other.id, proposed_acknowledgement(refused.id), "so", actor=ANA)
    acknowledged(gateway, refused)


def test_a_provider_that_is_silent_keeps_nobody_from_saying_it(gateway, paid_twice):
    refused = answered(gateway, paid_twice, NO)
    gateway.calls.fetch_answers.append(OutcomeUnknown("down"))
    assert acknowledged(gateway, refused).state is ReversalState.DONE


@pytest.mark.parametrize("part", ["0", "40"])
def test_the_pulled_status_says_that_all_is_back(gateway, paid_twice, part):
    refused = answered(gateway, paid_twice, ReversalAnswer(lei(part)) if part != "0" else NO)
    gateway.calls.given_back[paid_twice.reference] = lei("150")
    settle(gateway.parts, paid_twice.id)
    assert refused.state is ReversalState.REFUSED
    done = only(gateway, paid_twice)
    assert (done.state, done.last_error) == (ReversalState.DONE, "")
    assert "suspense" not in balances(gateway)
    assert gateway.parts.units.read(lambda work: work.refunds.of_payment(paid_twice.id)) == ()
    settle(gateway.parts, paid_twice.id)
    assert only(gateway, paid_twice) == done


def test_what_the_provider_says_when_it_is_asked_before_the_approval_counts_once(gateway, paid_twice):
    refused = answered(gateway, paid_twice, NO)
    gateway.calls.given_back[paid_twice.reference] = lei("150")
    with pytest.raises(InvalidTransition, match="is done"):
        acknowledged(gateway, refused)
    assert only(gateway, paid_twice).state is ReversalState.DONE
    assert "suspense" not in balances(gateway)


@pytest.fixture(params=[True, False], ids=["gives-back", "gives-nothing-back"])
def statements(gateway, request) -> Statements:
    """Of an account that gives money back by itself, and of one that does not."""
    able = {Capability.REVERSE} if request.param else set()
    return give_statements(gateway, capabilities=frozenset({Capability.STATEMENT, *able}))


def back(payment: Payment, amount: str, number: int = 1) -> StatementLine:
    gross = lei("0") - lei(amount)
    return StatementLine(f"B{number}", payment.reference, "reversal", gross, lei("0"), gross, NOON)


def test_a_statements_line_says_that_a_refused_reversal_is_back(gateway, statements, paid_twice):
    refused = answered(gateway, paid_twice, NO)
    assert statements.write(back(paid_twice, "150")) == [LineOutcome.GIVEN_BACK]
    done = only(gateway, paid_twice)
    assert (done.state, done.id) == (ReversalState.DONE, refused.id)
    assert "suspense" not in balances(gateway)
    assert payments_for_people(gateway.parts.units) == ()


def test_lines_of_both_parts_settle_a_reversal_that_was_done_in_part(gateway, statements, paid_twice):
    part = answered(gateway, paid_twice, ReversalAnswer(lei("40")))
    assert statements.write(back(paid_twice, "40")) == [LineOutcome.GIVEN_BACK]
    assert only(gateway, paid_twice) == part
    assert statements.write(back(paid_twice, "110", 2)) == [LineOutcome.GIVEN_BACK] * 2
    assert (only(gateway, paid_twice).state, "suspense" in balances(gateway)) == (ReversalState.DONE, False)


def test_what_two_operators_wrote_down_has_its_lines_later_and_is_booked_once(
    gateway, statements, paid_twice
):
    done = acknowledged(gateway, answered(gateway, paid_twice, ReversalAnswer(lei("75"))))
    assert statements.write(back(paid_twice, "75"), back(paid_twice, "75", 2)) == [LineOutcome.GIVEN_BACK] * 2
    assert only(gateway, paid_twice) == done
    assert "suspense" not in balances(gateway)
    assert statements.write(back(paid_twice, "75", 3))[-1] is not LineOutcome.GIVEN_BACK


def test_a_line_of_less_than_is_owed_settles_nothing(gateway, statements, paid_twice):
    refused = answered(gateway, paid_twice, NO)
    assert statements.write(back(paid_twice, "149.99")) != [LineOutcome.GIVEN_BACK]
    assert only(gateway, paid_twice) == refused


FORGERIES = {
    "a part is less than is posted": (
        "UPDATE reversals SET returned_minor = {} WHERE state = 'refused'",
        (3999, 4000),
        5,
    ),
    "a line of a part is of nothing": ("UPDATE statement_lines SET gross_minor = {}", (-4001, -4000), 11),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_part_that_is_changed_by_hand_is_reported(gateway, statements, paid_twice, forgery):
    answered(gateway, paid_twice, ReversalAnswer(lei("40")))
    statements.write(back(paid_twice, "40"))
    statement, (forged, right), invariant = FORGERIES[forgery]
    by_hand(gateway, statement.format(forged))
    assert invariant in {each.invariant for each in check_books(gateway.parts.units)}
    by_hand(gateway, statement.format(right))


def test_a_line_of_a_rest_that_is_of_another_amount_is_reported(gateway, statements, paid_twice):
    answered(gateway, paid_twice, ReversalAnswer(lei("40")))
    statements.write(back(paid_twice, "40"), back(paid_twice, "110", 2))
    reversal_id = only(gateway, paid_twice).id
    change = "UPDATE statement_lines SET rest_of_id = {} WHERE gross_minor = -11000"
    by_hand(gateway, change.format("NULL"))
    assert 11 in {each.invariant for each in check_books(gateway.parts.units)}
    by_hand(gateway, change.format(f"'{reversal_id}'"))
