"""Accounts of the books are found by their names, whatever a process remembers of them."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, insert

from mpay_gateway.domain.money import Money
from mpay_gateway.storage.ledger import Entry
from mpay_gateway.storage.tables import ledger_accounts, ledger_entries, ledger_transactions

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
ONE = Money.from_minor(100, "MDL")


def post(work, subject: str, account: str = "payable:S:X") -> None:
    entries = (Entry.debit("receivable:bank", ONE), Entry.credit(account, ONE))
    work.ledger.post("capture", subject, entries, payment_id=None, at=NOW)


def test_an_account_that_was_made_in_a_unit_that_was_undone_is_made_again(units):
    def fail(work):
        post(work, "first")
        post(work, "second")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        units.run("fail", fail)
    units.run("other", lambda work: post(work, "zeroth", "payable:S:Y"))
    units.run("again", lambda work: post(work, "first"))
    balances = units.read(lambda work: work.ledger.balances())
    assert balances["receivable:bank", "MDL"] == Money.from_minor(200, "MDL")
    assert balances["payable:S:X", "MDL"] == Money.from_minor(-100, "MDL")


def test_a_restored_database_that_numbers_accounts_otherwise_keeps_each_to_its_name(units):
    """B28: the process goes on, and what it knew of the database that was lost misleads it no more."""
    units.run("before", lambda work: post(work, "first"))
    units.run("known", lambda work: post(work, "second"))

    def restore(work):
        for table in (ledger_entries, ledger_transactions, ledger_accounts):
            work.connection.execute(delete(table))
        names = ("payable:S:Y", "receivable:other", "payable:S:X", "receivable:bank")
        rows = [{"id": place, "name": name} for place, name in enumerate(names, 1)]
        work.connection.execute(insert(ledger_accounts), rows)

    units.run("restore", restore)
    units.run("after", lambda work: post(work, "third"))
    balances = units.read(lambda work: work.ledger.balances())
    assert balances == {
        ("payable:S:X", "MDL"): Money.from_minor(-100, "MDL"),
        ("receivable:bank", "MDL"): ONE,
    }
