"""Sign a SOAP message by WS-Security 1.0, the way the contract's policy asks of a reply."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import assert_never
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from eservice_kit import names
from eservice_kit.algorithms import SignatureAlgorithm, canonical, digest
from eservice_kit.keys import SigningKey, subject_key_identifier

LIFETIME = timedelta(minutes=5)
_PREFIXES = {"soap": names.SOAP}
_SECURITY_PREFIXES = {"wsse": names.WSSE, "wsu": names.WSU}


class KeyInfoForm(StrEnum):
    """How a reply refers to the certificate that checks it (contract, section 4)."""

    ISSUER_SERIAL = "issuer-serial"
    SKI = "ski"
    EMBEDDED = "embedded"
    BST = "bst"


@dataclass(frozen=True, slots=True)
class Signer:
    """Key, algorithm and KeyInfo form of everything that a service sends."""

    key: SigningKey
    algorithm: SignatureAlgorithm = SignatureAlgorithm.RSA_SHA1
    key_info: KeyInfoForm = KeyInfoForm.ISSUER_SERIAL


def unsigned_message(payload: etree._Element) -> bytes:
    """A SOAP 1.1 envelope around ``payload`` with neither header nor signature."""
    envelope = etree.Element(names.soap("Envelope"), nsmap=_PREFIXES)
    etree.SubElement(envelope, names.soap("Body")).append(payload)
    return _serialised(envelope)


def signed_message(payload: etree._Element, signer: Signer, *, at: datetime) -> bytes:
    """A SOAP 1.1 envelope around ``payload``, Body and Timestamp signed, valid five minutes from ``at``.

    No white space stands between elements: some receivers drop it, and so break a signature.
    """
    envelope = etree.Element(names.soap("Envelope"), nsmap=_PREFIXES)
    header = etree.SubElement(envelope, names.soap("Header"))
    security = etree.SubElement(header, names.wsse("Security"), nsmap=_SECURITY_PREFIXES)
    security.set(names.soap("mustUnderstand"), "1")
    timestamp = _timestamp(security, at)
    body = etree.SubElement(envelope, names.soap("Body"), nsmap={"wsu": names.WSU})
    body.set(names.wsu("Id"), _new_id("body"))
    body.append(payload)
    _sign(security, (timestamp, body), signer)
    return _serialised(envelope)


def _timestamp(security: etree._Element, at: datetime) -> etree._Element:
    timestamp = etree.SubElement(security, names.wsu("Timestamp"))
    timestamp.set(names.wsu("Id"), _new_id("time"))
    _text(timestamp, names.wsu("Created"), _utc(at))
    _text(timestamp, names.wsu("Expires"), _utc(at + LIFETIME))
    return timestamp


def _sign(security: etree._Element, signed: tuple[etree._Element, ...], signer: Signer) -> None:
    token_id = _binary_token(security, signer.key) if signer.key_info is KeyInfoForm.BST else ""
    signature = etree.SubElement(security, names.ds("Signature"), nsmap={"ds": names.DS})
    signed_info = _signed_info(signature, signed, signer.algorithm)
    value = signer.key.private_key.sign(
        canonical(signed_info), padding.PKCS1v15(), signer.algorithm.value.digest
    )
    _text(signature, names.ds("SignatureValue"), _base64(value))
    reference = etree.SubElement(
        etree.SubElement(signature, names.ds("KeyInfo")), names.wsse("SecurityTokenReference")
    )
    _refer_to_certificate(reference, signer, token_id)


def _signed_info(
    signature: etree._Element, signed: tuple[etree._Element, ...], algorithm: SignatureAlgorithm
) -> etree._Element:
    signed_info = etree.SubElement(signature, names.ds("SignedInfo"))
    _method(signed_info, "CanonicalizationMethod", names.EXCLUSIVE_C14N)
    _method(signed_info, "SignatureMethod", algorithm.value.signature_uri)
    for element in signed:
        reference = etree.SubElement(signed_info, names.ds("Reference"))
        reference.set("URI", "#" + str(element.get(names.wsu("Id"))))
        _method(etree.SubElement(reference, names.ds("Transforms")), "Transform", names.EXCLUSIVE_C14N)
        _method(reference, "DigestMethod", algorithm.value.digest_uri)
        value = digest(canonical(element), algorithm.value.digest)
        _text(reference, names.ds("DigestValue"), _base64(value))
    return signed_info


def _binary_token(security: etree._Element, key: SigningKey) -> str:
    token = _text(security, names.wsse("BinarySecurityToken"), _certificate_text(key))
    token.set("EncodingType", names.BASE64)
    token.set("ValueType", names.X509_V3)
    token_id = _new_id("token")
    token.set(names.wsu("Id"), token_id)
    return token_id


def _refer_to_certificate(reference: etree._Element, signer: Signer, token_id: str) -> None:
    certificate = signer.key.certificate
    match signer.key_info:
        case KeyInfoForm.BST:
            link = etree.SubElement(reference, names.wsse("Reference"))
            link.set("URI", "#" + token_id)
            link.set("ValueType", names.X509_V3)
        case KeyInfoForm.SKI:
            text = _base64(subject_key_identifier(certificate))
            identifier = _text(reference, names.wsse("KeyIdentifier"), text)
            identifier.set("EncodingType", names.BASE64)
            identifier.set("ValueType", names.X509_SKI)
        case KeyInfoForm.EMBEDDED:
            data = etree.SubElement(reference, names.ds("X509Data"))
            _text(data, names.ds("X509Certificate"), _certificate_text(signer.key))
        case KeyInfoForm.ISSUER_SERIAL:
            data = etree.SubElement(reference, names.ds("X509Data"))
            pair = etree.SubElement(data, names.ds("X509IssuerSerial"))
            _text(pair, names.ds("X509IssuerName"), certificate.issuer.rfc4514_string())
            _text(pair, names.ds("X509SerialNumber"), str(certificate.serial_number))
        case _:
            assert_never(signer.key_info)


def _method(parent: etree._Element, local_name: str, algorithm: str) -> None:
    etree.SubElement(parent, names.ds(local_name)).set("Algorithm", algorithm)


def _text(parent: etree._Element, tag: str, text: str) -> etree._Element:
    element = etree.SubElement(parent, tag)
    element.text = text
    return element


def _certificate_text(key: SigningKey) -> str:
    return _base64(key.certificate.public_bytes(Encoding.DER))


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _new_id(kind: str) -> str:
    return f"{kind}-{uuid4().hex}"


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _serialised(envelope: etree._Element) -> bytes:
    return etree.tostring(envelope, encoding="utf-8", xml_declaration=True)
