"""For those who run the gateway: is the process alive, can it serve."""

from functools import cache

from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy.exc import SQLAlchemyError

from mpay_gateway.storage.migrate import current_revision, newest_revision

_NOT_FOR_ROBOTS = ("/pay/", "/check/", "/i/", "/find", "/service/", "/providers/", "/x/")


def alive(_request: Request) -> Response:
    """GET /healthz: the process answers."""
    return _line(200, "alive")


def ready(request: Request) -> Response:
    """GET /readyz: the database answers and has the shape that this program needs, and the server stays."""
    if request.registry.leaving():
        return _line(503, "the server is about to stop")
    try:
        revision = current_revision(request.parts.units.engine)
    except SQLAlchemyError:
        return _line(503, "the database does not answer")
    if revision != _needed_revision():
        return _line(503, "the database needs `mpay init-db`")
    return _line(200, "ready")


def robots(_request: Request) -> Response:
    """GET /robots.txt: nobody's payment belongs in a search engine."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _NOT_FOR_ROBOTS)]
    return _line(200, "\n".join(lines))


@cache
def _needed_revision() -> str:
    return newest_revision()


def _line(status: int, text: str) -> Response:
    return Response(f"{text}\n", status=status, content_type="text/plain", charset="utf-8")
