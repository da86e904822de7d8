"""KeyInfo: which of the registered certificates a message says that it is signed with.

KeyInfo only selects. A certificate that arrives in a message proves nothing: it is compared, byte for byte,
with those that are registered, and verification uses the registered one.

Source: WSS X.509 Token Profile 1.0 section 3; the policy of the service asks for key identifiers and
issuer/serial references, the field uses all four forms.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from lxml import etree

from mpay_gateway.wssecurity import names
from mpay_gateway.wssecurity.certificate import Certificate, TrustedCertificates
from mpay_gateway.wssecurity.envelope import id_attribute
from mpay_gateway.wssecurity.refusal import RefusalCode, Refused, quoted

_LONGEST_SERIAL: Final = 64


class KeyInfoForm(Enum):
    """How a message names its signer's certificate."""

    BINARY_SECURITY_TOKEN = "binary-security-token"  # noqa: S105
    SUBJECT_KEY_IDENTIFIER = "subject-key-identifier"
    X509_CERTIFICATE = "x509-certificate"
    ISSUER_SERIAL = "issuer-serial"


@dataclass(frozen=True, slots=True)
class Selection:
    """The registered certificates that KeyInfo may mean; more than one where they share a key."""

    form: KeyInfoForm
    certificates: Sequence[Certificate]


def select_certificate(
    key_info: etree._Element, security: etree._Element, trusted: TrustedCertificates
) -> Selection:
    """Find the registered certificates that KeyInfo names.

    Raises: Refused (key-info-not-accepted, unknown-certificate).
    """
    selection = _selection(key_info, security, trusted)
    if not selection.certificates:
        form = selection.form.value
        raise Refused(RefusalCode.UNKNOWN_CERTIFICATE, f"the {form} names no certificate that is registered")
    return selection


def _selection(key_info: etree._Element, security: etree._Element, trusted: TrustedCertificates) -> Selection:
    reference = key_info.find(names.SECURITY_TOKEN_REFERENCE)
    named = _only_known(key_info if reference is None else reference)
    if named.tag == names.X509_DATA:
        return _by_x509_data(named, trusted)
    if named.tag == names.KEY_IDENTIFIER:
        return _by_key_identifier(named, trusted)
    content = _binary(_token(named, security))
    return Selection(KeyInfoForm.BINARY_SECURITY_TOKEN, trusted.with_content(content))


def _only_known(holder: etree._Element) -> etree._Element:
    """The one child that names a certificate; .NET may put KeyName or KeyValue beside it."""
    known = (
        (names.X509_DATA,)
        if holder.tag == names.KEY_INFO
        else (names.TOKEN_REFERENCE, names.KEY_IDENTIFIER, names.X509_DATA)
    )
    found = [child for child in holder if child.tag in known]
    if len(found) != 1:
        raise _not_accepted("KeyInfo has none of the accepted forms, or more than one")
    return found[0]


def _token(reference: etree._Element, security: etree._Element) -> etree._Element:
    """The BinarySecurityToken of this Security header that ``wsse:Reference`` points to."""
    uri = reference.get("URI", "")
    for token in security.findall(names.BINARY_SECURITY_TOKEN):
        attribute = id_attribute(token)
        if attribute is not None and uri == f"#{token.get(attribute)}":
            return token
    raise _not_accepted(f"{quoted(uri)} refers to no BinarySecurityToken of the message")


def _by_key_identifier(identifier: etree._Element, trusted: TrustedCertificates) -> Selection:
    match identifier.get("ValueType"):
        case names.X509_TOKEN:
            return Selection(KeyInfoForm.X509_CERTIFICATE, trusted.with_content(_binary(identifier)))
        case value_type if value_type in names.SUBJECT_KEY_IDENTIFIERS:
            found = trusted.with_key_identifier(_binary(identifier, default_type=value_type))
            return Selection(KeyInfoForm.SUBJECT_KEY_IDENTIFIER, found)
        case value_type:
            raise _not_accepted(f"a KeyIdentifier of type {quoted(value_type)} is not accepted")


def _by_x509_data(data: etree._Element, trusted: TrustedCertificates) -> Selection:
    """An embedded certificate decides; else the issuer and serial number, which may stand beside it empty."""
    embedded = data.findall(names.X509_CERTIFICATE)
    if embedded:
        found = [one for element in embedded for one in trusted.with_content(_decoded(element))]
        if len(found) > 1:
            raise _not_accepted("X509Data holds more than one registered certificate")
        return Selection(KeyInfoForm.X509_CERTIFICATE, found)
    pairs = data.findall(names.X509_ISSUER_SERIAL)
    if len(pairs) != 1:
        raise _not_accepted("X509Data holds neither a certificate nor one X509IssuerSerial")
    issuer = pairs[0].findtext(names.X509_ISSUER_NAME) or ""
    serial = (pairs[0].findtext(names.X509_SERIAL_NUMBER) or "").strip()
    if not (serial.isascii() and serial.isdecimal() and len(serial) <= _LONGEST_SERIAL):
        raise _not_accepted(f"{quoted(serial)} is no serial number")
    return Selection(KeyInfoForm.ISSUER_SERIAL, trusted.with_issuer_serial(issuer, int(serial)))


def _binary(element: etree._Element, default_type: str = names.X509_TOKEN) -> bytes:
    """The bytes of a token or key identifier of the expected type, in base64."""
    if element.get("ValueType", default_type) != default_type:
        raise _not_accepted(f"a token of type {quoted(element.get('ValueType'))} is not accepted")
    if element.get("EncodingType", names.BASE64_BINARY) != names.BASE64_BINARY:
        raise _not_accepted(f"the encoding {quoted(element.get('EncodingType'))} is not accepted")
    return _decoded(element)


def _decoded(element: etree._Element) -> bytes:
    try:
        return base64.b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _not_accepted("a certificate or key identifier is not base64") from error


def _not_accepted(detail: str) -> Refused:
    return Refused(RefusalCode.KEY_INFO_NOT_ACCEPTED, detail)
