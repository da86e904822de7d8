"""Exclusive canonical XML, digests and RSA signatures: what both our requests and their answers stand on."""

import base64
from dataclasses import dataclass
from enum import Enum
from hmac import compare_digest
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree


@dataclass(frozen=True, slots=True)
class _Method:
    name: str
    signature_uri: str
    digest_uri: str
    hash: hashes.HashAlgorithm


class Algorithm(Enum):
    """The signatures of the contract: RSA with PKCS #1 v1.5 padding."""

    RSA_SHA1 = _Method(
        "rsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#sha1",
        hashes.SHA1(),  # noqa: S303  the contract's suite, Basic256
    )
    RSA_SHA256 = _Method(
        "rsa-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "http://www.w3.org/2001/04/xmlenc#sha256",
        hashes.SHA256(),
    )

    def digest(self, content: bytes) -> bytes:
        """The hash of `content`."""
        calculation = hashes.Hash(self.value.hash)
        calculation.update(content)
        return calculation.finalize()

    def sign(self, content: bytes, key: rsa.RSAPrivateKey) -> bytes:
        """The signature of `content`."""
        return key.sign(content, padding.PKCS1v15(), self.value.hash)

    def fits(self, content: bytes, value: bytes, key: rsa.RSAPublicKey) -> bool:
        """Whether `value` is this key's signature of `content`."""
        try:
            key.verify(value, content, padding.PKCS1v15(), self.value.hash)
        except InvalidSignature:
            return False
        return True

    def is_digest(self, content: bytes, value: bytes) -> bool:
        return compare_digest(self.digest(content), value)


BY_SIGNATURE_URI: Final = {each.value.signature_uri: each for each in Algorithm}
BY_DIGEST_URI: Final = {each.value.digest_uri: each for each in Algorithm}


def canonical(element: etree._Element, prefixes: tuple[str, ...] = ()) -> bytes:
    """Exclusive XML Canonicalization 1.0 of an element, without comments and without its tail."""
    return etree.tostring(
        element,
        method="c14n",
        exclusive=True,
        with_comments=False,
        inclusive_ns_prefixes=list(prefixes) or None,
    )


def base64_text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def base64_bytes(text: str | None) -> bytes | None:
    """What base64 text holds, white space passed over; None when it is not base64."""
    try:
        return base64.b64decode("".join((text or "").split()), validate=True)
    except ValueError:
        return None
