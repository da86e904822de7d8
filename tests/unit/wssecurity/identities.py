"""Throw-away keys with certificates, made once per test run."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from mpay_gateway.wssecurity import SigningKey, TrustedCertificates

NOW = datetime(2027, 3, 14, 9, 26, 53, 589000, tzinfo=UTC)
ISSUER = x509.Name(
    [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "MD"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Testing, Ltd"),
        x509.NameAttribute(NameOID.COMMON_NAME, "Throw-away CA"),
    ]
)


@dataclass(frozen=True)
class Identity:
    """A party that signs: its key and the certificate that others know it by."""

    private: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def key_pem(self) -> bytes:
        return private_pem(self.private)

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_identifier(self) -> bytes:
        extension = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        return extension.value.digest

    @property
    def signing_key(self) -> SigningKey:
        return SigningKey.load(self.key_pem, self.certificate_pem)

    @property
    def trusted(self) -> TrustedCertificates:
        return TrustedCertificates.load([self.certificate_pem])


def private_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """One key for each name: asking again gives the same."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def identity(
    name: str,
    *,
    key: str = "",
    starts: timedelta = timedelta(days=-1),
    ends: timedelta = timedelta(days=365),
    serial: int = 0,
) -> Identity:
    """A party called ``name``; ``key`` names the key when it is not the party's own."""
    private = rsa_key(key or name)
    return Identity(private, certify(name, private.public_key(), starts=starts, ends=ends, serial=serial))


def certify(
    name: str,
    public: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    *,
    starts: timedelta = timedelta(days=-1),
    ends: timedelta = timedelta(days=365),
    serial: int = 0,
) -> x509.Certificate:
    builder = x509.CertificateBuilder(
        issuer_name=ISSUER,
        subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
        public_key=public,
        serial_number=serial or sum(name.encode()) + 1000,
        not_valid_before=NOW + starts,
        not_valid_after=NOW + ends,
    ).add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    return builder.sign(rsa_key("issuer"), hashes.SHA256())
