"""Bodies whose time is over. Rows and digests stay; what still matters to somebody stays whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, delete, func, select, union, update
from sqlalchemy.engine import Connection

from mpay_gateway.domain.payment import CaptureState, DeliveryState, PaymentState, ReversalState
from mpay_gateway.domain.refund import RefundState
from mpay_gateway.storage.evidence import ERASURES, OPERATOR, POS_TERMINAL, RESTORATION, SETTLED
from mpay_gateway.storage.tables import (
    captures,
    decisions,
    deliveries,
    evidence,
    evidence_bodies,
    filled_fields,
    payments,
    refunds,
    reversals,
    visits,
)

NOTES = (ERASURES, OPERATOR, POS_TERMINAL, RESTORATION, SETTLED)
"""How the subjects of what we noted down ourselves begin: it is kept for ever."""
_OPEN = [state.value for state in PaymentState if state.open]
_TOLD = (DeliveryState.CONFIRMED.value, DeliveryState.GIVEN_UP.value)
_NOTHING = "{}"


@dataclass(frozen=True, slots=True)
class KeptBody:
    """`subject`: whose it is."""

    evidence_id: int
    subject: str


@dataclass(frozen=True, slots=True)
class FilledIn:
    """Where texts are kept that payers filled in: tokens of visits, and payments."""

    visits: tuple[str, ...]
    payments: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.visits or self.payments)


class Erasure:
    """Finds bodies and what payers filled in, and removes them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count(self, before: datetime) -> int:
        """How many bodies there are of messages that passed before then (UTC)."""
        query = (
            select(func.count())
            .select_from(evidence_bodies.join(evidence, evidence.c.id == evidence_bodies.c.evidence_id))
            .where(evidence.c.at < before)
        )
        return int(self._connection.execute(query).scalar_one())

    def bodies(self, before: datetime, *, after: int, limit: int) -> tuple[KeptBody, ...]:
        """Up to `limit` of them, with numbers above `after`, in their order."""
        query = (
            select(evidence_bodies.c.evidence_id, evidence.c.subject)
            .join(evidence, evidence.c.id == evidence_bodies.c.evidence_id)
            .where(evidence.c.at < before, evidence_bodies.c.evidence_id > after)
            .order_by(evidence_bodies.c.evidence_id)
            .limit(limit)
        )
        return tuple(KeptBody(*row) for row in self._connection.execute(query))

    def unfinished(self) -> frozenset[str]:
        """The subjects of payments of which something is still to come, and of the look-ups before them."""
        of_waiting = payments.c.id.in_(_waiting())
        rows = self._connection.execute(select(payments.c.id, payments.c.snapshot_id).where(of_waiting))
        return frozenset(each for row in rows for each in row)

    def filled_in(self, before: datetime, *, limit: int) -> FilledIn:
        """Up to `limit` of the visits and of the finished payments of before then (UTC) that still hold such texts."""
        of_visits = (
            select(visits.c.token)
            .where(visits.c.created_at < before, visits.c.filled != _NOTHING)
            .order_by(visits.c.token)
        )
        of_payments = (
            select(filled_fields.c.payment_id)
            .join(payments, payments.c.id == filled_fields.c.payment_id)
            .where(payments.c.created_at < before, payments.c.id.not_in(_waiting()))
            .order_by(filled_fields.c.payment_id)
        )
        found = (self._connection.execute(each.limit(limit)).scalars() for each in (of_visits, of_payments))
        return FilledIn(*map(tuple, found))

    def empty(self, found: FilledIn) -> None:
        self._connection.execute(
            update(visits).where(visits.c.token.in_(found.visits)).values(filled=_NOTHING)
        )
        self._connection.execute(delete(filled_fields).where(filled_fields.c.payment_id.in_(found.payments)))

    def erase(self, bodies: Sequence[KeptBody]) -> None:
        ids = [each.evidence_id for each in bodies]
        self._connection.execute(delete(evidence_bodies).where(evidence_bodies.c.evidence_id.in_(ids)))


def _waiting() -> Select[tuple[str]]:
    """The payments of which something is still to come."""
    return select(
        union(
            select(payments.c.id).where(payments.c.state.in_(_OPEN)),
            select(deliveries.c.payment_id).where(deliveries.c.state.not_in(_TOLD)),
            select(captures.c.payment_id).where(captures.c.state == CaptureState.REVIEW.value),
            select(reversals.c.payment_id).where(reversals.c.state != ReversalState.DONE.value),
            select(refunds.c.payment_id).where(
                refunds.c.state != RefundState.DONE.value, refunds.c.acknowledged_at.is_(None)
            ),
            select(decisions.c.payment_id).where(decisions.c.state == "proposed"),
        ).subquery()
    )
