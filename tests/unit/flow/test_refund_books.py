"""Refunds in the books: who bears them before and after the beneficiaries were paid, and what check-books finds."""

import csv
import io
from datetime import timedelta
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from mpay_gateway.boundary import SystemIds
from mpay_gateway.cli.settling import settle_command
from mpay_gateway.domain.order import OrderStatus
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.bookkeeping.settlement import PaidBy, owed_back, preview, settle
from mpay_gateway.flow.settling import settle as ask_provider
from tests.unit.flow.refunding_scene import balances, open_refund, release
from tests.unit.flow.scripted import ACCOUNT, IBANS, NOON, SERVICE, lei

DAY = NOON.date()
FIRST, SECOND = (f"{SERVICE}:{iban}" for iban in IBANS)


def pay_out(gateway, day=DAY):
    return settle(
        gateway.parts.units, day, PaidBy("main", "operator:ana"), clock=gateway.clock, ids=SystemIds()
    )


def give_back(gateway, payment, amount=""):
    open_refund(gateway, payment, amount)
    release(gateway, payment, OrderStatus.REFUNDED)
    gateway.work(seconds=1)


def test_what_went_back_before_its_day_was_paid_out_is_taken_from_that_day(gateway):
    payment = gateway.pay("ORDER-1")
    gateway.clock.advance(days=1)  # the refund is booked on the day after
    give_back(gateway, payment, "120")
    files = pay_out(gateway)
    assert [each.amount for each in files] == [lei("0"), lei("30")]
    rows = list(csv.DictReader(io.StringIO(files[1].content, newline="")))
    assert [(row["kind"], row["amount"]) for row in rows] == [
        ("capture", "50.00"), ("refund", "-20.00"), ("TOTAL", "30.00"),
    ]  # fmt: skip
    assert owed_back(gateway.parts.units) == ()
    assert balances(gateway) == {f"receivable:{ACCOUNT}": lei("30"), "bank:main": lei("-30")}
    assert check_books(gateway.parts.units) == ()


def test_what_went_back_after_it_was_paid_out_is_owed_by_its_beneficiary(gateway):
    payment = gateway.pay("ORDER-1")
    pay_out(gateway)
    give_back(gateway, payment, "120")
    assert [(each.service_id, each.iban, each.amount) for each in owed_back(gateway.parts.units)] == [
        (SERVICE, IBANS[0], lei("100")), (SERVICE, IBANS[1], lei("20")),
    ]  # fmt: skip
    assert preview(gateway.parts.units, DAY + timedelta(days=1)) == ()
    assert balances(gateway)[f"refunds:{FIRST}"] == lei("100")
    give_back(gateway, payment)
    assert balances(gateway)[f"refunds:{SECOND}"] == lei("50")
    assert check_books(gateway.parts.units) == ()


def test_what_is_owed_back_is_kept_from_the_next_file(gateway):
    """I12: each movement is in one file, and the account of what is owed back is empty again."""
    payment = gateway.pay("ORDER-1")
    pay_out(gateway)
    gateway.clock.advance(days=1)
    give_back(gateway, payment, "120")
    others = [gateway.pay(order).id for order in ("ORDER-2", "ORDER-3")]
    tomorrow = DAY + timedelta(days=1)
    shown = preview(gateway.parts.units, tomorrow)
    files = pay_out(gateway, tomorrow)
    assert [each.content for each in shown] == [each.content for each in files]
    assert [each.amount for each in files] == [lei("100"), lei("80")]
    rows = list(csv.DictReader(io.StringIO(files[0].content, newline="")))
    assert [(row["kind"], row["payment"], row["amount"]) for row in rows] == [
        ("owed-back", payment.id, "-100.00"), ("capture", others[0], "100.00"), ("capture", others[1], "100.00"),
        ("TOTAL", "", "100.00"),
    ]  # fmt: skip
    assert owed_back(gateway.parts.units) == ()
    assert balances(gateway) == {f"receivable:{ACCOUNT}": lei("330"), "bank:main": lei("-330")}
    assert pay_out(gateway, tomorrow) == files
    assert pay_out(gateway, tomorrow + timedelta(days=1)) == ()
    assert check_books(gateway.parts.units) == ()


def test_the_command_shows_what_is_kept_and_what_is_still_owed(gateway):
    payment = gateway.pay("ORDER-1")
    pay_out(gateway)
    gateway.clock.advance(days=1)
    give_back(gateway, payment, "120")
    shown = dry_run(gateway)
    assert "nothing to pay out" in shown
    assert "owed back by beneficiaries" in shown
    assert "20.00 MDL" in shown
    gateway.pay("ORDER-2")
    assert ("30.00 MDL" in dry_run(gateway), "0.00 MDL" in dry_run(gateway)) == (True, True)
    pay_out(gateway, DAY + timedelta(days=1))
    assert "owed back" not in dry_run(gateway)


def dry_run(gateway):
    """What `mpay settle` says of the day after."""
    settings = SimpleNamespace(books=SimpleNamespace(own_account="main"))
    configured = SimpleNamespace(units=gateway.parts.units, clock=gateway.clock, settings=settings)
    day = (DAY + timedelta(days=1)).isoformat()
    told = CliRunner().invoke(settle_command, [day, "--dry-run"], obj=configured)
    assert told.exit_code == 0, told
    return told.output


def test_who_owes_as_much_as_he_gets_is_paid_nothing_and_owes_nothing(gateway):
    payment = gateway.pay("ORDER-1")
    pay_out(gateway)
    gateway.clock.advance(days=1)
    give_back(gateway, payment)
    gateway.pay("ORDER-2")
    assert [each.amount for each in pay_out(gateway, DAY + timedelta(days=1))] == [lei("0"), lei("0")]
    assert balances(gateway) == {f"receivable:{ACCOUNT}": lei("150"), "bank:main": lei("-150")}
    assert check_books(gateway.parts.units) == ()


def test_who_owes_more_than_he_gets_waits_for_the_day_that_makes_up_for_it(gateway):
    """D66: nobody pays less than nothing, and nothing of it is lost meanwhile."""
    gone = [gateway.pay(order) for order in ("ORDER-1", "ORDER-2")]
    pay_out(gateway)
    gateway.clock.advance(days=1)
    for payment in gone:
        give_back(gateway, payment)
    gateway.pay("ORDER-3")
    assert pay_out(gateway, DAY + timedelta(days=1)) == ()
    assert [each.amount for each in owed_back(gateway.parts.units)] == [lei("200"), lei("100")]
    gateway.clock.advance(days=1)
    for order in ("ORDER-4", "ORDER-5"):
        gateway.pay(order)
    files = pay_out(gateway, DAY + timedelta(days=2))
    assert [each.amount for each in files] == [lei("100"), lei("50")]
    assert owed_back(gateway.parts.units) == ()
    assert check_books(gateway.parts.units) == ()


POSTED = "(SELECT id FROM ledger_transactions WHERE kind = 'refund')"
BANK = "(SELECT max(id) FROM ledger_accounts WHERE name LIKE 'bank:%')"
SETTLED = "(SELECT id FROM ledger_transactions WHERE kind = 'settlement')"
OWED = "(SELECT id FROM ledger_accounts WHERE name LIKE 'refunds:%')"


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE ledger_entries SET account_id = {BANK} WHERE transaction_id IN {SETTLED} AND account_id IN {OWED}",
        f"DELETE FROM settlement_entries WHERE entry_id IN (SELECT id FROM ledger_entries WHERE account_id IN {OWED})",
    ],
    ids=["our bank paid it instead", "it is in no file"],
)
def test_what_was_kept_and_is_changed_by_hand_is_reported(gateway, statement):
    """I12."""
    payment = gateway.pay("ORDER-1")
    pay_out(gateway)
    gateway.clock.advance(days=1)
    give_back(gateway, payment, "120")
    gateway.pay("ORDER-2")
    pay_out(gateway, DAY + timedelta(days=1))
    with gateway.parts.units.engine.execution_options(purpose="write").begin() as connection:
        assert connection.execute(text(statement)).rowcount > 0
    assert {violation.invariant for violation in check_books(gateway.parts.units)} == {12}


def test_a_part_that_went_back_before_and_one_after_are_borne_apart(gateway):
    payment = gateway.pay("ORDER-1")
    give_back(gateway, payment, "30")
    pay_out(gateway)
    give_back(gateway, payment, "80")
    assert balances(gateway) == {
        f"receivable:{ACCOUNT}": lei("40"), "bank:main": lei("-120"),
        f"refunds:{FIRST}": lei("70"), f"refunds:{SECOND}": lei("10"),
    }  # fmt: skip
    assert check_books(gateway.parts.units) == ()


@pytest.mark.parametrize(
    ("statement", "invariants"),
    [
        ("UPDATE refunds SET amount_minor = 20000, returned_minor = 20000", {5}),
        ("UPDATE refunds SET ground = 'a-favour'", {5}),
        ("UPDATE refunds SET ground = 'service'", {5}),
        ("UPDATE refunds SET ground = 'by-provider'", {5}),
        ("UPDATE refunds SET decision_id = NULL", {5}),
        ("UPDATE decisions SET decided_by = opened_by", {5}),
        ("UPDATE decisions SET amount_minor = amount_minor - 1", {5}),
        ("UPDATE refunds SET released_at = NULL", {5}),
        ("UPDATE refunds SET returned_minor = returned_minor - 1", {5}),
        ("UPDATE refunds SET state = 'due'", {5, 9, 10}),
        ("UPDATE captures SET state = 'surplus'", {5, 6, 9}),
        ("UPDATE deliveries SET state = 'parked'", {5, 9}),
        (f"UPDATE ledger_entries SET currency = 'EUR' WHERE transaction_id = {POSTED}", {5}),
        (f"UPDATE ledger_entries SET account_id = {BANK} WHERE amount_minor > 0 AND transaction_id = {POSTED}", {5}),
        ("UPDATE ledger_transactions SET subject = 'nobody' WHERE kind = 'refund'", {5}),
        ("DELETE FROM refunds", {5, 9}),
    ],
    ids=[
        "more than was taken", "no known ground", "the service was not who asked", "nobody's decision",
        "without a decision", "one operator alone", "another amount was decided", "the service's word is missing",
        "another amount came back", "posted and not done", "of money that pays nothing", "of money nobody was told of",
        "in another currency", "borne by our bank", "a posting of nothing", "erased",
    ],
)  # fmt: skip
def test_a_refund_that_is_changed_by_hand_is_reported(gateway, statement, invariants):
    payment = gateway.pay("ORDER-1")
    pay_out(gateway)
    give_back(gateway, payment)
    with gateway.parts.units.engine.execution_options(purpose="write").begin() as connection:
        assert connection.execute(text(statement)).rowcount > 0
    assert {violation.invariant for violation in check_books(gateway.parts.units)} == invariants


def test_a_chargeback_that_statements_tell_of_and_no_refund_is_reported(gateway):
    payment = gateway.pay("ORDER-1")
    gateway.calls.given_back[payment.reference] = lei("40")
    ask_provider(gateway.parts, payment.id)
    assert check_books(gateway.parts.units) == ()
    with gateway.parts.units.engine.execution_options(purpose="write").begin() as connection:
        connection.execute(text("UPDATE refunds SET amount_minor = 3900, returned_minor = 3900"))
    assert {violation.invariant for violation in check_books(gateway.parts.units)} == {5}
