"""Refunds in the books: who bears them before and after the beneficiaries were paid, and what check-books finds."""

import csv
import io
from datetime import timedelta

import pytest
from sqlalchemy import text

from mpay_gateway.boundary import SystemIds
from mpay_gateway.domain.order import OrderStatus
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.bookkeeping.settlement import owed_back, preview, settle
from mpay_gateway.flow.settling import settle as ask_provider
from tests.unit.flow.refunding_scene import balances, open_refund, release
from tests.unit.flow.scripted import ACCOUNT, IBANS, NOON, SERVICE, lei

DAY = NOON.date()
FIRST, SECOND = (f"{SERVICE}:{iban}" for iban in IBANS)


def pay_out(gateway, day=DAY):
    return settle(gateway.parts.units, day, "main", clock=gateway.clock, ids=SystemIds())


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


POSTED = "(SELECT id FROM ledger_transactions WHERE kind = 'refund')"
BANK = "(SELECT max(id) FROM ledger_accounts WHERE name LIKE 'bank:%')"


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
        ("UPDATE refunds SET state = 'due'", {5, 9}),
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
