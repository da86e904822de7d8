"""Certificates and keys: parsed once at load, then only read.

Instances are immutable and may be shared between threads: xmlsec copies the key into each signature context.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from mpay_gateway.wssecurity.issuer_name import IssuerName, name_of, parse_name, same_name

SMALLEST_KEY_BITS = 2048


class UnusableKey(ValueError):
    """A key or certificate file that can't be used; the text tells its owner why."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """An RSA certificate with everything that verification asks of it, computed once."""

    fingerprint: str
    """SHA-256 of the DER form, lower-case hexadecimal."""
    subject: str
    not_before: datetime
    not_after: datetime
    der: bytes = field(repr=False)
    serial: int
    issuer: IssuerName = field(repr=False)
    key_identifiers: frozenset[bytes] = field(repr=False)
    """The SubjectKeyIdentifier of the extension, and the one that RFC 5280 derives from the key."""
    verification_key: xmlsec.Key = field(repr=False, compare=False)

    @classmethod
    def parse(cls, parsed: x509.Certificate) -> "Certificate":
        """Take what is needed of a parsed certificate. Raises: UnusableKey (not RSA, or too short)."""
        public = _strong_rsa(parsed.public_key())
        der = parsed.public_bytes(serialization.Encoding.DER)
        pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        return cls(
            fingerprint=hashlib.sha256(der).hexdigest(),
            subject=parsed.subject.rfc4514_string(),
            not_before=parsed.not_valid_before_utc,
            not_after=parsed.not_valid_after_utc,
            der=der,
            serial=parsed.serial_number,
            issuer=name_of(parsed.issuer),
            key_identifiers=_key_identifiers(parsed, public),
            verification_key=xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem),
        )

    @property
    def pem(self) -> str:
        """The certificate as other tools read it."""
        text = base64.b64encode(self.der).decode("ascii")
        lines = "\n".join(text[start : start + 64] for start in range(0, len(text), 64))
        return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"

    def is_valid(self, at: datetime) -> bool:
        """Whether ``at`` lies within the certificate's validity."""
        return self.not_before <= at <= self.not_after


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with its certificate; load once, use for every message, from any thread."""

    certificate: Certificate
    private_key: xmlsec.Key = field(repr=False, compare=False)
    token: str = field(repr=False)
    """The certificate's DER in base64: the content of the BinarySecurityToken."""

    @classmethod
    def load(cls, key_pem: bytes, certificate_pem: bytes) -> "SigningKey":
        """Parse an unencrypted PEM key and the PEM certificate that belongs to it.

        The certificate may stand among others (a chain): the one of this key is taken.
        Raises: UnusableKey.
        """
        private = _private_key(key_pem)
        public = private.public_key()
        own = [parsed for parsed in _pem_certificates(certificate_pem) if parsed.public_key() == public]
        if not own:
            raise UnusableKey("the certificate does not belong to the private key")
        certificate = Certificate.parse(own[0])
        pem = private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem)
        return cls(certificate, key, base64.b64encode(certificate.der).decode("ascii"))


@dataclass(frozen=True, slots=True)
class TrustedCertificates:
    """The certificates registered for one service; the only source of verification keys.

    Look-ups return every match: a renewed certificate may keep its key and so its key identifier.
    """

    certificates: tuple[Certificate, ...]
    _by_content: dict[bytes, Certificate] = field(repr=False)
    _by_key_identifier: dict[bytes, tuple[Certificate, ...]] = field(repr=False)

    @classmethod
    def load(cls, pems: Iterable[bytes]) -> "TrustedCertificates":
        """Parse PEM files, each with one or more certificates; repeated ones count once.

        Raises: UnusableKey (no certificate, not PEM, not RSA, key too short).
        """
        parsed = (Certificate.parse(one) for pem in pems for one in _pem_certificates(pem))
        by_content = {certificate.der: certificate for certificate in parsed}
        identifiers: dict[bytes, tuple[Certificate, ...]] = {}
        for certificate in by_content.values():
            for identifier in certificate.key_identifiers:
                identifiers[identifier] = (*identifiers.get(identifier, ()), certificate)
        return cls(tuple(by_content.values()), by_content, identifiers)

    def with_content(self, der: bytes) -> Sequence[Certificate]:
        """The registered certificate with exactly these bytes."""
        found = self._by_content.get(der)
        return () if found is None else (found,)

    def with_key_identifier(self, identifier: bytes) -> Sequence[Certificate]:
        """Registered certificates with this SubjectKeyIdentifier."""
        return self._by_key_identifier.get(identifier, ())

    def with_issuer_serial(self, issuer: str, serial: int) -> Sequence[Certificate]:
        """Registered certificates of this issuer, its name in either order, and serial number."""
        name = parse_name(issuer)
        return tuple(c for c in self.certificates if c.serial == serial and same_name(c.issuer, name))


def _pem_certificates(pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise UnusableKey("no certificate in PEM form (BEGIN CERTIFICATE) could be read") from error


def _private_key(pem: bytes) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise UnusableKey("the private key is encrypted; an unencrypted PEM key is needed") from error
    except ValueError as error:
        raise UnusableKey("no private key in PEM form could be read") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise UnusableKey("the private key is not an RSA key")
    return key


def _strong_rsa(public: object) -> rsa.RSAPublicKey:
    if not isinstance(public, rsa.RSAPublicKey):
        raise UnusableKey("the certificate's key is not an RSA key")
    if public.key_size < SMALLEST_KEY_BITS:
        raise UnusableKey(f"the certificate's RSA key has {public.key_size} bits; {SMALLEST_KEY_BITS} needed")
    return public


def _key_identifiers(parsed: x509.Certificate, public: rsa.RSAPublicKey) -> frozenset[bytes]:
    derived = x509.SubjectKeyIdentifier.from_public_key(public).digest
    try:
        stated = parsed.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return frozenset({derived})
    except ValueError as error:
        raise UnusableKey("the certificate's extensions can't be read") from error
    return frozenset({derived, stated})
