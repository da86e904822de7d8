"""A gateway's requests, signed with xmlsec: the second implementation that the kit is held against."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import xmlsec
from lxml import etree

CONTRACT = "https://mpay.gov.md"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
X509_V3 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"
_METHODS = {
    "rsa-sha1": (xmlsec.Transform.RSA_SHA1, xmlsec.Transform.SHA1),
    "rsa-sha256": (xmlsec.Transform.RSA_SHA256, xmlsec.Transform.SHA256),
}


@dataclass(frozen=True)
class Pair:
    """A key and its certificate, both PEM."""

    key: bytes
    certificate: bytes


@dataclass(frozen=True)
class Signing:
    """How a request is signed: ``at`` is its Created (now), ``parts`` the Ids that are referenced."""

    pair: Pair
    algorithm: str = "rsa-sha1"
    at: datetime | None = None
    lifetime: timedelta = timedelta(minutes=5)
    parts: tuple[str, ...] = ("time", "body")


def lookup_body(order_key: str, service_id: str = "DEMO01", language: str = "RO") -> str:
    return (
        f'<GetOrderDetails xmlns="{CONTRACT}"><query><Language>{language}</Language>'
        f"<OrderKey>{order_key}</OrderKey><ServiceID>{service_id}</ServiceID></query></GetOrderDetails>"
    )


def confirmation_body(
    order_key: str, lines: Mapping[str, str], *, payment_id: str, total: str, service_id: str = "DEMO01"
) -> str:
    """``lines`` holds the amount of each LineID. The account is left empty, as in the guide's sample."""
    written = "".join(
        f"<PaymentConfirmationLine><Amount>{amount}</Amount><DestinationAccount/><LineID>{line_id}</LineID>"
        "</PaymentConfirmationLine>"
        for line_id, amount in lines.items()
    )
    return (
        f'<ConfirmOrderPayment xmlns="{CONTRACT}"><confirmation><Currency>MDL</Currency>'
        f"<InvoiceID>00069002233014</InvoiceID><Lines>{written}</Lines><OrderKey>{order_key}</OrderKey>"
        f"<PaidAt>2026-11-23T10:51:23</PaidAt><PaymentID>{payment_id}</PaymentID><Properties><PaymentProperty>"
        "<Name>Bank</Name><Value>MAIB (Card)</Value></PaymentProperty></Properties>"
        f"<ServiceID>{service_id}</ServiceID><TotalAmount>{total}</TotalAmount></confirmation></ConfirmOrderPayment>"
    )


def signed_request(body: str, signing: Signing) -> bytes:
    """A whole request around ``body``, with the certificate as BinarySecurityToken."""
    root = etree.fromstring(_envelope(body, signing))
    security = root[0][0]
    algorithm, digest = _METHODS[signing.algorithm]
    signature = xmlsec.template.create(root, xmlsec.Transform.EXCL_C14N, algorithm)
    security.append(signature)
    for part in signing.parts:
        reference = xmlsec.template.add_reference(signature, digest, uri="#" + part)
        xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
    holder = etree.SubElement(xmlsec.template.ensure_key_info(signature), f"{{{WSSE}}}SecurityTokenReference")
    etree.SubElement(holder, f"{{{WSSE}}}Reference").set("URI", "#token")
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(signing.pair.key, xmlsec.KeyFormat.PEM)
    _register_ids(context, root)
    context.sign(signature)
    return etree.tostring(root)


def check_reply(reply: bytes, certificate: bytes) -> etree._Element:
    """The payload of a reply whose signature xmlsec accepts and whose Body and Timestamp it covers."""
    root = etree.fromstring(reply)
    signature = root.find(f".//{{{xmlsec.constants.DSigNs}}}Signature")
    assert signature is not None, "the reply is not signed"
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(certificate, xmlsec.KeyFormat.CERT_PEM)
    _register_ids(context, root)
    context.verify(signature)
    signed = {each.get("URI") for each in signature.iter(f"{{{xmlsec.constants.DSigNs}}}Reference")}
    body = root.find(f"{{{SOAP}}}Body")
    timestamp = root.find(f".//{{{WSU}}}Timestamp")
    assert signed == {"#" + each.get(f"{{{WSU}}}Id") for each in (body, timestamp)}
    return body[0]


def _envelope(body: str, signing: Signing) -> str:
    created = signing.at or datetime.now(UTC)
    token = "".join(signing.pair.certificate.decode().split("-----")[2].split())
    return (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Header><o:Security xmlns:o="{WSSE}" xmlns:u="{WSU}">'
        f'<u:Timestamp u:Id="time"><u:Created>{_utc(created)}</u:Created>'
        f"<u:Expires>{_utc(created + signing.lifetime)}</u:Expires></u:Timestamp>"
        f'<o:BinarySecurityToken u:Id="token" ValueType="{X509_V3}">{token}</o:BinarySecurityToken>'
        f'</o:Security></s:Header><s:Body xmlns:u="{WSU}" u:Id="body">{body}</s:Body></s:Envelope>'
    )


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _register_ids(context: xmlsec.SignatureContext, root: etree._Element) -> None:
    for element in root.iter():
        if element.get(f"{{{WSU}}}Id"):
            context.register_id(element, "Id", WSU)
