"""Signature algorithms, and exclusive canonical XML over lxml."""

from dataclasses import dataclass
from enum import Enum

from cryptography.hazmat.primitives import hashes
from lxml import etree


@dataclass(frozen=True, slots=True)
class _Algorithm:
    name: str
    signature_uri: str
    digest_uri: str
    digest: hashes.HashAlgorithm


class SignatureAlgorithm(Enum):
    """RSA with PKCS #1 v1.5 padding (RFC 8017), as named by XML Signature and RFC 9231."""

    RSA_SHA1 = _Algorithm(
        "rsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#sha1",
        hashes.SHA1(),  # noqa: S303  the contract's algorithm suite, Basic256
    )
    RSA_SHA256 = _Algorithm(
        "rsa-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "http://www.w3.org/2001/04/xmlenc#sha256",
        hashes.SHA256(),
    )

    @classmethod
    def named(cls, name: str) -> "SignatureAlgorithm":
        """The algorithm called ``rsa-sha1`` or ``rsa-sha256``. Raises: ValueError."""
        for algorithm in cls:
            if algorithm.value.name == name:
                return algorithm
        raise ValueError(f"unknown signature algorithm: {name}")


ALGORITHM_NAMES = tuple(algorithm.value.name for algorithm in SignatureAlgorithm)


def digest(content: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    calculation = hashes.Hash(algorithm)
    calculation.update(content)
    return calculation.finalize()


def canonical(element: etree._Element, inclusive_prefixes: tuple[str, ...] = ()) -> bytes:
    """Exclusive XML Canonicalization 1.0 of one element, without comments and without its tail."""
    return etree.tostring(
        element,
        method="c14n",
        exclusive=True,
        with_comments=False,
        inclusive_ns_prefixes=list(inclusive_prefixes) or None,
    )
