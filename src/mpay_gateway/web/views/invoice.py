"""Steps 5 and 6: the invoice, the second factor before it, and the payer's agreement."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from pyramid.renderers import render_to_response
from pyramid.request import Request
from pyramid.response import Response

from mpay_gateway.domain.errors import InvalidChoice, UnknownOrder
from mpay_gateway.flow import invoicing
from mpay_gateway.flow.filling_in import Agreement
from mpay_gateway.flow.invoicing import FactorWanted, FormRefused, InvoicePage
from mpay_gateway.flow.order_choosing import OrderChoice, choose_order
from mpay_gateway.flow.visiting import find_visit
from mpay_gateway.web.addresses import client_of
from mpay_gateway.web.begun import begun_here
from mpay_gateway.web.form import FormError, read_form
from mpay_gateway.web.key_page import order_not_found
from mpay_gateway.web.language import go_to
from mpay_gateway.web.rendering import Page as PageTexts

Page: TypeAlias = Mapping[str, object] | Response


def show(request: Request) -> Page:
    """GET /pay/{token}: the invoice as the service describes it now."""
    token = request.matchdict["token"]
    try:
        page = _looked_up(request, token)
    except UnknownOrder:
        return _no_such_order(request)
    match page:
        case FactorWanted():
            return _render(request, "second_factor.pt", {"page": page})
        case OrderChoice():
            return _render(request, "orders.pt", {"page": page})
        case InvoicePage():
            return _values(request, page)


def agree(request: Request) -> Page:
    """POST /pay/{token}: the payer agrees to pay the order as he saw it, or a part of it."""
    token = request.matchdict["token"]
    form = read_form(request)
    agreement = Agreement(form.get("version"), form.get("amount"), form.values)
    client = client_of(request)
    try:
        page = invoicing.agree(request.parts, token, agreement, request.language, client=client)
    except FormRefused as refused:
        return _again(request, refused, form.values)
    except UnknownOrder:
        return _no_such_order(request)
    if isinstance(page, OrderChoice) or page.changed:
        return _changed(request)
    return go_to(request, "method", token=token)


def take_order(request: Request) -> Page:
    """POST /pay/{token}/order: one of several orders under a key; the payer goes on in a place of its own."""
    token, chosen = request.matchdict["token"], read_form(request).get("order")
    error = FormError("order", "order.missing")
    try:
        if chosen:
            visit = choose_order(request.parts, token, chosen, request.language, client=client_of(request))
            return go_to(request, "pay", token=visit.token)
    except InvalidChoice as refused:
        error = FormError(refused.field, refused.reason)
    except UnknownOrder:
        return _no_such_order(request)
    page = _looked_up(request, token)
    if not isinstance(page, OrderChoice):
        return go_to(request, "pay", token=token)
    place = request.route_path("pay", token=token)
    response = _render(request, "orders.pt", {"page": page, "errors": (error,), "place": place})
    response.status_int = 422
    return response


def take_factor(request: Request) -> Page:
    """POST /pay/{token}/factor."""
    token = request.matchdict["token"]
    typed = read_form(request).get("factor")
    service = request.parts.services.get(find_visit(request.parts, token).service_id)
    error = FormError("factor", "factor.missing")
    if typed:
        try:
            invoicing.pass_second_factor(
                request.parts, token, typed, request.language, client=client_of(request)
            )
            return go_to(request, "pay", token=token)
        except UnknownOrder:
            error = FormError("factor", "key.not-found")
    request.response.status_int = 404 if typed else 422
    return {"page": FactorWanted(find_visit(request.parts, token), service), "errors": (error,)}


def back_to_invoice(request: Request) -> Response:
    """GET /pay/{token}/factor and /order: the form itself is the invoice's address until it is passed."""
    return go_to(request, "pay", token=request.matchdict["token"])


def _looked_up(request: Request, token: str) -> InvoicePage | FactorWanted | OrderChoice:
    """What `show_invoice` returns and raises, for this browser."""
    return invoicing.show_invoice(
        request.parts, token, request.language, client=client_of(request), begun=begun_here(request)
    )


def _again(request: Request, refused: FormRefused, typed: Mapping[str, str]) -> Page:
    """The invoice with what is wrong beside each field, and what was typed in them."""
    page = refused.page
    request.response.status_int = 422
    names = {each.id: PageTexts(request).label(each) for each in page.fields}
    errors = tuple(FormError(field, reason, label=names.get(field, "")) for field, reason in refused.problems)
    return _values(request, page, typed=typed, errors=errors)


def _values(
    request: Request, page: InvoicePage, *,
    typed: Mapping[str, str] = MappingProxyType({}), errors: tuple[FormError, ...] = (),
) -> Mapping[str, object]:  # fmt: skip
    changed = page.changed or "changed" in request.GET
    return {
        "page": page,
        "changed": changed,
        "typed": typed,
        "errors": errors,
        "now": request.parts.clock.now(),
    }


def _changed(request: Request) -> Response:
    response = go_to(request, "pay", token=request.matchdict["token"])
    response.location += ("&" if "?" in response.location else "?") + "changed=1"
    return response


def _no_such_order(request: Request) -> Response:
    visit = find_visit(request.parts, request.matchdict["token"])
    place = request.route_path("pay", token=visit.token)
    service = request.parts.services.get(visit.service_id)
    return order_not_found(request, service, visit.order_key, place=place)


def _render(request: Request, template: str, values: Mapping[str, object]) -> Response:
    return render_to_response(template, values, request=request)
