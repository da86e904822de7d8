"""Streamed questions about statements and settlements, whose answers are doubts: rows that no honest history leaves."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, or_, select, true

from mpay_gateway.domain.bank_statement import POSTED, LineOutcome
from mpay_gateway.domain.payment import ReversalState
from mpay_gateway.domain.refund import RefundGround
from mpay_gateway.storage.bank_statements import STATEMENT_POSTING, direction_of
from mpay_gateway.storage.ledger import OWED_BACK, PAYABLE
from mpay_gateway.storage.questions import Doubt, Questions
from mpay_gateway.storage.settlements import SETTLEMENT_POSTING
from mpay_gateway.storage.tables import (
    captures,
    intakes,
    ledger_accounts,
    ledger_entries,
    ledger_transactions,
    payments,
    refunds,
    reversals,
    settlement_entries,
    settlements,
    statement_lines,
    statements,
)

_OF_CAPTURES = (LineOutcome.SETTLED, LineOutcome.DIFFERS)


class DayBooks(Questions):
    """`since`: only statements read since then (UTC), and all settlements; None for all."""

    def misposted_lines(self) -> Iterator[Doubt]:
        """Lines that are not posted as their outcome says, and postings of no line."""
        c, t = statement_lines.c, ledger_transactions.c
        posting = exists().where(t.kind == STATEMENT_POSTING, t.subject == c.movement)
        unposted = select(c.payment_id, c.transaction_id).where(
            self._lately_read(), c.outcome.in_(POSTED), ~posting
        )
        for row in self._stream(unposted):
            yield Doubt(row.payment_id or "", f"statement line {row.transaction_id} is not posted")
        for row in self._stream(_otherwise_posted().where(self._lately_read(), c.outcome.in_(POSTED))):
            detail = f"statement line {row.transaction_id} is posted otherwise than the provider states it"
            yield Doubt(row.payment_id or "", detail)
        stated = exists().where(c.movement == t.subject, c.outcome.in_(POSTED))
        stray = select(t.payment_id, t.subject).where(t.kind == STATEMENT_POSTING, ~stated)
        for row in self._stream(stray):
            yield Doubt(row.payment_id or "", f"posting {row.subject} is of no line of a statement")

    def mismatched_lines(self) -> Iterator[Doubt]:
        """Lines that are not about what their outcome says, to the last ban; movements that are posted twice."""
        c, own = statement_lines.c, captures.c
        names = or_(payments.c.reference == c.reference, payments.c.remote_reference == c.reference)
        # Devices number their money otherwise than whoever pays it in: there our reference is what both know.
        told = exists().where(intakes.c.payment_id == own.payment_id)
        named = and_(exists().where(payments.c.id == own.payment_id, c.reference != "", names), told)
        other = or_(
            own.id.is_(None), own.account_id != c.account_id, own.payment_id != c.payment_id,
            and_(own.transaction_id != c.transaction_id, ~named),
            and_(own.amount_minor == c.gross_minor, own.currency == c.currency)
            != (c.outcome == LineOutcome.SETTLED),
        )  # fmt: skip
        query = (
            select(c.payment_id, c.transaction_id)
            .join_from(statement_lines, captures, own.id == c.capture_id, isouter=True)
            .where(self._lately_read(), c.outcome.in_(_OF_CAPTURES), other)
        )
        for row in self._stream(query):
            yield Doubt(row.payment_id or "", f"statement line {row.transaction_id} is not of its capture")
        for row in self._stream(_of_no_return().where(self._lately_read())):
            detail = f"statement line {row.transaction_id} is {row.outcome}, and of no such money of ours"
            yield Doubt(row.payment_id or "", detail)
        movement = (c.account_id, c.transaction_id, direction_of(c.gross_minor))
        twice = (
            select(func.max(c.payment_id).label("payment_id"), c.account_id, c.transaction_id)
            .where(c.outcome.in_(POSTED))
            .group_by(*movement)
            .having(func.count() > 1)
        )
        for row in self._stream(twice):
            detail = f"several lines of {row.account_id} are posted for one movement of {row.transaction_id}"
            yield Doubt(row.payment_id or "", detail)

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


def _of_no_return() -> Select[Any]:
    """Lines that are called given back, and of no reversal or refund of so much; or charged back, and of no payment."""
    c = statement_lines.c
    own, back, gone = payments.c, reversals.c, refunds.c
    paid = exists().where(own.id == c.payment_id, own.account_id == c.account_id)
    reversed_ = exists().where(
        back.id == c.reversal_id, back.payment_id == c.payment_id, back.currency == c.currency,
        or_(back.amount_minor == -c.gross_minor, back.returned_minor == -c.gross_minor),
    )  # fmt: skip
    rest = exists().where(
        back.id == c.rest_of_id, back.payment_id == c.payment_id, back.currency == c.currency,
        back.amount_minor - back.returned_minor == -c.gross_minor, back.state == ReversalState.DONE,
    )  # fmt: skip
    refunded = exists().where(
        gone.id == c.refund_id, gone.payment_id == c.payment_id, gone.currency == c.currency,
        or_(gone.amount_minor == -c.gross_minor, gone.returned_minor == -c.gross_minor),
        gone.ground != RefundGround.BY_PROVIDER,
    )  # fmt: skip
    ours = or_(
        and_(reversed_, c.refund_id.is_(None), c.rest_of_id.is_(None)),
        and_(rest, c.refund_id.is_(None), c.reversal_id.is_(None)),
        and_(refunded, c.reversal_id.is_(None), c.rest_of_id.is_(None)),
    )
    theirs = and_(
        c.gross_minor < 0, c.capture_id.is_(None), c.reversal_id.is_(None), c.refund_id.is_(None),
        c.rest_of_id.is_(None),
    )  # fmt: skip
    return select(c.payment_id, c.transaction_id, c.outcome).where(
        or_(
            and_(c.outcome == LineOutcome.GIVEN_BACK, ~and_(paid, ours)),
            and_(c.outcome == LineOutcome.CHARGED_BACK, ~and_(paid, theirs)),
        )
    )


def _otherwise_posted() -> Select[Any]:
    """Lines whose posting is not of this money on just these accounts: its provider's two, and one of our bank's."""
    c, t, e, a = statement_lines.c, ledger_transactions.c, ledger_entries.c, ledger_accounts.c
    places = {
        "gross": a.name == literal("receivable:") + c.account_id, "fee": a.name == literal("fees:") + c.account_id,
        "net": a.name.startswith("bank:"),
    }  # fmt: skip
    moved = {name: func.sum(case((place, e.amount_minor), else_=0)) for name, place in places.items()}
    foreign = or_(e.currency != c.currency, ~or_(*places.values()))
    wrong = or_(
        moved["gross"] != -c.gross_minor, moved["fee"] != c.fee_minor,
        moved["net"] != c.gross_minor - c.fee_minor, func.sum(case((foreign, 1), else_=0)) > 0,
        func.count(case((places["net"], a.name)).distinct()) > 1,
    )  # fmt: skip
    return (
        select(c.payment_id, c.transaction_id)
        .join_from(
            statement_lines, ledger_transactions, (t.subject == c.movement) & (t.kind == STATEMENT_POSTING)
        )
        .join(ledger_entries, e.transaction_id == t.id, isouter=True)
        .join(ledger_accounts, a.id == e.account_id, isouter=True)
        .group_by(c.id, c.payment_id, c.transaction_id, c.gross_minor, c.fee_minor, c.currency, c.account_id)
        .having(wrong)
    )


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
