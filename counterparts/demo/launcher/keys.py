"""Throw-away keys, certificates and secrets of a demo: made once, kept while they are good."""

import os
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

KEY_BITS = 2048
LIFE = timedelta(days=825)
SMALLEST_REST = timedelta(days=30)


def ensure_pair(folder: Path, name: str) -> None:
    """See that `<name>.key` and `<name>.crt` are in the folder, belong together, and last another month."""
    key_file, certificate_file = folder / f"{name}.key", folder / f"{name}.crt"
    if _is_good(key_file, certificate_file):
        return
    key = rsa.generate_private_key(public_exponent=65_537, key_size=KEY_BITS)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(key_file, pem)
    write_private(certificate_file, _certificate(key, name).public_bytes(Encoding.PEM))


def ensure_secret(path: Path) -> str:
    """The secret in the file, drawn now when there is none."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32).encode())
    return path.read_text("utf-8").strip()


def write_private(path: Path, content: bytes) -> None:
    """Write a file that its owner alone may read; whole or not at all."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    draft.replace(path)


def _is_good(key_file: Path, certificate_file: Path) -> bool:
    try:
        key = load_pem_private_key(key_file.read_bytes(), None)
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    except (OSError, ValueError, TypeError):
        return False
    belongs = certificate.public_key() == key.public_key()
    return belongs and certificate.not_valid_after_utc - datetime.now(UTC) > SMALLEST_REST


def _certificate(key: rsa.RSAPrivateKey, name: str) -> x509.Certificate:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "MD"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Demo, not for payments"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"demo {name}"),
        ]
    )
    since = datetime.now(UTC) - timedelta(minutes=5)
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder(issuer_name=subject, subject_name=subject, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
