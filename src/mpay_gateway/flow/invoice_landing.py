"""Where the QR of a printed invoice leads: who is to be paid, and nothing else before the order key is known."""

from mpay_gateway.domain.errors import UnknownInvoice
from mpay_gateway.domain.identifiers import is_invoice_id
from mpay_gateway.domain.service import Service
from mpay_gateway.flow.parts import Parts


def service_of_invoice(parts: Parts, invoice_id: str) -> Service:
    """The service that an invoice is of. A mistyped number is refused by its check digit: nobody is asked.

    Raises: UnknownInvoice, UnknownService.
    """
    if not is_invoice_id(invoice_id):
        raise UnknownInvoice(invoice_id)
    row = parts.units.read(lambda work: work.invoices.get(invoice_id))
    return parts.services.get(row.service_id)
