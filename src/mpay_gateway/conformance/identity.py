"""Who signs: private RSA keys with their certificates, read or made for one run."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

_LIFE = timedelta(days=825)
_SMALLEST = 2048
"""Bits. TLS takes no client certificate with a shorter key, and no service should."""


class UnusableIdentity(ValueError):
    """A key or a certificate cannot be used; the text says why."""


@dataclass(frozen=True)
class Identity:
    """A private key and the certificate that shows its public half."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @cached_property
    def der(self) -> bytes:
        """The certificate as it stands in messages, before base64."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def read_identity(key_pem: bytes, certificate_pem: bytes) -> Identity:
    """Join a private key without password with its certificate. Raises: UnusableIdentity."""
    try:
        key = serialization.load_pem_private_key(key_pem, password=None)
    except (ValueError, TypeError) as error:
        raise UnusableIdentity("no private key in PEM, without password, can be read") from error
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < _SMALLEST:
        raise UnusableIdentity(f"the private key must be RSA, of {_SMALLEST} bits or more")
    for certificate in read_certificates(certificate_pem):
        if certificate.public_key() == key.public_key():
            return Identity(key, certificate)
    raise UnusableIdentity("the private key belongs to none of the certificates")


def read_certificates(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Every certificate of a PEM text. Raises: UnusableIdentity when there is none with an RSA key."""
    try:
        certificates = tuple(x509.load_pem_x509_certificates(pem))
    except ValueError as error:
        raise UnusableIdentity("no certificate in PEM can be read") from error
    if not all(isinstance(each.public_key(), rsa.RSAPublicKey) for each in certificates):
        raise UnusableIdentity("a certificate must hold an RSA key")
    return certificates


def make_identity(common_name: str) -> Identity:
    """A new key of 2048 bits with a certificate that it signed itself."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Identity(key, certificate)


def key_identifiers(certificate: x509.Certificate) -> tuple[bytes, ...]:
    """What names the certificate: its SubjectKeyIdentifier, and that of method 1 of RFC 5280 4.2.1.2."""
    derived = x509.SubjectKeyIdentifier.from_public_key(public_key(certificate)).digest
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except (x509.ExtensionNotFound, ValueError):
        return (derived,)
    return extension.value.digest, derived


def public_key(certificate: x509.Certificate) -> rsa.RSAPublicKey:
    """The RSA key of a certificate that `read_certificates` let through."""
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    return key
