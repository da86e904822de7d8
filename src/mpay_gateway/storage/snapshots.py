"""Order snapshots (one answer of GetOrderDetails) and the lock row of each order."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mpay_gateway.domain.identifiers import OrderKey, ServiceId
from mpay_gateway.domain.order import Deviation, Order
from mpay_gateway.storage.serial import deviations_to_text, order_from_text, order_to_text
from mpay_gateway.storage.tables import order_snapshots, orders


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the service said of one order. `requested_at`: when its request was sent (UTC)."""

    id: str
    order: Order
    requested_at: datetime
    received_at: datetime


class Snapshots:
    """The stored snapshots."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self, snapshot: Snapshot, *, deviations: tuple[Deviation, ...] = (), skew: timedelta | None = None
    ) -> None:
        order = snapshot.order
        self._session.execute(
            insert(order_snapshots),
            {
                "id": snapshot.id,
                "service_id": order.service_id,
                "order_key": order.order_key,
                "requested_at": snapshot.requested_at,
                "received_at": snapshot.received_at,
                "version": order.version,
                "document": order_to_text(order),
                "deviations": deviations_to_text(deviations),
                "skew_ms": None if skew is None else int(skew.total_seconds() * 1000),
            },
        )

    def get(self, snapshot_id: str) -> Snapshot:
        """The snapshot of this id; it exists, since rows are only added."""
        row = self._session.execute(select(order_snapshots).where(order_snapshots.c.id == snapshot_id)).one()
        return Snapshot(row.id, order_from_text(row.document), row.requested_at, row.received_at)

    def lock_order(self, service_id: ServiceId, order_key: OrderKey, *, at: datetime) -> None:
        """Hold the order until the unit of work ends: claims are taken and released only under it."""
        dialect = self._session.get_bind().dialect.name
        upsert = postgresql.insert(orders) if dialect == "postgresql" else sqlite.insert(orders)
        self._session.execute(
            upsert.on_conflict_do_nothing(),
            {"service_id": service_id, "order_key": order_key, "first_seen_at": at},
        )
        self._session.execute(
            select(orders.c.service_id)
            .where(orders.c.service_id == service_id, orders.c.order_key == order_key)
            .with_for_update()
        ).one()
