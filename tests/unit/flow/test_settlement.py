"""What each beneficiary gets of one day: every entry in one file for ever, and the files sum to the ledger."""

import csv
import io
import threading
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from mpay_gateway.boundary import SystemIds
from mpay_gateway.domain.errors import InvalidInput, RemoteRefused, RemoteUnavailable
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.bookkeeping.settlement import (
    COLUMNS,
    PaidBy,
    cell,
    owed_back,
    preview,
    settle,
    unsettled_days,
)
from mpay_gateway.storage.settlements import Settlements
from mpay_gateway.texts.local_days import bounds
from tests.unit.flow.paying_out import DAY, settled
from tests.unit.flow.scripted import IBANS, NOON, SERVICE

FALL_BACK, SPRING_FORWARD = date(2027, 10, 31), date(2027, 3, 28)
YEAR_END, LEAP_DAY = date(2026, 12, 31), date(2028, 2, 29)


@pytest.fixture
def gateway(gateway):
    yield gateway
    assert check_books(gateway.parts.units) == ()


def rows(settlement):
    return list(csv.DictReader(io.StringIO(settlement.content, newline="")))


def paid_by(files):
    return {row["payment"] for each in files for row in rows(each) if row["kind"] != "TOTAL"}


def balance(gateway, name):
    found = gateway.parts.units.read(lambda work: work.ledger.balances())
    return found[name, "MDL"].minor if (name, "MDL") in found else 0


def capture_at(gateway, order_key, moment):
    """A payment whose money the bank takes at just this moment."""
    payment = gateway.start(order_key)
    gateway.clock.time = moment - timedelta(milliseconds=1)
    return gateway.capture(payment)


def test_each_beneficiary_gets_one_file_and_one_posting(gateway):
    first, second = gateway.pay("ORDER-1"), gateway.pay("ORDER-2")
    files = settled(gateway)
    assert [(each.service_id, each.iban, each.amount.minor) for each in files] == [
        (SERVICE, IBANS[0], 200_00),
        (SERVICE, IBANS[1], 100_00),
    ]
    for each in files:
        *lines, total = rows(each)
        assert tuple(total) == COLUMNS
        assert [row["payment"] for row in lines] == [first.id, second.id]
        assert (total["kind"], total["amount"]) == ("TOTAL", str(each.amount.amount))
        assert balance(gateway, each.account) == 0
    assert balance(gateway, "bank:main") == -300_00


def test_a_second_run_gives_the_same_bytes_and_posts_nothing(gateway):
    gateway.pay("ORDER-1")
    first = settled(gateway)
    gateway.pay("ORDER-2")
    assert (settled(gateway), preview(gateway.parts.units, DAY)) == (first, first)
    assert balance(gateway, "bank:main") == -150_00


def test_a_day_before_all_money_is_not_settled(gateway):
    assert settled(gateway, DAY - timedelta(days=2)) == ()
    gateway.pay("ORDER-1")
    with pytest.raises(InvalidInput, match=f"2000-01-01 is before the first day .* {DAY}"):
        settled(gateway, date(2000, 1, 1))
    assert gateway.parts.units.read(lambda work: work.settlements.days(None)) == (DAY - timedelta(days=2),)
    assert settled(gateway, DAY - timedelta(days=2)) == ()


def test_a_preview_writes_nothing(gateway):
    gateway.pay("ORDER-1")
    shown = preview(gateway.parts.units, DAY)
    assert [each.amount.minor for each in shown] == [100_00, 50_00]
    assert balance(gateway, "bank:main") == 0
    assert [each.content for each in settled(gateway)] == [each.content for each in shown]


def test_a_capture_that_turns_up_after_its_day_was_settled_goes_into_the_next(gateway):
    """C45, I12."""
    gateway.pay("ORDER-1")
    settled(gateway)
    late = gateway.pay("ORDER-2")
    tomorrow = settled(gateway, DAY + timedelta(days=1))
    assert paid_by(tomorrow) == {late.id}
    assert settled(gateway, DAY + timedelta(days=2)) == ()


def test_a_day_that_was_left_out_keeps_its_captures(gateway):
    early = gateway.pay("ORDER-1")
    later = capture_at(gateway, "ORDER-2", NOON + timedelta(days=1))
    assert paid_by(settled(gateway, DAY + timedelta(days=1))) == {later.id}
    assert paid_by(settled(gateway)) == {early.id}


def test_money_that_went_back_before_the_day_was_settled_pays_nobody(gateway):
    gateway.calls.delivery_answers.append(RemoteRefused("UnknownOrder"))
    gateway.pay("ORDER-1")
    gateway.work()
    assert [(each.amount.minor, len(rows(each))) for each in settled(gateway)] == [(0, 3), (0, 3)]
    assert balance(gateway, "bank:main") == 0


def test_money_that_went_back_on_the_next_day_is_not_paid_out_with_its_own(gateway):
    gateway.calls.delivery_answers.append(RemoteUnavailable("nothing was sent"))
    gateway.pay("ORDER-1")
    gateway.calls.delivery_answers.append(RemoteRefused("UnknownOrder"))
    gateway.work(days=1)
    gateway.work(seconds=5)
    files = settled(gateway)
    assert [[row["amount"] for row in rows(each)] for each in files] == [
        ["100.00", "-100.00", "0.00"], ["50.00", "-50.00", "0.00"],
    ]  # fmt: skip
    assert len({row["transaction"] for each in files for row in rows(each) if row["kind"] != "TOTAL"}) == 1
    assert (balance(gateway, "bank:main"), owed_back(gateway.parts.units)) == (0, ())


def test_money_that_goes_back_after_it_was_settled_is_kept_from_the_next_that_is_owed(gateway):
    """D66: nobody pays less than nothing; what is missing waits until enough is owed."""
    gateway.calls.delivery_answers.append(RemoteUnavailable("nothing was sent"))
    gateway.pay("ORDER-1")
    settled(gateway)
    gateway.calls.delivery_answers.append(RemoteRefused("UnknownOrder"))
    gateway.work(days=1)
    assert balance(gateway, f"payable:{SERVICE}:{IBANS[0]}") == 0
    assert [each.amount.minor for each in owed_back(gateway.parts.units)] == [100_00, 50_00]
    assert settled(gateway, DAY + timedelta(days=1)) == ()
    gateway.clock.advance(days=1)
    gateway.pay("ORDER-2")
    gateway.pay("ORDER-3")
    assert [each.amount.minor for each in settled(gateway, DAY + timedelta(days=2))] == [100_00, 50_00]


class SlowIds(SystemIds):
    """Lets another settlement begin while one is being made."""

    def __init__(self, meanwhile):
        super().__init__()
        self.meanwhile = [threading.Thread(target=meanwhile)]

    def token(self):
        if self.meanwhile:
            other = self.meanwhile.pop()
            other.start()
            other.join(1)  # it waits for us, or gets through before us
        return super().token()


def test_two_days_that_are_settled_at_once_do_not_both_pay_what_came_late(gateway):
    """A18, I12."""
    gateway.pay("ORDER-1")
    settled(gateway)
    late = gateway.pay("ORDER-2")
    tomorrow, after = DAY + timedelta(days=1), DAY + timedelta(days=2)
    found, done = [], threading.Event()

    def settle_another() -> None:
        found.append(paid_by(settled(gateway, after)))
        done.set()

    made = settle(
        gateway.parts.units,
        tomorrow,
        PaidBy("main", "operator:ana"),
        clock=gateway.clock,
        ids=SlowIds(settle_another),
    )
    assert done.wait(30)
    assert sorted([paid_by(made), *found], key=len) == [set(), {late.id}]


def test_a_day_is_settled_however_long_years_of_entries_take_to_look_through(gateway, monkeypatch):
    """PostgreSQL ends other statements after 30 s: a day that takes longer would never be paid out."""
    gateway.pay("ORDER-1")
    limits, look = [], Settlements.unsettled
    bounded = gateway.parts.units.engine.dialect.name == "postgresql"

    def watched(self, until):
        found = look(self, until)
        if bounded:
            limits.append(self._connection.execute(text("SHOW statement_timeout")).scalar_one())
        return found

    monkeypatch.setattr(Settlements, "unsettled", watched)
    assert len(settled(gateway)) == 2
    assert unsettled_days(gateway.parts.units, DAY) == ()
    assert set(limits) == ({"0"} if bounded else set())


@pytest.mark.parametrize("day", [FALL_BACK, SPRING_FORWARD, YEAR_END, LEAP_DAY])
def test_each_capture_is_in_just_one_day(day, gateway):
    """F81, F83, I12: at the edges of days of 23, 24 and 25 hours."""
    since, until = bounds(day)
    edges = (since - timedelta(seconds=1), since, until - timedelta(seconds=1), until)
    paid = [capture_at(gateway, f"ORDER-{number}", edge).id for number, edge in enumerate(edges)]
    days = [day + timedelta(days=step) for step in (-1, 0, 1)]
    assert [paid_by(settled(gateway, each)) for each in days] == [{paid[0]}, {paid[1], paid[2]}, {paid[3]}]


@pytest.mark.parametrize(
    "text_of_a_stranger", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"]
)
def test_no_cell_is_a_formula(text_of_a_stranger):
    """Attack 64."""
    assert cell(text_of_a_stranger) == f"'{text_of_a_stranger}"
    assert cell("ORDER-1") == "ORDER-1"


def test_an_order_key_that_is_a_formula_reaches_the_file_as_text(gateway):
    """Attack 64: the key is the service's own."""
    gateway.pay("=2+5")
    assert {row["order"] for each in settled(gateway) for row in rows(each)} == {"'=2+5", ""}


TAMPERINGS = (
    ("UPDATE settlements SET amount_minor = amount_minor + 1",
     "UPDATE settlements SET amount_minor = amount_minor - 1"),
    ("UPDATE settlements SET content = replace(content, '100.00', '100.01')",
     "UPDATE settlements SET content = replace(content, '100.01', '100.00')"),
    ("UPDATE ledger_transactions SET subject = 'x' || subject WHERE kind = 'settlement'",
     "UPDATE ledger_transactions SET subject = substr(subject, 2) WHERE kind = 'settlement'"),
)  # fmt: skip


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_check_books_sees_files_that_are_not_the_ledger(tampering, gateway):
    """I12."""
    gateway.pay("ORDER-1")
    settled(gateway)
    by_hand(gateway, tampering[0])
    assert {each.invariant for each in check_books(gateway.parts.units)} == {12}
    by_hand(gateway, tampering[1])


def by_hand(gateway, statement):
    with gateway.parts.units.engine.execution_options(purpose="write").begin() as connection:
        assert connection.execute(text(statement)).rowcount > 0
