"""A folder with keys, and a gateway's TOML that is right; tests write others beside it."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from mpay_gateway.api import CertificatePem, Connector, Secret

GOOD = """
[gateway]
public_url = "https://pay.example/"
signing_key = "keys/gateway.key"
signing_certificate = "keys/gateway.pem"
database = "sqlite:///data/gateway.db"
support = { phone = "+373 22 820 820", email = "help@pay.example" }

[plugins]
enabled = ["mpay-provider-sandbox"]

[outbound]
allow_http = true
allow_networks = ["127.0.0.0/8"]

[provider.sandbox-main]
plugin = "sandbox"
url = "https://bank.example"

[instrument.card]
plugin = "bank_card"
providers = ["sandbox-main"]
channels = ["portal", "kiosk"]
"""


@dataclass(frozen=True, slots=True)
class SoapLikeSettings:
    """Settings of a service as a connector may have them."""

    url: str
    certificates: tuple[CertificatePem, ...] = ()
    timeout_seconds: float = 7.0
    password: Secret | None = None

    def __post_init__(self) -> None:
        if not self.url.startswith("https:"):
            raise ValueError("url: expected https")


class SoapLike(Connector):
    settings_type = SoapLikeSettings
    service_settings_type = SoapLikeSettings


CONNECTORS: dict[str, type[Connector]] = {"soap": SoapLike}


def new_pair(folder: Path, name: str) -> None:
    """A key and its certificate, as files of the folder."""
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    new_pair(folder, "gateway")
    new_pair(folder, "other")
    return folder


@pytest.fixture
def home(tmp_path: Path, keys: Path) -> Path:
    (tmp_path / "keys").symlink_to(keys)
    return tmp_path
