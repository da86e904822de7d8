"""What the command line says."""

from dataclasses import dataclass
from pathlib import Path

from eservice_kit import KeyInfoForm, SignatureAlgorithm, Signer, Trust, read_certificates, read_signing_key


@dataclass(frozen=True, slots=True)
class Settings:
    """``gateway_url`` and ``public_url`` carry no trailing slash; ``slow_seconds`` is where slow begins."""

    host: str
    port: int
    database: Path
    gateway_url: str
    public_url: str
    signer: Signer
    trust: Trust
    test_controls: bool
    slow_seconds: float


@dataclass(frozen=True, slots=True)
class KeyFiles:
    key: Path
    certificate: Path
    gateway_certificate: Path


def read_signer(files: KeyFiles, algorithm: str, key_info: str) -> Signer:
    """Raises: eservice_kit.UnusableKey, ValueError."""
    key = read_signing_key(files.key, files.certificate)
    return Signer(key, SignatureAlgorithm.named(algorithm), KeyInfoForm(key_info))


def read_trust(files: KeyFiles) -> Trust:
    """Raises: eservice_kit.UnusableKey."""
    return Trust(read_certificates(files.gateway_certificate))
