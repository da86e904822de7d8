"""The WSGI application: the SOAP endpoint beside the pages."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response

from demo_service.pages import add_pages
from demo_service.parts import Parts
from demo_service.server import Application
from demo_service.test_controls import add_test_controls

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ENDPOINT_PATH = "/ServiceProvider.svc"


def make_application(parts: Parts) -> Application:
    """Join endpoint, pages and, where wished, the test controls."""
    config = Configurator()
    config.add_route("health", "/healthz")
    config.add_view(_health, route_name="health")
    if parts.settings.test_controls:
        add_test_controls(config, parts)
    add_pages(config, parts)
    pages = config.make_wsgi_app()

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        chosen = parts.endpoint if environ["PATH_INFO"] == ENDPOINT_PATH else pages
        answer: Iterable[bytes] = chosen(environ, start_response)
        return answer

    return application


def _health(_request: Request) -> Response:
    return Response("ok\n", content_type="text/plain", charset="utf-8")
