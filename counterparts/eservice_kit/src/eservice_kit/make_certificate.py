"""Make a throw-away key and certificate, for development and demonstration only."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

VALID_FOR = timedelta(days=825)


def make_certificate(common_name: str) -> tuple[bytes, bytes]:
    """A new RSA key of 2048 bits and its self-signed certificate, both PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return key_pem, _self_signed(key, common_name).public_bytes(serialization.Encoding.PEM)


def write_certificate(common_name: str, key_path: Path, certificate_path: Path) -> None:
    """Write a new pair; the key is readable by its owner only. Raises: FileExistsError, OSError."""
    key_pem, certificate_pem = make_certificate(common_name)
    for path in (key_path, certificate_path):
        path.parent.mkdir(parents=True, exist_ok=True)
    key_path.touch(mode=0o600, exist_ok=False)
    key_path.write_bytes(key_pem)
    certificate_path.write_bytes(certificate_pem)


def _self_signed(key: rsa.RSAPrivateKey, common_name: str) -> x509.Certificate:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "MD"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Demo"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + VALID_FOR)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256())
