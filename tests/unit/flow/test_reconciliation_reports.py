"""What a reconciliation says of a day: nothing is overseen, and nothing is called sound that was not looked at."""

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest

from mpay_gateway.cli.reconciliation_report import COLUMNS, as_csv, as_json
from mpay_gateway.domain.errors import RemoteUnavailable
from mpay_gateway.domain.order import OrderStatus
from mpay_gateway.domain.provider_answer import StatementLine
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.bookkeeping.reconciliation import GapKind, ServiceSide, reconcile
from tests.unit.flow.inbound import silent_service
from tests.unit.flow.scripted import NOON, lei
from tests.unit.flow.stating import DAY, give_statements, kinds


@pytest.fixture
def statements(gateway):
    yield give_statements(gateway)
    assert check_books(gateway.parts.units) == ()


def line_of(gateway, payment):
    (capture,) = gateway.parts.units.read(lambda work: work.payments.captures_of(payment.id))
    return StatementLine(
        capture.transaction_id, payment.reference, "capture", capture.amount, lei("0"), capture.amount,
        capture.captured_at,
    )  # fmt: skip


def stranger(amount="5.00", *, at=NOON, name="txn-9"):
    return StatementLine(name, "", "capture", lei(amount), lei("0"), lei(amount), at)


def rows(report):
    return list(csv.DictReader(io.StringIO(as_csv(report), newline="")))


@pytest.mark.parametrize("away", [timedelta(days=-40), timedelta(days=40)])
def test_a_line_about_another_time_stands_in_the_report_of_its_statements_day(away, gateway, statements):
    """C49: the report of its own day was made without it, or will be when nobody thinks of it."""
    statements.write(stranger(at=NOON + away))
    assert kinds(reconcile(gateway.parts, DAY).gaps) == [GapKind.SETTLED_UNKNOWN]
    assert kinds(reconcile(gateway.parts, DAY + timedelta(days=1)).gaps) == []


def test_a_line_of_the_day_stands_in_its_report_once(gateway, statements):
    statements.write(stranger(), stranger(at=NOON + timedelta(hours=13), name="txn-10"))
    (account,) = reconcile(gateway.parts, DAY).accounts
    assert account.lines == 1
    (account,) = reconcile(gateway.parts, DAY + timedelta(days=1)).accounts
    assert account.lines == 1


def test_a_statement_that_was_read_before_the_day_was_over_is_not_enough_when_it_is(gateway, statements):
    payment = gateway.pay("ORDER-1")
    statements.write(line_of(gateway, payment))
    assert reconcile(gateway.parts, DAY).sound
    gateway.clock.advance(days=1)
    report = reconcile(gateway.parts, DAY)
    assert (report.sound, report.gaps, report.accounts[0].early) == (False, (), True)
    statements.write()
    assert reconcile(gateway.parts, DAY).sound


@pytest.mark.parametrize(
    ("status", "gaps"),
    [
        (OrderStatus.ACTIVE, [GapKind.PAID_NOT_CONFIRMED]),
        (OrderStatus.CANCELLED, [GapKind.PAID_NOT_CONFIRMED]),
        (OrderStatus.EXPIRED, [GapKind.PAID_NOT_CONFIRMED]),
        (OrderStatus.PAID, []),
        (OrderStatus.COMPLETED, []),
        (OrderStatus.REFUNDING, []),
    ],
)
def test_an_order_that_reads_as_if_it_were_not_paid_is_a_gap(status, gaps, gateway, statements):
    statements.write(line_of(gateway, gateway.pay("ORDER-1")))
    order = gateway.calls.order
    gateway.calls.order = lambda key: replace(order(key), status=status)
    seen = []
    report = reconcile(gateway.parts, DAY, probe=True, progress=lambda *how: seen.append(how))
    assert (kinds(report.gaps), report.service_side) == (gaps, ServiceSide.PROBED)
    assert (report.probed, report.unread, seen) == (1, 0, [(1, 1)])
    assert reconcile(gateway.parts, DAY).sound  # the service's signed reply says that it knows


def test_a_key_that_is_due_again_with_other_content_is_no_gap(gateway, statements):
    statements.write(line_of(gateway, gateway.pay("ORDER-1")))
    order = gateway.calls.order
    gateway.calls.order = lambda key: replace(order(key), due_at=NOON + timedelta(days=30))
    assert reconcile(gateway.parts, DAY, probe=True).sound


def test_a_service_that_does_not_answer_leaves_the_day_open(gateway, statements):
    statements.write(line_of(gateway, gateway.pay("ORDER-1")))
    with silent_service(gateway, RemoteUnavailable("no connection")):
        report = reconcile(gateway.parts, DAY, probe=True)
    assert (report.sound, report.gaps, report.probed, report.unread) == (False, (), 0, 1)


def test_no_cell_of_the_gaps_is_a_formula(gateway, statements):
    """Attack 64: the provider, or whoever wrote its file, chooses the texts."""
    statements.write(stranger(name="=1+1"), stranger("-7.00", name="@SUM(A1)"))
    statements.problems.append("=cmd: line 3")
    with pytest.raises(Exception, match="line 3"):
        statements.write()
    report = reconcile(gateway.parts, DAY)
    assert tuple(rows(report)[0]) == COLUMNS
    first, *others = rows(report)
    assert (first["gap"], first["what"]) == ("statement-not-read", "'=cmd: line 3")
    assert [(each["transaction"], each["theirs"]) for each in others] == [
        ("'=1+1", "5.00"),
        ("'@SUM(A1)", "-7.00"),
    ]
    (account,) = as_json(report)["accounts"]
    assert (account["statement_complete"], account["statement_problems"]) == (False, ["=cmd: line 3"])


def test_a_statement_that_was_never_read_stands_among_the_gaps(gateway, statements):
    assert [(row["gap"], row["what"]) for row in rows(reconcile(gateway.parts, DAY))] == [
        ("statement-not-read", "NOT READ")
    ]
