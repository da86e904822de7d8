"""Where the gateway may connect to: names are resolved once, and every address is checked before use."""

import ipaddress
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit

from mpay_gateway.domain.errors import RemoteUnavailable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NOT_GLOBAL = (ipaddress.ip_network("fec0::/10"), ipaddress.ip_network("3fff::/20"))
"""Site-local (RFC 3879) and documentation (RFC 9637), which the library takes for global."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_URL_CHARACTERS = re.compile(r"[A-Za-z0-9:/?#\[\]@!$&'()*+,;=%._~|-]+\Z")
_HOST_NAME = re.compile(r"(?=.{1,253}\Z)(_?[a-z0-9]([a-z0-9_-]{0,60}[a-z0-9])?(\.|\Z))+(?<!\.)\Z")
_NUMERIC_LABEL = re.compile(r"([0-9]+|0x[0-9a-f]*)\Z")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_MOST_LOOKUPS = 32


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Where connections may go. By default https to global addresses alone.

    `allow_http`: plain http too. `allow_networks`: networks that are allowed though they are not global.
    """

    allow_http: bool = False
    allow_networks: tuple[Network, ...] = ()

    def allows(self, address: Address) -> bool:
        """Whether a connection to this address is allowed; IPv4 inside IPv6 is judged as IPv4."""
        plain = _embedded(address)
        if any(plain in network for network in self.allow_networks if network.version == plain.version):
            return True
        if any(plain in network for network in _NOT_GLOBAL if network.version == plain.version):
            return False
        return plain.is_global and not plain.is_multicast and not plain.is_reserved


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files for TLS: further authorities to trust, and our own certificate for servers that ask."""

    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart. `host` is lower case, without brackets; `path` includes the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def parse_target(url: str, policy: AddressPolicy) -> Target:
    """Take a URL apart.

    Raises: RemoteUnavailable when it is no absolute http(s) URL in ASCII, carries user information, names a
    port of another protocol, or writes an address in a form that readers read differently (decimal, octal).
    """
    if not _URL_CHARACTERS.match(url):
        raise RemoteUnavailable("address not allowed: not a URL")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise RemoteUnavailable("address not allowed: not a URL") from error
    if parts.scheme not in _DEFAULT_PORTS or (parts.scheme == "http" and not policy.allow_http):
        raise RemoteUnavailable(f"address not allowed: scheme {parts.scheme or 'missing'}")
    if "@" in parts.netloc:
        raise RemoteUnavailable("address not allowed: user information in the URL")
    port = _DEFAULT_PORTS[parts.scheme] if port is None else port
    if not (port in {80, 443} or port >= 1024):
        raise RemoteUnavailable(f"address not allowed: port {port}")
    _check_host(host)
    return Target(parts.scheme, host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def resolve(target: Target, policy: AddressPolicy, *, timeout: float) -> tuple[Address, ...]:
    """The allowed addresses of the target's host, in the resolver's order; at least one.

    `timeout` is in seconds. Raises: RemoteUnavailable when the name is unknown, the resolver does not answer
    in time, or no address of it is allowed.
    """
    addresses = _literal(target.host) or _look_up(target, timeout)
    allowed = tuple(address for address in addresses if policy.allows(address))
    if not allowed:
        raise RemoteUnavailable(f"address not allowed: {target.host}")
    return allowed


def _embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 address carries (mapped, 6to4, NAT64), else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _check_host(host: str) -> None:
    if _literal(host):
        return
    if not _HOST_NAME.match(host):
        raise RemoteUnavailable("address not allowed: not a host name")
    if _NUMERIC_LABEL.match(host.rpartition(".")[2]):
        raise RemoteUnavailable("address not allowed: an address in an unusual form")


def _literal(host: str) -> tuple[Address, ...]:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return ()
    return () if isinstance(address, ipaddress.IPv6Address) and address.scope_id else (address,)


_lookups = threading.BoundedSemaphore(_MOST_LOOKUPS)


def _look_up(target: Target, timeout: float) -> tuple[Address, ...]:
    """Ask the resolver in a thread of its own: it knows no deadline."""
    if not _lookups.acquire(blocking=False):
        raise RemoteUnavailable("too many names are being looked up")
    answers: SimpleQueue[tuple[Address, ...] | OSError | UnicodeError] = SimpleQueue()
    threading.Thread(target=_ask_resolver, args=(target, answers.put), daemon=True).start()
    try:
        answer = answers.get(timeout=max(timeout, 0.001))
    except Empty:
        raise RemoteUnavailable(f"name not resolved in time: {target.host}") from None
    if isinstance(answer, Exception):
        raise RemoteUnavailable(f"name not resolved: {target.host}") from answer
    return answer


def _ask_resolver(
    target: Target, report: Callable[[tuple[Address, ...] | OSError | UnicodeError], None]
) -> None:
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        report(tuple(dict.fromkeys(ipaddress.ip_address(str(entry[4][0])) for entry in found)))
    except (OSError, UnicodeError) as error:
        report(error)
    finally:
        _lookups.release()
