"""Keys and certificates: what we sign with, whom we believe."""

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

SHORTEST_KEY_BITS = 2048


class UnusableKey(ValueError):
    """A key or certificate file can't be used; the text says why in the reader's terms."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private RSA key with its own certificate."""

    private_key: rsa.RSAPrivateKey
    certificate: x509.Certificate


def rsa_public_key(certificate: x509.Certificate) -> rsa.RSAPublicKey:
    """The certificate's key. Raises: UnusableKey unless it is RSA of at least 2048 bits."""
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise UnusableKey("the certificate must hold an RSA key")
    if key.key_size < SHORTEST_KEY_BITS:
        raise UnusableKey(f"the certificate's key must have at least {SHORTEST_KEY_BITS} bits")
    return key


def subject_key_identifier(certificate: x509.Certificate) -> bytes:
    """The certificate's SubjectKeyIdentifier, computed by method 1 of RFC 5280 4.2.1.2 where it has none."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return x509.SubjectKeyIdentifier.from_public_key(rsa_public_key(certificate)).digest
    return extension.value.digest


def load_certificates(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Every certificate of a PEM text. Raises: UnusableKey."""
    try:
        certificates = tuple(x509.load_pem_x509_certificates(pem))
    except ValueError as error:
        raise UnusableKey("no PEM certificate can be read") from error
    for certificate in certificates:
        rsa_public_key(certificate)
    return certificates


def load_signing_key(key_pem: bytes, certificate_pem: bytes) -> SigningKey:
    """Join a private key without password and the first certificate of a PEM text. Raises: UnusableKey."""
    certificate = load_certificates(certificate_pem)[0]
    try:
        key = serialization.load_pem_private_key(key_pem, password=None)
    except (ValueError, TypeError) as error:
        raise UnusableKey("no PEM private key without password can be read") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise UnusableKey("the private key must be RSA")
    if key.public_key() != certificate.public_key():
        raise UnusableKey("the private key and the certificate do not belong together")
    return SigningKey(key, certificate)


def read_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """Certificates of a PEM file. Raises: UnusableKey naming the file."""
    try:
        return load_certificates(path.read_bytes())
    except (OSError, UnusableKey) as error:
        raise UnusableKey(f"{path}: {_why(error)}") from error


def read_signing_key(key_path: Path, certificate_path: Path) -> SigningKey:
    """Signing key from two PEM files. Raises: UnusableKey naming the files."""
    try:
        return load_signing_key(key_path.read_bytes(), certificate_path.read_bytes())
    except (OSError, UnusableKey) as error:
        raise UnusableKey(f"{key_path}, {certificate_path}: {_why(error)}") from error


def _why(error: Exception) -> str:
    return (error.strerror or "can't be read") if isinstance(error, OSError) else str(error)
