"""Streamed questions to the whole database whose answers are doubts: rows that no honest history leaves."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, literal, or_, select, true
from sqlalchemy.engine import Connection

from mpay_gateway.domain.payment import CaptureState, ClaimState, DeliveryState, PaymentState, ReversalState
from mpay_gateway.storage.engine import unhurried
from mpay_gateway.storage.evidence import LOOKUP
from mpay_gateway.storage.tables import (
    captures,
    claims,
    deliveries,
    evidence,
    ledger_accounts,
    ledger_entries,
    ledger_transactions,
    order_snapshots,
    payments,
    reversals,
)

_BATCH = 2000
_TELLING = (ClaimState.CAPTURED, ClaimState.ACKNOWLEDGED)
_OF_CAPTURES = reversals.c.capture_id.is_not(None)  # not voids of money that was only held


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that should not be: of which payment (empty when of none), and what."""

    payment_id: str
    detail: str


class Books:
    """`since`: only payments made since then (UTC); None for all."""

    def __init__(self, connection: Connection, since: datetime | None = None) -> None:
        self._connection = connection
        self._since = since
        if connection.dialect.name == "postgresql":
            # One state of the database for all questions, though the gateway goes on beside.
            connection.execution_options(isolation_level="REPEATABLE READ")
        unhurried(connection)

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
        posted = self._debits("capture")
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
        yield from self._postings_of_nothing("capture", select(captures.c.id))

    def confirmation_contents(self) -> Iterator[Row[Any]]:
        """Each delivery with its stored content, the payment's own words, and the order that was paid.

        `claimed`: the sum of what its captures claim, in minor units, None when they claim nothing.
        """
        claimed = (
            select(captures.c.payment_id, func.sum(captures.c.amount_minor).label("amount"))
            .where(captures.c.state == CaptureState.CLAIMED)
            .group_by(captures.c.payment_id)
            .subquery()
        )
        query = (
            select(
                deliveries.c.payment_id, deliveries.c.content, deliveries.c.content_digest,
                payments.c.invoice_id, payments.c.service_id, payments.c.order_key, payments.c.amount_minor,
                payments.c.currency, claimed.c.amount.label("claimed"), order_snapshots.c.document,
                claims.c.shares,
            )
            .join_from(deliveries, payments)
            .join(claims, claims.c.payment_id == payments.c.id, isouter=True)
            .join(order_snapshots, order_snapshots.c.id == payments.c.snapshot_id)
            .join(claimed, claimed.c.payment_id == payments.c.id, isouter=True)
            .where(self._recent(deliveries.c.payment_id))
        )  # fmt: skip
        return self._stream(query)

    def calls_before_their_payment(self) -> Iterator[Doubt]:
        """Messages that left before the payment was stored, or that belong to nothing that is stored."""
        early = (
            select(evidence.c.subject, evidence.c.operation)
            .join_from(evidence, payments, payments.c.id == evidence.c.subject)
            .where(evidence.c.direction == "sent", evidence.c.at < payments.c.created_at)
            .where(self._recent(payments.c.id))
        )
        for row in self._stream(early):
            yield Doubt(row.subject, f"{row.operation} was sent before the payment was stored")
        known = or_(
            evidence.c.subject.in_(select(payments.c.id)),
            evidence.c.subject.in_(select(order_snapshots.c.id)),
            evidence.c.subject.startswith(LOOKUP),
        )
        stray = select(evidence.c.subject, evidence.c.direction, evidence.c.operation).where(
            ~known, self._later(evidence.c.at)
        )
        for row in self._stream(stray):
            yield Doubt(row.subject, f"{row.direction} {row.operation} belongs to no payment and no order")

    def given_back_too_much(self) -> Iterator[Doubt]:
        """Payments of which more goes back than was captured, and reversals of money that pays an order."""
        taken = self._sum_by_payment(captures, true())
        back = self._sum_by_payment(reversals, _OF_CAPTURES & (reversals.c.state != ReversalState.REFUSED))
        query = (
            select(back.c.payment_id, back.c.amount, taken.c.amount.label("taken"))
            .join_from(
                back, taken, and_(back.c.payment_id == taken.c.payment_id, back.c.currency == taken.c.currency),
                isouter=True,
            )
            .where(self._recent(back.c.payment_id), or_(taken.c.amount.is_(None), back.c.amount > taken.c.amount))
        )  # fmt: skip
        for row in self._stream(query):
            yield Doubt(
                row.payment_id, f"{row.amount} goes back of {row.taken or 0} captured, in minor units"
            )
        wrong = or_(
            captures.c.state != CaptureState.SURPLUS,
            captures.c.payment_id != reversals.c.payment_id,
            captures.c.amount_minor != reversals.c.amount_minor,
            captures.c.currency != reversals.c.currency,
        )
        query = (
            select(reversals.c.payment_id, reversals.c.id, captures.c.state)
            .join_from(reversals, captures, captures.c.id == reversals.c.capture_id)
            .where(self._recent(reversals.c.payment_id), wrong)
        )
        for row in self._stream(query):
            yield Doubt(row.payment_id, f"reversal {row.id} is not of its {row.state} capture's surplus")

    def misposted_reversals(self) -> Iterator[Doubt]:
        """Reversals that are done and not posted with their amount, and postings of none that can have one.

        A void is posted nowhere; a refused reversal may be, with what the provider gave back instead.
        """
        posted = self._debits("reversal")
        query = (
            select(reversals.c.payment_id, reversals.c.id)
            .join_from(reversals, posted, posted.c.subject == reversals.c.id, isouter=True)
            .where(
                self._recent(reversals.c.payment_id), _OF_CAPTURES, reversals.c.state == ReversalState.DONE
            )
            .where(or_(posted.c.subject.is_(None), posted.c.amount != reversals.c.amount_minor))
        )
        for row in self._stream(query):
            yield Doubt(row.payment_id, f"reversal {row.id} is done and not posted with its amount")
        answered = select(reversals.c.id).where(_OF_CAPTURES, reversals.c.state != ReversalState.DUE)
        yield from self._postings_of_nothing("reversal", answered)

    def grounds(self) -> Iterator[tuple[str, str]]:
        """Payment and ground of each reversal."""
        query = select(reversals.c.payment_id, reversals.c.ground).where(self._recent(reversals.c.payment_id))
        return ((row.payment_id, row.ground) for row in self._stream(query))

    def confirmed_and_reversed(self) -> Iterator[Doubt]:
        """Confirmed deliveries whose claim is not acknowledged, acknowledged claims of no confirmed delivery."""
        query = (
            select(claims.c.payment_id, claims.c.state, deliveries.c.state.label("delivery"))
            .join_from(claims, deliveries, deliveries.c.payment_id == claims.c.payment_id, isouter=True)
            .where(self._recent(claims.c.payment_id))
            .where(
                (claims.c.state == ClaimState.ACKNOWLEDGED)
                != (func.coalesce(deliveries.c.state, "") == DeliveryState.CONFIRMED)
            )
        )
        for row in self._stream(query):
            yield Doubt(row.payment_id, f"the claim is {row.state}, the delivery {row.delivery or 'missing'}")

    def told_without_money(self, given_back: str) -> Iterator[Doubt]:
        """Deliveries of payments that claim no captured money, and claimed money of which no service is told.

        `given_back`: the reason for which a delivery is parked whose money went back to the payer.
        """
        claimed = select(captures.c.payment_id).where(captures.c.state == CaptureState.CLAIMED)
        told = (
            select(deliveries.c.payment_id, deliveries.c.state, payments.c.state.label("payment"))
            .join_from(deliveries, payments)
            .where(self._recent(deliveries.c.payment_id))
            .where(
                or_(
                    payments.c.state != PaymentState.CAPTURED,
                    deliveries.c.payment_id.not_in(claimed) & (deliveries.c.parked_reason != given_back),
                )
            )
        )
        for row in self._stream(told):
            yield Doubt(
                row.payment_id, f"a {row.state} confirmation, and a {row.payment} payment claims no money"
            )
        untold = select(captures.c.payment_id).where(
            self._recent(captures.c.payment_id),
            captures.c.state == CaptureState.CLAIMED,
            captures.c.payment_id.not_in(select(deliveries.c.payment_id)),
        )
        for row in self._stream(untold):
            yield Doubt(row.payment_id, "money pays the order, and the service is not told")

    def shares_of_claims(self) -> Iterator[Row[Any]]:
        """Each claim's amount in minor units, and the parts of it that its lines get."""
        query = select(claims.c.payment_id, claims.c.amount_minor, claims.c.shares)
        return self._stream(query.where(self._recent(claims.c.payment_id)))

    def overclaimed(self) -> Iterator[Doubt]:
        """Claims with money above what was payable when they were taken, alone or together on one snapshot."""
        limited = and_(claims.c.advance.is_(False), claims.c.payable_minor.is_not(None))
        alone = select(claims.c.payment_id, claims.c.amount_minor, claims.c.payable_minor).where(
            self._recent(claims.c.payment_id), limited, claims.c.state.in_(_TELLING),
            claims.c.amount_minor > claims.c.payable_minor,
        )  # fmt: skip
        for row in self._stream(alone):
            yield Doubt(
                row.payment_id, f"claims {row.amount_minor} of {row.payable_minor} payable, in minor units"
            )
        total = func.sum(case((claims.c.state.in_(_TELLING), claims.c.amount_minor), else_=0))
        together = (
            select(
                func.max(claims.c.payment_id).label("payment_id"), claims.c.snapshot_id, total.label("total")
            )
            .where(self._recent(claims.c.payment_id), limited)
            .group_by(claims.c.snapshot_id)
            .having(func.count() > 1, total > func.max(claims.c.payable_minor))
        )
        for row in self._stream(together):
            yield Doubt(
                row.payment_id, f"the claims on one answer of the service sum to {row.total}: too much"
            )

    def _postings_of_nothing(self, kind: str, subjects: Select[Any]) -> Iterator[Doubt]:
        t = ledger_transactions.c
        query = select(t.payment_id, t.subject).where(
            self._recent(t.payment_id), t.kind == kind, t.subject.not_in(subjects)
        )
        for row in self._stream(query):
            yield Doubt(row.payment_id or "", f"posting {kind} {row.subject} is of nothing that is recorded")

    def _debits(self, kind: str) -> Any:
        """What the postings of a kind debit, by subject and account."""
        t, e, a = ledger_transactions.c, ledger_entries.c, ledger_accounts.c
        return (
            select(t.subject, a.name, e.currency, func.sum(e.amount_minor).label("amount"))
            .join_from(ledger_transactions, ledger_entries)
            .join(ledger_accounts, a.id == e.account_id)
            .where(t.kind == kind, e.amount_minor > 0)
            .group_by(t.subject, a.name, e.currency)
            .subquery()
        )

    def _sum_by_payment(self, table: Any, which: ColumnElement[bool]) -> Any:
        return (
            select(table.c.payment_id, table.c.currency, func.sum(table.c.amount_minor).label("amount"))
            .where(which)
            .group_by(table.c.payment_id, table.c.currency)
            .subquery()
        )

    def _recent(self, payment_id: ColumnElement[Any]) -> ColumnElement[bool]:
        if self._since is None:
            return true()
        return payment_id.in_(select(payments.c.id).where(payments.c.created_at >= self._since))

    def _later(self, at: ColumnElement[datetime]) -> ColumnElement[bool]:
        return true() if self._since is None else at >= self._since

    def _stream(self, query: Select[Any]) -> Iterator[Row[Any]]:
        return iter(self._connection.execute(query.execution_options(yield_per=_BATCH)))
