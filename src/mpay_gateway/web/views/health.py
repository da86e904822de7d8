"""For those who run the gateway: is the process alive, can it serve."""

from functools import cache

from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy.exc import SQLAlchemyError

from mpay_gateway.storage.revision import current_revision, newest_revision

_NOT_FOR_ROBOTS = ("/pay/", "/check/", "/i/", "/find", "/service/", "/providers/", "/x/")


def alive(_request: Request) -> Response:
    """GET /healthz: the process answers."""
    return _line(200, "alive")


def ready(request: Request) -> Response:
    """GET /readyz: the server stays, and the database answers, takes what is written, and has the shape that it needs.

    A newer shape will do: migrations add, and a running process goes on while others are replaced one by one.
    """
    if request.registry.leaving():
        return _line(503, "the server is about to stop")
    units = request.parts.units
    try:
        revision, standby = current_revision(units.engine), units.read(lambda work: work.is_standby())
    except SQLAlchemyError:
        return _line(503, "the database does not answer")
    if revision is None or revision < _needed_revision():
        return _line(503, "the database needs `mpay init-db`")
    if standby or units.refused:
        return _line(503, units.refused or "the database is a standby")
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
