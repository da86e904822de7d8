"""What questions to the whole database share: one state of it for all, bounds, and streamed answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select, true
from sqlalchemy.engine import Connection

from mpay_gateway.storage.engine import unhurried
from mpay_gateway.storage.tables import payments

_BATCH = 2000


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that should not be: of which payment (empty when of none), and what."""

    payment_id: str
    detail: str


def one_long_look(connection: Connection) -> None:
    """One state of the database for all questions, though the gateway goes on beside; they take their time."""
    unhurried(connection, "REPEATABLE READ")


class Questions:
    """`since`: only payments made since then (UTC); None for all."""

    def __init__(self, connection: Connection, since: datetime | None = None) -> None:
        self._connection = connection
        self._since = since

    def _recent(self, payment_id: ColumnElement[Any]) -> ColumnElement[bool]:
        if self._since is None:
            return true()
        return payment_id.in_(select(payments.c.id).where(payments.c.created_at >= self._since))

    def _later(self, at: ColumnElement[datetime]) -> ColumnElement[bool]:
        return true() if self._since is None else at >= self._since

    def _stream(self, query: Select[Any]) -> Iterator[Row[Any]]:
        return iter(self._connection.execute(query.execution_options(yield_per=_BATCH)))
