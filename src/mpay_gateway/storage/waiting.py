"""What waits: confirmations by service, one query that is answered from its index; and tasks that are due, by kind."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select, text
from sqlalchemy.engine import Connection

from mpay_gateway.storage.tables import WAITING, deliveries, tasks


@dataclass(frozen=True, slots=True)
class Waiting:
    """What one service has not got. `oldest`: since when the first of it waits, sent or parked."""

    service_id: str
    count: int
    oldest: datetime


_BY_SERVICE = (
    select(deliveries.c.service_id, func.count(), func.min(deliveries.c.created_at))
    .where(text(WAITING))
    .group_by(deliveries.c.service_id)
)


def waiting_by_service(connection: Connection) -> tuple[Waiting, ...]:
    """The services that have not got everything, by id. Money that went back waits for nobody."""
    return tuple(
        sorted((Waiting(*row) for row in connection.execute(_BY_SERVICE)), key=lambda each: each.service_id)
    )


def due_by_kind(connection: Connection, now: datetime) -> dict[str, tuple[int, datetime]]:
    """How many tasks of each kind are due and in nobody's hands, and since when the first of them is."""
    free = or_(tasks.c.lease_until.is_(None), tasks.c.lease_until <= now)
    query = (
        select(tasks.c.kind, func.count(), func.min(tasks.c.due))
        .where(tasks.c.due.is_not(None), tasks.c.due <= now, free)
        .group_by(tasks.c.kind)
    )
    return {kind: (count, oldest) for kind, count, oldest in connection.execute(query)}
