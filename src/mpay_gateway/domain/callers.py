"""Who may call what is not for everybody: known by network address and client certificate. The one rule for both."""

import hmac
import ipaddress
from collections.abc import Iterable
from typing import TypeAlias

Networks: TypeAlias = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]


def networks_of(texts: Iterable[str]) -> Networks:
    """Networks from their CIDR forms; a single address is a network of one. Raises: ValueError."""
    return tuple(ipaddress.ip_network(text) for text in texts)


def within(address: str, networks: Networks) -> bool:
    """Whether the address is in one of the networks; an IPv4 address in IPv6 form counts as what it is."""
    try:
        parsed = ipaddress.ip_address(plain_address(address))
    except ValueError:
        return False
    return any(parsed in network for network in networks)


def plain_address(text: str) -> str:
    """An address in the one form by which addresses are compared as text. Raises: ValueError when it is none."""
    parsed = ipaddress.ip_address(text)
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)


def certified(told: str, certificates: Iterable[str]) -> bool:
    """Whether what our proxy tells of a checked client certificate is one of these; takes as long whichever it is."""
    matches = [hmac.compare_digest(told.encode(), each.encode()) for each in certificates]
    return bool(told) and any(matches)
