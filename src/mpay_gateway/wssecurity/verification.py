"""Verify a signed message and hand out the one element that may be read.

The order is: what costs little and trusts nothing first, cryptography only over what passed, freshness and
kind last, of a message that is known to be genuine.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, assert_never

import xmlsec
from lxml import etree

from mpay_gateway.wssecurity import names
from mpay_gateway.wssecurity.algorithm import SignatureAlgorithm
from mpay_gateway.wssecurity.certificate import Certificate, TrustedCertificates
from mpay_gateway.wssecurity.envelope import Envelope, id_attribute, read_envelope
from mpay_gateway.wssecurity.fault import is_fault
from mpay_gateway.wssecurity.key_info import KeyInfoForm, Selection, select_certificate
from mpay_gateway.wssecurity.parsing import DEFAULT_MAX_BYTES, parse
from mpay_gateway.wssecurity.refusal import RefusalCode, Refused, quoted
from mpay_gateway.wssecurity.signed_info import check_signed_info, signable
from mpay_gateway.wssecurity.timestamp import Lifetime, check_fresh, read_timestamp
from mpay_gateway.wssecurity.whitespace import drop_everywhere, drop_outside_signature

DEFAULT_TOLERANCE: Final = timedelta(seconds=60)
ALL_ALGORITHMS: Final = frozenset(SignatureAlgorithm)
_REDUCTIONS: Final[tuple[Callable[[etree._Element], None], ...]] = (drop_everywhere, drop_outside_signature)


class MessageKind(Enum):
    """Which half of an exchange a message must be; a request sent back to its sender is no reply."""

    REQUEST = "request"
    RESPONSE = "response"
    """An element named ...Response, or a fault."""
    EITHER = "either"
    """For looking at a message without an exchange; never for taking part in one."""


@dataclass(frozen=True, slots=True)
class VerificationPolicy:
    """What the caller expects of the message.

    ``at`` is now on our clock, with a zone; ``tolerance`` is how far the other clock may differ, both ways.
    """

    at: datetime
    kind: MessageKind
    tolerance: timedelta = DEFAULT_TOLERANCE
    accepted: frozenset[SignatureAlgorithm] = ALL_ALGORITHMS
    ignore_whitespace: bool = False
    """For services that pretty-print after signing: try again without white space between elements."""
    max_bytes: int = DEFAULT_MAX_BYTES

    def __post_init__(self) -> None:
        """Raises: ValueError for a time without zone or a negative tolerance."""
        if self.at.utcoffset() is None:
            raise ValueError("VerificationPolicy.at needs a time zone")
        if self.tolerance < timedelta(0):
            raise ValueError("VerificationPolicy.tolerance can't be negative")


@dataclass(frozen=True, slots=True)
class Verified:
    """A message that is genuine, fresh and of the expected kind."""

    body_element: etree._Element = field(repr=False)
    """The only child of the Body that was verified: read data from here and from nowhere else."""
    is_fault: bool
    signer: Certificate
    """The registered certificate whose key verified the message."""
    key_info_form: KeyInfoForm
    algorithm: SignatureAlgorithm
    lifetime: Lifetime
    skew: timedelta
    """Created minus our clock: negative when the other clock is behind, or the message took its time."""
    signed_digest: str
    """Hexadecimal SHA-256 of what the signature signs: the same for every copy of the message, however written."""
    whitespace_ignored: bool
    """The signature holds only for the message without white space between its elements."""


@dataclass(frozen=True, slots=True)
class _Genuine:
    """What the cryptography said, before freshness and kind are asked."""

    envelope: Envelope
    timestamp: etree._Element
    signer: Certificate
    signed_info: etree._Element
    form: KeyInfoForm
    algorithm: SignatureAlgorithm


def verify(message: bytes, trusted: TrustedCertificates, policy: VerificationPolicy) -> Verified:
    """Verify a message as it came from the wire.

    Data may be read only from ``Verified.body_element``, which belongs to the tree that verified.

    Raises: Refused, with one of RefusalCode.
    """
    genuine, ignored = _genuine(message, trusted, policy)
    lifetime = read_timestamp(genuine.timestamp)
    check_fresh(lifetime, policy.at, policy.tolerance)
    operation = genuine.envelope.operation
    _check_kind(operation, policy.kind)
    return Verified(
        body_element=operation,
        is_fault=is_fault(operation),
        signer=genuine.signer,
        key_info_form=genuine.form,
        algorithm=genuine.algorithm,
        lifetime=lifetime,
        skew=lifetime.created - policy.at,
        signed_digest=_digest(genuine.signed_info),
        whitespace_ignored=ignored,
    )


def as_signed(message: bytes, trusted: TrustedCertificates, policy: VerificationPolicy) -> bytes:
    """The message as its signature holds for it: as sent, or without white space between its elements.

    For showing others what was signed. Raises: Refused when the signature holds for neither.
    """
    if not verify(message, trusted, policy).whitespace_ignored:
        return message
    for drop in _REDUCTIONS:
        root = parse(message, max_bytes=policy.max_bytes)
        drop(root)
        reduced = etree.tostring(root)
        try:
            verify(reduced, trusted, replace(policy, ignore_whitespace=False))
        except Refused:
            continue
        return reduced
    raise Refused(RefusalCode.BAD_SIGNATURE, "the signature holds only for a tree that cannot be written")


def _genuine(
    message: bytes, trusted: TrustedCertificates, policy: VerificationPolicy
) -> tuple[_Genuine, bool]:
    try:
        return _verify_tree(parse(message, max_bytes=policy.max_bytes), trusted, policy), False
    except Refused as refusal:
        if refusal.code is not RefusalCode.BAD_SIGNATURE or not policy.ignore_whitespace:
            raise
        as_sent = refusal
    for drop in _REDUCTIONS:
        root = parse(message, max_bytes=policy.max_bytes)
        drop(root)
        try:
            return _verify_tree(root, trusted, policy), True
        except Refused:
            continue
    raise as_sent


def _verify_tree(root: etree._Element, trusted: TrustedCertificates, policy: VerificationPolicy) -> _Genuine:
    envelope = read_envelope(root)
    signature, security = envelope.signature, envelope.security
    if signature is None or security is None:
        raise Refused(RefusalCode.UNSIGNED, "the message has no Signature in a Security header")
    algorithm = check_signed_info(envelope, signature, policy.accepted)
    selection = select_certificate(signature[2], security, trusted)
    signer = _verify_with_any(envelope, signature, _in_force(selection, policy.at))
    timestamp = envelope.timestamp
    if timestamp is None:  # check_signed_info refused it; the type checker can't know
        raise Refused(RefusalCode.TIMESTAMP_MISSING, "the Security header has no Timestamp")
    return _Genuine(envelope, timestamp, signer, signature[0], selection.form, algorithm)


def _digest(signed_info: etree._Element) -> str:
    return hashlib.sha256(
        etree.tostring(signed_info, method="c14n", exclusive=True, with_comments=False)
    ).hexdigest()


def _in_force(selection: Selection, at: datetime) -> list[Certificate]:
    valid = [certificate for certificate in selection.certificates if certificate.is_valid(at)]
    if valid:
        return valid
    refused = selection.certificates[0]
    if at < refused.not_before:
        code, when = RefusalCode.CERTIFICATE_NOT_YET_VALID, f"is valid from {refused.not_before.isoformat()}"
    else:
        code, when = RefusalCode.CERTIFICATE_EXPIRED, f"was valid until {refused.not_after.isoformat()}"
    raise Refused(code, f"the certificate {refused.fingerprint} {when}")


def _verify_with_any(
    envelope: Envelope, signature: etree._Element, certificates: list[Certificate]
) -> Certificate:
    for certificate in certificates:
        if _holds(envelope, signature, certificate.verification_key):
            return certificate
    raise Refused(RefusalCode.BAD_SIGNATURE, "the signature or a digest does not match the message")


def _holds(envelope: Envelope, signature: etree._Element, key: xmlsec.Key) -> bool:
    """Run the cryptography, able to resolve only the Ids that were checked and with only the given key."""
    context = xmlsec.SignatureContext()
    context.key = key
    for transform in (
        xmlsec.constants.TransformExclC14N,
        xmlsec.constants.TransformSha1,
        xmlsec.constants.TransformSha256,
    ):
        context.enable_reference_transform(transform)
    for element in signable(envelope).values():
        _register(context, element)
    try:
        context.verify(signature)
    except xmlsec.Error:
        return False
    return True


def _register(context: xmlsec.SignatureContext, element: etree._Element) -> None:
    if id_attribute(element) == names.WSU_ID:
        context.register_id(element, "Id", names.WSU)
    else:
        context.register_id(element, "Id")


def _check_kind(operation: etree._Element, kind: MessageKind) -> None:
    is_response = is_fault(operation) or etree.QName(operation).localname.endswith("Response")
    match kind:
        case MessageKind.RESPONSE:
            fits = is_response
        case MessageKind.REQUEST:
            fits = not is_response
        case MessageKind.EITHER:
            fits = True
        case _:
            assert_never(kind)
    if not fits:
        raise Refused(RefusalCode.WRONG_KIND, f"{quoted(str(operation.tag))} is no {kind.value}")
