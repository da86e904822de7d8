"""Sign a SOAP message in the one way that all receivers in the field accept.

BinarySecurityToken with a direct reference, Timestamp and Body signed, exclusive canonicalisation without
InclusiveNamespaces, no white space between elements, not inside the Signature either.
"""

import uuid
from datetime import datetime, timedelta
from typing import Final

import xmlsec
from lxml import etree

from mpay_gateway.wssecurity import names
from mpay_gateway.wssecurity.algorithm import SignatureAlgorithm
from mpay_gateway.wssecurity.certificate import SigningKey
from mpay_gateway.wssecurity.envelope import Envelope, id_attribute, read_envelope
from mpay_gateway.wssecurity.parsing import parse
from mpay_gateway.wssecurity.refusal import RefusalCode, Refused
from mpay_gateway.wssecurity.timestamp import LONGEST_AGE, instant_text
from mpay_gateway.wssecurity.whitespace import drop_between_elements

DEFAULT_LIFETIME: Final = timedelta(minutes=5)
_SECURITY_NSMAP: Final = {"wsse": names.WSSE, "wsu": names.WSU}
_MAX_BYTES: Final = 16 * 1024 * 1024
_EARLIEST: Final = 1970
_LATEST: Final = 9000


def sign(
    envelope: bytes | etree._Element,
    key: SigningKey,
    *,
    at: datetime,
    algorithm: SignatureAlgorithm = SignatureAlgorithm.RSA_SHA1,
    lifetime: timedelta = DEFAULT_LIFETIME,
) -> bytes:
    """Sign an unsigned SOAP 1.1 envelope, created at ``at`` and good for ``lifetime``.

    White space between elements is dropped, values are kept as they are; an element given is not changed.
    The same call signs requests and replies.

    Returns: the message in UTF-8, to be sent and kept byte for byte.
    Raises: Refused when the envelope is unreadable or has a Security header; ValueError when ``at`` has no
    zone or is absurd, or the lifetime is not within the ten minutes for which receivers believe a message.
    """
    if at.utcoffset() is None or not _EARLIEST <= at.year <= _LATEST:
        raise ValueError(f"a message is signed at a time with a zone, in the years {_EARLIEST} to {_LATEST}")
    if not timedelta(0) < lifetime <= LONGEST_AGE:
        raise ValueError(f"the lifetime must be above zero and at most {LONGEST_AGE}")
    unsigned = envelope if isinstance(envelope, bytes) else etree.tostring(envelope, encoding="utf-8")
    root = parse(unsigned, max_bytes=_MAX_BYTES)
    drop_between_elements(root)
    parts = read_envelope(root)
    if parts.security is not None:
        raise Refused(RefusalCode.TWO_SECURITIES, "the envelope has a Security header before it is signed")
    security = _security_header(parts)
    token = _append_token(security, key)
    timestamp = _append_timestamp(security, at, lifetime)
    signature = _append_signature(security, (_named(timestamp), _named(parts.body)), token, algorithm)
    _compute(signature, (timestamp, parts.body), key)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _security_header(parts: Envelope) -> etree._Element:
    header = parts.header
    if header is None:
        header = etree.Element(names.HEADER)
        parts.root.insert(0, header)
    security = etree.SubElement(header, names.SECURITY, nsmap=_SECURITY_NSMAP)
    security.set(names.MUST_UNDERSTAND, "1")
    return security


def _append_token(security: etree._Element, key: SigningKey) -> str:
    token = etree.SubElement(security, names.BINARY_SECURITY_TOKEN)
    token.set("EncodingType", names.BASE64_BINARY)
    token.set("ValueType", names.X509_TOKEN)
    token.text = key.token
    return _named(token)


def _append_timestamp(security: etree._Element, at: datetime, lifetime: timedelta) -> etree._Element:
    timestamp = etree.SubElement(security, names.TIMESTAMP)
    etree.SubElement(timestamp, names.CREATED).text = instant_text(at)
    etree.SubElement(timestamp, names.EXPIRES).text = instant_text(at + lifetime)
    return timestamp


def _append_signature(
    security: etree._Element, signed: tuple[str, ...], token: str, algorithm: SignatureAlgorithm
) -> etree._Element:
    signature = etree.SubElement(security, names.SIGNATURE, nsmap={"ds": names.DS})
    signed_info = etree.SubElement(signature, names.SIGNED_INFO)
    etree.SubElement(signed_info, names.CANONICALIZATION_METHOD, Algorithm=names.EXCLUSIVE_C14N)
    etree.SubElement(signed_info, names.SIGNATURE_METHOD, Algorithm=algorithm.uri)
    for own_id in signed:
        reference = etree.SubElement(signed_info, names.REFERENCE, URI=f"#{own_id}")
        transforms = etree.SubElement(reference, names.TRANSFORMS)
        etree.SubElement(transforms, names.TRANSFORM, Algorithm=names.EXCLUSIVE_C14N)
        etree.SubElement(reference, names.DIGEST_METHOD, Algorithm=algorithm.digest_uri)
        etree.SubElement(reference, names.DIGEST_VALUE)
    etree.SubElement(signature, names.SIGNATURE_VALUE)
    key_info = etree.SubElement(signature, names.KEY_INFO)
    reference = etree.SubElement(key_info, names.SECURITY_TOKEN_REFERENCE)
    etree.SubElement(reference, names.TOKEN_REFERENCE, URI=f"#{token}", ValueType=names.X509_TOKEN)
    return signature


def _named(element: etree._Element) -> str:
    """The element's Id; a fresh one when it has none."""
    attribute = id_attribute(element) or names.WSU_ID
    if attribute not in element.attrib:
        element.set(attribute, f"id-{uuid.uuid4().hex}")
    return str(element.attrib[attribute])


def _compute(signature: etree._Element, signed: tuple[etree._Element, ...], key: SigningKey) -> None:
    context = xmlsec.SignatureContext()
    context.key = key.private_key
    for element in signed:
        namespace = names.WSU if id_attribute(element) == names.WSU_ID else None
        context.register_id(element, "Id", namespace)
    context.sign(signature)
    for value in signature.iter(names.SIGNATURE_VALUE, names.DIGEST_VALUE):
        value.text = "".join((value.text or "").split())
