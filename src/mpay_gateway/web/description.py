"""The description of the REST interface: one OpenAPI document, served as it is and as a page that is made from it."""

from collections.abc import Mapping

from pyramid.request import Request

from mpay_gateway import __version__
from mpay_gateway.domain.documents import Medium
from mpay_gateway.domain.language import Language
from mpay_gateway.web.problem_details import MEDIA_TYPE, TYPES

Plain = Mapping[str, object]

_TEXT = (
    "Numbers of invoices and their papers, for e-Services and others who print payment notices. Whoever calls shows a"
    " client certificate, and calls from an address that the gateway's operator let in; he sees the orders of the"
    " services that are his. Names of parameters, and the words of the paths, count in any case of letters; parameters"
    " that are not listed are ignored. Each call has the e-Service asked for the order. Calls may be repeated: an order"
    " keeps its number until it is paid."
)


def show(request: Request) -> Mapping[str, object]:
    """GET /openapi/index.html: the description for people, with a form to try each call. In English."""
    return {"description": described(request), "problems": TYPES}


def plain(request: Request) -> Plain:
    """GET /openapi/openapi.json: the same for programs."""
    return described(request)


def described(request: Request) -> Plain:
    """The OpenAPI document of this gateway."""
    settings = request.parts.settings
    return {
        "openapi": "3.1.0",
        "info": {"title": "mpay-gateway: invoices", "version": __version__, "description": _TEXT},
        "servers": [{"url": settings.access.public_url or settings.gateway.public_url}],
        "security": [{"certificate": []}],
        "paths": {path: {"get": operation} for path, operation in _OPERATIONS.items()},
        "components": {
            "securitySchemes": {
                "certificate": {"type": "mutualTLS", "description": "Known to the operator."}
            },
            "schemas": {"Problem": _PROBLEM},
        },
    }


def _parameter(name: str, text: str, *, values: tuple[str, ...] = ()) -> Plain:
    """A parameter of the query. `values`: those that there are, the default first; none for a text that is required."""
    schema: dict[str, object] = {"type": "string", "maxLength": 36}
    if values:
        schema = {"type": "string", "enum": list(values), "default": values[0]}
    return {"name": name, "in": "query", "required": not values, "description": text, "schema": schema}


def _operation(name: str, summary: str, text: str, *, more: tuple[Plain, ...], answer: Plain) -> Plain:
    return {
        "operationId": name,
        "summary": summary,
        "description": text,
        "parameters": [*_ORDER, *more],
        "responses": {"200": answer, **_REFUSALS},
    }


def _problem(text: str) -> Plain:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": text, "content": {MEDIA_TYPE: {"schema": schema}}}


_BYTES = {"type": "string", "contentMediaType": "application/pdf"}
_PROBLEM: Plain = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status", "detail", "reference"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "Kind of problem, as listed below.",
        },
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened, and what to do."},
        "reference": {"type": "string", "description": "To quote to the gateway's operator."},
        "code": {"type": "string", "description": "The integration guide's fault code, where it has one."},
    },
}
_ORDER = (
    _parameter("serviceID", "The service, as it is registered."),
    _parameter("orderKey", "The key of the order at its service."),
)
_LANGUAGE = _parameter("language", "Of what is printed.", values=tuple(Language))
_REFUSALS: Plain = {
    "400": _problem(
        "A parameter is missing or wrong; or several orders stand under the key, and one is wanted."
    ),
    "403": _problem("Not let in. Says the same whatever is missing."),
    "404": _problem("No such order, or no such service for this caller."),
    "409": _problem("The order cannot be paid now, or its service takes no payments."),
    "429": _problem("Too many calls."),
    "500": _problem("A fault of the gateway."),
    "503": _problem("The e-Service or the gateway gives no answer just now."),
}
_OPERATIONS: dict[str, Plain] = {
    "/api/invoices": _operation(
        "invoices",
        "Numbers of an order's invoices",
        "What can be paid now comes first, and gets a number if it has none; then numbers under which the order was"
        " paid, or was begun to be. Empty for an order that its service does not know. Several orders may stand under"
        " one key.",
        more=(_LANGUAGE,),
        answer={
            "description": "The numbers, 14 digits each.",
            "content": {
                "application/json": {
                    "schema": {"type": "array", "items": {"type": "string", "pattern": "^[0-9]{14}$"}},
                    "example": ["48201937465510"],
                }
            },
        },
    ),
    "/api/Invoices/DownloadInvoicePdf": _operation(
        "downloadInvoicePdf",
        "The invoice as a file",
        "For a browser to save, on A4. The payer's name and code are masked where the service wishes it.",
        more=(_LANGUAGE,),
        answer={
            "description": "The PDF, named `Nota de plata {invoiceID}.pdf`.",
            "headers": {"Content-Disposition": {"schema": {"type": "string"}}},
            "content": {"application/octet-stream": {"schema": _BYTES}},
        },
    ),
    "/api/Invoices/GetPdfInvoiceBytes": _operation(
        "getPdfInvoiceBytes",
        "The invoice's bytes",
        "The same paper, on A4 or A5.",
        more=(
            _parameter("pageFormat", "Size of the paper.", values=tuple(each.name for each in Medium)),
            _LANGUAGE,
        ),
        answer={"description": "The PDF.", "content": {"application/pdf": {"schema": _BYTES}}},
    ),
}
