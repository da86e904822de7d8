"""A signer of our own for tests: signs anything, the forbidden too, without the code under test.

Canonicalisation is lxml's, digests are hashlib's, RSA is cryptography's; the product uses xmlsec.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

from mpay_gateway.wssecurity import (
    MessageKind,
    Refused,
    TrustedCertificates,
    VerificationPolicy,
    Verified,
    verify,
)
from mpay_gateway.wssecurity.names import DS, EXCLUSIVE_C14N, SOAP, WSSE, WSU, X509_PROFILE
from tests.unit.wssecurity.identities import NOW, Identity, identity

NAMESPACES = {"s": SOAP, "o": WSSE, "u": WSU, "d": DS, "m": "https://mpay.gov.md"}
RSA_SHA1, RSA_SHA256 = f"{DS}rsa-sha1", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA1, SHA256 = f"{DS}sha1", "http://www.w3.org/2001/04/xmlenc#sha256"
EXCLUSIVE = f'<d:Transform Algorithm="{EXCLUSIVE_C14N}"/>'
REPLY = (
    '<m:GetOrderDetailsResponse xmlns:m="https://mpay.gov.md"><m:GetOrderDetailsResult><m:OrderDetails>'
    "<m:Reason>Certificate</m:Reason><m:TotalAmountDue>100.00</m:TotalAmountDue>"
    "</m:OrderDetails></m:GetOrderDetailsResult></m:GetOrderDetailsResponse>"
)
REQUEST = '<m:GetOrderDetails xmlns:m="https://mpay.gov.md"><m:query/></m:GetOrderDetails>'
FAULT = "<s:Fault><faultcode>s:UnknownOrder</faultcode><faultstring>No such order</faultstring></s:Fault>"


def service() -> Identity:
    """The e-Service whose certificate is registered."""
    return identity("service")


def stranger() -> Identity:
    """Somebody with a key and a certificate of his own, registered nowhere."""
    return identity("stranger")


def token_reference(content: str) -> str:
    return f"<o:SecurityTokenReference>{content}</o:SecurityTokenReference>"


def binary_token(party: Identity) -> str:
    return token_reference(f'<o:Reference URI="#token" ValueType="{X509_PROFILE}#X509v3"/>')


def key_identifier(value_type: str) -> Callable[[Identity], str]:
    def key_info(party: Identity) -> str:
        content = party.der if value_type.endswith("X509v3") else party.key_identifier
        text = base64.b64encode(content).decode()
        return token_reference(f'<o:KeyIdentifier ValueType="{value_type}">{text}</o:KeyIdentifier>')

    return key_info


def embedded(party: Identity) -> str:
    text = base64.encodebytes(party.der).decode()
    return f"<d:X509Data><d:X509Certificate>{text}</d:X509Certificate></d:X509Data>"


def issuer_serial(name: str) -> Callable[[Identity], str]:
    def key_info(party: Identity) -> str:
        serial = party.certificate.serial_number
        return token_reference(
            f"<d:X509Data><d:X509IssuerSerial><d:X509IssuerName>{escape(name)}</d:X509IssuerName>"
            f"<d:X509SerialNumber>{serial}</d:X509SerialNumber></d:X509IssuerSerial></d:X509Data>"
        )

    return key_info


@dataclass(frozen=True)
class Recipe:
    """How to make a signed message; each field is one thing that a signer can do differently."""

    operation: str = REPLY
    signer: Identity | None = None
    created: str | None = "2027-03-14T09:26:53.589Z"
    expires: str | None = "2027-03-14T09:31:53.589Z"
    references: tuple[str, ...] = ("#stamp", "#body")
    transforms: str = EXCLUSIVE
    canonicalization: str = f'<d:CanonicalizationMethod Algorithm="{EXCLUSIVE_C14N}"/>'
    method: str = RSA_SHA256
    digest: str = SHA256
    key_info: Callable[[Identity], str] = binary_token
    body_id: str = 'u:Id="body"'
    stamp_id: str = 'u:Id="stamp"'
    blocks: str = ""
    header_last: bool = False

    def build(self) -> bytes:
        """The message, with a signature that is cryptographically right wherever one can be."""
        root = etree.fromstring(self._text())
        for reference in root.iter(f"{{{DS}}}Reference"):
            reference.find(f"{{{DS}}}DigestValue").text = self._digest_of(root, reference.get("URI"))
        signed_info = root.find(f".//{{{DS}}}SignedInfo")
        root.find(f".//{{{DS}}}SignatureValue").text = self._signature_of(canonical(signed_info))
        return etree.tostring(root, encoding="utf-8", xml_declaration=True)

    def _text(self) -> str:
        party = self.signer or service()
        header = f"<s:Header>{self.blocks}<o:Security>{self._security(party)}</o:Security></s:Header>"
        body = f"<s:Body {self.body_id}>{self.operation}</s:Body>"
        declared = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items() if prefix != "m")
        parts = body + header if self.header_last else header + body
        return f"<s:Envelope{declared}>{parts}</s:Envelope>"

    def _security(self, party: Identity) -> str:
        token = base64.b64encode(party.der).decode()
        created = "" if self.created is None else f"<u:Created>{self.created}</u:Created>"
        expires = "" if self.expires is None else f"<u:Expires>{self.expires}</u:Expires>"
        return (
            f'<o:BinarySecurityToken ValueType="{X509_PROFILE}#X509v3" u:Id="token">{token}'
            f"</o:BinarySecurityToken><u:Timestamp {self.stamp_id}>{created}{expires}</u:Timestamp>"
            f"<d:Signature><d:SignedInfo>{self.canonicalization}"
            f'<d:SignatureMethod Algorithm="{self.method}"/>{"".join(map(self._reference, self.references))}'
            f"</d:SignedInfo><d:SignatureValue/><d:KeyInfo>{self.key_info(party)}</d:KeyInfo></d:Signature>"
        )

    def _reference(self, uri: str) -> str:
        transforms = f"<d:Transforms>{self.transforms}</d:Transforms>" if self.transforms else ""
        method = f'<d:DigestMethod Algorithm="{self.digest}"/>'
        return (
            f"<d:Reference URI={xml_attribute(uri)}>{transforms}{method}"
            "<d:DigestValue>AA==</d:DigestValue></d:Reference>"
        )

    def _digest_of(self, root: etree._Element, uri: str) -> str:
        found = [e for e in root.iter() if f"#{e.get(f'{{{WSU}}}Id') or e.get('Id')}" == uri]
        content = canonical(found[0] if found else root)
        name = {SHA1: "sha1", SHA256: "sha256"}.get(self.digest, "md5")
        return base64.b64encode(hashlib.new(name, content).digest()).decode()

    def _signature_of(self, content: bytes) -> str:
        private = (self.signer or service()).private
        if "hmac" in self.method:
            secret = private.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            return base64.b64encode(hmac.digest(secret, content, "sha256")).decode()
        digest = hashes.SHA1() if self.method == RSA_SHA1 else hashes.SHA256()
        return base64.b64encode(private.sign(content, padding.PKCS1v15(), digest)).decode()


def canonical(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


def xml_attribute(value: str) -> str:
    return '"' + escape(value, {'"': "&quot;"}) + '"'


def policy(kind: MessageKind = MessageKind.RESPONSE, **changes) -> VerificationPolicy:
    """What the gateway expects of a reply three seconds after it was made, unless changed."""
    return VerificationPolicy(**{"at": NOW + timedelta(seconds=3), "kind": kind, **changes})


def check(message: bytes, **changes) -> Verified:
    """Verify a reply against the registered certificate of the service."""
    return verify(message, service().trusted, policy(**changes))


def answer(message: bytes, trusted: TrustedCertificates, **changes) -> str:
    """The code with which a message is refused; 'valid' when it is accepted."""
    try:
        verify(message, trusted, policy(**changes))
    except Refused as refused:
        return refused.code.value
    return "valid"


def refusal(message: bytes, **changes) -> str:
    """The answer to a reply, the service's certificate being registered."""
    return answer(message, service().trusted, **changes)


def edited(message: bytes, edit: Callable[[etree._Element], object]) -> bytes:
    """A message after somebody on the wire has changed its tree."""
    root = etree.fromstring(message)
    edit(root)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def part(root: etree._Element, path: str) -> etree._Element:
    """The first element on a path with the prefixes of NAMESPACES."""
    found = root.find(path, NAMESPACES)
    assert found is not None, path
    return found
