"""A line of a statement that nothing explains: two people agree that it needs nobody any more, and the books stay."""

import threading

import pytest

from mpay_gateway.domain.bank_statement import LineOutcome
from mpay_gateway.domain.decision import DecisionState
from mpay_gateway.domain.errors import Conflict, InvalidInput, InvalidTransition, NotAuthorised, NotFound
from mpay_gateway.domain.provider_answer import StatementLine
from mpay_gateway.flow.attention import lines_for_people
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.bookkeeping.dismissing import approve_dismissal, propose_dismissal, reject_dismissal
from mpay_gateway.flow.bookkeeping.reconciliation import GapKind, reconcile
from mpay_gateway.flow.settling import settle
from tests.unit.flow.scripted import NOON, lei
from tests.unit.flow.stating import DAY, give_statements

ANA, ION = "operator:ana", "operator:ion"


@pytest.fixture
def gateway(gateway):
    """Its account gives statements: of each day what the test wrote down for it."""
    gateway.statements = give_statements(gateway)
    yield gateway
    assert check_books(gateway.parts.units) == ()


@pytest.fixture
def line_id(gateway):
    """A line of money that nobody here knows of."""
    return stated(gateway, "txn-9", "NOBODY")


def stated(gateway, transaction, reference, amount="5"):
    line = StatementLine(transaction, reference, "capture", lei(amount), lei("0"), lei(amount), NOON)
    gateway.statements.write(line)
    return lines_for_people(gateway.parts.units)[-1].id


def dismiss(gateway, line_id, reason="the bank's own test"):
    proposed = propose_dismissal(gateway.parts, line_id, reason, actor=ANA)
    return approve_dismissal(gateway.parts, proposed.id, actor=ION)


def balances(gateway):
    return gateway.parts.units.read(lambda work: work.ledger.balances())


def chain(gateway, line_id):
    rows = gateway.parts.units.read(lambda work: work.audit.of_payment(f"line:{line_id}"))
    return [(row.event, row.before, row.after, row.actor) for row in rows]


def test_what_two_operators_dismiss_is_listed_as_that_and_is_no_gap(gateway, line_id):
    assert [gap.kind for gap in reconcile(gateway.parts, DAY).gaps] == [GapKind.SETTLED_UNKNOWN]
    dismissed = dismiss(gateway, line_id)
    report = reconcile(gateway.parts, DAY)
    assert report.gaps == ()
    ((line, agreed),) = report.dismissed
    assert (line.id, agreed) == (line_id, dismissed)
    assert (agreed.opened_by, agreed.decided_by, agreed.reason) == (ANA, ION, "the bank's own test")
    assert lines_for_people(gateway.parts.units) == ()


def test_the_books_are_not_touched(gateway, line_id):
    gateway.pay("ORDER-1")
    before = balances(gateway)
    dismiss(gateway, line_id)
    assert balances(gateway) == before
    assert gateway.statements.outcomes() == [LineOutcome.UNKNOWN]


def test_both_acts_are_written_down_in_a_chain_of_the_line(gateway, line_id):
    dismiss(gateway, line_id)
    assert chain(gateway, line_id) == [
        ("create", "", "proposed", ANA), ("approve", "proposed", "approved", ION),
    ]  # fmt: skip


def test_nobody_approves_his_own_proposal(gateway, line_id):
    proposed = propose_dismissal(gateway.parts, line_id, "mine", actor=ANA)
    with pytest.raises(NotAuthorised):
        approve_dismissal(gateway.parts, proposed.id, actor=ANA)
    assert len(reconcile(gateway.parts, DAY).gaps) == 1


def test_a_proposal_alone_changes_nothing_and_one_is_open_at_a_time(gateway, line_id):
    proposed = propose_dismissal(gateway.parts, line_id, "perhaps", actor=ANA)
    assert len(reconcile(gateway.parts, DAY).gaps) == len(lines_for_people(gateway.parts.units)) == 1
    with pytest.raises(Conflict):
        propose_dismissal(gateway.parts, line_id, "perhaps", actor=ION)
    assert reject_dismissal(gateway.parts, proposed.id, actor=ANA).state is DecisionState.REJECTED
    with pytest.raises(InvalidTransition):
        approve_dismissal(gateway.parts, proposed.id, actor=ION)
    dismiss(gateway, line_id)


def test_what_is_dismissed_is_not_dismissed_again(gateway, line_id):
    dismissed = dismiss(gateway, line_id)
    with pytest.raises(InvalidTransition):
        propose_dismissal(gateway.parts, line_id, "again", actor=ANA)
    with pytest.raises(InvalidTransition):
        reject_dismissal(gateway.parts, dismissed.id, actor=ION)


def test_a_line_that_something_explains_is_nobodys_to_dismiss(gateway):
    payment = gateway.pay("ORDER-1")
    (capture,) = gateway.parts.units.read(lambda work: work.payments.captures_of(payment.id))
    line = StatementLine(
        capture.transaction_id, "", "capture", payment.amount, lei("0"), payment.amount, NOON
    )
    gateway.statements.write(line)
    (stored,) = gateway.parts.units.read(lambda work: work.bank_statements.of_day("bank-main", DAY))
    assert stored.outcome is LineOutcome.SETTLED
    with pytest.raises(InvalidTransition):
        propose_dismissal(gateway.parts, stored.id, "away", actor=ANA)


def test_money_that_comes_after_all_is_posted_though_its_line_was_dismissed(gateway):
    payment = gateway.start("ORDER-1")
    line_id = stated(gateway, f"txn-{payment.reference}-1", payment.reference, "150")
    dismiss(gateway, line_id)
    gateway.capture(payment)
    settle(gateway.parts, payment.id)
    report = reconcile(gateway.parts, DAY)
    assert (report.gaps, report.dismissed) == ((), ())
    assert gateway.statements.outcomes() == [LineOutcome.SETTLED]
    assert balances(gateway)[("bank:main", "MDL")].minor == 150_00


def test_a_line_that_is_something_else_by_now_is_looked_at_anew(gateway):
    """Another line of its transaction was posted: what was agreed on was that nothing is known of it."""
    payment = gateway.start("ORDER-1")
    transaction = f"txn-{payment.reference}-1"
    line_id = stated(gateway, transaction, payment.reference, "140")
    waiting = propose_dismissal(gateway.parts, line_id, "unknown", actor=ANA)
    gateway.capture(payment)
    settle(gateway.parts, payment.id)
    assert {gap.kind for gap in reconcile(gateway.parts, DAY).gaps} == {GapKind.AMOUNT_DIFFERS}
    with pytest.raises(InvalidTransition):
        approve_dismissal(gateway.parts, waiting.id, actor=ION)


def test_a_duplicate_line_is_dismissed_too(gateway):
    fee = StatementLine("fee-1", "", "fee", lei("0"), lei("5"), lei("-5"), NOON)
    gateway.statements.write(fee, StatementLine("fee-1", "", "fee", lei("0"), lei("4"), lei("-4"), NOON))
    (other,) = lines_for_people(gateway.parts.units)
    dismiss(gateway, other.id)
    assert reconcile(gateway.parts, DAY).gaps == lines_for_people(gateway.parts.units) == ()


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501, "nul\0"])
def test_a_reason_is_needed(reason, gateway, line_id):
    with pytest.raises(InvalidInput):
        propose_dismissal(gateway.parts, line_id, reason, actor=ANA)


def test_what_is_not_there_is_said(gateway):
    with pytest.raises(NotFound):
        propose_dismissal(gateway.parts, 99, "nothing", actor=ANA)
    with pytest.raises(NotFound):
        approve_dismissal(gateway.parts, "nothing", actor=ANA)


def test_of_two_who_approve_and_reject_at_once_one_is_told_that_it_is_decided(gateway, line_id):
    proposed = propose_dismissal(gateway.parts, line_id, "race", actor=ANA)
    barrier, said = threading.Barrier(2), []

    def decide(act):
        barrier.wait(30)
        try:
            said.append(act(gateway.parts, proposed.id, actor=ION).state)
        except InvalidTransition:
            said.append(None)

    threads = [threading.Thread(target=decide, args=(act,)) for act in (approve_dismissal, reject_dismissal)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert said.count(None) == 1
    kept = gateway.parts.units.read(lambda work: work.dismissals.get(proposed.id))
    assert [kept.state] == [each for each in said if each is not None]
