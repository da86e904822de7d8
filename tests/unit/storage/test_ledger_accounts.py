"""Accounts of the books are known by their ids, and never by one that was undone."""

from datetime import UTC, datetime

import pytest

from mpay_gateway.domain.money import Money
from mpay_gateway.storage.ledger import Entry

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
