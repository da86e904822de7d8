"""What an operator sets for a service that is reached through this connector."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, StrEnum
from functools import lru_cache
from typing import TypeVar
from urllib.parse import urlsplit

from mpay_gateway.api import CertificatePem
from mpay_gateway.wssecurity import SignatureAlgorithm, TrustedCertificates, UnusableKey

LONGEST_TIMEOUT = 15.0
"""Below the deadline that the core sets for a whole hook call, so that this one is the one that speaks."""
LARGEST_TOLERANCE = 600
E = TypeVar("E", bound=Enum)
_BOTH = (SignatureAlgorithm.RSA_SHA1, SignatureAlgorithm.RSA_SHA256)


class ContractVersion(StrEnum):
    """Which description of IServiceProvider the service was built from."""

    GUIDE_1_3 = "1.3"
    WSDL_2016 = "2016"


@dataclass(frozen=True, slots=True)
class ConnectorSettings:
    """The connector itself has nothing to set: everything belongs to a service."""


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """The schema of `[service.settings]`.

    `certificates`: those with which the service signs. `signature`: what we sign with. `timeout_seconds`: for
    one whole exchange. `clock_tolerance_seconds`: by how much the service's clock may differ from ours.
    Raises: ValueError that says what to change.
    """

    url: str
    certificates: tuple[CertificatePem, ...]
    signature: SignatureAlgorithm = SignatureAlgorithm.RSA_SHA1
    accept_signatures: tuple[SignatureAlgorithm, ...] = _BOTH
    ignore_whitespace: bool = False
    clock_tolerance_seconds: int = 60
    contract: ContractVersion = ContractVersion.GUIDE_1_3
    timeout_seconds: float = 7.0

    def __post_init__(self) -> None:
        self._take_enumerations()
        _check_url(self.url)
        if not self.accept_signatures:
            raise ValueError("accept_signatures: name at least one of rsa-sha1, rsa-sha256")
        if not 0 <= self.clock_tolerance_seconds <= LARGEST_TOLERANCE:
            raise ValueError(f"clock_tolerance_seconds: 0 to {LARGEST_TOLERANCE} are possible")
        if not 0 < self.timeout_seconds <= LONGEST_TIMEOUT:
            raise ValueError(f"timeout_seconds: more than 0, at most {LONGEST_TIMEOUT:g}")
        if not self.certificates:
            raise ValueError("certificates: at least one certificate of the service is needed")
        try:
            trusted_certificates(self.certificates)
        except UnusableKey as error:
            raise ValueError(f"certificates: {error}") from error

    def _take_enumerations(self) -> None:
        """Values as they stand in a file become members of their enumerations."""
        accepted = tuple(
            _one_of(SignatureAlgorithm, each, "accept_signatures") for each in self.accept_signatures
        )
        object.__setattr__(self, "accept_signatures", accepted)
        object.__setattr__(self, "signature", _one_of(SignatureAlgorithm, self.signature, "signature"))
        object.__setattr__(self, "contract", _one_of(ContractVersion, self.contract, "contract"))

    @property
    def tolerance(self) -> timedelta:
        """`clock_tolerance_seconds` as a duration."""
        return timedelta(seconds=self.clock_tolerance_seconds)

    @property
    def trusted(self) -> TrustedCertificates:
        """The certificates, parsed once for all messages."""
        return trusted_certificates(self.certificates)


@lru_cache(maxsize=2048)
def trusted_certificates(certificates: tuple[CertificatePem, ...]) -> TrustedCertificates:
    """Parse the certificates; the same ones are parsed once.

    Raises: UnusableKey.
    """
    return TrustedCertificates.load(certificate.pem.encode() for certificate in certificates)


def _one_of(kind: type[E], value: object, name: str) -> E:
    try:
        return kind(value)
    except ValueError as error:
        known = ", ".join(str(each.value) for each in kind)
        raise ValueError(f"{name}: {value!r} is none of {known}") from error


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        port_is_readable = parts.port != 0
    except ValueError as error:
        raise ValueError(f"url: {error}") from error
    if parts.scheme not in ("https", "http") or not parts.hostname or not port_is_readable:
        raise ValueError("url: the https address of the service's IServiceProvider is needed")
    if parts.username is not None or parts.fragment or not url.isprintable() or " " in url:
        raise ValueError("url: an address without user name, fragment and spaces is needed")
