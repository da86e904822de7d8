"""Who signed a kept message: judged as it was when it passed, with the certificates of its time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from mpay_gateway.domain.evidence import Direction
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.registration import certificates_of
from mpay_gateway.storage import Work
from mpay_gateway.storage.service_certificates import KnownCertificate
from mpay_gateway.wssecurity import (
    Certificate,
    MessageKind,
    RefusalCode,
    Refused,
    TrustedCertificates,
    VerificationPolicy,
    verify,
)

TOLERANCE = timedelta(minutes=10)
"""As much as any service may be granted: whether its answer was fresh enough was decided when it came."""
_NO_SOAP = {
    RefusalCode.NOT_XML, RefusalCode.NOT_SOAP_11, RefusalCode.ENCODING_NOT_ACCEPTED, RefusalCode.DOCTYPE,
    RefusalCode.TOO_LARGE,
}  # fmt: skip
"""What providers write, and pages of proxies: messages that nobody claims to have signed."""


class SignatureState(StrEnum):
    VALID = "valid"
    REFUSED = "refused"
    UNSIGNED = "unsigned"
    """A SOAP message without a signature, such as some services' faults."""
    NO_SOAP = "no SOAP"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`signer`: who signed a valid message. `detail`: why another is refused. `reformatted`: it holds only without
    the white space between elements.
    """

    state: SignatureState
    signer: Certificate | None = None
    algorithm: str = ""
    created: datetime | None = None
    reformatted: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Registered:
    """Our certificates, those of earlier keys among them, and those with which each service signs now."""

    ours: TrustedCertificates
    services: Mapping[str, tuple[KnownCertificate, ...]]

    @classmethod
    def of(cls, parts: Parts) -> "Registered":
        """By the settings, and as services are registered. To be asked for outside of a unit of work."""
        own = parts.settings.gateway
        ours = TrustedCertificates.load((own.signing_certificate, *own.earlier_certificates))
        return cls(ours, {each.id: certificates_of(parts, each) for each in parts.services.all().values()})


class Signers:
    """Whose signatures are believed: ours by the settings; a service's by all that were ever registered for it."""

    def __init__(self, registered: Registered, work: Work) -> None:
        self.ours = registered.ours
        self._registered = registered.services
        self._work = work
        self._services: dict[str, TrustedCertificates] = {}

    def of_service(self, service_id: str) -> TrustedCertificates:
        """Its certificates, none where nothing is signed."""
        if service_id not in self._services:
            known = self._work.service_certificates.of_service(service_id)
            pems = {each.fingerprint: each.pem for each in (*known, *self._registered.get(service_id, ()))}
            self._services[service_id] = TrustedCertificates.load(each.encode() for each in pems.values())
        return self._services[service_id]

    def of_message(self, direction: str, service_id: str) -> TrustedCertificates:
        """What may have signed a message of this direction, exchanged with this service."""
        return self.ours if direction == Direction.SENT else self.of_service(service_id)


def policy_at(at: datetime) -> VerificationPolicy:
    """How a message that passed then is judged."""
    return VerificationPolicy(at=at, kind=MessageKind.EITHER, tolerance=TOLERANCE, ignore_whitespace=True)


def judge(body: bytes | None, trusted: TrustedCertificates, *, at: datetime) -> Verdict:
    """Who signed the message. `at`: when it passed (UTC). `body`: None when it was erased."""
    if body is None:
        return Verdict(SignatureState.ERASED)
    try:
        found = verify(body, trusted, policy_at(at))
    except Refused as refused:
        if refused.code in _NO_SOAP:
            return Verdict(SignatureState.NO_SOAP)
        if refused.code is RefusalCode.UNSIGNED:
            return Verdict(SignatureState.UNSIGNED)
        return Verdict(SignatureState.REFUSED, detail=str(refused))
    return Verdict(
        SignatureState.VALID,
        found.signer,
        found.algorithm.value,
        found.lifetime.created,
        found.whitespace_ignored,
    )
