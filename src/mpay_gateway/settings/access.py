"""Who may call what is not for payers: the REST addresses for integrators, and those of POS terminals."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from urllib.parse import urlsplit

from mpay_gateway.domain.callers import Networks, certified, networks_of
from mpay_gateway.domain.identifiers import is_service_id
from mpay_gateway.settings.problems import BadValue

EVERY_SERVICE = "*"
_ID = re.compile(r"[a-z][a-z0-9_-]{0,30}\Z")


class Right(StrEnum):
    """What a caller may do: ask for invoices by REST; register POS terminals and open invoices at them."""

    INVOICES = "invoices"
    POS = "pos"


@dataclass(frozen=True)
class Caller:
    """`[access.callers.<id>]`: one who is let in by certificate and address.

    `certificates`: what our proxy says of the client certificates that are his. `networks`: from where he calls (CIDR);
    at a POS the addresses of his registered terminals stand in their place. `services`: those whose orders he may see,
    `["*"]` for all.
    """

    certificates: tuple[str, ...]
    networks: tuple[str, ...]
    services: tuple[str, ...]
    may: tuple[Right, ...] = (Right.INVOICES,)

    def __post_init__(self) -> None:
        if not self.certificates or not all(each.strip() for each in self.certificates):
            raise BadValue("certificates: at least one, and none of them empty: an address proves little")
        if not self.networks:
            raise BadValue("networks is empty: nobody could call")
        try:
            self.parsed_networks  # noqa: B018  a network that cannot be read is a problem of the file
        except ValueError as error:
            raise BadValue(f"networks: {error}") from None
        if not self.services or not all(
            each == EVERY_SERVICE or is_service_id(each) for each in self.services
        ):
            raise BadValue('services: ids of services, or ["*"] for all')
        if not self.may:
            raise BadValue("may is empty: name invoices, pos, or both")

    @cached_property
    def parsed_networks(self) -> Networks:
        """Raises: ValueError."""
        return networks_of(self.networks)

    def sees(self, service_id: str) -> bool:
        """Whether the service's orders are for this caller."""
        return EVERY_SERVICE in self.services or service_id in self.services


@dataclass(frozen=True)
class AccessSettings:
    """`[access]`. Without callers nobody is let in, and nothing tells that there is something.

    `certificate_header`: the header in which our own proxy tells the client certificate that it has checked.
    `public_url`: where callers find these addresses when it is not the gateway's own `public_url` (another port, say).
    """

    certificate_header: str = ""
    public_url: str = ""
    callers: Mapping[str, Caller] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.callers and not self.certificate_header:
            raise BadValue("certificate_header is required where there are callers")
        for name in self.callers:
            if not _ID.match(name):
                raise BadValue(f"callers.{name}: an id has small letters, digits, hyphens; 31 at most")
        twice = [text for text, times in Counter(self._certificates()).items() if times > 1]
        if twice:
            raise BadValue(f"certificate {twice[0]!r} belongs to two callers")
        parts = urlsplit(self.public_url)
        if self.public_url and (
            parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/")
        ):
            raise BadValue("public_url: expected https://host:port, without path")

    def of_certificate(self, told: str, right: Right) -> tuple[str, Caller] | None:
        """The caller, with his id, whose certificate this is and who has the right; None for everybody else."""
        for name, caller in self.callers.items():
            if right in caller.may and certified(told, caller.certificates):
                return name, caller
        return None

    def _certificates(self) -> list[str]:
        return [text for caller in self.callers.values() for text in set(caller.certificates)]
