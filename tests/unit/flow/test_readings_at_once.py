"""Two days of one account's statements are read at once: what one reading has posted the other does not take back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import Engine, event

from mpay_gateway.domain.bank_statement import LineOutcome
from mpay_gateway.domain.provider_answer import ProviderCapture, StatementLine
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.bookkeeping.statement_intake import fetch_statement
from mpay_gateway.flow.settling import settle
from tests.unit.databases import make_tables
from tests.unit.flow.refunding_scene import balances, refunds
from tests.unit.flow.scripted import ACCOUNT, NOON, lei, scripted_gateway
from tests.unit.flow.stating import DAY, give_statements


@pytest.fixture
def gateway(postgres_url):
    """On PostgreSQL alone: on SQLite a unit of work holds the whole database."""
    with scripted_gateway(postgres_url(prepare=make_tables)) as made:
        made.statements = give_statements(made)
        yield made
        assert check_books(made.parts.units) == ()


@contextmanager
def just_before(engine: Engine, statement: str, act: Callable[[], object]) -> Iterator[None]:
    """Another process does `act` to its end just before the first `statement` of this one reaches the database."""
    met: list[str] = []

    def wait(*args: object) -> None:
        if not met and str(args[2]).startswith(statement):
            met.append(statement)
            other = Thread(target=act)
            other.start()
            other.join(60)

    event.listen(engine, "before_cursor_execute", wait)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", wait)
    assert met


def mend_beside_the_next_day(gateway, line: StatementLine) -> list[LineOutcome]:
    """The line's day is read again with another fee while the reading of the next day posts what is open."""
    gateway.statements.written[DAY] = [replace(line, fee=lei("1"), net=line.gross - lei("1"))]
    with just_before(
        gateway.parts.units.engine,
        "UPDATE statement_lines",
        lambda: fetch_statement(gateway.parts, ACCOUNT, DAY + timedelta(days=1)),
    ):
        fetch_statement(gateway.parts, ACCOUNT, DAY)
    return gateway.statements.outcomes()


def test_the_line_of_a_capture_that_is_posted_meanwhile_stays_posted(gateway):
    payment = gateway.start("ORDER-1")
    line = StatementLine(
        f"txn-{payment.reference}-1", payment.reference, "capture", lei("150"), lei("0"), lei("150"), NOON
    )
    assert gateway.statements.write(line) == [LineOutcome.UNKNOWN]
    gateway.capture(payment)
    assert mend_beside_the_next_day(gateway, line) == [LineOutcome.SETTLED, LineOutcome.DUPLICATE]
    assert balances(gateway)["bank:main"] == lei("150")


def test_the_line_of_a_surplus_that_went_back_does_not_become_a_chargeback(gateway):
    payment = gateway.start("ORDER-1")
    line = StatementLine("back-1", payment.reference, "reversal", lei("-150"), lei("0"), lei("-150"), NOON)
    assert gateway.statements.write(line) == [LineOutcome.UNKNOWN]
    gateway.calls.captured[payment.reference] = [
        ProviderCapture(number, payment.amount, NOON) for number in ("txn-1", "txn-2")
    ]
    settle(gateway.parts, payment.id)
    gateway.rest(payment)
    gateway.work(seconds=1)
    assert mend_beside_the_next_day(gateway, line) == [LineOutcome.GIVEN_BACK, LineOutcome.DUPLICATE]
    assert refunds(gateway, payment) == ()
