"""What every request must be before a view sees it: for our host, of bearable size, of readable text.

Source: faults.md section 3, 5, 7, 17 and 18.
"""

import re
from collections.abc import Callable

from pyramid.httpexceptions import HTTPBadRequest, HTTPNotFound, HTTPRequestEntityTooLarge
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response

from mpay_gateway.web.addresses import client_of, is_local

FORM_LIMIT = 64 * 1024
"""Bytes of a form's body."""
MACHINE_LIMIT = 1024 * 1024
"""Bytes of a body for a provider's address or a plugin's own route; each may set its own below this."""
_LOCAL_PATHS = ("/healthz", "/readyz", "/metrics")

_CONTROL = re.compile("[\x00-\x1f\x7f]")
_UNREADABLE = frozenset("\0\ufffd")
"""NUL, and what stands where a form's bytes were not UTF-8."""

Handler = Callable[[Request], Response]


def admission_tween(handler: Handler, registry: Registry) -> Handler:
    """Refuse what no view should have to think about. The refusals are rendered as error pages."""
    public, machine_paths = registry.public_address, registry.machine_paths

    def admit(request: Request) -> Response:
        _drop_unreadable_cookies(request)
        path = str(request.environ.get("PATH_INFO", ""))
        if request.environ.get("HTTP_HOST", "").lower() not in public.hosts and not (
            path in _LOCAL_PATHS and is_local(request)
        ):
            raise HTTPBadRequest("not our host")
        # Behind a proxy that ends TLS the server sees http: addresses and origin checks want the public scheme.
        request.environ["wsgi.url_scheme"] = public.scheme
        _refuse_odd_path(path)
        for_machine = path.startswith(machine_paths)
        _bound_body(request, MACHINE_LIMIT if for_machine else FORM_LIMIT)
        _refuse_unreadable(request, form=not for_machine)
        return handler(request)

    return admit


def count_form(request: Request) -> None:
    """Count a payer's form against the place that it comes from. Raises: TooManyRequests."""
    request.parts.limits.before_form(client_of(request))


def _drop_unreadable_cookies(request: Request) -> None:
    """A neighbouring site's cookie may be no UTF-8: it costs the payer his language, and nothing else."""
    try:
        request.cookies.items()
    except UnicodeDecodeError:
        del request.environ["HTTP_COOKIE"]


def _refuse_odd_path(path: str) -> None:
    """WSGI paths are bytes in disguise (PEP 3333). Raises: HTTPNotFound."""
    try:
        readable = path.encode("latin-1").decode("utf-8")
    except UnicodeError:
        raise HTTPNotFound("path") from None
    # A line end at the end would match routes, and not what is asked of their paths elsewhere.
    if _CONTROL.search(readable) or "\\" in readable or "//" in readable or "/../" in f"{readable}/":
        raise HTTPNotFound("path")


def _bound_body(request: Request, limit: int) -> None:
    """Raises: HTTPRequestEntityTooLarge. A body of unstated length is read up to the limit."""
    length = request.content_length
    if length is not None:
        if length > limit:
            raise HTTPRequestEntityTooLarge("body")
        return
    if request.method in {"GET", "HEAD"} or not request.environ.get("HTTP_TRANSFER_ENCODING"):
        return
    body = request.environ["wsgi.input"].read(limit + 1)
    if len(body) > limit:
        raise HTTPRequestEntityTooLarge("body")
    request.body = body


def _refuse_unreadable(request: Request, *, form: bool) -> None:
    """Raises: HTTPBadRequest for text that is not UTF-8, a NUL, or a form that cannot be taken apart."""
    if request.charset.upper() != "UTF-8":
        raise HTTPBadRequest("charset")
    try:
        pairs = [*request.GET.items(), *(request.POST.items() if form else ())]
    except (ValueError, LookupError, OSError):  # OSError: the client went away
        raise HTTPBadRequest("not readable") from None
    for name, value in pairs:
        if not isinstance(name, str) or not isinstance(value, str) or _UNREADABLE & {*name, *value}:
            raise HTTPBadRequest("not text")
