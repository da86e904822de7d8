"""Step 14: invoice and receipt as PDF."""

from urllib.parse import quote

from pyramid.request import Request
from pyramid.response import Response

from mpay_gateway.domain.documents import Document
from mpay_gateway.flow.receipt import invoice_pdf, receipt_pdf


def invoice(request: Request) -> Response:
    """GET /pay/{token}/invoice.pdf."""
    return _file(invoice_pdf(request.parts, request.matchdict["token"], request.language))


def receipt(request: Request) -> Response:
    """GET /pay/{token}/payments/{payment}/receipt.pdf."""
    token, payment_id = request.matchdict["token"], request.matchdict["payment"]
    return _file(receipt_pdf(request.parts, token, payment_id, request.language))


def _file(document: Document) -> Response:
    response = Response(document.content, content_type=document.media_type)
    response.headers["Content-Disposition"] = disposition(document.filename)
    return response


def disposition(filename: str) -> str:
    """`attachment` with the name quoted for old browsers and encoded for the rest (RFC 6266, RFC 8187)."""
    safe = "".join(character if character.isprintable() else "_" for character in filename)
    plain = safe.encode("ascii", "replace").decode().replace("\\", "_").replace('"', "_").replace("?", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}"
