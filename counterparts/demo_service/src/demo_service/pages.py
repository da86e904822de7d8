"""The payer's pages: services, order form, order, return."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from pyramid.config import Configurator
from pyramid.events import NewResponse
from pyramid.exceptions import URLDecodeError
from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from demo_service.kinds import KIND_GROUPS
from demo_service.language import texts_in
from demo_service.offers import FINES, TERMS, Offer
from demo_service.order_details import line_reason
from demo_service.order_form import Field, OrderForm, read_form, sample_form
from demo_service.orders import Order, PaymentState
from demo_service.parts import Parts
from demo_service.rendering import chosen_language, content_policy, render_page

_log = logging.getLogger(__name__)
_PAYABLE = (PaymentState.WAITING, PaymentState.PARTLY_PAID)
_RETURNED = {
    PaymentState.PAID: "paid",
    PaymentState.PARTLY_PAID: "partly-paid",
    PaymentState.WAITING: "open",
    PaymentState.EXPIRED: "closed",
    PaymentState.CANCELLED: "closed",
    PaymentState.REFUNDING: "closed",
    PaymentState.REFUNDED: "closed",
}


def add_pages(config: Configurator, parts: Parts) -> None:
    """Add routes, error pages, static files and security headers to an application."""
    pages = Pages(parts)
    for name, pattern, method, view in (
        ("home", "/", "GET", pages.home),
        ("form", "/services/{offer}", "GET", pages.show_form),
        ("form.send", "/services/{offer}", "POST", pages.send_form),
        ("order", "/orders/{place}", "GET", pages.show_order),
        ("returned", "/orders/{place}/returned", "GET", pages.show_returned),
    ):
        config.add_route(name, pattern, request_method=method)
        config.add_view(view, route_name=name)
    config.add_static_view("static", "demo_service:static", cache_max_age=3600)
    config.add_notfound_view(_not_found)
    config.add_exception_view(_unreadable, context=URLDecodeError)
    config.add_exception_view(_unreadable, context=UnicodeDecodeError)
    config.add_exception_view(_broken, context=Exception)
    config.add_subscriber(_headers(parts.settings.gateway_url), NewResponse)


class Pages:
    """The views. What a page shows of a payment comes from the shop's own database alone."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def home(self, request: Request) -> Response:
        offers = [(offer.value, TERMS[offer].price) for offer in Offer]
        return render_page(request, "home", offers=offers)

    def show_form(self, request: Request) -> Response:
        return _form_page(request, sample_form(_offer(request)), ())

    def send_form(self, request: Request) -> Response:
        """Take an order and show its page; with errors, the form again."""
        form = read_form(_offer(request), request.POST)
        if errors := form.errors():
            return _form_page(request, form, errors)
        order = self._parts.book.create(form.new_order())
        return HTTPSeeOther(f"/orders/{order.place}")

    def show_order(self, request: Request) -> Response:
        order = self._order(request)
        state = order.state_at(datetime.now(UTC))
        texts = texts_in(chosen_language(request))
        return render_page(
            request,
            "order",
            order=order,
            fine=order.service_id == FINES,
            state=state.value,
            payable=state in _PAYABLE,
            lines=[(line_reason(line, order, texts), line.amount) for line in order.lines],
            pay_url=f"{self._parts.settings.gateway_url}/service/pay",
            return_url=f"{self._parts.settings.public_url}/orders/{order.place}/returned",
        )

    def show_returned(self, request: Request) -> Response:
        """Back from the gateway: what is known of the payment here, whatever the address says."""
        order = self._order(request)
        outcome = _RETURNED[order.state_at(datetime.now(UTC))]
        return render_page(request, "returned", order=order, fine=order.service_id == FINES, outcome=outcome)

    def _order(self, request: Request) -> Order:
        try:
            return self._parts.book.at_place(request.matchdict["place"])
        except LookupError:
            raise HTTPNotFound from None


def _offer(request: Request) -> Offer:
    try:
        return Offer(request.matchdict["offer"])
    except ValueError:
        raise HTTPNotFound from None


def _form_page(request: Request, form: OrderForm, errors: tuple[Field, ...]) -> Response:
    return render_page(
        request,
        "form",
        status=422 if errors else 200,
        offer=form.offer.value,
        price=TERMS[form.offer].price,
        values={field.value: value for field, value in form.values.items()},
        errors=[field.value for field in errors],
        kind_groups=[(name, [kind.value for kind in kinds]) for name, kinds in KIND_GROUPS.items()],
    )


def _not_found(_context: Exception, request: Request) -> Response:
    return render_page(request, "error", status=404, problem=404)


def _unreadable(_context: Exception, request: Request) -> Response:
    return render_page(_without_query(request), "error", status=400, problem=400)


def _broken(context: Exception, request: Request) -> Response:
    _log.error("a page failed", exc_info=context)
    return render_page(request, "error", status=500, problem=500)


def _without_query(request: Request) -> Request:
    """A request for the error page in place of one whose address or text can't be decoded."""
    return Request.blank("/", cookies=dict(request.cookies))


def _headers(gateway_url: str) -> Callable[[NewResponse], None]:
    parts = urlsplit(gateway_url)
    policy = content_policy(f"{parts.scheme}://{parts.netloc}")

    def add_headers(event: NewResponse) -> None:
        headers = event.response.headers
        headers["Content-Security-Policy"] = policy
        headers["Referrer-Policy"] = "same-origin"
        headers["X-Content-Type-Options"] = "nosniff"

    return add_headers
