"""Signatures of seals: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017), which every tool can check."""

import base64
import hashlib
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from mpay_gateway.domain.seals import Seal, SignedSeal


@dataclass(frozen=True, slots=True)
class Signatory:
    """A certificate that seals are checked against. `fingerprint`: SHA-256 of its DER form, hexadecimal."""

    fingerprint: str
    name: str
    pem: str = field(repr=False)
    _key: RSAPublicKey = field(repr=False, compare=False)

    @classmethod
    def load(cls, pem: bytes) -> "Signatory":
        """Parse a certificate, the first one of the text. Raises: ValueError that says what is wrong with it."""
        try:
            certificate = x509.load_pem_x509_certificate(pem)
        except ValueError as error:
            raise ValueError("not a certificate in PEM") from error
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey):
            raise ValueError("not a certificate of an RSA key")  # noqa: TRY004  the text is the caller's
        der = certificate.public_bytes(serialization.Encoding.DER)
        own = certificate.public_bytes(serialization.Encoding.PEM).decode()
        return cls(hashlib.sha256(der).hexdigest(), certificate.subject.rfc4514_string(), own, key)

    def signed(self, signed: SignedSeal) -> bool:
        """Whether the signature is this certificate's, over exactly this seal."""
        try:
            signature = base64.b64decode(signed.signature, validate=True)
            self._key.verify(signature, signed.seal.statement(), PKCS1v15(), hashes.SHA256())
        except (ValueError, InvalidSignature):  # no base64, or another's
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """The gateway's signing key with its certificate."""

    signatory: Signatory
    _key: RSAPrivateKey = field(repr=False, compare=False)

    @classmethod
    def load(cls, key_pem: bytes, certificate_pem: bytes) -> "Signer":
        """Parse the pair, which the settings have checked already."""
        key = serialization.load_pem_private_key(key_pem, None)
        assert isinstance(key, RSAPrivateKey)
        return cls(Signatory.load(certificate_pem), key)

    def sign(self, seal: Seal) -> SignedSeal:
        """Sign the seal."""
        signature = self._key.sign(seal.statement(), PKCS1v15(), hashes.SHA256())
        return SignedSeal(seal, base64.b64encode(signature).decode())
