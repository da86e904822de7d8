"""What anyone may read: health, the API's description, the stylesheet, the icon."""

from __future__ import annotations

from importlib import resources
from typing import Any

from pyramid.httpexceptions import HTTPFound
from pyramid.response import Response

_PACKAGE = resources.files("sandbox_bank")


def includeme(config: Any) -> None:
    """Register the addresses."""
    description = _PACKAGE.joinpath("openapi.yaml").read_bytes()
    stylesheet = _PACKAGE.joinpath("web/static/bank.css").read_bytes()
    drawing = _PACKAGE.joinpath("web/static/bank.svg").read_bytes()

    def healthz(request: Any) -> Response:
        request.bank.database.read().execute("SELECT 1 FROM sessions LIMIT 1").fetchone()
        return Response(b"ok\n", content_type="text/plain")

    def openapi(_request: Any) -> Response:
        return Response(description, content_type="application/yaml", charset="utf-8")

    def style(_request: Any) -> Response:
        return Response(
            stylesheet, content_type="text/css", charset="utf-8", cache_control="public, max-age=300"
        )

    def icon(_request: Any) -> Response:
        return Response(drawing, content_type="image/svg+xml", cache_control="public, max-age=300")

    def root(request: Any) -> Response:
        to = "/console" if request.bank.settings.test_controls else "/openapi.yaml"
        return HTTPFound(location=to)

    for name, path, view in (
        ("healthz", "/healthz", healthz),
        ("openapi", "/openapi.yaml", openapi),
        ("style", "/static/bank.css", style),
        ("icon", "/favicon.ico", icon),  # where a browser looks by itself, on whatever page it is
        ("root", "/", root),
    ):
        config.add_route(name, path)
        config.add_view(view, route_name=name, request_method="GET")
