"""The fault of each check of how answers are signed. A signer of its own, with a knob for each way of being wrong."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Final
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from eservice_kit import KeyInfoForm, SignatureAlgorithm, Signer, names
from eservice_kit.keys import SigningKey, load_signing_key
from eservice_kit.make_certificate import make_certificate
from eservice_kit.sign import signed_message, unsigned_message
from tests.conformance import books
from tests.conformance.faults.registry import breaks
from tests.conformance.service import Element, Service

RSA_SHA512: Final = SimpleNamespace(
    value=SimpleNamespace(
        signature_uri="http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
        digest_uri="http://www.w3.org/2001/04/xmlenc#sha512",
        digest=hashes.SHA512(),
    )
)
INCLUSIVE: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"


@dataclass(frozen=True)
class Knobs:
    """What is right, each to be turned wrong."""

    soap: str = names.SOAP
    parts: tuple[str, ...] = ("Timestamp", "Body")
    c14n: str = names.EXCLUSIVE_C14N
    lifetime: timedelta = timedelta(minutes=5)
    created: Callable[[datetime], str] = lambda at: (
        at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
    )
    with_timestamp: bool = True
    with_inner_id: bool = False


def sealed(service: Service, payload: Element, *, soap: str = names.SOAP, knobs: Knobs = Knobs()) -> bytes:
    """Sign with rsa-sha1 and an embedded certificate, as the knobs say."""
    knobs = replace(knobs, soap=soap) if soap != names.SOAP else knobs
    root = etree.fromstring(_draft(service, payload, knobs))
    security = root[0][0]
    signature = etree.SubElement(security, names.ds("Signature"), nsmap={"ds": names.DS})
    info = etree.SubElement(signature, names.ds("SignedInfo"))
    etree.SubElement(info, names.ds("CanonicalizationMethod")).set("Algorithm", knobs.c14n)
    algorithm = SignatureAlgorithm.RSA_SHA1.value
    etree.SubElement(info, names.ds("SignatureMethod")).set("Algorithm", algorithm.signature_uri)
    for part in knobs.parts:
        _refer(info, root[1][0] if part == "Inner" else _part(root, part), knobs)
    value = service.signer.key.private_key.sign(_canonical(info, knobs), padding.PKCS1v15(), algorithm.digest)
    etree.SubElement(signature, names.ds("SignatureValue")).text = base64.b64encode(value).decode()
    data = etree.SubElement(etree.SubElement(signature, names.ds("KeyInfo")), names.ds("X509Data"))
    der = service.signer.key.certificate.public_bytes(Encoding.DER)
    etree.SubElement(data, names.ds("X509Certificate")).text = base64.b64encode(der).decode()
    return etree.tostring(root)


def _part(root: Element, name: str) -> Element:
    return next(each for each in root.iter() if etree.QName(each).localname == name)


def _draft(service: Service, payload: Element, knobs: Knobs) -> bytes:
    at = service.now()
    body_id = f"body-{uuid4().hex}"
    if knobs.with_inner_id:
        payload.set(names.wsu("Id"), f"inner-{uuid4().hex}")
    stamp = (
        f'<wsu:Timestamp wsu:Id="ts-{uuid4().hex}"><wsu:Created>{knobs.created(at)}</wsu:Created>'
        f"<wsu:Expires>{knobs.created(at + knobs.lifetime)}</wsu:Expires></wsu:Timestamp>"
    )
    return (
        f'<s:Envelope xmlns:s="{knobs.soap}" xmlns:wsu="{names.WSU}"><s:Header>'
        f'<wsse:Security xmlns:wsse="{names.WSSE}">'
        f"{stamp if knobs.with_timestamp else ''}</wsse:Security></s:Header>"
        f'<s:Body wsu:Id="{body_id}">{etree.tostring(payload).decode()}</s:Body></s:Envelope>'
    ).encode()


def _refer(info: Element, part: Element, knobs: Knobs) -> None:
    reference = etree.SubElement(info, names.ds("Reference"))
    reference.set("URI", "#" + str(part.get(names.wsu("Id"))))
    transforms = etree.SubElement(reference, names.ds("Transforms"))
    etree.SubElement(transforms, names.ds("Transform")).set("Algorithm", knobs.c14n)
    etree.SubElement(reference, names.ds("DigestMethod")).set(
        "Algorithm", SignatureAlgorithm.RSA_SHA1.value.digest_uri
    )
    digest = hashes.Hash(hashes.SHA1())
    digest.update(_canonical(part, knobs))
    etree.SubElement(reference, names.ds("DigestValue")).text = base64.b64encode(digest.finalize()).decode()


def _canonical(element: Element, knobs: Knobs) -> bytes:
    return etree.tostring(
        element, method="c14n", exclusive=knobs.c14n == names.EXCLUSIVE_C14N, with_comments=False
    )


def with_knobs(**turned: object) -> Callable[[Service], None]:
    def bend(service: Service) -> None:
        knobs = Knobs(**turned)  # type: ignore[arg-type]
        service.seal = lambda payload: sealed(service, payload, knobs=knobs)

    return bend


def after_signing(change: Callable[[bytes], bytes]) -> Callable[[Service], None]:
    """Change the bytes of a signed answer."""

    def bend(service: Service) -> None:
        service.seal = lambda payload: change(signed_message(payload, service.signer, at=service.now()))

    return bend


@breaks("SIG-01")
def unsigned(service: Service) -> None:
    service.seal = unsigned_message


breaks("SIG-02")(after_signing(lambda message: message.replace(b">5A<", b">5B<")))


@breaks("SIG-03")
def signed_by_another_key(service: Service) -> None:
    service.has_strange_key = True
    service.signer = Signer(load_signing_key(*make_certificate("somebody else")), key_info=KeyInfoForm.BST)


breaks("SIG-04")(with_knobs(parts=("Timestamp",)))
breaks("SIG-05")(with_knobs(parts=("Body",), with_timestamp=False))
breaks("SIG-06")(with_knobs(parts=("Body",)))


@breaks("SIG-07")
def another_algorithm(service: Service) -> None:
    service.signer = replace(service.signer, algorithm=RSA_SHA512)  # type: ignore[arg-type]


breaks("SIG-18")(with_knobs(parts=("Timestamp", "Body", "Inner"), with_inner_id=True))
breaks("SIG-08")(with_knobs(c14n=INCLUSIVE))
breaks("SIG-09")(
    after_signing(lambda message: message.replace(b"<ds:X509SerialNumber>", b"<ds:X509SerialNumber>9"))
)


@breaks("SIG-10")
def pretty_printed_after_signing(service: Service) -> None:
    def pretty(message: bytes) -> bytes:
        return etree.tostring(etree.fromstring(message), pretty_print=True)

    after_signing(pretty)(service)


@breaks("SIG-11")
def second_signature(service: Service) -> None:
    """The Signature stands there twice."""

    def double(message: bytes) -> bytes:
        root = etree.fromstring(message)
        signature = next(root.iter(names.ds("Signature")))
        parent = signature.getparent()
        assert parent is not None
        parent.append(etree.fromstring(etree.tostring(signature)))
        return etree.tostring(root)

    after_signing(double)(service)


breaks("SIG-12")(with_knobs(created=lambda at: at.strftime("%Y-%m-%dT%H:%M:%S")))
breaks("SIG-13")(with_knobs(lifetime=timedelta(days=365)))


@breaks("SIG-14")
def answers_are_kept(service: Service) -> None:
    """The signed answer to the same question is given again."""
    kept: dict[str, bytes] = {}

    def seal(payload: Element) -> bytes:
        fresh = signed_message(payload, service.signer, at=service.now())
        if payload.findtext(f".//{names.contract('OrderKey')}") != books.READ:
            return fresh
        return kept.setdefault(payload.findtext(f".//{names.contract('Reason')}") or "", fresh)

    service.seal = seal


def _dated(key: rsa.RSAPrivateKey, end: datetime) -> SigningKey:
    """A key with a certificate that ends then."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "service")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(end - timedelta(days=365)).not_valid_after(end)
    return SigningKey(key, made.sign(key, hashes.SHA256()))


def with_pair(bits: int, end: timedelta) -> Callable[[Service], None]:
    """A service whose registered pair is this one."""

    def bend(service: Service) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        service.signer = Signer(_dated(key, datetime.now(UTC) + end))

    return bend


breaks("SIG-15")(with_pair(2048, timedelta(days=-1)))
breaks("SIG-16")(with_pair(1024, timedelta(days=30)))


@breaks("SIG-17")
def empty_answers_are_unsigned(service: Service) -> None:
    def seal(payload: Element) -> bytes:
        empty = payload.tag == names.contract("GetOrderDetailsResponse") and not len(payload[0])
        return (
            unsigned_message(payload) if empty else signed_message(payload, service.signer, at=service.now())
        )

    service.seal = seal


@breaks("FLT-06")
def faults_are_unsigned(service: Service) -> None:
    service.seal_fault = unsigned_message


@breaks("CNF-21")
def the_yes_is_unsigned(service: Service) -> None:
    def seal(payload: Element) -> bytes:
        if payload.tag == names.contract("ConfirmOrderPaymentResponse"):
            return unsigned_message(payload)
        return signed_message(payload, service.signer, at=service.now())

    service.seal = seal
