"""Deliveries of confirmations: their states and their fixed content. When they are due stands in the task table."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.engine import Connection

from mpay_gateway.domain.errors import Conflict, NotFound
from mpay_gateway.domain.identifiers import PaymentId, ServiceId
from mpay_gateway.domain.payment import Delivery, DeliveryState
from mpay_gateway.domain.transitions import DeliveryEvent, next_state
from mpay_gateway.storage.audit import Audit, Change
from mpay_gateway.storage.tables import deliveries

_FIELDS = tuple(Delivery.__dataclass_fields__)
_ADD = insert(deliveries)
_GET = select(deliveries).where(deliveries.c.id == bindparam("of_id"))
_LOCK = _GET.with_for_update()
_OF_PAYMENT = select(deliveries).where(deliveries.c.payment_id == bindparam("of_payment"))
_CHANGE = update(deliveries).where(
    deliveries.c.id == bindparam("of_id"),
    deliveries.c.state == bindparam("was"),
    deliveries.c.attempts == bindparam("attempts_were"),
)
_NOTE_SENT = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("of_id"))
    .values(unanswered=deliveries.c.unanswered + 1)
)


class Deliveries:
    """The stored deliveries."""

    def __init__(self, connection: Connection, audit: Audit) -> None:
        self._connection = connection
        self._audit = audit

    def add(self, delivery: Delivery, *, actor: str) -> None:
        """Store a new delivery, in the commit of the capture that it tells of."""
        self._connection.execute(_ADD, {name: getattr(delivery, name) for name in _FIELDS})
        self._write_down(delivery, "create", "", actor, delivery.created_at)

    def get(self, delivery_id: str) -> Delivery:
        """Raises: NotFound."""
        row = self._connection.execute(_GET, {"of_id": delivery_id}).first()
        if row is None:
            raise NotFound(f"delivery {delivery_id}")
        return _delivery(row)

    def lock(self, delivery_id: str) -> Delivery:
        """Read the delivery and hold it until the unit of work ends. Raises: NotFound."""
        row = self._connection.execute(_LOCK, {"of_id": delivery_id}).first()
        if row is None:
            raise NotFound(f"delivery {delivery_id}")
        return _delivery(row)

    def of_payment(self, payment_id: str) -> Delivery | None:
        row = self._connection.execute(_OF_PAYMENT, {"of_payment": payment_id}).first()
        return _delivery(row) if row else None

    def list(
        self, states: tuple[DeliveryState, ...], service_id: str = "", limit: int = 100
    ) -> tuple[Delivery, ...]:
        """Deliveries in these states, oldest first."""
        query = select(deliveries).where(deliveries.c.state.in_(states))
        if service_id:
            query = query.where(deliveries.c.service_id == service_id)
        rows = self._connection.execute(query.order_by(deliveries.c.created_at).limit(limit))
        return tuple(_delivery(row) for row in rows)

    def change(
        self,
        delivery: Delivery,
        event: DeliveryEvent,
        *,
        actor: str,
        at: datetime,
        detail: str = "",
        **values: Any,
    ) -> Delivery:
        """Move the delivery along an edge and store `values` with it. Raises: InvalidTransition; Conflict."""
        after = next_state(delivery.state, event)
        changed = replace(delivery, state=after, **values)
        found = {"of_id": delivery.id, "was": delivery.state, "attempts_were": delivery.attempts}
        done = self._connection.execute(_CHANGE, found | {"state": after} | values)
        if done.rowcount != 1:
            raise Conflict(f"delivery {delivery.id}")
        self._write_down(changed, event.value, delivery.state.value, actor, at, detail=detail)
        return changed

    def note_sent(self, delivery_id: str) -> None:
        """Count a try when it leaves: from now on the service may know. No change of state."""
        self._connection.execute(_NOTE_SENT, {"of_id": delivery_id})

    def _write_down(
        self, delivery: Delivery, event: str, before: str, actor: str, at: datetime, *, detail: str = ""
    ) -> None:
        detail = detail or delivery.last_error or delivery.content_digest[:16]
        self._audit.write(
            Change(
                delivery.payment_id,
                "delivery",
                delivery.id,
                event,
                before,
                delivery.state.value,
                actor,
                at,
                detail,
            )
        )


def _delivery(row: Row[Any]) -> Delivery:
    values = row._asdict() | {
        "payment_id": PaymentId(row.payment_id),
        "service_id": ServiceId(row.service_id),
        "state": DeliveryState(row.state),
    }
    return Delivery(**values)
