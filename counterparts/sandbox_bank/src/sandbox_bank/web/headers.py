"""Headers of every answer: nothing is cached, framed, sniffed or loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def security_headers(handler: Callable[[Any], Any], _registry: Any) -> Callable[[Any], Any]:
    """Make the tween that adds the headers where a view has not set its own."""

    def tween(request: Any) -> Any:
        response = handler(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return tween
