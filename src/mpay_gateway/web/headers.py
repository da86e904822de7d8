"""Headers of every answer: strict, and still letting a payment through (portal.md, Headers)."""

from collections.abc import Callable

from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response

_ALWAYS = {
    # Not `no-referrer`: forms would be posted with `Origin: null`, which the check against forgery refuses.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_ONE_YEAR = 365 * 24 * 3600


def content_policy(form_target: str = "") -> str:
    """Nothing inline, nothing of others'. `form_target`: an origin that this page alone may post a form to."""
    return (
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
        f"form-action 'self'{' ' if form_target else ''}{form_target}; base-uri 'none'; frame-ancestors 'none'"
    )


def headers_tween(
    handler: Callable[[Request], Response], registry: Registry
) -> Callable[[Request], Response]:
    """Add the headers to whatever leaves. A view's own policy and caching stay."""
    always = dict(_ALWAYS)
    if registry.public_address.https:
        always["Strict-Transport-Security"] = f"max-age={_ONE_YEAR}"
    policy, leaving = content_policy(), registry.leaving

    def dress(request: Request) -> Response:
        response = handler(request)
        response.headers.update(always)
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Cache-Control", "no-store")
        if leaving():  # else a proxy would send its next request on a connection that is about to be closed
            response.headers["Connection"] = "close"
        return response

    return dress
