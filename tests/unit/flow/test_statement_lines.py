"""What our books make of each line that a provider may write, and on which day it counts."""

from dataclasses import replace
from datetime import UTC, date, timedelta

import pytest
from sqlalchemy import text

from mpay_gateway.domain.bank_statement import LineOutcome
from mpay_gateway.domain.errors import InvalidAnswer
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.provider_answer import StatementLine
from mpay_gateway.flow.attention import lines_for_people
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.bookkeeping.reconciliation import GapKind, reconcile
from mpay_gateway.flow.bookkeeping.settlement import homeless, owed_back
from mpay_gateway.flow.bookkeeping.statement_days import plan_statements
from mpay_gateway.flow.bookkeeping.statement_intake import fetch_statement
from mpay_gateway.flow.settling import settle
from mpay_gateway.storage.bank_statements import task_subject
from mpay_gateway.storage.tasks import TaskKind
from mpay_gateway.texts.local_days import bounds, local_day
from mpay_gateway.worker import Worker
from tests.unit.flow.scripted import ACCOUNT, NOON, lei
from tests.unit.flow.stating import DAY, give_statements

FALL_BACK, SPRING_FORWARD = date(2027, 10, 31), date(2027, 3, 28)
YEAR_END, LEAP_DAY = date(2026, 12, 31), date(2028, 2, 29)


@pytest.fixture
def gateway(gateway):
    """Its account gives statements: of each day what the test wrote down for it."""
    gateway.statements = give_statements(gateway)
    yield gateway
    assert check_books(gateway.parts.units) == ()


@pytest.fixture
def state(gateway):
    """Writes lines into a day's statement and has it read. Returns the outcomes of all lines."""
    return gateway.statements.write


def line_of(gateway, payment, stated="150.00", **other):
    (capture, *_) = gateway.parts.units.read(lambda work: work.payments.captures_of(payment.id))
    amount, fee = lei(stated), lei("1.50")
    line = StatementLine(
        capture.transaction_id, payment.reference, "capture", amount, fee, amount - fee, capture.captured_at
    )
    return replace(line, **other)


def balance(gateway, name, currency="MDL"):
    found = gateway.parts.units.read(lambda work: work.ledger.balances())
    return found.get((name, currency), Money.zero(currency)).minor


def test_a_line_of_another_amount_is_posted_as_stated_and_named(gateway, state):
    payment = gateway.pay("ORDER-1")
    assert state(line_of(gateway, payment, "149.00")) == [LineOutcome.DIFFERS]
    assert (balance(gateway, "bank:main"), balance(gateway, "receivable:bank-main")) == (147_50, 1_00)
    (gap,) = reconcile(gateway.parts, DAY).gaps
    assert (gap.kind, gap.payment_id, gap.ours, gap.theirs) == (
        GapKind.AMOUNT_DIFFERS, payment.id, lei("150.00"), lei("149.00"),
    )  # fmt: skip


def test_a_line_in_another_currency_differs(gateway, state):
    payment = gateway.pay("ORDER-1")
    euros = {
        name: Money.from_minor(minor, "EUR")
        for name, minor in (("gross", 150_00), ("fee", 0), ("net", 150_00))
    }
    assert state(line_of(gateway, payment, **euros)) == [LineOutcome.DIFFERS]
    assert balance(gateway, "receivable:bank-main") == 150_00
    assert balance(gateway, "receivable:bank-main", "EUR") == -150_00


def test_one_transaction_is_posted_once_whatever_later_statements_say(gateway, state):
    """C49: the correction of a line is a person's affair."""
    payment = gateway.pay("ORDER-1")
    line = line_of(gateway, payment)
    assert state(line, line) == [LineOutcome.SETTLED, LineOutcome.DUPLICATE]
    assert state(line, day=DAY + timedelta(days=1))[2:] == [LineOutcome.DUPLICATE]
    other = line_of(gateway, payment, "149.00")
    assert state(other, day=DAY + timedelta(days=2))[3:] == [LineOutcome.DUPLICATE]
    assert balance(gateway, "receivable:bank-main") == 0
    assert {gap.kind for gap in reconcile(gateway.parts, DAY).gaps} == {GapKind.SETTLED_UNKNOWN}


def test_more_cannot_be_charged_back_than_was_taken(gateway, state):
    payment = gateway.pay("ORDER-1")
    back = {"kind": "chargeback", "fee": lei("0"), "gross": lei("-100"), "net": lei("-100")}
    lines = [line_of(gateway, payment, transaction_id=f"cb-{number}", **back) for number in (1, 2)]
    assert state(line_of(gateway, payment), *lines) == [
        LineOutcome.SETTLED, LineOutcome.CHARGED_BACK, LineOutcome.UNKNOWN,
    ]  # fmt: skip
    assert balance(gateway, "refunds") == 100_00


def test_a_fee_of_no_transaction_is_posted_once(gateway, state):
    fee = StatementLine("fee-1", "", "monthly fee", lei("0"), lei("5"), lei("-5"), NOON)
    assert state(fee, fee) == [LineOutcome.FEE, LineOutcome.DUPLICATE]
    assert (balance(gateway, "fees:bank-main"), balance(gateway, "bank:main")) == (5_00, -5_00)
    assert lines_for_people(gateway.parts.units) == ()


@pytest.mark.parametrize(("fee", "outcome"), [
    ("10000000", LineOutcome.FEE), ("-10000000", LineOutcome.FEE), ("10000000.01", LineOutcome.UNKNOWN),
    ("-9999999999999.99", LineOutcome.UNKNOWN),
])  # fmt: skip
def test_a_fee_beyond_reason_waits_for_people(gateway, state, fee, outcome):
    assert state(StatementLine("F", "", "", lei("0"), lei(fee), lei(fee).negated(), NOON)) == [outcome]
    assert len(lines_for_people(gateway.parts.units)) == (outcome is LineOutcome.UNKNOWN)


def test_days_are_settled_whatever_others_state_beyond_all_bounds(gateway, state):
    most = "9999999999999.99"
    for number in (1, 2):
        payment = gateway.pay(f"ORDER-{number}")
        line = line_of(gateway, payment, most, fee=lei("0"), net=lei(most))
        assert state(line)[-1] is LineOutcome.DIFFERS
    assert (owed_back(gateway.parts.units), homeless(gateway.parts.units)) == ((), ())


def test_a_line_without_money_and_one_of_nobody_wait_for_people(gateway, state):
    nothing = StatementLine("nil", "", "", lei("0"), lei("0"), lei("0"), NOON)
    stranger = StatementLine("txn-9", "NOBODY", "capture", lei("5"), lei("0"), lei("5"), NOON)
    taken = replace(stranger, transaction_id="txn-8", gross=lei("-5"), net=lei("-5"))
    assert state(nothing, stranger, taken) == [LineOutcome.UNKNOWN] * 3
    assert [each.line.transaction_id for each in lines_for_people(gateway.parts.units)] == [
        "nil",
        "txn-9",
        "txn-8",
    ]
    assert {gap.kind for gap in reconcile(gateway.parts, DAY).gaps} == {GapKind.SETTLED_UNKNOWN}


@pytest.mark.parametrize(
    "bad",
    [{"transaction_id": ""}, {"kind": "x" * 129}, {"net": lei("1")}, {"fee": Money.from_minor(150, "EUR")},
     {"at": NOON.replace(tzinfo=None)}],
)  # fmt: skip
def test_of_a_statement_with_one_line_that_cannot_be_nothing_is_stored(bad, gateway, state):
    payment = gateway.pay("ORDER-1")
    good = line_of(gateway, payment)
    with pytest.raises(InvalidAnswer):
        state(good, replace(good, **bad))
    assert (gateway.statements.outcomes(), balance(gateway, "bank:main")) == ([], 0)


def test_a_capture_that_comes_after_its_line_is_posted_at_the_next_look(gateway, state):
    payment = gateway.start("ORDER-1")
    line = StatementLine(
        f"txn-{payment.reference}-1",
        payment.reference,
        "capture",
        payment.amount,
        lei("0"),
        payment.amount,
        NOON,
    )
    assert state(line) == [LineOutcome.UNKNOWN]
    gateway.capture(payment)
    settle(gateway.parts, payment.id)
    assert reconcile(gateway.parts, DAY).gaps == ()
    assert gateway.statements.outcomes() == [LineOutcome.SETTLED]


def test_days_that_were_read_on_demand_do_not_end_the_daily_reading(gateway):
    """A worker that was away for days catches up, and plans the day that is not over."""
    plan_statements(gateway.parts)
    gateway.clock.advance(days=4)
    fetch_statement(gateway.parts, ACCOUNT, DAY + timedelta(days=1))
    Worker(gateway.parts).run_due()
    days = [DAY + timedelta(days=step) for step in range(7)]
    assert [day for day in days if due_at(gateway, day) is not None] == [days[0], *days[2:5]]
    assert all(due_at(gateway, day) > gateway.clock.now() for day in (days[0], *days[2:5]))
    assert gateway.statements.read_days == [days[1], days[0], days[2], days[3]]


def test_a_day_that_was_read_on_demand_first_does_not_keep_the_account_from_being_planned(gateway):
    fetch_statement(gateway.parts, ACCOUNT, DAY - timedelta(days=1))
    for _ in range(3):
        plan_statements(gateway.parts)
        gateway.clock.advance(days=1)
        Worker(gateway.parts).run_due()
    asked = gateway.statements.read_days
    assert [asked.count(DAY + timedelta(days=step)) for step in (-1, 0, 1)] == [1, 2, 2]


def test_a_day_whose_lines_were_only_looked_at_is_read_all_the_same(gateway, state):
    state(StatementLine("txn-9", "NOBODY", "capture", lei("5"), lei("0"), lei("5"), NOON))
    plan_statements(gateway.parts)
    gateway.clock.advance(days=4)
    reconcile(gateway.parts, DAY + timedelta(days=1))
    Worker(gateway.parts).run_due()
    assert DAY + timedelta(days=1) in gateway.statements.read_days


def test_nothing_is_asked_of_an_account_that_was_removed_until_it_is_back(gateway):
    plan_statements(gateway.parts)
    everything = gateway.parts
    gateway.parts = replace(everything, registry=replace(everything.registry, accounts={}))
    gateway.clock.advance(days=1)
    Worker(gateway.parts).run_due()
    assert (gateway.statements.read_days, due_at(gateway, DAY)) == ([], None)
    gateway.parts = everything
    plan_statements(gateway.parts)
    gateway.clock.advance(days=1)
    Worker(gateway.parts).run_due()
    assert gateway.statements.read_days == [DAY + timedelta(days=1)]


def due_at(gateway, day):
    subject = task_subject(ACCOUNT, day)
    return gateway.parts.units.read(lambda work: work.tasks.due_at(TaskKind.STATEMENT, subject))


@pytest.mark.parametrize(
    ("day", "hours"), [(FALL_BACK, 25), (SPRING_FORWARD, 23), (YEAR_END, 24), (LEAP_DAY, 24)]
)
def test_each_moment_is_in_just_one_day(day, hours):
    """F81, F83."""
    since, until = bounds(day)
    assert until - since == timedelta(hours=hours)
    assert bounds(day - timedelta(days=1))[1] == since
    moments = [since + timedelta(minutes=30 * step) for step in range(2 * hours)]
    assert {local_day(moment) for moment in (*moments, until - timedelta(microseconds=1))} == {day}
    assert local_day(until) == day + timedelta(days=1)


@pytest.mark.parametrize("day", [FALL_BACK, SPRING_FORWARD, YEAR_END, LEAP_DAY])
def test_captures_at_the_edges_of_a_day_are_compared_on_that_day_alone(day, gateway):
    """F81, F83: the clock goes forward and back, and the year ends."""
    since, until = bounds(day)
    edges = (since - timedelta(seconds=1), since, until - timedelta(seconds=1), until)
    for number, edge in enumerate(edges):
        payment = gateway.start(f"ORDER-{number}")
        gateway.clock.time = edge - timedelta(milliseconds=1)  # the next look at the clock shows the edge
        gateway.capture(payment)
        gateway.clock.time = max(gateway.clock.time, NOON)
    taken = {each: counted(gateway, each) for each in (day - timedelta(days=1), day, day + timedelta(days=1))}
    assert list(taken.values()) == [1, 2, 1]
    assert since.tzinfo is UTC


def counted(gateway, day):
    return sum(account.captures for account in reconcile(gateway.parts, day).accounts)


def test_a_second_line_of_another_kind_about_one_capture_is_not_posted(gateway, state):
    """C49: a transaction that is told of as taken, and again as paid out, moved once."""
    payment = gateway.pay("ORDER-1")
    line = line_of(gateway, payment)
    assert state(line, replace(line, kind="payout")) == [LineOutcome.SETTLED, LineOutcome.DUPLICATE]
    assert balance(gateway, "receivable:bank-main") == 0


def in_words(gateway, payment, back, fee, *, at=NOON):
    """A day's statement with these words for the kinds of what is taken back, and of a fee of no transaction."""
    gone = {"transaction_id": "R-9", "fee": lei("0"), "gross": lei("-50"), "net": lei("-50"), "kind": back}
    kept = StatementLine("FEE-1", "", fee, lei("0"), lei("3"), lei("-3"), at)
    gateway.statements.written[DAY] = [line_of(gateway, payment), line_of(gateway, payment, **gone), kept]
    return gateway.statements.write()


POSTED = [LineOutcome.SETTLED, LineOutcome.CHARGED_BACK, LineOutcome.FEE]


@pytest.fixture
def counted_once(gateway):
    yield
    names = ("refunds", "fees:bank-main", "bank:main")
    assert [balance(gateway, name) for name in names] == [50_00, 4_50, 95_50]


def test_a_movement_that_is_told_in_other_words_is_posted_once(gateway, counted_once):
    payment = gateway.pay("ORDER-1")
    assert in_words(gateway, payment, "retur", "comision") == POSTED
    assert in_words(gateway, payment, "Retur", "Comision") == [*POSTED, *[LineOutcome.DUPLICATE] * 2]


def test_a_movement_that_was_posted_under_an_older_key_is_posted_once(gateway, counted_once):
    payment = gateway.pay("ORDER-1")
    assert in_words(gateway, payment, "retur", "comision") == POSTED
    with gateway.parts.units.engine.execution_options(purpose="write").begin() as connection:
        for table, column, rest in (
            ("ledger_transactions", "subject", " WHERE kind = 'statement'"), ("statement_lines", "movement", ""),
        ):  # fmt: skip
            older = f"UPDATE {table} SET {column} = substr('old-' || {column}, 1, 64){rest}"
            assert connection.execute(text(older)).rowcount == 3
    assert in_words(gateway, payment, "Retur", "Comision") == [*POSTED, *[LineOutcome.DUPLICATE] * 2]


def test_one_transaction_may_have_a_line_for_each_direction_and_one_for_its_fee(gateway, state):
    payment = gateway.pay("ORDER-1")
    taken = line_of(gateway, payment, fee=lei("0"), net=lei("150"))
    back = replace(taken, gross=lei("-10"), net=lei("-10"))
    fee = replace(taken, gross=lei("0"), fee=lei("1.50"), net=lei("-1.50"))
    assert state(taken, back, fee) == POSTED
