"""The signature algorithms that this gateway speaks, and the digests that go with them."""

from collections.abc import Iterable
from enum import Enum
from typing import Final

from mpay_gateway.wssecurity.names import DS

DIGEST_SHA1: Final = f"{DS}sha1"
DIGEST_SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"


class SignatureAlgorithm(Enum):
    """RSA with PKCS#1 v1.5 padding; the value is the slug of settings and command line.

    The contract's policy is Basic256, that is rsa-sha1; rsa-sha256 is what a service should move to.
    """

    RSA_SHA1 = "rsa-sha1"
    RSA_SHA256 = "rsa-sha256"

    @property
    def uri(self) -> str:
        """The Algorithm of ds:SignatureMethod."""
        return _SIGNATURE_URIS[self]

    @property
    def digest_uri(self) -> str:
        """The Algorithm of ds:DigestMethod that a message signed with this algorithm carries."""
        return _DIGEST_URIS[self]


_SIGNATURE_URIS: Final = {
    SignatureAlgorithm.RSA_SHA1: f"{DS}rsa-sha1",
    SignatureAlgorithm.RSA_SHA256: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
}
_DIGEST_URIS: Final = {
    SignatureAlgorithm.RSA_SHA1: DIGEST_SHA1,
    SignatureAlgorithm.RSA_SHA256: DIGEST_SHA256,
}
_BY_URI: Final = {uri: algorithm for algorithm, uri in _SIGNATURE_URIS.items()}


def algorithm_for(uri: str | None) -> SignatureAlgorithm | None:
    """The algorithm that an Algorithm attribute names; None for anything that is not spoken here."""
    return None if uri is None else _BY_URI.get(uri)


def accepted_digests(accepted: Iterable[SignatureAlgorithm]) -> frozenset[str]:
    """Digest URIs that may occur under the accepted signature algorithms.

    SHA-256 always may; SHA-1 only while rsa-sha1 is accepted, or refusing rsa-sha1 would be in vain.
    """
    return frozenset({DIGEST_SHA256}) | {algorithm.digest_uri for algorithm in accepted}
