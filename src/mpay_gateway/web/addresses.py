"""Addresses of ours and of the payer's: the public one, and where a request comes from."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from pyramid.request import Request

from mpay_gateway.domain.callers import within

_DEFAULT_PORTS = {"http": 80, "https": 443}
_FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP")


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """Where the world finds the gateway. `hosts`: every spelling of the Host header that means it."""

    scheme: str
    hosts: frozenset[str]

    @classmethod
    def of(cls, public_url: str, also: str = "") -> "PublicAddress":
        """From the setting `public_url`. `also`: a second address that is answered, empty for none."""
        parts = urlsplit(public_url)
        host = parts.netloc.lower()
        default = f":{_DEFAULT_PORTS[parts.scheme]}"
        others = cls.of(also).hosts if also else frozenset()
        if parts.port is None:
            return cls(parts.scheme, others | {host, host + default})
        return cls(parts.scheme, others | {host, host.removesuffix(default)})

    @property
    def https(self) -> bool:
        return self.scheme == "https"


def client_of(request: Request) -> str:
    """Whose requests count together for limits: an address; of IPv6 the network of 64 bits, all of which one has."""
    return _one_client(address_of(request))


def address_of(request: Request) -> str:
    """The address that the request came from.

    X-Forwarded-For is believed as far as our own proxies wrote it: read from its end, the first address that is
    none of theirs. What stands before it the client may have written himself.
    """
    address = _remote(request)
    proxies = request.parts.settings.gateway.proxy_networks
    hops = [hop.strip() for hop in request.environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    while hops and within(address, proxies):
        address = _without_port(hops.pop())
    return address


def came_by_own_proxy(request: Request) -> bool:
    """Whether one of our own proxies passed the request on: what only it may set in headers can be believed."""
    return within(_remote(request), request.parts.settings.gateway.proxy_networks)


def is_local(request: Request) -> bool:
    """Whether the request was made on this machine, and not passed on by a proxy that runs on it."""
    if any(name in request.environ for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(_remote(request)).is_loopback
    except ValueError:
        return False


def _remote(request: Request) -> str:
    return str(request.environ.get("REMOTE_ADDR") or "unknown")


def _one_client(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _without_port(address: str) -> str:
    """Some proxies write `203.0.113.9:4711` and `[2001:db8::1]:4711`."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address
