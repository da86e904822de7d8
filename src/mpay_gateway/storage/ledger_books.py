"""The ledger beside what it is to tell of: streamed questions to the whole database."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, or_, select

from mpay_gateway.domain.payment import CaptureState, ReversalGround, ReversalState
from mpay_gateway.storage.ledger import (
    OWED_BACK,
    PAYABLE,
    REFUND_POSTING,
    REST_POSTING,
    REVERSAL_POSTING,
    SUSPENSE,
)
from mpay_gateway.storage.questions import Doubt, Questions
from mpay_gateway.storage.reversals import gone_minor
from mpay_gateway.storage.tables import (
    captures,
    ledger_accounts,
    ledger_entries,
    ledger_transactions,
    payments,
    reversals,
)

_ON_RECEIVABLES = ("capture", REVERSAL_POSTING, REST_POSTING, REFUND_POSTING)
_OF_CAPTURES = reversals.c.capture_id.is_not(None)  # not voids of money that was only held


OwedTo = Mapping[tuple[str, str], int]
"""Minor units by payable account and currency."""


class LedgerBooks(Questions):
    """Postings beside captures and reversals."""

    def unbalanced(self) -> Iterator[Doubt]:
        """Ledger transactions without entries, or that do not sum to zero in each currency."""
        t, e = ledger_transactions.c, ledger_entries.c
        total = func.sum(e.amount_minor)
        query = (
            select(t.payment_id, t.kind, t.subject, e.currency, total.label("total"))
            .join_from(ledger_transactions, ledger_entries, isouter=True)
            .where(self._recent(t.payment_id))
            .group_by(t.id, t.payment_id, t.kind, t.subject, e.currency)
            .having(or_(total != 0, total.is_(None)))
        )
        for row in self._stream(query):
            what = (
                "has no entries"
                if row.total is None
                else f"sums to {row.total} {row.currency}, in minor units"
            )
            yield Doubt(row.payment_id or "", f"posting {row.kind} {row.subject} {what}")

    def misposted_captures(self) -> Iterator[Doubt]:
        """Captures without a posting of their own amount on the account's receivable, and postings of no capture."""
        posted = self._on_receivables("capture")
        right = and_(
            posted.c.name == literal("receivable:") + captures.c.account_id,
            posted.c.amount == captures.c.amount_minor,
            posted.c.currency == captures.c.currency,
        )
        query = (
            select(captures.c.payment_id, captures.c.transaction_id, posted.c.subject)
            .join_from(captures, posted, posted.c.subject == captures.c.id, isouter=True)
            .where(self._recent(captures.c.payment_id), or_(posted.c.subject.is_(None), ~right))
        )
        for row in self._stream(query):
            what = "is not posted" if row.subject is None else "is posted with another amount or account"
            yield Doubt(row.payment_id, f"capture {row.transaction_id} {what}")
        yield from self._postings_of_nothing("capture", captures.c.id)

    def owed_by_captures(self, payment_ids: Sequence[str]) -> dict[str, OwedTo]:
        """What the captures of these payments made us owe, by payment; whatever became of it since."""
        t, e, a = ledger_transactions.c, ledger_entries.c, ledger_accounts.c
        query = (
            select(t.payment_id, a.name, e.currency, func.sum(-e.amount_minor).label("amount"))
            .join_from(ledger_transactions, ledger_entries)
            .join(ledger_accounts, a.id == e.account_id)
            .where(
                t.payment_id.in_(payment_ids), t.kind.in_(["capture", "accept"]), a.name.startswith(PAYABLE)
            )
            .group_by(t.payment_id, a.name, e.currency)
        )
        owed: dict[str, dict[tuple[str, str], int]] = {}
        for row in self._connection.execute(query):
            owed.setdefault(row.payment_id, {})[row.name, row.currency] = int(row.amount)
        return {**owed}

    def misposted_reversals(self) -> Iterator[Doubt]:
        """Reversals of which another amount is posted than went back, and postings of none that can have one.

        Nothing is posted of nothing; of a reversal that ended with another amount, that amount.
        """
        posted = self._on_receivables(REVERSAL_POSTING, REST_POSTING)
        right = and_(
            posted.c.name == literal("receivable:") + payments.c.account_id,
            posted.c.amount == -gone_minor(),
            posted.c.currency == reversals.c.currency,
        )
        query = (
            select(reversals.c.payment_id, reversals.c.id, reversals.c.state)
            .join_from(reversals, payments, payments.c.id == reversals.c.payment_id)
            .join(posted, posted.c.subject == reversals.c.id, isouter=True)
            .where(
                self._recent(reversals.c.payment_id), _OF_CAPTURES,
                or_(~right, posted.c.subject.is_(None) & (gone_minor() != 0)),
            )
        )  # fmt: skip
        for row in self._stream(query):
            yield Doubt(row.payment_id, f"reversal {row.id} is {row.state} and not posted as it went back")
        ended = (_OF_CAPTURES, reversals.c.state != ReversalState.DUE)
        yield from self._postings_of_nothing(REVERSAL_POSTING, reversals.c.id, *ended)
        yield from self._postings_of_nothing(REST_POSTING, reversals.c.id, *ended)

    def given_back_beyond(self) -> Iterator[Doubt]:
        """Payments of which more is posted as gone back than as captured, whatever the states of their rows say."""
        t, e, a = ledger_transactions.c, ledger_entries.c, ledger_accounts.c
        left = func.sum(e.amount_minor)
        query = (
            select(t.payment_id, e.currency, left.label("left_over"))
            .join_from(ledger_transactions, ledger_entries)
            .join(ledger_accounts, a.id == e.account_id)
            .where(
                self._recent(t.payment_id), t.kind.in_(_ON_RECEIVABLES),
                a.name.startswith("receivable:"),
            )
            .group_by(t.payment_id, e.currency)
            .having(left < 0)
        )  # fmt: skip
        for row in self._stream(query):
            detail = f"{-row.left_over} {row.currency} more is posted as gone back than was captured, in minor units"
            yield Doubt(row.payment_id or "", detail)

    def misposted_releases(self) -> Iterator[Doubt]:
        """Captures that were released to their payer: what their service was owed is in suspense, to the last ban."""
        t, e, a = ledger_transactions.c, ledger_entries.c, ledger_accounts.c
        released = ledger_transactions.alias()
        # Of money that was paid out its beneficiary owes back what was owed to him.
        paid_out = a.name.startswith(OWED_BACK)
        name = case((paid_out, literal(PAYABLE) + func.substr(a.name, len(OWED_BACK) + 1)), else_=a.name)
        accounts = name.label("name")
        right = case(
            (name == literal("receivable:") + captures.c.account_id, captures.c.amount_minor),
            (name == SUSPENSE, -captures.c.amount_minor),
            else_=0,
        )
        misplaced = (
            select(captures.c.payment_id, captures.c.transaction_id, accounts)
            .join_from(released, captures, captures.c.id == released.c.subject)
            .join(ledger_transactions, (t.subject == captures.c.id) & t.kind.in_(["capture", "accept", "release"]))
            .join(ledger_entries, e.transaction_id == t.id)
            .join(ledger_accounts, a.id == e.account_id)
            .where(self._recent(captures.c.payment_id), released.c.kind == "release")
            .group_by(captures.c.id, accounts, e.currency)
            .having(
                or_(func.sum(e.amount_minor) != right, e.currency != captures.c.currency,
                    captures.c.state == CaptureState.CLAIMED)
            )
        )  # fmt: skip
        for row in self._stream(misplaced):
            yield Doubt(row.payment_id, f"the release of capture {row.transaction_id} is wrong on {row.name}")
        for kind in ("accept", "release"):
            yield from self._postings_of_nothing(kind, captures.c.id)
        owed = select(reversals.c.payment_id, reversals.c.id).where(
            self._recent(reversals.c.payment_id),
            reversals.c.ground == ReversalGround.SERVICE_REFUSED,
            ~exists().where(t.kind == "release", t.subject == reversals.c.capture_id),
        )
        for row in self._stream(owed):
            yield Doubt(row.payment_id, f"reversal {row.id} of money that its service is still owed")

    def _postings_of_nothing(
        self, kind: str, subject: ColumnElement[str], *which: ColumnElement[bool]
    ) -> Iterator[Doubt]:
        t = ledger_transactions.c
        query = select(t.payment_id, t.subject).where(
            self._recent(t.payment_id), t.kind == kind, ~exists().where(subject == t.subject, *which)
        )
        for row in self._stream(query):
            yield Doubt(row.payment_id or "", f"posting {kind} {row.subject} is of nothing that is recorded")

    def _on_receivables(self, *kinds: str) -> Any:
        """What the postings of these kinds do to what providers owe, by subject and account."""
        t, e, a = ledger_transactions.c, ledger_entries.c, ledger_accounts.c
        return (
            select(t.subject, a.name, e.currency, func.sum(e.amount_minor).label("amount"))
            .join_from(ledger_transactions, ledger_entries)
            .join(ledger_accounts, a.id == e.account_id)
            .where(t.kind.in_(kinds), a.name.startswith("receivable:"))
            .group_by(t.subject, a.name, e.currency)
            .subquery()
        )
