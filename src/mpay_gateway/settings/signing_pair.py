"""The check that a private key and a certificate belong together, before anything is signed with them."""

from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from mpay_gateway.settings.problems import BadValue

SMALLEST_KEY_BITS = 2048


def check_signing_pair(key_pem: bytes, certificate_pem: bytes) -> None:
    """Check an RSA key and its certificate, both PEM. Raises: BadValue that says which of them is wrong."""
    try:
        key = load_pem_private_key(key_pem, None)
    except (ValueError, TypeError):
        raise BadValue("signing_key: not a private key in PEM without password") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < SMALLEST_KEY_BITS:
        raise BadValue(f"signing_key: expected RSA of {SMALLEST_KEY_BITS} bits or more")
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
    except ValueError:
        raise BadValue("signing_certificate: not a certificate in PEM") from None
    if certificate.public_key() != key.public_key():
        raise BadValue("signing_certificate does not belong to signing_key")


def check_certificates(name: str, pems: Sequence[bytes]) -> None:
    """Check that each is a certificate of an RSA key, PEM. Raises: BadValue."""
    for place, pem in enumerate(pems):
        try:
            key = x509.load_pem_x509_certificate(pem).public_key()
        except ValueError:
            raise BadValue(f"{name}[{place}]: not a certificate in PEM") from None
        if not isinstance(key, RSAPublicKey):
            raise BadValue(f"{name}[{place}]: not a certificate of an RSA key")
