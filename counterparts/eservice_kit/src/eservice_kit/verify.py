"""Believe a SOAP message only when a registered key signed all that is read from it.

An independent implementation over lxml's canonicalization and ``cryptography``; the gateway has another.
Source: OASIS WS-Security 1.0, XML Signature 1.0, and section 4 of the contract.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hmac import compare_digest

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

from eservice_kit import names
from eservice_kit.algorithms import SignatureAlgorithm, canonical, digest
from eservice_kit.envelope import Envelope, only_child, parse_xml, read_envelope
from eservice_kit.key_choice import choose_certificate, decode_base64
from eservice_kit.keys import rsa_public_key
from eservice_kit.refusal import NotVerified, Refusal

MOST_REFERENCES = 8
MOST_PREFIXES = 20
_ALL_ALGORITHMS = frozenset(SignatureAlgorithm)
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?Z")
_LOCAL_REFERENCE = re.compile(r"#([A-Za-z_][A-Za-z0-9_.-]*)")


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom a service believes, and how strictly.

    ``tolerance`` covers clocks that differ; ``longest_lifetime`` caps what a sender may write into Expires.
    """

    certificates: tuple[x509.Certificate, ...]
    algorithms: frozenset[SignatureAlgorithm] = _ALL_ALGORITHMS
    tolerance: timedelta = timedelta(seconds=60)
    longest_lifetime: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Verified:
    """What was verified. ``body`` is parsed from the very bytes that the digest was taken of."""

    body: etree._Element
    created: datetime
    certificate: x509.Certificate


def verify_message(message: bytes, trust: Trust, *, at: datetime) -> Verified:
    """Check structure, time, references, digests and signature of a message that arrived at ``at``.

    Raises: NotVerified, with the first reason found.
    """
    envelope = read_envelope(message)
    created = _check_timestamp(envelope.timestamp, trust, at)
    signed_info = only_child(envelope.signature, names.ds("SignedInfo"))
    algorithm = _signature_algorithm(signed_info, trust)
    certificate = choose_certificate(envelope, trust.certificates)
    _check_certificate_dates(certificate, at)
    _check_signature(envelope.signature, signed_info, algorithm, certificate)
    signed = _check_references(signed_info, envelope, trust)
    for element, label in ((envelope.body, "Body"), (envelope.timestamp, "Timestamp")):
        if element not in signed:
            raise NotVerified(Refusal.COVERAGE, f"{label} is not signed")
    return Verified(parse_xml(signed[envelope.body]), created, certificate)


def _check_timestamp(timestamp: etree._Element, trust: Trust, at: datetime) -> datetime:
    created = _time(only_child(timestamp, names.wsu("Created")))
    expires = _time(only_child(timestamp, names.wsu("Expires")))
    if created > at + trust.tolerance:
        raise NotVerified(Refusal.TIMESTAMP, f"created {(created - at).total_seconds():.1f} s from now")
    if expires <= at - trust.tolerance:
        raise NotVerified(Refusal.TIMESTAMP, f"expired {(at - expires).total_seconds():.1f} s ago")
    if not timedelta(0) < expires - created <= trust.longest_lifetime:
        raise NotVerified(Refusal.TIMESTAMP, f"a lifetime of {(expires - created).total_seconds():.0f} s")
    return created


def _time(element: etree._Element) -> datetime:
    match = _TIME.fullmatch((element.text or "").strip())
    try:
        if match is None:
            raise ValueError
        fraction = int((match[2] or "0").ljust(6, "0")[:6])
        return datetime.fromisoformat(match[1]).replace(microsecond=fraction, tzinfo=UTC)
    except ValueError as error:
        raise NotVerified(Refusal.TIMESTAMP, f"{element.text!r} is no UTC time") from error


def _signature_algorithm(signed_info: etree._Element, trust: Trust) -> SignatureAlgorithm:
    _check_exclusive(only_child(signed_info, names.ds("CanonicalizationMethod")))
    uri = only_child(signed_info, names.ds("SignatureMethod")).get("Algorithm")
    for algorithm in trust.algorithms:
        if algorithm.value.signature_uri == uri:
            return algorithm
    raise NotVerified(Refusal.ALGORITHM, f"signature algorithm {uri}")


def _check_certificate_dates(certificate: x509.Certificate, at: datetime) -> None:
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise NotVerified(Refusal.CERTIFICATE_DATES, "the registered certificate is not valid now")


def _check_signature(
    signature: etree._Element,
    signed_info: etree._Element,
    algorithm: SignatureAlgorithm,
    certificate: x509.Certificate,
) -> None:
    value = decode_base64(only_child(signature, names.ds("SignatureValue")).text)
    content = canonical(
        signed_info, _inclusive_prefixes(only_child(signed_info, names.ds("CanonicalizationMethod")))
    )
    try:
        rsa_public_key(certificate).verify(value, content, padding.PKCS1v15(), algorithm.value.digest)
    except InvalidSignature as error:
        raise NotVerified(Refusal.SIGNATURE, "the signature does not fit") from error


def _check_references(
    signed_info: etree._Element, envelope: Envelope, trust: Trust
) -> dict[etree._Element, bytes]:
    """Each signed element with the canonical bytes that its digest was taken of."""
    references = signed_info.findall(names.ds("Reference"))
    if not 0 < len(references) <= MOST_REFERENCES:
        raise NotVerified(Refusal.REFERENCE, f"{len(references)} references")
    signed: dict[etree._Element, bytes] = {}
    for reference in references:
        element = _referred(reference, envelope)
        if element in signed:
            raise NotVerified(Refusal.REFERENCE, "an element is referred to twice")
        signed[element] = _checked_content(reference, element, trust)
    return signed


def _referred(reference: etree._Element, envelope: Envelope) -> etree._Element:
    """The element that ``URI="#id"`` names: the Body, a header, or a part of the Security header."""
    match = _LOCAL_REFERENCE.fullmatch(reference.get("URI", ""))
    element = envelope.by_id.get(match[1]) if match else None
    if element is None:
        raise NotVerified(Refusal.REFERENCE, f"URI {reference.get('URI')!r}")
    if element is not envelope.body and element.getparent() not in (envelope.header, envelope.security):
        raise NotVerified(Refusal.REFERENCE, f"{element.tag} is signed in a place where nothing may be")
    return element


def _checked_content(reference: etree._Element, element: etree._Element, trust: Trust) -> bytes:
    transforms = only_child(reference, names.ds("Transforms"))
    if len(transforms) != 1:
        raise NotVerified(Refusal.ALGORITHM, f"{len(transforms)} transforms")
    _check_exclusive(transforms[0])
    content = canonical(element, _inclusive_prefixes(transforms[0]))
    uri = only_child(reference, names.ds("DigestMethod")).get("Algorithm")
    algorithm = next((each for each in trust.algorithms if each.value.digest_uri == uri), None)
    if algorithm is None:
        raise NotVerified(Refusal.ALGORITHM, f"digest algorithm {uri}")
    value = decode_base64(only_child(reference, names.ds("DigestValue")).text)
    if not compare_digest(value, digest(content, algorithm.value.digest)):
        raise NotVerified(Refusal.DIGEST, f"{element.tag} was changed after signing")
    return content


def _check_exclusive(method: etree._Element) -> None:
    if method.get("Algorithm") != names.EXCLUSIVE_C14N:
        raise NotVerified(Refusal.ALGORITHM, f"{method.tag} {method.get('Algorithm')}")


def _inclusive_prefixes(method: etree._Element) -> tuple[str, ...]:
    """The PrefixList of exclusive canonicalization, section 3; most senders leave it out."""
    listed = method.find(f"{{{names.EXCLUSIVE_C14N}}}InclusiveNamespaces")
    prefixes = () if listed is None else tuple(listed.get("PrefixList", "").split())
    if len(prefixes) > MOST_PREFIXES:
        raise NotVerified(Refusal.ALGORITHM, f"a list of {len(prefixes)} prefixes")
    return prefixes
