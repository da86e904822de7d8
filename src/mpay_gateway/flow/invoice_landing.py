"""Where the QR of a printed invoice leads: who is to be paid, and nothing else before the order key is known."""

from mpay_gateway.domain.service import Service
from mpay_gateway.flow.parts import Parts


def service_of_invoice(parts: Parts, invoice_id: str) -> Service:
    """The service that an invoice is of. Raises: UnknownInvoice, UnknownService."""
    row = parts.units.read(lambda work: work.invoices.get(invoice_id))
    return parts.services.get(row.service_id)
