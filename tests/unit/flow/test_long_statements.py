"""Statements whose reading takes longer than a lease: nobody else begins at the first line again meanwhile."""

from dataclasses import replace

import pytest

from mpay_gateway.domain.bank_statement import LineOutcome
from mpay_gateway.domain.instrument import Need
from mpay_gateway.domain.provider_answer import Confirms, StatementLine
from mpay_gateway.flow.bookkeeping import statement_captures, statement_intake
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.schedules import LEASE
from mpay_gateway.storage.tasks import TaskKind
from tests.unit.flow.scripted import NOON, lei
from tests.unit.flow.stating import give_statements

STRANGERS = 250
"""Lines of nobody: an account that others pay into, too, has more of them with each day."""
EACH = 5
"""Seconds of a look at the database, and of a commit."""


@pytest.fixture(params=[Confirms.STATEMENT, Confirms.PULL])
def slow(gateway, monkeypatch, request):
    """A database that takes its time, and after each commit another worker wants the task. Few lines go in one."""
    for module in (statement_captures, statement_intake):
        monkeypatch.setattr(module, "AT_ONCE", 10)
    needs = {"gives": frozenset({Need.COLLECTION})} if request.param is Confirms.STATEMENT else {}
    gateway.statements = give_statements(gateway, confirms=request.param, **needs)
    units, gateway.taken = gateway.parts.units, []
    run, read = units.run, units.read

    def claim(work):
        now = gateway.clock.now()
        return work.tasks.claim_due(worker="other", now=now, until=now + LEASE, limit=9)

    def slow_run(name, work):
        result = run(name, work)
        gateway.clock.advance(seconds=EACH)
        gateway.taken += [each for each in run("claim-tasks", claim) if each.kind is TaskKind.STATEMENT]
        return result

    def slow_read(work):
        gateway.clock.advance(seconds=EACH)
        return read(work)

    def be_slow():
        monkeypatch.setattr(units, "run", slow_run)
        monkeypatch.setattr(units, "read", slow_read)

    gateway.be_slow = be_slow
    yield gateway
    monkeypatch.undo()
    assert check_books(gateway.parts.units) == ()


def test_the_lease_lasts_as_long_as_lines_are_looked_at(slow):
    payment = slow.start("ORDER-1")
    strangers = [
        StatementLine(f"S{number}", "", "credit", lei("5"), lei("0"), lei("5"), NOON)
        for number in range(STRANGERS)
    ]
    if slow.parts.registry.accounts[payment.account_id].confirms is Confirms.PULL:
        payment = slow.capture(payment)
    own = replace(strangers[0], reference=payment.reference, gross=lei("150"), net=lei("150"))
    slow.be_slow()
    *others, last = slow.statements.write(
        *strangers, replace(own, transaction_id=f"txn-{payment.reference}-1")
    )
    assert slow.taken == []
    assert (set(others), last) == ({LineOutcome.UNKNOWN}, LineOutcome.SETTLED)
