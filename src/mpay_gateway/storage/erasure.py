"""Bodies whose time is over. Rows and digests stay; what still matters to somebody stays whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, union
from sqlalchemy.engine import Connection

from mpay_gateway.domain.payment import CaptureState, DeliveryState, PaymentState, ReversalState
from mpay_gateway.domain.refund import RefundState
from mpay_gateway.storage.evidence import ERASURES, OPERATOR, RESTORATION, SETTLED
from mpay_gateway.storage.tables import (
    captures,
    decisions,
    deliveries,
    evidence,
    evidence_bodies,
    payments,
    refunds,
    reversals,
)

NOTES = (ERASURES, OPERATOR, RESTORATION, SETTLED)
"""How the subjects of what we noted down ourselves begin: it is kept for ever."""
_OPEN = [state.value for state in PaymentState if state.open]
_TOLD = (DeliveryState.CONFIRMED.value, DeliveryState.GIVEN_UP.value)


@dataclass(frozen=True, slots=True)
class KeptBody:
    """`subject`: whose it is."""

    evidence_id: int
    subject: str


class Erasure:
    """Finds bodies and removes them."""

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
        waiting = union(
            select(payments.c.id).where(payments.c.state.in_(_OPEN)),
            select(deliveries.c.payment_id).where(deliveries.c.state.not_in(_TOLD)),
            select(captures.c.payment_id).where(captures.c.state == CaptureState.REVIEW.value),
            select(reversals.c.payment_id).where(reversals.c.state != ReversalState.DONE.value),
            select(refunds.c.payment_id).where(
                refunds.c.state != RefundState.DONE.value, refunds.c.acknowledged_at.is_(None)
            ),
            select(decisions.c.payment_id).where(decisions.c.state == "proposed"),
        ).subquery()
        rows = self._connection.execute(
            select(payments.c.id, payments.c.snapshot_id).where(payments.c.id.in_(select(waiting)))
        )
        return frozenset(each for row in rows for each in row)

    def erase(self, bodies: Sequence[KeptBody]) -> None:
        ids = [each.evidence_id for each in bodies]
        self._connection.execute(delete(evidence_bodies).where(evidence_bodies.c.evidence_id.in_(ids)))
