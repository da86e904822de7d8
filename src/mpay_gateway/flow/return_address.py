"""Which ReturnUrl a payer may be sent back to: exactly the hosts that the service registered."""

from urllib.parse import urlsplit, urlunsplit

from mpay_gateway.domain.errors import InvalidReturnUrl
from mpay_gateway.domain.service import Service

LONGEST = 2000
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?#[]@!$&'()*+,;=%")


def accepted_return_url(service: Service, text: str, *, allow_http: bool) -> str:
    """The ReturnUrl, parsed once and written anew, without fragment.

    Scheme https (http only where the gateway allows it), a registered host or host:port, no user, no odd
    characters. Raises: InvalidReturnUrl for anything else; the payment goes on without a way back.
    """
    if len(text) > LONGEST or not set(text) <= _PLAIN:
        raise InvalidReturnUrl("length or characters")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise InvalidReturnUrl("not a URL") from error
    if parts.scheme not in ({"https", "http"} if allow_http else {"https"}):
        raise InvalidReturnUrl("scheme")
    if not parts.hostname or "@" in parts.netloc or "%" in parts.netloc:
        raise InvalidReturnUrl("host")
    host = parts.hostname if port is None else f"{parts.hostname}:{port}"
    if host not in service.return_hosts:
        raise InvalidReturnUrl("host is not registered")
    return urlunsplit((parts.scheme, host, parts.path or "/", parts.query, ""))
