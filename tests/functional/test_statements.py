"""The bank's daily statement against our books: read, kept once, posted once, whatever the bank writes."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from mpay_gateway.domain.bank_statement import LineOutcome
from mpay_gateway.domain.identifiers import AccountId
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.bookkeeping.statement_days import plan_statements
from mpay_gateway.flow.bookkeeping.statement_intake import fetch_statement
from mpay_gateway.storage.bank_statements import task_subject
from mpay_gateway.storage.tasks import TaskKind
from mpay_gateway.texts.local_format import LOCAL_ZONE
from tests.scene.waiting import eventually

ACCOUNT = AccountId("sandbox-main")


def bank_day():
    """The day of the bank's statement that has what was paid now (UTC)."""
    return datetime.now(UTC).date()


def lines(gateway):
    """Every stored line of the account."""
    since, until = (datetime.now(UTC) + timedelta(days=days) for days in (-3, 3))
    return gateway.read(lambda work: work.bank_statements.between(ACCOUNT, since, until))


def ours(gateway, *payments):
    """The outcomes of the lines about these payments, in the bank's order."""
    wanted = {each.payment_id for each in payments}
    return [each.outcome for each in lines(gateway) if each.payment_id in wanted]


@pytest.fixture
def paid(payer, shop):
    """Pays an order with a test card, up to the result page that tells the outcome."""

    def pay(card="approved"):
        page = payer.pay(shop.order(amount="100.00"), card)
        return eventually(lambda: payer.result(page), lambda page: page.says("result.told"))

    return pay


def test_what_the_bank_took_and_gave_back_is_posted_once(gateway, paid):
    """C47, C49: the same statement twice changes nothing."""
    approved, twice = paid(), paid("captured-twice")
    gateway.work()
    for _ in range(2):
        fetch_statement(gateway.parts, ACCOUNT, bank_day())
        assert ours(gateway, approved) == [LineOutcome.SETTLED]
        assert ours(gateway, twice) == [LineOutcome.SETTLED] * 2 + [LineOutcome.GIVEN_BACK]
        balances = gateway.balances()
        assert {name for name in balances if not name.startswith("payable:")} == {
            "bank:main",
            "fees:sandbox-main",
        }
        assert balances["bank:main"] + balances["fees:sandbox-main"] == 200_00
        assert balances["fees:sandbox-main"] > 0


def test_another_amount_settles_what_was_captured(gateway, payer, shop):
    """C39: the statement agrees with the capture, not with what was asked."""
    page = payer.pay(shop.order(amount="100.00"), "wrong-amount")
    fetch_statement(gateway.parts, ACCOUNT, bank_day())
    assert ours(gateway, page) == [LineOutcome.SETTLED]
    assert "receivable:sandbox-main" not in gateway.balances()
    assert gateway.balances()["suspense"] == -99_00


def test_a_chargeback_goes_against_refunds_and_unpays_nothing(gateway, paid, bank):
    """C38."""
    page = paid("charged-back")
    reference = gateway.payment(page.payment_id).reference
    eventually(lambda: bank.session(reference)["status"], lambda status: status == "reversed")
    gateway.settle_down()
    fetch_statement(gateway.parts, ACCOUNT, bank_day())
    assert ours(gateway, page) == [LineOutcome.SETTLED, LineOutcome.CHARGED_BACK]
    assert gateway.balances()["refunds"] == 100_00
    assert "receivable:sandbox-main" not in gateway.balances()
    assert gateway.delivery(page.payment_id).confirmed_at is not None


def test_a_line_that_comes_twice_is_posted_once(gateway, paid, bank):
    """C49."""
    page = paid()
    bank.break_down(statements="duplicate-line")
    fetch_statement(gateway.parts, ACCOUNT, bank_day())
    reference = gateway.payment(page.payment_id).reference
    assert [each.outcome for each in lines(gateway) if each.line.reference == reference] == [
        LineOutcome.SETTLED,
        LineOutcome.DUPLICATE,
    ]
    assert gateway.balances()["bank:main"] + gateway.balances()["fees:sandbox-main"] == 100_00


def test_a_line_of_nothing_of_ours_is_kept_and_not_posted(gateway, paid, bank):
    """C49."""
    paid()
    bank.break_down(statements="unknown-line")
    fetch_statement(gateway.parts, ACCOUNT, bank_day())
    (strange,) = [each for each in lines(gateway) if each.line.transaction_id == "txn_unknown"]
    assert (strange.outcome, strange.payment_id) == (LineOutcome.UNKNOWN, None)
    assert gateway.balances()["bank:main"] + gateway.balances()["fees:sandbox-main"] == 100_00


def test_a_missing_line_is_posted_when_the_bank_has_mended_its_statement(gateway, paid, bank):
    """C48."""
    page = paid()
    bank.break_down(statements="missing-line")
    fetch_statement(gateway.parts, ACCOUNT, bank_day())
    assert (ours(gateway, page), gateway.balances()["receivable:sandbox-main"]) == ([], 100_00)
    bank.repair()
    fetch_statement(gateway.parts, ACCOUNT, bank_day())
    assert ours(gateway, page) == [LineOutcome.SETTLED]


def test_money_that_only_the_statement_tells_of_is_asked_about_and_then_posted(gateway, payer, shop, bank):
    """C46, C48: the line names a payment of ours that nobody told us was paid."""
    bank.break_down(callbacks="off")
    started = payer.start(shop.order(amount="100.00"))
    bank.pay(gateway.payment(started.payment_id).remote_reference)
    fetch_statement(gateway.parts, ACCOUNT, bank_day())
    assert ours(gateway, started) == [LineOutcome.UNKNOWN]
    gateway.work()
    assert payer.result(started).says("result.paid.title")
    fetch_statement(gateway.parts, ACCOUNT, bank_day())
    assert ours(gateway, started) == [LineOutcome.SETTLED]


def test_a_worker_reads_each_day_the_day_after_and_tries_again_until_it_can(gateway, paid, bank):
    page = paid()
    plan_statements(gateway.parts)
    plan_statements(gateway.parts)
    today = gateway.clock.now().astimezone(LOCAL_ZONE).date()
    due = due_at(gateway, today)
    assert due.astimezone(LOCAL_ZONE).isoformat()[:13] == f"{today + timedelta(days=1)}T06"
    bank.break_down(api="down")
    gateway.clock.advance(seconds=(due - gateway.clock.now()).total_seconds() + 1)
    gateway.work()
    again = due_at(gateway, today)
    assert timedelta(0) < again - gateway.clock.now() <= timedelta(minutes=1)
    assert due_at(gateway, today + timedelta(days=1)) is not None
    bank.repair()
    gateway.clock.advance(minutes=2)
    gateway.work()
    assert due_at(gateway, today) - gateway.clock.now() > timedelta(hours=12)  # it is looked at again
    fetch_statement(gateway.parts, ACCOUNT, bank_day())  # whatever day it is at the bank
    assert ours(gateway, page) == [LineOutcome.SETTLED]


def test_check_books_sees_a_line_that_is_not_posted_as_it_says(gateway, paid):
    paid()
    fetch_statement(gateway.parts, ACCOUNT, bank_day())
    assert check_books(gateway.parts.units) == ()
    for statement, back in TAMPERINGS:
        by_hand(gateway, statement)
        assert {each.invariant for each in check_books(gateway.parts.units)} == {11}, statement
        by_hand(gateway, back)


TAMPERINGS = (
    ("UPDATE statement_lines SET fee_minor = fee_minor + 1 WHERE outcome = 'settled'",
     "UPDATE statement_lines SET fee_minor = fee_minor - 1 WHERE outcome = 'settled'"),
    ("UPDATE statement_lines SET outcome = 'waiting' WHERE outcome = 'settled'",
     "UPDATE statement_lines SET outcome = 'settled' WHERE outcome = 'waiting'"),
    ("UPDATE statement_lines SET transaction_id = 'other' || transaction_id WHERE outcome = 'settled'",
     "UPDATE statement_lines SET transaction_id = substr(transaction_id, 6) WHERE outcome = 'settled'"),
)  # fmt: skip


def by_hand(gateway, statement):
    with gateway.parts.units.engine.execution_options(purpose="write").begin() as connection:
        assert connection.execute(text(statement)).rowcount > 0


def due_at(gateway, day):
    return gateway.read(lambda work: work.tasks.due_at(TaskKind.STATEMENT, task_subject(ACCOUNT, day)))
