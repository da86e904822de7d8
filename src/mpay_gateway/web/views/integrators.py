"""The REST interface for integrators: numbers of invoices, and the paper (contract, section 7)."""

from pyramid.httpexceptions import HTTPBadRequest
from pyramid.request import Request
from pyramid.response import Response

from mpay_gateway.domain.documents import Medium
from mpay_gateway.domain.language import Language
from mpay_gateway.flow.invoice_requests import InvoiceQuery, invoice_numbers, invoice_paper
from mpay_gateway.web.form import Fields, read_query
from mpay_gateway.web.views.papers import disposition

OCTETS = "application/octet-stream"


def numbers(request: Request) -> tuple[str, ...]:
    """GET /api/invoices?serviceID=&orderKey=: a JSON array of invoice numbers."""
    return invoice_numbers(request.parts, _asked_for(request, read_query(request)))


def download(request: Request) -> Response:
    """GET /api/Invoices/DownloadInvoicePdf?serviceID=&orderKey=: the paper as a file, on A4."""
    number, document = invoice_paper(request.parts, _asked_for(request, read_query(request)), Medium.A4)
    response = Response(document.content, content_type=OCTETS)
    response.headers["Content-Disposition"] = disposition(f"Nota de plata {number}.pdf")
    return response


def content(request: Request) -> Response:
    """GET /api/Invoices/GetPdfInvoiceBytes?serviceID=&orderKey=&pageFormat=: the paper's bytes, on A4 or A5."""
    fields = read_query(request)
    _, document = invoice_paper(request.parts, _asked_for(request, fields), _page_format(fields))
    return Response(document.content, content_type=document.media_type)


def _asked_for(request: Request, fields: Fields) -> InvoiceQuery:
    """Raises: HTTPBadRequest; UnknownService for one that is not the caller's affair."""
    missing = [name for name in ("serviceID", "orderKey") if not fields.get(name)]
    if missing:
        raise HTTPBadRequest(f"{' and '.join(missing)} missing")
    request.admitted.check_service(fields.get("serviceID"))
    return InvoiceQuery(fields.get("serviceID"), fields.get("orderKey"), _language(fields))


def _language(fields: Fields) -> Language:
    wanted = fields.get("language").lower() or Language.RO.value
    if wanted not in set(Language):
        raise HTTPBadRequest(f"language is one of {', '.join(Language)}")
    return Language(wanted)


def _page_format(fields: Fields) -> Medium:
    wanted = fields.get("pageFormat").lower() or Medium.A4.value
    if wanted not in set(Medium):
        raise HTTPBadRequest("pageFormat is A4 or A5")
    return Medium(wanted)
