"""Order snapshots (one answer of GetOrderDetails) and the lock row of each order."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.engine import Connection

from mpay_gateway.domain.deviation import Deviation
from mpay_gateway.domain.identifiers import OrderKey, ServiceId
from mpay_gateway.domain.order import Order
from mpay_gateway.storage.serial import deviations_to_text, order_from_text, order_to_text
from mpay_gateway.storage.shelf import Shelf
from mpay_gateway.storage.statements import insert_once
from mpay_gateway.storage.tables import order_snapshots, orders


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the service said of one order. `requested_at`: when its request was sent (UTC).

    `known`: how often the service had said by then that it knows of money for the order.
    """

    id: str
    order: Order
    requested_at: datetime
    received_at: datetime
    known: int


_ADD = insert(order_snapshots)
_GET = select(order_snapshots).where(order_snapshots.c.id == bindparam("of_id"))
_NEWEST = (
    select(order_snapshots)
    .where(
        order_snapshots.c.service_id == bindparam("of_service"),
        order_snapshots.c.order_key == bindparam("of_key"),
        order_snapshots.c.requested_at <= bindparam("not_after"),
    )
    .order_by(order_snapshots.c.requested_at.desc())
    .limit(1)
)
_THE_ORDER = (orders.c.service_id == bindparam("of_service"), orders.c.order_key == bindparam("of_key"))
_KNOWN = select(orders.c.acknowledgements).where(*_THE_ORDER)
_ACKNOWLEDGE = (
    update(orders)
    .where(*_THE_ORDER)
    .values(acknowledgements=orders.c.acknowledgements + 1)
    .returning(orders.c.acknowledgements)
)
_NOTE_ORDER = insert_once(orders, returning=orders.c.order_key)
_LOCK_ORDER = select(orders.c.service_id).where(*_THE_ORDER).with_for_update()


class Snapshots:
    """The stored snapshots."""

    def __init__(self, connection: Connection, known: Shelf[Snapshot]) -> None:
        """`known`: snapshots by id. An id is drawn for one answer and names no other, committed or not."""
        self._connection = connection
        self._known = known

    def add(
        self, snapshot: Snapshot, *, deviations: tuple[Deviation, ...] = (), skew: timedelta | None = None
    ) -> None:
        order = snapshot.order
        self._connection.execute(
            _ADD,
            {
                "id": snapshot.id,
                "service_id": order.service_id,
                "order_key": order.order_key,
                "requested_at": snapshot.requested_at,
                "received_at": snapshot.received_at,
                "version": order.version,
                "document": order_to_text(order),
                "deviations": deviations_to_text(deviations),
                "known": snapshot.known,
                "skew_ms": None if skew is None else int(skew.total_seconds() * 1000),
            },
        )
        self._known.put(snapshot.id, snapshot)

    def get(self, snapshot_id: str) -> Snapshot:
        """The snapshot of this id; it exists, since rows are only added."""
        known = self._known.get(snapshot_id)
        if known is None:
            known = _snapshot(self._connection.execute(_GET, {"of_id": snapshot_id}).one())
            self._known.put(snapshot_id, known)
        return known

    def newest(self, service_id: ServiceId, order_key: OrderKey, *, not_after: datetime) -> Snapshot | None:
        """What the service said last of the order, None when it was never asked.

        `not_after`: what was asked for later, by a clock that was ahead then and was set back since, is older than it
        says (UTC).
        """
        found = {"of_service": service_id, "of_key": order_key, "not_after": not_after}
        row = self._connection.execute(_NEWEST, found).first()
        return None if row is None else _snapshot(row)

    def known(self, service_id: ServiceId, order_key: OrderKey) -> int:
        """How often the service has said that it knows of money for the order. To be read before it is asked."""
        order = {"of_service": service_id, "of_key": order_key}
        return int(self._connection.execute(_KNOWN, order).scalar() or 0)

    def acknowledge(self, service_id: ServiceId, order_key: OrderKey) -> int:
        """The service says so once more. Returns which time it is. The order is locked."""
        order = {"of_service": service_id, "of_key": order_key}
        return int(self._connection.execute(_ACKNOWLEDGE, order).scalar_one())

    def lock_order(self, service_id: ServiceId, order_key: OrderKey, *, at: datetime) -> None:
        """Hold the order until the unit of work ends: claims are taken and released only under it."""
        order = {"of_service": service_id, "of_key": order_key}
        if self._connection.execute(_LOCK_ORDER, order).first() is not None:
            return
        row = {"service_id": service_id, "order_key": order_key, "first_seen_at": at}
        if self._connection.execute(_NOTE_ORDER.on(self._connection), row).first() is None:
            self._connection.execute(_LOCK_ORDER, order).one()  # another unit has just added it


def _snapshot(row: Row[Any]) -> Snapshot:
    return Snapshot(row.id, order_from_text(row.document), row.requested_at, row.received_at, row.known)
