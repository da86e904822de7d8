"""POS terminals at counters: their registration, and the clerk's page (contract, section 7)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from pyramid.httpexceptions import HTTPBadRequest
from pyramid.request import Request
from pyramid.response import Response

from mpay_gateway.domain.errors import InvalidForm
from mpay_gateway.domain.pos_terminal import FIELDS, PosTerminal, read_terminal
from mpay_gateway.flow.counter import CounterPage, open_at_counter, order_of_invoice, show_counter
from mpay_gateway.flow.pos_terminals import register_terminal
from mpay_gateway.web.addresses import client_of
from mpay_gateway.web.form import FormError, read_fields, read_query
from mpay_gateway.web.language import go_to
from mpay_gateway.web.rendering import Page as PageTexts

Page: TypeAlias = Mapping[str, object] | Response


def ask_terminal(request: Request) -> Page:
    """GET /PosTerminal/Configure: what would be registered, as the address says it, to be looked at and sent."""
    return _form(request, read_query(request).values)


def take_terminal(request: Request) -> Page:
    """POST /PosTerminal/Configure: register the terminal; the same again changes nothing. Form errors are 422."""
    _refuse_other_sites(request)
    fields = read_fields(request)
    try:
        terminal = register_terminal(request.parts, request.admitted.id, read_terminal(fields.get))
    except InvalidForm as refused:
        request.response.status_int = 422
        labels, ui = {field.name: field.attribute for field in FIELDS}, PageTexts(request)
        errors = tuple(
            FormError(labels[name], reason, label=ui.text(f"pos.field.{labels[name]}"))
            for name, reason in refused.problems
        )
        return _form(request, fields.values, errors=errors)
    return _form(request, {}, terminal=terminal)


def pay(request: Request) -> Response:
    """POST /PosTerminal/Pay/{ServiceId}/{OrderKey}: on to the clerk's page. Charges nothing."""
    return _open(request, request.matchdict["service"], request.matchdict["order_key"])


def pay_invoice(request: Request) -> Response:
    """POST /PosTerminal/PayInvoice/{InvoiceId}: the same by the number of an invoice."""
    service_id, order_key = order_of_invoice(
        request.parts, request.matchdict["invoice"], client=client_of(request)
    )
    return _open(request, service_id, order_key)


def show(request: Request) -> Page:
    """GET /PosTerminal/Invoice/{token}: the clerk's page.

    What is asked of the payer first, a second factor or which of several orders he means, is asked on his own pages.
    """
    token = request.matchdict["token"]
    counter = show_counter(request.parts, token, request.language, client=client_of(request))
    if not isinstance(counter, CounterPage):
        return go_to(request, "pay", token=token)
    request.admitted.check_service(counter.page.invoice.service.id)
    return {"counter": counter, "terminals": request.terminals, "now": request.parts.clock.now()}


def _open(request: Request, service_id: str, order_key: str) -> Response:
    request.admitted.check_service(service_id)
    visit = open_at_counter(request.parts, service_id, order_key, client=client_of(request))
    return go_to(request, "pos_invoice", token=visit.token)


def _form(
    request: Request, typed: Mapping[str, str], *,
    errors: tuple[FormError, ...] = (), terminal: PosTerminal | None = None,
) -> Mapping[str, object]:  # fmt: skip
    return {
        "fields": FIELDS,
        "typed": MappingProxyType(dict(typed)),
        "errors": errors,
        "terminal": terminal,
        "place": request.path,
    }


def _refuse_other_sites(request: Request) -> None:
    """A vendor's program names no origin; a browser that shows his certificate must come from our own page."""
    origin, public = request.headers.get("Origin", ""), request.registry.public_address
    if origin and origin.lower() not in {f"{public.scheme}://{host}" for host in public.hosts}:
        raise HTTPBadRequest("the form is of another site")
