"""KeyInfo selects among the registered certificates. A certificate that a message brings proves nothing."""

import base64
import binascii
import re
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from eservice_kit import names
from eservice_kit.envelope import Envelope, only_child
from eservice_kit.keys import subject_key_identifier
from eservice_kit.refusal import NotVerified, Refusal

Certificates = tuple[x509.Certificate, ...]
_PART: Final = re.compile(r"(?:\\.|[^,\\])+", re.DOTALL)
"""Of a name, up to a comma that is none of its own."""


def choose_certificate(envelope: Envelope, registered: Certificates) -> x509.Certificate:
    """The registered certificate that the signature's KeyInfo points at, in any of the contract's four forms.

    Raises: NotVerified when it points at none, or in a way that is not understood.
    """
    holder = only_child(envelope.signature, names.ds("KeyInfo"))
    if (reference := holder.find(names.wsse("SecurityTokenReference"))) is not None:
        holder = reference
    for certificate in registered:
        if _matches(holder, certificate, envelope):
            return certificate
    raise NotVerified(Refusal.UNKNOWN_CERTIFICATE, "KeyInfo points at no registered certificate")


def _matches(holder: etree._Element, certificate: x509.Certificate, envelope: Envelope) -> bool:
    if (link := holder.find(names.wsse("Reference"))) is not None:
        return _binary_token(link, envelope) == _der(certificate)
    if (identifier := holder.find(names.wsse("KeyIdentifier"))) is not None:
        return _identified(identifier, certificate)
    data = only_child(holder, names.ds("X509Data"))
    if (embedded := data.find(names.ds("X509Certificate"))) is not None:
        return decode_base64(embedded.text) == _der(certificate)
    return _has_issuer_and_serial(only_child(data, names.ds("X509IssuerSerial")), certificate)


def _binary_token(link: etree._Element, envelope: Envelope) -> bytes:
    token = envelope.by_id.get(link.get("URI", "").removeprefix("#"))
    if token is None or token.tag != names.wsse("BinarySecurityToken"):
        raise NotVerified(Refusal.UNKNOWN_CERTIFICATE, "the KeyInfo's token is missing")
    if token.getparent() is not envelope.security:
        raise NotVerified(Refusal.STRUCTURE, "the KeyInfo's token stands outside the Security header")
    return decode_base64(token.text)


def _identified(identifier: etree._Element, certificate: x509.Certificate) -> bool:
    value = decode_base64(identifier.text)
    match identifier.get("ValueType", "").rpartition("#")[2]:
        case "X509SubjectKeyIdentifier" | "X509v3SubjectKeyIdentifier":
            return value == subject_key_identifier(certificate)
        case "X509v3":
            return value == _der(certificate)
        case other:
            raise NotVerified(Refusal.UNKNOWN_CERTIFICATE, f"KeyIdentifier of type {other!r}")


def _has_issuer_and_serial(pair: etree._Element, certificate: x509.Certificate) -> bool:
    serial = only_child(pair, names.ds("X509SerialNumber")).text or ""
    issuer = only_child(pair, names.ds("X509IssuerName")).text or ""
    return serial.strip() == str(certificate.serial_number) and _same_name(issuer, certificate.issuer)


def _same_name(text: str, name: x509.Name) -> bool:
    """Compare names without regard to the order of their parts: senders disagree about it."""
    try:
        parsed = x509.Name.from_rfc4514_string(",".join(part.strip() for part in _PART.findall(text)))
    except ValueError:
        return False
    return _parts(parsed) == _parts(name)


def _parts(name: x509.Name) -> list[tuple[str, str]]:
    return sorted((part.oid.dotted_string, str(part.value)) for part in name)


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def decode_base64(text: str | None) -> bytes:
    """Decode base64, white space allowed. Raises: NotVerified for any other character."""
    try:
        return base64.b64decode("".join((text or "").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotVerified(Refusal.STRUCTURE, "a value is not base64") from error
