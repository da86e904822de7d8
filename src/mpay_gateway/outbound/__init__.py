"""The one HTTP client: total deadline, size cap, guarded addresses, no redirects, no proxies.

Plugins get it in their context; nothing else in the gateway opens a connection.
"""

from typing import TYPE_CHECKING

from mpay_gateway.outbound.address import AddressPolicy, TlsFiles
from mpay_gateway.outbound.message import HttpAnswer, HttpClient, HttpRequest

if TYPE_CHECKING:
    from mpay_gateway.outbound.client import GuardedHttpClient

__all__ = ["AddressPolicy", "GuardedHttpClient", "HttpAnswer", "HttpClient", "HttpRequest", "TlsFiles"]


def __getattr__(name: str) -> object:
    """Import the implementation when it is first asked for: the types alone load no urllib3."""
    if name == "GuardedHttpClient":
        from mpay_gateway.outbound.client import GuardedHttpClient

        return GuardedHttpClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
