"""Invoices: one open invoice for each order, moved along from snapshot to snapshot."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.engine import Connection

from mpay_gateway.domain.errors import UnknownInvoice
from mpay_gateway.domain.identifiers import InvoiceId, OrderKey, ServiceId
from mpay_gateway.storage.tables import invoices


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """An invoice without its order: `snapshot_id` names the answer that it shows."""

    id: InvoiceId
    service_id: ServiceId
    order_key: OrderKey
    snapshot_id: str
    issued_at: datetime
    updated_at: datetime
    closed_at: datetime | None


_FIELDS = tuple(InvoiceRow.__dataclass_fields__)
_ADD = insert(invoices)
_GET = select(invoices).where(invoices.c.id == bindparam("of_id"))
_SHOW = (
    update(invoices)
    .where(
        invoices.c.service_id == bindparam("of_service"),
        invoices.c.order_key == bindparam("of_key"),
        invoices.c.closed_at.is_(None),
    )
    .returning(*invoices.c)
)
_CLOSE = update(invoices).where(invoices.c.id == bindparam("of_id"), invoices.c.closed_at.is_(None))


class Invoices:
    """The stored invoices."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, invoice: InvoiceRow) -> None:
        self._connection.execute(_ADD, {name: getattr(invoice, name) for name in _FIELDS})

    def show_snapshot(
        self, service_id: ServiceId, order_key: OrderKey, snapshot_id: str, *, at: datetime
    ) -> InvoiceRow | None:
        """Let the order's open invoice, if there is one, show a newer answer of the service. The order is locked."""
        order = {"of_service": service_id, "of_key": order_key}
        row = self._connection.execute(_SHOW, order | {"snapshot_id": snapshot_id, "updated_at": at}).first()
        return InvoiceRow(*row) if row else None

    def close(self, invoice_id: InvoiceId, *, at: datetime) -> None:
        """The order is paid: if it falls due again, it is on a new invoice."""
        self._connection.execute(_CLOSE, {"of_id": invoice_id, "closed_at": at, "updated_at": at})

    def get(self, invoice_id: str) -> InvoiceRow:
        """Raises: UnknownInvoice."""
        row = self._connection.execute(_GET, {"of_id": invoice_id}).first()
        if row is None:
            raise UnknownInvoice(invoice_id)
        return InvoiceRow(*row)
