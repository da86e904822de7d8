"""What a signature says that it covers: checked in full before any cryptography runs.

Everything here is a list of what is accepted. xmlsec by itself would follow file and http references, run
XPath and XSLT transforms, and take a public key for an HMAC secret.
"""

import re
from collections.abc import Mapping
from typing import Final

from lxml import etree

from mpay_gateway.wssecurity import names
from mpay_gateway.wssecurity.algorithm import SignatureAlgorithm, accepted_digests, algorithm_for
from mpay_gateway.wssecurity.envelope import Envelope, id_attribute
from mpay_gateway.wssecurity.refusal import RefusalCode, Refused, quoted

_SAME_DOCUMENT: Final = re.compile(r"#([A-Za-z0-9_.:-]{1,256})", re.ASCII)
_PREFIX_LIST: Final = re.compile(r"[\w.#\- \t\r\n]{0,1024}")
_MOST_PREFIXES: Final = 20
_SIGNATURE_PARTS: Final = [names.SIGNED_INFO, names.SIGNATURE_VALUE, names.KEY_INFO]
_REFERENCE_PARTS: Final = [names.TRANSFORMS, names.DIGEST_METHOD, names.DIGEST_VALUE]


def check_signed_info(
    envelope: Envelope, signature: etree._Element, accepted: frozenset[SignatureAlgorithm]
) -> SignatureAlgorithm:
    """Check that the signature covers Body and Timestamp with nothing but accepted means.

    Body and Timestamp are referenced once each by their Id, through one exclusive canonicalisation.
    Header blocks and the BinarySecurityToken may be signed besides; anything else may not.

    Raises: Refused (signature-structure, algorithm-not-accepted, transform-not-accepted,
    reference-not-accepted, body-not-signed, timestamp-missing, timestamp-not-signed).
    """
    _check_parts(signature, _SIGNATURE_PARTS, RefusalCode.SIGNATURE_STRUCTURE)
    signed_info = signature[0]
    parts = [str(child.tag) for child in signed_info]
    if parts[:2] != [names.CANONICALIZATION_METHOD, names.SIGNATURE_METHOD] or {*parts[2:]} - {
        names.REFERENCE
    }:
        raise Refused(RefusalCode.SIGNATURE_STRUCTURE, "SignedInfo holds other parts than it should")
    _check_exclusive(signed_info[0])
    algorithm = _signature_algorithm(signed_info[1], accepted)
    digests = accepted_digests(accepted)
    _check_coverage(envelope, [_referenced_id(reference, digests) for reference in list(signed_info)[2:]])
    return algorithm


def _signature_algorithm(
    method: etree._Element, accepted: frozenset[SignatureAlgorithm]
) -> SignatureAlgorithm:
    uri = method.get("Algorithm")
    algorithm = algorithm_for(uri)
    if algorithm is None or algorithm not in accepted or len(method):
        raise Refused(RefusalCode.ALGORITHM_NOT_ACCEPTED, f"signature method {quoted(uri)} is not accepted")
    return algorithm


def _referenced_id(reference: etree._Element, digests: frozenset[str]) -> str:
    match = _SAME_DOCUMENT.fullmatch(reference.get("URI", ""))
    if match is None or set(reference.attrib) - {"URI", "Id"}:
        uri = quoted(reference.get("URI"))
        raise Refused(RefusalCode.REFERENCE_NOT_ACCEPTED, f"the reference {uri} is not a plain '#Id'")
    if len(reference) != len(_REFERENCE_PARTS) or reference[0].tag != names.TRANSFORMS:
        raise Refused(RefusalCode.TRANSFORM_NOT_ACCEPTED, "a reference needs exclusive canonicalisation")
    _check_parts(reference, _REFERENCE_PARTS, RefusalCode.SIGNATURE_STRUCTURE)
    transforms, method = reference[0], reference[1]
    if [child.tag for child in transforms] != [names.TRANSFORM]:
        raise Refused(RefusalCode.TRANSFORM_NOT_ACCEPTED, "a reference has other than one transform")
    _check_exclusive(transforms[0])
    if method.get("Algorithm") not in digests or len(method):
        uri = quoted(method.get("Algorithm"))
        raise Refused(RefusalCode.ALGORITHM_NOT_ACCEPTED, f"digest method {uri} is not accepted")
    return match[1]


def _check_exclusive(method: etree._Element) -> None:
    """Accept exclusive canonicalisation without comments, with or without InclusiveNamespaces."""
    lists = list(method)
    if method.get("Algorithm") != names.EXCLUSIVE_C14N:
        uri = quoted(method.get("Algorithm"))
        raise Refused(RefusalCode.TRANSFORM_NOT_ACCEPTED, f"{uri} is not exclusive canonicalisation")
    if [child.tag for child in lists] not in ([], [names.INCLUSIVE_NAMESPACES]):
        raise Refused(RefusalCode.TRANSFORM_NOT_ACCEPTED, "a canonicalisation has unknown parameters")
    listed = lists[0].get("PrefixList", "") if lists else ""
    if not _PREFIX_LIST.fullmatch(listed):
        raise Refused(RefusalCode.TRANSFORM_NOT_ACCEPTED, "an InclusiveNamespaces list is unreadable")
    if len(listed.split()) > _MOST_PREFIXES:
        raise Refused(
            RefusalCode.TRANSFORM_NOT_ACCEPTED,
            f"an InclusiveNamespaces list has more than {_MOST_PREFIXES} prefixes",
        )


def _check_coverage(envelope: Envelope, referenced: list[str]) -> None:
    if len(set(referenced)) != len(referenced):
        raise Refused(RefusalCode.REFERENCE_NOT_ACCEPTED, "one Id is referenced more than once")
    if _own_id(envelope.body) not in referenced:
        raise Refused(RefusalCode.BODY_NOT_SIGNED, "the signature does not cover the Body")
    if envelope.timestamp is None:
        raise Refused(RefusalCode.TIMESTAMP_MISSING, "the Security header has no Timestamp")
    if _own_id(envelope.timestamp) not in referenced:
        raise Refused(RefusalCode.TIMESTAMP_NOT_SIGNED, "the signature does not cover the Timestamp")
    strangers = set(referenced) - signable(envelope).keys()
    if strangers:
        raise Refused(
            RefusalCode.REFERENCE_NOT_ACCEPTED, f"{quoted(min(strangers))} is no part that is signed"
        )


def signable(envelope: Envelope) -> Mapping[str, etree._Element]:
    """The elements that a reference may mean, by Id: Body, Timestamp, tokens and header blocks."""
    parts = [envelope.body, envelope.timestamp]
    parts += [] if envelope.header is None else [e for e in envelope.header if e is not envelope.security]
    parts += [] if envelope.security is None else envelope.security.findall(names.BINARY_SECURITY_TOKEN)
    found: dict[str, etree._Element] = {}
    for part in parts:
        own = None if part is None else _own_id(part)
        if part is None or own is None:
            continue
        if own in found:
            raise Refused(RefusalCode.DUPLICATE_ID, f"the Id {quoted(own)} occurs more than once")
        found[own] = part
    return found


def _own_id(element: etree._Element) -> str | None:
    attribute = id_attribute(element)
    return None if attribute is None else element.get(attribute)


def _check_parts(element: etree._Element, expected: list[str], code: RefusalCode) -> None:
    if [child.tag for child in element] != expected:
        raise Refused(code, f"{quoted(str(element.tag))} holds other parts than it should")
