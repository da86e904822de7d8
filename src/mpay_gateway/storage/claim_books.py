"""Claims beside the orders that they claim: streamed questions to the whole database."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import Row, bindparam, exists, func, select, true

from mpay_gateway.domain.payment import ClaimState
from mpay_gateway.storage.questions import Questions
from mpay_gateway.storage.tables import audit, claims, order_snapshots

_LIVE = (ClaimState.HELD, ClaimState.CAPTURED, ClaimState.ACKNOWLEDGED)

_ANSWER = select(order_snapshots.c.document).where(order_snapshots.c.id == bindparam("of_id"))


class ClaimBooks(Questions):
    """What claims say, and what the service said that they claim."""

    def each(self) -> Iterator[Row[Any]]:
        """Each claim with the parts that its lines get, and the answer of the service that it was taken on."""
        query = (
            select(claims.c.payment_id, claims.c.amount_minor, claims.c.payable_minor,
                   claims.c.shares, claims.c.state, order_snapshots.c.document)
            .join_from(claims, order_snapshots)
            .where(self._recent(claims.c.payment_id))
        )  # fmt: skip
        return self._stream(query)

    def of_shared_orders(self) -> Iterator[list[Row[Any]]]:
        """The live claims of each order that has several, in the order in which they were taken.

        That is the order of their audit rows, which are written under the order's lock: no clock says more. A claim
        that was released and taken again was taken then.
        """
        others, recent = claims.alias(), claims.alias()
        taken = (
            select(func.max(audit.c.id))
            .where(audit.c.payment_id == claims.c.payment_id, audit.c.machine == "claim",
                   audit.c.subject == claims.c.id, audit.c.before.in_(["", ClaimState.RELEASED]))
            .scalar_subquery()
        )  # fmt: skip
        query = (
            select(claims.c.payment_id, claims.c.service_id, claims.c.order_key, claims.c.amount_minor,
                   claims.c.acknowledgement, claims.c.snapshot_id,
                   order_snapshots.c.known, taken.label("taken"))
            .join_from(claims, order_snapshots)
            .where(claims.c.state.in_(_LIVE))
            .where(exists().where(others.c.service_id == claims.c.service_id, others.c.id != claims.c.id,
                                  others.c.order_key == claims.c.order_key, others.c.state.in_(_LIVE)))
            .where(exists().where(recent.c.service_id == claims.c.service_id,
                                  recent.c.order_key == claims.c.order_key, self._recent(recent.c.payment_id))
                   if self._since else true())
            .order_by(claims.c.service_id, claims.c.order_key)
        )  # fmt: skip
        orders = groupby(self._stream(query), key=lambda row: (row.service_id, row.order_key))
        # Without the answers themselves, which a database would sort beside them; few are looked at.
        return (sorted(rows, key=lambda row: row.taken or 0) for _, rows in orders)

    def answer(self, snapshot_id: str) -> str:
        """What the service said, as it is stored."""
        return str(self._connection.execute(_ANSWER, {"of_id": snapshot_id}).scalar_one())
