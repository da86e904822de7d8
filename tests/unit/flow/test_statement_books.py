"""What check-books finds in lines of statements: postings on other accounts, and lines of nothing that is ours."""

import pytest
from sqlalchemy import text

from mpay_gateway.api import Capability
from mpay_gateway.domain.bank_statement import LineOutcome
from mpay_gateway.domain.provider_answer import StatementLine
from mpay_gateway.flow.bookkeeping.books import check_books
from tests.unit.flow.scripted import NOON, lei
from tests.unit.flow.stating import give_statements


@pytest.fixture
def stated(gateway):
    """Lines of each kind that is posted, one payment each."""
    capabilities = frozenset({Capability.STATEMENT, Capability.REVERSE})
    statements = give_statements(gateway, capabilities=capabilities)
    settled, differs, twice, charged = (gateway.pay(f"ORDER-{number}") for number in range(4))
    gateway.capture(twice, number=2)
    gateway.work(seconds=5)
    outcomes = statements.write(
        line(gateway, settled), line(gateway, differs, "149"), line(gateway, twice, "-150", kind="reversal"),
        line(gateway, charged, "-10", kind="chargeback"),
    )  # fmt: skip
    assert outcomes == [
        LineOutcome.SETTLED, LineOutcome.DIFFERS, LineOutcome.GIVEN_BACK, LineOutcome.CHARGED_BACK,
    ]  # fmt: skip
    assert check_books(gateway.parts.units) == ()


def line(gateway, payment, gross="150", kind="capture"):
    (capture, *_) = gateway.parts.units.read(lambda work: work.payments.captures_of(payment.id))
    fee = lei("1.50") if kind == "capture" else lei("0")
    amount = lei(gross)
    return StatementLine(capture.transaction_id, payment.reference, kind, amount, fee, amount - fee, NOON)


def by_hand(gateway, statement):
    with gateway.parts.units.engine.execution_options(purpose="write").begin() as connection:
        assert connection.execute(text(statement)).rowcount > 0


_ACCOUNT = "(SELECT id FROM ledger_accounts WHERE name = '{}')"


def moved(account, to):
    """The statement by which all that lines moved on one account is on another."""
    return (
        f"UPDATE ledger_entries SET account_id = {_ACCOUNT.format(to)} WHERE account_id = {_ACCOUNT.format(account)}"
        " AND transaction_id IN (SELECT id FROM ledger_transactions WHERE kind = 'statement')"
    )


FORGERIES = {
    "against what another provider owes": (
        "INSERT INTO ledger_accounts (name) VALUES ('receivable:another')",
        moved("receivable:bank-main", "receivable:another"),
    ),
    "against what nobody bears": (moved("receivable:bank-main", "refunds"),),
    "fees of another provider": (
        "INSERT INTO ledger_accounts (name) VALUES ('fees:another')", moved("fees:bank-main", "fees:another"),
    ),
    "settled is called differing": ("UPDATE statement_lines SET outcome = 'differs' WHERE outcome = 'settled'",),
    "differing is called settled": ("UPDATE statement_lines SET outcome = 'settled' WHERE outcome = 'differs'",),
    "given back of nothing": ("UPDATE statement_lines SET reversal_id = NULL WHERE outcome = 'given-back'",),
    "given back of another payment": (
        ("UPDATE statement_lines SET payment_id = (SELECT min(id) FROM payments WHERE order_key = 'ORDER-0')"
         " WHERE outcome = 'given-back'"),
    ),
    "charged back is called given back": (
        "UPDATE statement_lines SET outcome = 'given-back' WHERE outcome = 'charged-back'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_line_that_is_posted_or_named_otherwise_is_reported(gateway, stated, forgery):
    for statement in FORGERIES[forgery]:
        by_hand(gateway, statement)
    assert {each.invariant for each in check_books(gateway.parts.units)} == {11}


def test_two_posted_lines_of_one_movement_are_reported_whatever_their_keys(gateway):
    statements = give_statements(gateway)
    fees = (
        StatementLine(f"FEE-{number}", "", "fee", lei("0"), lei("3"), lei("-3"), NOON) for number in (1, 2)
    )
    assert statements.write(*fees) == [LineOutcome.FEE] * 2
    assert check_books(gateway.parts.units) == ()
    by_hand(gateway, "UPDATE statement_lines SET transaction_id = 'FEE-1'")
    (found,) = check_books(gateway.parts.units)
    assert (found.invariant, found.detail) == (
        11, "several lines of bank-main are posted for one movement of FEE-1",
    )  # fmt: skip
