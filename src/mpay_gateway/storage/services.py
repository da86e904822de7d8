"""Rows of registered services. The document is the settings layer's; here it is text."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from mpay_gateway.domain.errors import UnknownService
from mpay_gateway.storage.tables import services


@dataclass(frozen=True, slots=True)
class ServiceRow:
    id: str
    connector: str
    document: str
    enabled: bool
    version: int
    updated_at: datetime


class Services:
    """The registered services."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> tuple[ServiceRow, ...]:
        """Every service, enabled or not, by id."""
        return tuple(
            ServiceRow(*row) for row in self._connection.execute(select(services).order_by(services.c.id))
        )

    def find(self, service_id: str) -> ServiceRow | None:
        row = self._connection.execute(select(services).where(services.c.id == service_id)).first()
        return ServiceRow(*row) if row else None

    def save(self, service_id: str, connector: str, document: str, *, at: datetime) -> None:
        """Add the service or replace its document; it is enabled either way."""
        old = self.find(service_id)
        values = {"connector": connector, "document": document, "enabled": True, "updated_at": at}
        if old is None:
            self._connection.execute(insert(services), values | {"id": service_id, "version": 1})
        else:
            self._connection.execute(
                update(services).where(services.c.id == service_id).values(**values, version=old.version + 1)
            )

    def disable(self, service_id: str, *, at: datetime) -> None:
        """Take no more payments for it. Raises: UnknownService."""
        old = self.find(service_id)
        if old is None:
            raise UnknownService(service_id)
        self._connection.execute(
            update(services)
            .where(services.c.id == service_id)
            .values(enabled=False, version=old.version + 1, updated_at=at)
        )
