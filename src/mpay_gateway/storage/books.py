"""Streamed questions to the whole database whose answers are doubts: rows that no honest history leaves."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, func, or_, select, true, union_all

from mpay_gateway.domain.evidence import CONTENT_NOTE, Direction
from mpay_gateway.domain.payment import (
    CaptureState,
    ClaimState,
    DeliveryState,
    PaymentState,
    ReversalState,
)
from mpay_gateway.storage.evidence import (
    ERASURES,
    LOOKUP,
    OPERATOR,
    POS_TERMINAL,
    RESTORATION,
    SETTLED,
)
from mpay_gateway.storage.questions import Doubt, Questions
from mpay_gateway.storage.refunds import held_minor
from mpay_gateway.storage.reversals import going_minor
from mpay_gateway.storage.tables import (
    audit,
    captures,
    claims,
    deliveries,
    evidence,
    order_snapshots,
    payments,
    refunds,
    reversals,
)

_OF_CAPTURES = reversals.c.capture_id.is_not(None)  # not voids of money that was only held


class Books(Questions):
    """Payments, what was told of them, and what went back."""

    def confirmation_contents(self) -> Iterator[Row[Any]]:
        """Each delivery with its stored content, the payment's own words, and the order that was paid.

        `taken`: what its captures claim in minor units, or what they claimed before the money went back.
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
                payments.c.invoice_id, payments.c.service_id, payments.c.order_key, payments.c.currency,
                func.coalesce(claimed.c.amount, claims.c.amount_minor).label("taken"),
                order_snapshots.c.document, claims.c.shares,
            )
            .join_from(deliveries, payments)
            .join(claims, claims.c.payment_id == payments.c.id, isouter=True)
            .join(order_snapshots, order_snapshots.c.id == payments.c.snapshot_id)
            .join(claimed, claimed.c.payment_id == payments.c.id, isouter=True)
            .where(self._recent(deliveries.c.payment_id))
        )  # fmt: skip
        return self._stream(query)

    def calls_of_no_payment(self) -> Iterator[Doubt]:
        """Messages that belong to nothing that is stored, and payments that say they were stored at another time.

        No clock is compared with another's: that a message came later is known by its lock on the payment's row,
        and shown by every crash, after which a message that came before has no payment.
        """
        moved = (
            select(payments.c.id, payments.c.created_at, audit.c.at)
            .join_from(payments, audit, (audit.c.payment_id == payments.c.id) & (audit.c.seq == 1))
            .where(self._recent(payments.c.id), audit.c.at != payments.c.created_at)
        )
        for row in self._stream(moved):
            yield Doubt(
                row.id, f"was stored at {row.at:%F %T} by its audit, at {row.created_at:%F %T} by itself"
            )
        stray = select(evidence.c.subject, evidence.c.direction, evidence.c.operation).where(
            ~exists().where(payments.c.id == evidence.c.subject),
            ~exists().where(order_snapshots.c.id == evidence.c.subject),
            ~evidence.c.subject.startswith(LOOKUP),
            ~evidence.c.subject.startswith(RESTORATION),
            ~evidence.c.subject.startswith(SETTLED),
            evidence.c.subject != ERASURES,
            ~evidence.c.subject.startswith(OPERATOR),
            ~evidence.c.subject.startswith(POS_TERMINAL),
            self._later(evidence.c.at),
        )
        for row in self._stream(stray):
            yield Doubt(row.subject, f"{row.direction} {row.operation} belongs to no payment and no order")

    def confirmations_sent(self) -> Iterator[Row[Any]]:
        """Each sent message that says which content it tells, with the content that is to be told."""
        query = (
            select(
                evidence.c.subject.label("payment_id"), evidence.c.operation, evidence.c.meta,
                deliveries.c.content_digest,
            )
            .join_from(evidence, deliveries, deliveries.c.payment_id == evidence.c.subject, isouter=True)
            .where(
                self._recent(evidence.c.subject), evidence.c.direction == Direction.SENT,
                evidence.c.meta.contains(f'["{CONTENT_NOTE}",', autoescape=True),
            )
        )  # fmt: skip
        return self._stream(query)

    def given_back_too_much(self) -> Iterator[Doubt]:
        """Payments of which more goes back than was captured, and reversals of money that pays an order."""
        taken = self._sum_by_payment(captures, true())
        back = self._went_back()
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
            captures.c.currency != reversals.c.currency,
            and_(
                captures.c.amount_minor != reversals.c.amount_minor,
                reversals.c.state != ReversalState.REFUSED,  # of a void that was left to people
            ),
        )
        query = (
            select(reversals.c.payment_id, reversals.c.id, captures.c.state)
            .join_from(reversals, captures, captures.c.id == reversals.c.capture_id)
            .where(self._recent(reversals.c.payment_id), wrong)
        )
        for row in self._stream(query):
            yield Doubt(row.payment_id, f"reversal {row.id} is not of its {row.state} capture's surplus")

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

    def told_without_money(self) -> Iterator[Doubt]:
        """Deliveries of payments that claim no captured money, and claimed money of which no service is told."""
        claimed = exists().where(
            captures.c.payment_id == deliveries.c.payment_id, captures.c.state == CaptureState.CLAIMED
        )
        told = (
            select(deliveries.c.payment_id, deliveries.c.state, payments.c.state.label("payment"))
            .join_from(deliveries, payments)
            .where(self._recent(deliveries.c.payment_id))
            .where(
                or_(
                    payments.c.state != PaymentState.CAPTURED,
                    ~claimed & (deliveries.c.state != DeliveryState.GIVEN_UP),
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
            ~exists().where(deliveries.c.payment_id == captures.c.payment_id),
        )
        for row in self._stream(untold):
            yield Doubt(row.payment_id, "money pays the order, and the service is not told")

    def _went_back(self) -> Any:
        """What is given back or may be, by payment and currency: reversals and refunds."""
        reversed_ = select(reversals.c.payment_id, reversals.c.currency, going_minor()).where(_OF_CAPTURES)
        every = union_all(
            reversed_, select(refunds.c.payment_id, refunds.c.currency, held_minor())
        ).subquery()
        amount = func.sum(every.c.amount_minor).label("amount")
        return (
            select(every.c.payment_id, every.c.currency, amount)
            .group_by(every.c.payment_id, every.c.currency)
            .subquery()
        )

    def _sum_by_payment(self, table: Any, which: ColumnElement[bool]) -> Any:
        return (
            select(table.c.payment_id, table.c.currency, func.sum(table.c.amount_minor).label("amount"))
            .where(which)
            .group_by(table.c.payment_id, table.c.currency)
            .subquery()
        )
