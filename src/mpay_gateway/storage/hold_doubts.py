"""Doubts about money that was only held: what was decided of it twice."""

from collections.abc import Iterator

from sqlalchemy import and_, exists, or_, select

from mpay_gateway.domain.payment import CaptureState, IntentState, ReversalState
from mpay_gateway.storage.questions import Doubt, Questions
from mpay_gateway.storage.tables import capture_intents, captures, reversals


class HoldDoubts(Questions):
    """Voids and intents to capture."""

    def given_up_and_taken(self) -> Iterator[Doubt]:
        """Voids, begun or done, beside money that pays the order, or whose capture may still be under way."""
        claimed = exists().where(
            captures.c.payment_id == reversals.c.payment_id, captures.c.state == CaptureState.CLAIMED
        )
        under_way = exists().where(
            capture_intents.c.payment_id == reversals.c.payment_id,
            capture_intents.c.state == IntentState.DUE,
        )
        wrong = or_(and_(reversals.c.state != ReversalState.REFUSED, claimed), under_way)
        query = select(reversals.c.payment_id, reversals.c.id, reversals.c.state).where(
            reversals.c.capture_id.is_(None), wrong, self._recent(reversals.c.payment_id)
        )
        for row in self._stream(query):
            yield Doubt(row.payment_id, f"void {row.id} is {row.state}, and the money is taken or may be")
