"""The one table of routes: every address of the gateway's own, its views and templates."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPMethodNotAllowed
from pyramid.request import Request

from mpay_gateway.web import description, measuring, static_files
from mpay_gateway.web.guarding import Guard, at_terminal, integrators, vendors
from mpay_gateway.web.views import (
    arriving,
    bank,
    catalogue,
    checking,
    choosing,
    finding,
    health,
    information,
    invoice,
    papers,
    pos,
    provider,
    result,
)
from mpay_gateway.web.views import integrators as rest

View = Callable[[Request], object]

VISIT = r"{token:[A-Za-z0-9_-]{20,43}}"
PAYMENT = r"{payment:[0-9A-Z]{16}}"
SERVICE = r"{service:[A-Za-z0-9][A-Za-z0-9._-]{0,35}}"
ACCOUNT = r"{account:[a-z][a-z0-9_-]{0,30}}"
DIGEST = r"{digest:[0-9a-f]{12}}"


@dataclass(frozen=True, slots=True)
class Route:
    """One address. `template` renders what the views return, unless they return a response.

    `foreign`: others' sites and machines post here, so that no token of ours can be asked for.
    `guard`: who is let in, before anything else is looked at; None: everybody. `any_case`: the words of the path count
    in any case of letters, as the guide itself mixes them.
    """

    name: str
    path: str
    get: View | None = None
    post: View | None = None
    template: str | None = None
    foreign: bool = False
    guard: Guard | None = None
    any_case: bool = False

    @property
    def pattern(self) -> str:
        """The path as Pyramid matches it."""
        if not self.any_case:
            return self.path
        places = count()

        def in_any_case(word: re.Match[str]) -> str:
            return f"{{word{next(places)}:(?i:{re.escape(word[0])})}}"

        return re.sub(r"(?<=/)[\w.]+(?=/|$)", in_any_case, self.path)


ROUTES = (
    Route("catalogue", "/", get=catalogue.show, template="catalogue.pt"),
    Route("service", f"/services/{SERVICE}", arriving.ask_key, arriving.take_key, "order_key.pt"),
    Route("logo", f"/services/{SERVICE}/logo-{DIGEST}.png", get=catalogue.logo),
    Route("arrive", "/service/pay", arriving.arrive, arriving.arrive, foreign=True),
    Route("landing", r"/i/{invoice:[0-9]{14}}", arriving.ask_invoice_key, arriving.take_invoice_key, "order_key.pt"),
    Route("pay", f"/pay/{VISIT}", invoice.show, invoice.agree, "invoice.pt"),
    Route("order", f"/pay/{VISIT}/order", invoice.back_to_invoice, invoice.take_order),
    Route("factor", f"/pay/{VISIT}/factor", invoice.back_to_invoice, invoice.take_factor, "second_factor.pt"),
    Route("invoice_pdf", f"/pay/{VISIT}/invoice.pdf", get=papers.invoice),
    Route("method", f"/pay/{VISIT}/method", choosing.show, choosing.start, "method.pt"),
    Route("bank", f"/pay/{VISIT}/payments/{PAYMENT}/bank", get=bank.show, template="bank.pt"),
    Route("qr", f"/pay/{VISIT}/payments/{PAYMENT}/qr.svg", get=bank.qr),
    Route("result", f"/pay/{VISIT}/payments/{PAYMENT}", get=result.show, template="result.pt"),
    Route("status", f"/pay/{VISIT}/payments/{PAYMENT}/status", get=result.status, template="json"),
    Route("receipt_pdf", f"/pay/{VISIT}/payments/{PAYMENT}/receipt.pdf", get=papers.receipt),
    Route("find", "/find", finding.ask, finding.find, "find.pt"),
    Route("check", f"/check/{VISIT}", get=checking.show, template="check.pt"),
    Route("help", "/help", get=information.show, template="help.pt"),
    Route("privacy", "/privacy", get=information.show, template="privacy.pt"),
    Route("accessibility", "/accessibility", get=information.show, template="accessibility.pt"),
    Route("provider_return", f"/providers/{ACCOUNT}/return", provider.come_back, provider.come_back, foreign=True),
    Route("provider_callback", f"/providers/{ACCOUNT}/callback", post=provider.call_back, foreign=True),
    Route("numbers", "/api/invoices", get=rest.numbers, template="json", guard=integrators, any_case=True),
    Route("paper", "/api/Invoices/DownloadInvoicePdf", get=rest.download, guard=integrators, any_case=True),
    Route("paper_bytes", "/api/Invoices/GetPdfInvoiceBytes", get=rest.content, guard=integrators, any_case=True),
    Route("openapi", "/openapi/index.html", get=description.show, template="openapi.pt", guard=integrators),
    Route("openapi_json", "/openapi/openapi.json", get=description.plain, template="json", guard=integrators),
    Route("configure", "/PosTerminal/Configure", pos.ask_terminal, pos.take_terminal, "terminal.pt", foreign=True,
          guard=vendors, any_case=True),
    Route("pos_pay", f"/PosTerminal/Pay/{SERVICE}/{{order_key:.+}}", post=pos.pay, foreign=True, guard=at_terminal,
          any_case=True),
    Route("pos_pay_invoice", "/PosTerminal/PayInvoice/{invoice:[0-9]+}", post=pos.pay_invoice, foreign=True,
          guard=at_terminal, any_case=True),
    Route("pos_invoice", f"/PosTerminal/Invoice/{VISIT}", get=pos.show, template="counter.pt", guard=at_terminal),
    Route("static", rf"/static/{DIGEST}/{{name:[a-z0-9-]+\.[a-z]+}}", get=static_files.serve_static),
    Route("robots", "/robots.txt", get=health.robots),
    Route("health", "/healthz", get=health.alive),
    Route("ready", "/readyz", get=health.ready),
    Route("metrics", "/metrics", get=measuring.show_metrics),
)  # fmt: skip


def add_routes(config: Configurator) -> None:
    """Register the table."""
    for route in ROUTES:
        config.add_route(route.name, route.pattern)
        for method, view in (("GET", route.get), ("POST", route.post)):
            if view is not None:
                _add_view(config, route, method, view)
        config.add_view(_guarded(route, _refuser(route)), route_name=route.name, require_csrf=False)


def _add_view(config: Configurator, route: Route, method: str, view: View) -> None:
    # A GET view answers HEAD too.
    config.add_view(
        _guarded(route, view), route_name=route.name, request_method=method, renderer=route.template,
        require_csrf=not route.foreign,
    )  # fmt: skip


def _guarded(route: Route, view: View) -> View:
    """The view behind the route's guard, which says in `request.admitted` whom it let in."""
    guard = route.guard
    if guard is None:
        return view

    def admit(request: Request) -> object:
        request.admitted = guard(request)
        return view(request)

    return admit


def _refuser(route: Route) -> View:
    """The view for the methods that an address does not have."""
    views = {"GET, HEAD": route.get, "POST": route.post}
    allowed = ", ".join(methods for methods, view in views.items() if view is not None)

    def refuse(_request: Request) -> object:
        raise HTTPMethodNotAllowed(headers=[("Allow", allowed)])

    return refuse
