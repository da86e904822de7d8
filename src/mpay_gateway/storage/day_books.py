"""Streamed questions about statements and settlements, whose answers are doubts: rows that no honest history leaves."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, or_, select, true

from mpay_gateway.domain.bank_statement import POSTED, LineOutcome
from mpay_gateway.storage.bank_statements import STATEMENT_POSTING
from mpay_gateway.storage.ledger import OWED_BACK, PAYABLE, REFUNDS
from mpay_gateway.storage.questions import Doubt, Questions
from mpay_gateway.storage.settlements import SETTLEMENT_POSTING
from mpay_gateway.storage.tables import (
    captures,
    intakes,
    ledger_accounts,
    ledger_entries,
    ledger_transactions,
    payments,
    settlement_entries,
    settlements,
    statement_lines,
    statements,
)


class DayBooks(Questions):
    """`since`: only statements read since then (UTC), and all settlements; None for all."""

    def misposted_lines(self) -> Iterator[Doubt]:
        """Lines that are not posted as their outcome says, and postings of no line."""
        c = statement_lines.c
        booked = _sums_of(STATEMENT_POSTING)
        right = and_(
            booked.c.bank == c.gross_minor - c.fee_minor,
            booked.c.fees == c.fee_minor,
            booked.c.against == -c.gross_minor,
            booked.c.currency == c.currency,
        )
        query = (
            select(c.payment_id, c.transaction_id, booked.c.subject)
            .join_from(statement_lines, booked, booked.c.subject == c.movement, isouter=True)
            .where(self._lately_read(), c.outcome.in_(POSTED), or_(booked.c.subject.is_(None), ~right))
        )
        for row in self._stream(query):
            what = (
                "is not posted" if row.subject is None else "is posted otherwise than the provider states it"
            )
            yield Doubt(row.payment_id or "", f"statement line {row.transaction_id} {what}")
        t = ledger_transactions.c
        stated = exists().where(c.movement == t.subject, c.outcome.in_(POSTED))
        stray = select(t.payment_id, t.subject).where(t.kind == STATEMENT_POSTING, ~stated)
        for row in self._stream(stray):
            yield Doubt(row.payment_id or "", f"posting {row.subject} is of no line of a statement")

    def mismatched_lines(self) -> Iterator[Doubt]:
        """Lines that are called settled, and are not what was captured; movements that are posted twice."""
        c, own = statement_lines.c, captures.c
        names = or_(payments.c.reference == c.reference, payments.c.remote_reference == c.reference)
        # Devices number their money otherwise than whoever pays it in: there our reference is what both know.
        told = exists().where(intakes.c.payment_id == own.payment_id)
        named = and_(exists().where(payments.c.id == own.payment_id, c.reference != "", names), told)
        other = or_(
            own.id.is_(None), own.amount_minor != c.gross_minor, own.currency != c.currency,
            own.account_id != c.account_id, and_(own.transaction_id != c.transaction_id, ~named),
        )  # fmt: skip
        query = (
            select(c.payment_id, c.transaction_id)
            .join_from(statement_lines, captures, own.id == c.capture_id, isouter=True)
            .where(self._lately_read(), c.outcome == LineOutcome.SETTLED, other)
        )
        for row in self._stream(query):
            yield Doubt(row.payment_id or "", f"statement line {row.transaction_id} is not of its capture")
        twice = (
            select(func.max(c.payment_id).label("payment_id"), c.movement)
            .where(c.outcome.in_(POSTED))
            .group_by(c.movement)
            .having(func.count() > 1)
        )
        for row in self._stream(twice):
            yield Doubt(row.payment_id or "", f"several lines are posted for the movement {row.movement}")

    def missettled(self) -> Iterator[Doubt]:
        """Settlements that are not the sum of their entries, or not posted so; postings of no settlement."""
        c, own, e, a = settlements.c, settlement_entries.c, ledger_entries.c, ledger_accounts.c
        own_accounts = or_(a.name == c.account, a.name == _owed_back_of(c.account))
        same = case((and_(own_accounts, e.currency == c.currency), -e.amount_minor), else_=literal(0))
        query = (
            select(c.day, c.account)
            .join_from(settlements, settlement_entries, own.settlement_id == c.id, isouter=True)
            .join(ledger_entries, e.id == own.entry_id, isouter=True)
            .join(ledger_accounts, a.id == e.account_id, isouter=True)
            .group_by(c.id, c.day, c.account, c.amount_minor)
            .having(func.coalesce(func.sum(same), 0) != c.amount_minor)
        )
        for row in self._stream(query):
            yield Doubt("", f"the settlement of {row.day} for {row.account} is not the sum of its entries")
        yield from self._missettled_postings()

    def _missettled_postings(self) -> Iterator[Doubt]:
        """A posting takes each account of its entries back to where it was without them; our bank pays the amount."""
        c, t = settlements.c, ledger_transactions.c
        settled, posted, paid = _settled_by_account(), _posted_by_account(), _paid_by_bank()
        wrong = [
            select(c.day, c.account)
            .join_from(settlements, settled, settled.c.id == c.id)
            .join(posted, and_(posted.c.id == c.id, posted.c.name == settled.c.name), isouter=True)
            .where(settled.c.amount + func.coalesce(posted.c.amount, 0) != 0),
            select(c.day, c.account)
            .join_from(settlements, posted, posted.c.id == c.id)
            .join(settled, and_(settled.c.id == c.id, settled.c.name == posted.c.name), isouter=True)
            .where(settled.c.id.is_(None)),
            select(c.day, c.account)
            .join_from(settlements, paid, paid.c.id == c.id, isouter=True)
            .where(func.coalesce(paid.c.amount, 0) != -c.amount_minor),
        ]
        found = dict.fromkeys((row.day, row.account) for query in wrong for row in self._stream(query))
        for day, account in found:
            yield Doubt("", f"the settlement of {day} for {account} is not posted as its file says")
        stray = select(t.subject).where(t.kind == SETTLEMENT_POSTING, ~exists().where(c.id == t.subject))
        for row in self._stream(stray):
            yield Doubt("", f"posting {row.subject} is of no settlement")

    def settlement_files(self) -> Iterator[Any]:
        """Each settlement's day, account, amount in minor units, currency, and file."""
        c = settlements.c
        return self._stream(select(c.day, c.account, c.amount_minor, c.currency, c.content))

    def _lately_read(self) -> ColumnElement[bool]:
        if self._since is None:
            return true()
        read = select(statements.c.id).where(statements.c.read_at >= self._since)
        return statement_lines.c.statement_id.in_(read)


def _sums_of(kind: str) -> Any:
    """What each posting of a kind moves at our bank, in fees, and against what the provider owes, by currency."""
    t, e, a = ledger_transactions.c, ledger_entries.c, ledger_accounts.c

    def total(which: ColumnElement[bool]) -> ColumnElement[Any]:
        return func.sum(case((which, e.amount_minor), else_=literal(0)))

    against = or_(a.name.startswith("receivable:"), a.name == REFUNDS)
    return (
        select(
            t.subject, e.currency, total(a.name.startswith("bank:")).label("bank"),
            total(a.name.startswith("fees:")).label("fees"), total(against).label("against"),
        )
        .join_from(ledger_transactions, ledger_entries)
        .join(ledger_accounts, a.id == e.account_id)
        .where(t.kind == kind)
        .group_by(t.subject, e.currency)
        .subquery()
    )  # fmt: skip


def _owed_back_of(payable_account: ColumnElement[str]) -> ColumnElement[str]:
    """As `ledger.owed_back`, for the database."""
    return literal(OWED_BACK) + func.substr(payable_account, len(PAYABLE) + 1)


def _settled_by_account() -> Any:
    """What the entries of each settlement move on each account. `id`: of the settlement."""
    own, e, a = settlement_entries.c, ledger_entries.c, ledger_accounts.c
    return (
        select(own.settlement_id.label("id"), a.name, func.sum(e.amount_minor).label("amount"))
        .join_from(settlement_entries, ledger_entries, e.id == own.entry_id)
        .join(ledger_accounts, a.id == e.account_id)
        .group_by(own.settlement_id, a.name)
        .subquery()
    )


def _posted_by_account() -> Any:
    """What the posting of each settlement moves on each account but our bank's. `id`: of the settlement."""
    return _posted(~ledger_accounts.c.name.startswith("bank:"), ledger_accounts.c.name)


def _paid_by_bank() -> Any:
    """What the posting of each settlement moves at our bank. `id`: of the settlement."""
    return _posted(ledger_accounts.c.name.startswith("bank:"), literal("bank").label("name"))


def _posted(which: ColumnElement[bool], name: ColumnElement[Any]) -> Any:
    t, e, a = ledger_transactions.c, ledger_entries.c, ledger_accounts.c
    return (
        select(t.subject.label("id"), name, func.sum(e.amount_minor).label("amount"))
        .join_from(ledger_transactions, ledger_entries)
        .join(ledger_accounts, a.id == e.account_id)
        .where(t.kind == SETTLEMENT_POSTING, which)
        .group_by(t.subject, name)
        .subquery()
    )
