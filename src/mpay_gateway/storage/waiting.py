"""Confirmations that their services have not got yet, counted by service: one query, answered from its index."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.engine import Connection

from mpay_gateway.storage.tables import WAITING, deliveries


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
