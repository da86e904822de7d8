"""Which look-ups led to no order: their messages are kept under a subject that names neither service nor key."""

from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.engine import Connection

from mpay_gateway.domain.identifiers import OrderKey, ServiceId
from mpay_gateway.storage.tables import fruitless_lookups

_ADD = insert(fruitless_lookups)


class FruitlessLookups:
    """The stored look-ups."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, subject: str, service_id: ServiceId, order_key: OrderKey, *, at: datetime) -> None:
        row = {"subject": subject, "service_id": service_id, "order_key": order_key, "at": at}
        self._connection.execute(_ADD, row)
