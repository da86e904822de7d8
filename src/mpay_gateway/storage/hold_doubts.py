"""Doubts about money that was only held: what was decided of it twice."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.engine import Connection

from mpay_gateway.domain.payment import CaptureState, IntentState, ReversalState
from mpay_gateway.storage.books import Doubt
from mpay_gateway.storage.tables import capture_intents, captures, payments, reversals


class HoldDoubts:
    """`since`: only payments made since then (UTC); None for all."""

    def __init__(self, connection: Connection, since: datetime | None = None) -> None:
        self._connection = connection
        self._since = since

    def given_up_and_taken(self) -> Iterator[Doubt]:
        """Voids, begun or done, beside money that pays the order, or whose capture may still be under way."""
        claimed = select(captures.c.payment_id).where(captures.c.state == CaptureState.CLAIMED)
        under_way = select(capture_intents.c.payment_id).where(capture_intents.c.state == IntentState.DUE)
        wrong = or_(
            and_(reversals.c.state != ReversalState.REFUSED, reversals.c.payment_id.in_(claimed)),
            reversals.c.payment_id.in_(under_way),
        )
        query = select(reversals.c.payment_id, reversals.c.id, reversals.c.state).where(
            reversals.c.capture_id.is_(None), wrong, self._recent()
        )
        for row in self._connection.execute(query.execution_options(yield_per=2000)):
            yield Doubt(row.payment_id, f"void {row.id} is {row.state}, and the money is taken or may be")

    def _recent(self) -> ColumnElement[bool]:
        if self._since is None:
            return true()
        recent = select(payments.c.id).where(payments.c.created_at >= self._since)
        return reversals.c.payment_id.in_(recent)
