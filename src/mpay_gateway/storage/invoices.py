"""Invoices: one open invoice for each order, moved along from snapshot to snapshot."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

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


class Invoices:
    """The stored invoices."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def open_of(self, service_id: ServiceId, order_key: OrderKey) -> InvoiceRow | None:
        """The open invoice of the order, if there is one. The order is locked."""
        row = self._session.execute(
            select(invoices).where(
                invoices.c.service_id == service_id,
                invoices.c.order_key == order_key,
                invoices.c.closed_at.is_(None),
            )
        ).first()
        return InvoiceRow(*row) if row else None

    def add(self, invoice: InvoiceRow) -> None:
        values = {name: getattr(invoice, name) for name in InvoiceRow.__dataclass_fields__}
        self._session.execute(insert(invoices), values)

    def show_snapshot(self, invoice_id: InvoiceId, snapshot_id: str, *, at: datetime) -> None:
        """Let the invoice show a newer answer of the service."""
        self._session.execute(
            update(invoices).where(invoices.c.id == invoice_id).values(snapshot_id=snapshot_id, updated_at=at)
        )

    def close(self, invoice_id: InvoiceId, *, at: datetime) -> None:
        """The order is paid: if it falls due again, it is on a new invoice."""
        self._session.execute(
            update(invoices)
            .where(invoices.c.id == invoice_id, invoices.c.closed_at.is_(None))
            .values(closed_at=at, updated_at=at)
        )

    def get(self, invoice_id: str) -> InvoiceRow:
        """Raises: UnknownInvoice."""
        row = self._session.execute(select(invoices).where(invoices.c.id == invoice_id)).first()
        if row is None:
            raise UnknownInvoice(invoice_id)
        return InvoiceRow(*row)
