"""Steps 3 and 4: from a service's own page, from the catalogue, or from a printed invoice."""

from collections.abc import Mapping
from typing import TypeAlias
from urllib.parse import urlencode

from pyramid.httpexceptions import HTTPBadRequest, HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from mpay_gateway.domain.errors import UnknownOrder
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.service import Service
from mpay_gateway.flow.invoice_landing import service_of_invoice
from mpay_gateway.flow.invoicing import pass_second_factor
from mpay_gateway.flow.visiting import Arrival, open_visit
from mpay_gateway.web.addresses import client_of
from mpay_gateway.web.form import Fields, FormError, read_fields, read_form
from mpay_gateway.web.key_page import key_page, order_not_found
from mpay_gateway.web.language import PARAMETER, go_to
from mpay_gateway.web.plugin_routes import entrance_to

Page: TypeAlias = Mapping[str, object] | Response


def arrive(request: Request) -> Response:
    """GET or POST /service/pay with ServiceID, OrderKey, ReturnUrl: only shows, charges nothing.

    Posted from another site, so without cookies: from here on the address carries the payer's place.
    """
    fields = read_fields(request)
    arrival = Arrival(
        fields.get("ServiceID"), fields.get("OrderKey"), client_of(request), fields.get("ReturnUrl")
    )
    if not arrival.service_id or not arrival.order_key:
        raise HTTPBadRequest("ServiceID and OrderKey are required")
    try:
        visit = open_visit(request.parts, arrival)
    except UnknownOrder:
        service = request.parts.services.get(arrival.service_id)
        return order_not_found(request, service, arrival.order_key, place=_as_address(fields))
    response = go_to(request, "pay", token=visit.token)
    wanted = fields.get(PARAMETER)
    if wanted in set(Language):
        response.location = f"{request.route_path('pay', token=visit.token)}?{urlencode({PARAMETER: wanted})}"
    return response


def ask_key(request: Request) -> Page:
    """GET /services/{service}: on to where an order begins, or the form for the key of one, in the service's words."""
    service = request.parts.services.get(request.matchdict["service"])
    if entrance := entrance_to(request, service):
        return HTTPSeeOther(entrance)
    return key_page(request, service)


def take_key(request: Request) -> Page:
    """POST /services/{service}."""
    return _take(request, request.parts.services.get(request.matchdict["service"]))


def ask_invoice_key(request: Request) -> Page:
    """GET /i/{invoice}, which the QR of a paper leads to: shows the payee and asks for the order key."""
    service = service_of_invoice(request.parts, request.matchdict["invoice"])
    return key_page(request, service, invoice=request.matchdict["invoice"])


def take_invoice_key(request: Request) -> Page:
    """POST /i/{invoice}."""
    return _take(request, service_of_invoice(request.parts, request.matchdict["invoice"]))


def _take(request: Request, service: Service) -> Page:
    """Open a visit for the key, past the second factor if there is one. Form errors are 422, a miss is 404."""
    form = read_form(request)
    invoice = request.matchdict.get("invoice", "")
    errors = _missing(form, service)
    if errors:
        request.response.status_int = 422
        return key_page(request, service, form, errors=errors, invoice=invoice)
    try:
        token = _open(request, service, form)
    except UnknownOrder:
        request.response.status_int = 404
        return key_page(
            request, service, form, errors=(FormError("order_key", "key.not-found"),), invoice=invoice
        )
    return go_to(request, "pay", token=token)


def _missing(form: Fields, service: Service) -> tuple[FormError, ...]:
    wanted = ["order_key"] if service.second_factor == "none" else ["order_key", "factor"]
    return tuple(FormError(field, f"{field}.missing") for field in wanted if not form.get(field))


def _open(request: Request, service: Service, form: Fields) -> str:
    client = client_of(request)
    visit = open_visit(request.parts, Arrival(service.id, form.get("order_key"), client))
    if not visit.factor_passed:
        pass_second_factor(request.parts, visit.token, form.get("factor"), request.language, client=client)
    return visit.token


def _as_address(fields: Fields) -> str:
    """The same arrival by GET, for the links to other languages."""
    kept = {name: fields.get(name) for name in ("ServiceID", "OrderKey", "ReturnUrl") if fields.get(name)}
    return f"/service/pay?{urlencode(kept)}"
