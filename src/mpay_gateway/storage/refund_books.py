"""Streamed questions about refunds, whose answers are doubts: rows that no honest history leaves."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, or_, select

from mpay_gateway.domain.bank_statement import LineOutcome
from mpay_gateway.domain.decision import Act, DecisionState
from mpay_gateway.domain.payment import CaptureState, DeliveryState
from mpay_gateway.domain.refund import RefundGround, RefundState
from mpay_gateway.storage.ledger import PAYABLE, REFUND_POSTING, REFUNDS
from mpay_gateway.storage.questions import Doubt, Questions
from mpay_gateway.storage.refunds import held_minor
from mpay_gateway.storage.tables import (
    captures,
    decisions,
    deliveries,
    ledger_accounts,
    ledger_entries,
    ledger_transactions,
    payments,
    refunds,
    reversals,
    statement_lines,
)

_BY_PROVIDER = refunds.c.ground == RefundGround.BY_PROVIDER
_ACTS = {RefundGround.OPERATORS: Act.REFUND, RefundGround.SERVICE: Act.SERVICE_REFUND}


class RefundBooks(Questions):
    """Refunds beside the money that they are of, the decisions that they come from, and their postings."""

    def doubts(self) -> Iterator[Doubt]:
        """All of them."""
        return chain(
            self._of_unconfirmed_money(),
            self._too_much_of_one_capture(),
            self._undecided(),
            self._sent_without_release(),
            self._misposted(),
            self._stated_and_not_recorded(),
        )

    def _of_unconfirmed_money(self) -> Iterator[Doubt]:
        """Refunds of money that is not their payment's, that pays no order, or of which its service does not know."""
        own, told = captures.c, deliveries.c
        confirmed = exists().where(
            told.payment_id == refunds.c.payment_id, told.state == DeliveryState.CONFIRMED
        )
        wrong = or_(
            own.payment_id != refunds.c.payment_id, own.state != CaptureState.CLAIMED,
            own.currency != refunds.c.currency, ~confirmed,
            exists().where(reversals.c.capture_id == own.id),
        )  # fmt: skip
        yield from self._doubts(wrong, "is not of confirmed money of its payment", of_captures=True)

    def _too_much_of_one_capture(self) -> Iterator[Doubt]:
        """Captures whose refunds sum to more than was taken."""
        held = func.sum(held_minor())
        query = (
            select(refunds.c.payment_id, captures.c.transaction_id)
            .join_from(refunds, captures, captures.c.id == refunds.c.capture_id)
            .where(self._recent(refunds.c.payment_id))
            .group_by(refunds.c.payment_id, captures.c.id, captures.c.transaction_id, captures.c.amount_minor)
            .having(held > captures.c.amount_minor)
        )
        for row in self._stream(query):
            yield Doubt(row.payment_id, f"more is refunded of {row.transaction_id} than was taken")

    def _undecided(self) -> Iterator[Doubt]:
        """Refunds without a ground: two operators who decided on just this, or the provider's own doing."""
        c, own = refunds.c, decisions.c
        agreed = exists().where(
            own.id == c.decision_id, own.payment_id == c.payment_id, own.subject == c.capture_id,
            own.amount_minor == c.amount_minor, own.currency == c.currency,
            own.state == DecisionState.APPROVED, own.opened_by != own.decided_by,
            or_(*(and_(c.ground == ground, own.act == act) for ground, act in _ACTS.items())),
        )  # fmt: skip
        recorded = _BY_PROVIDER & c.decision_id.is_(None) & (c.state == RefundState.DONE)
        yield from self._doubts(~or_(agreed, recorded), "has no ground: nobody decided on it")

    def _sent_without_release(self) -> Iterator[Doubt]:
        """Refunds whose money left, or was asked for, though nobody had released the debt."""
        c = refunds.c
        left = or_(c.attempts > 0, c.returned_minor != 0)
        yield from self._doubts(
            ~_BY_PROVIDER & c.released_at.is_(None) & left, "was sent before its debt was released"
        )

    def _misposted(self) -> Iterator[Doubt]:
        """Refunds that are not posted as their state says, and postings of none."""
        c, posted = refunds.c, self._posted()
        right = and_(
            posted.c.account == literal("receivable:") + payments.c.account_id,
            posted.c.credited == -c.returned_minor, posted.c.borne == c.returned_minor,
            posted.c.currency == c.currency,
        )  # fmt: skip
        query = (
            select(c.payment_id, c.id)
            .join_from(refunds, payments, payments.c.id == c.payment_id)
            .join(posted, posted.c.subject == c.id, isouter=True)
            .where(
                self._recent(c.payment_id),
                or_(~right, posted.c.subject.is_(None) & (c.returned_minor != 0),
                    (c.state == RefundState.DONE) & (c.returned_minor != c.amount_minor),
                    (c.state == RefundState.DUE) & (c.returned_minor != 0)),
            )
        )  # fmt: skip
        for row in self._stream(query):
            yield Doubt(row.payment_id, f"refund {row.id} is not posted as it came back")
        t = ledger_transactions.c
        stray = select(t.payment_id, t.subject).where(
            self._recent(t.payment_id), t.kind == REFUND_POSTING,
            ~exists().where(c.id == t.subject, c.payment_id == t.payment_id),
        )  # fmt: skip
        for row in self._stream(stray):
            yield Doubt(row.payment_id or "", f"posting refund {row.subject} is of nothing that is recorded")

    def _stated_and_not_recorded(self) -> Iterator[Doubt]:
        """Payments of which statements say that more was taken back than refunds by their provider say."""
        line, c = statement_lines.c, refunds.c
        stated = (
            select(line.payment_id, line.currency, func.sum(-line.gross_minor).label("amount"))
            .where(line.outcome == LineOutcome.CHARGED_BACK)
            .group_by(line.payment_id, line.currency)
            .subquery()
        )
        known = (
            select(func.coalesce(func.sum(c.amount_minor), 0))
            .where(c.payment_id == stated.c.payment_id, c.currency == stated.c.currency, _BY_PROVIDER)
            .scalar_subquery()
        )
        query = select(stated.c.payment_id, stated.c.amount).where(
            self._recent(stated.c.payment_id), stated.c.amount > known
        )
        for row in self._stream(query):
            yield Doubt(row.payment_id, f"{row.amount} was taken back by its provider, and less is recorded")

    def _posted(self) -> Any:
        """What each posting of a refund takes from a receivable, and lays upon those who bear it."""
        t, e, a = ledger_transactions.c, ledger_entries.c, ledger_accounts.c
        own = a.name.startswith("receivable:")
        bearer = or_(a.name == REFUNDS, a.name.startswith(f"{REFUNDS}:"), a.name.startswith(PAYABLE))
        return (
            select(
                t.subject, e.currency, func.max(_where(own, a.name)).label("account"),
                func.sum(_where(own, e.amount_minor, 0)).label("credited"),
                func.sum(_where(bearer, e.amount_minor, 0)).label("borne"),
            )
            .join_from(ledger_transactions, ledger_entries)
            .join(ledger_accounts, a.id == e.account_id)
            .where(t.kind == REFUND_POSTING)
            .group_by(t.subject, e.currency)
            .subquery()
        )  # fmt: skip

    def _doubts(self, wrong: ColumnElement[bool], what: str, *, of_captures: bool = False) -> Iterator[Doubt]:
        query: Select[Any] = select(refunds.c.payment_id, refunds.c.id)
        if of_captures:
            query = query.join_from(refunds, captures, captures.c.id == refunds.c.capture_id)
        for row in self._stream(query.where(self._recent(refunds.c.payment_id), wrong)):
            yield Doubt(row.payment_id, f"refund {row.id} {what}")


def _where(condition: ColumnElement[bool], value: Any, otherwise: Any = None) -> ColumnElement[Any]:
    return case((condition, value), else_=otherwise)
