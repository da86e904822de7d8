"""Messages of other implementations are believed, messages that were tampered with are not."""

import base64
import copy
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

from counterparts.eservice_kit.tests.gateway_messages import (
    SOAP,
    WSSE,
    WSU,
    Pair,
    Signing,
    check_reply,
    lookup_body,
    signed_request,
)
from eservice_kit import (
    KeyInfoForm,
    NotVerified,
    Refusal,
    SignatureAlgorithm,
    Signer,
    Trust,
    read_certificates,
    verify_message,
)
from eservice_kit.algorithms import canonical
from eservice_kit.keys import load_certificates, load_signing_key
from eservice_kit.make_certificate import make_certificate
from eservice_kit.sign import signed_message, unsigned_message
from eservice_kit.wire_write import confirmation_answer

VECTORS = Path(__file__).parents[3] / "tests" / "vectors" / "soap"
NOW = datetime.now(UTC).replace(microsecond=0)
DS = "http://www.w3.org/2000/09/xmldsig#"
BODY, HEADER, SECURITY = f"{{{SOAP}}}Body", f"{{{SOAP}}}Header", f".//{{{WSSE}}}Security"


@pytest.fixture(scope="module")
def gateway() -> Pair:
    return Pair(*make_certificate("gateway"))


@pytest.fixture(scope="module")
def stranger() -> Pair:
    return Pair(*make_certificate("gateway"))


@pytest.fixture(scope="module")
def trust(gateway: Pair) -> Trust:
    return Trust(load_certificates(gateway.certificate))


@pytest.fixture(scope="module")
def request_xml(gateway: Pair) -> bytes:
    return signed_request(lookup_body("KEY-1"), Signing(gateway, at=NOW))


def refusal_of(message: bytes, trust: Trust, at: datetime = NOW) -> Refusal:
    with pytest.raises(NotVerified) as caught:
        verify_message(message, trust, at=at)
    return caught.value.code


# Messages of others


def vector_certificates() -> tuple[x509.Certificate, ...]:
    return tuple(each for path in sorted(VECTORS.glob("certs/*.crt")) for each in read_certificates(path))


def vectors(*prefixes: str) -> list[Path]:
    found = [path for path in sorted(VECTORS.glob("*.xml")) if path.name.startswith(prefixes)]
    assert found
    return found


SIGNED_VECTORS = vectors("embedded", "issuer-serial", "wss4j", "fault-signed")


@pytest.mark.parametrize("path", SIGNED_VECTORS, ids=lambda path: path.name)
def test_messages_of_other_implementations_verify_at_their_time(path: Path) -> None:
    message = path.read_bytes()
    created = datetime.fromisoformat(re.search(rb"Created>([^<]+)<", message)[1].decode())
    trust = Trust(vector_certificates(), longest_lifetime=timedelta(hours=1))
    verified = verify_message(message, trust, at=created + timedelta(seconds=3))
    assert etree.QName(verified.body[0]).localname.removesuffix("Response") in (
        path.name.split(".")[1],
        "Fault",
    )
    assert refusal_of(message, trust, created + timedelta(hours=3)) is Refusal.TIMESTAMP


def test_an_unsigned_message_of_another_implementation_is_refused() -> None:
    (path,) = vectors("fault-unsigned")
    assert refusal_of(path.read_bytes(), Trust(vector_certificates())) is Refusal.NOT_SIGNED


@pytest.mark.parametrize("algorithm", ["rsa-sha1", "rsa-sha256"])
def test_a_request_signed_by_xmlsec_is_believed(gateway: Pair, trust: Trust, algorithm: str) -> None:
    message = signed_request(lookup_body("KEY-1"), Signing(gateway, algorithm, at=NOW))
    verified = verify_message(message, trust, at=NOW)
    assert verified.body.findtext(".//{*}OrderKey") == "KEY-1"
    assert verified.created == NOW


@pytest.mark.parametrize("algorithm", list(SignatureAlgorithm), ids=lambda each: each.value.name)
@pytest.mark.parametrize("key_info", list(KeyInfoForm))
def test_a_reply_is_accepted_by_xmlsec_and_by_the_kit(
    gateway: Pair, trust: Trust, algorithm: SignatureAlgorithm, key_info: KeyInfoForm
) -> None:
    signer = Signer(load_signing_key(gateway.key, gateway.certificate), algorithm, key_info)
    reply = signed_message(confirmation_answer(), signer, at=NOW)
    assert etree.QName(check_reply(reply, gateway.certificate)).localname == "ConfirmOrderPaymentResponse"
    assert verify_message(reply, trust, at=NOW).certificate == trust.certificates[0]
    assert not re.search(rb">\s+<", reply.partition(b"?>\n")[2])


@pytest.mark.parametrize("name", ["Gateway, not for payments", "Gateway\\, of a demo"])
def test_an_issuer_is_found_by_its_name_though_a_comma_stands_in_it(name: str) -> None:
    pair = Pair(*make_certificate(name))
    signer = Signer(load_signing_key(pair.key, pair.certificate), key_info=KeyInfoForm.ISSUER_SERIAL)
    trust = Trust(load_certificates(pair.certificate))
    message = signed_message(confirmation_answer(), signer, at=NOW)
    assert verify_message(message, trust, at=NOW).certificate == trust.certificates[0]


def test_a_message_that_was_pretty_printed_after_signing_is_refused() -> None:
    for path in vectors("pretty-printed"):
        message = path.read_bytes()
        created = datetime.fromisoformat(re.search(rb"Created>([^<]+)<", message)[1].decode())
        assert refusal_of(message, Trust(vector_certificates()), created) is Refusal.DIGEST


# Time


@pytest.mark.parametrize(("late_by", "accepted"), [(-61, False), (-59, True), (359, True), (361, False)])
def test_clocks_may_differ_by_the_tolerance_and_no_more(
    request_xml: bytes, trust: Trust, late_by: int, accepted: bool
) -> None:
    at = NOW + timedelta(seconds=late_by)
    if accepted:
        assert verify_message(request_xml, trust, at=at).created == NOW
    else:
        assert refusal_of(request_xml, trust, at) is Refusal.TIMESTAMP


@pytest.mark.parametrize("lifetime", [timedelta(days=3650), timedelta(0), timedelta(seconds=-5)])
def test_an_unreasonable_lifetime_is_refused(gateway: Pair, trust: Trust, lifetime: timedelta) -> None:
    message = signed_request(lookup_body("K"), Signing(gateway, at=NOW, lifetime=lifetime))
    assert refusal_of(message, trust) is Refusal.TIMESTAMP


def test_a_certificate_out_of_its_dates_is_refused(gateway: Pair, trust: Trust) -> None:
    at = trust.certificates[0].not_valid_after_utc + timedelta(days=1)
    message = signed_request(lookup_body("K"), Signing(gateway, at=at))
    assert refusal_of(message, trust, at) is Refusal.CERTIFICATE_DATES


# Whose signature, over what


def test_a_certificate_that_a_message_brings_proves_nothing(stranger: Pair, trust: Trust) -> None:
    message = signed_request(lookup_body("K"), Signing(stranger, at=NOW))
    assert refusal_of(message, trust) is Refusal.UNKNOWN_CERTIFICATE


def test_a_strangers_signature_under_our_certificate_is_refused(
    gateway: Pair, stranger: Pair, trust: Trust
) -> None:
    message = signed_request(lookup_body("K"), Signing(Pair(stranger.key, gateway.certificate), at=NOW))
    assert refusal_of(message, trust) is Refusal.SIGNATURE


@pytest.mark.parametrize("parts", [("time",), ("body",), ("time", "token"), ("body", "token")])
def test_body_and_timestamp_must_both_be_signed(gateway: Pair, trust: Trust, parts: tuple[str, ...]) -> None:
    message = signed_request(lookup_body("K"), Signing(gateway, at=NOW, parts=parts))
    assert refusal_of(message, trust) is Refusal.COVERAGE


def test_an_algorithm_that_is_not_wanted_is_refused(request_xml: bytes, trust: Trust) -> None:
    strict = Trust(trust.certificates, frozenset({SignatureAlgorithm.RSA_SHA256}))
    assert refusal_of(request_xml, strict) is Refusal.ALGORITHM


def test_a_plain_envelope_is_refused(trust: Trust) -> None:
    assert refusal_of(unsigned_message(confirmation_answer()), trust) is Refusal.NOT_SIGNED


def with_attributes(message: bytes, count: int) -> bytes:
    many = " ".join(f'a{number}="1"' for number in range(count))
    return re.sub(rb"(<[a-z]*:?SignedInfo)", rb"\1 " + many.encode(), message, count=1)


def with_namespaces(message: bytes, count: int) -> bytes:
    many = " ".join(f'xmlns:n{number}="u:{number}"' for number in range(count))
    return re.sub(rb"(<[a-z]*:?SignedInfo)", rb"\1 " + many.encode(), message, count=1)


def test_nobody_without_a_key_can_hold_a_service_by_what_is_canonicalised_before_it_is_believed(
    request_xml: bytes, trust: Trust
) -> None:
    prefixes = " ".join(f"p{number}" for number in range(21))
    listed = (
        f'<x:InclusiveNamespaces xmlns:x="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="{prefixes}"/>'
    )
    root = etree.fromstring(request_xml)
    root.find(f".//{{{DS}}}CanonicalizationMethod").append(etree.fromstring(listed))
    assert refusal_of(with_attributes(request_xml, 100), trust) is Refusal.SIGNATURE
    assert refusal_of(with_attributes(request_xml, 30_000), trust) is Refusal.FORBIDDEN_CONTENT
    assert refusal_of(etree.tostring(root), trust) is Refusal.ALGORITHM


# Tampering: each takes a good request apart, so that only the named change can be the reason

Change = Callable[[etree._Element], None]


def edit_text(path: str, text: str) -> Change:
    def change(root: etree._Element) -> None:
        root.find(path).text = text

    return change


def edit_attribute(path: str, name: str, value: str) -> Change:
    def change(root: etree._Element) -> None:
        root.find(path).set(name, value)

    return change


def duplicate(path: str) -> Change:
    def change(root: etree._Element) -> None:
        element = root.find(path)
        twin = copy.deepcopy(element)
        for each in twin.iter():
            each.attrib.pop(f"{{{WSU}}}Id", None)
        element.getparent().append(twin)

    return change


def remove(path: str) -> Change:
    def change(root: etree._Element) -> None:
        element = root.find(path)
        element.getparent().remove(element)

    return change


def wrap_body(place: str, forged_id: str | None) -> Change:
    """Move the signed Body to ``place`` and put a forged one where it stood."""

    def change(root: etree._Element) -> None:
        original = root.find(BODY)
        forged = copy.deepcopy(original)
        forged.find(".//{*}OrderKey").text = "FORGED"
        forged.attrib.pop(f"{{{WSU}}}Id")
        if forged_id is not None:
            forged.set(f"{{{WSU}}}Id", forged_id)
        root.replace(original, forged)
        holder = root if place == "." else forged if place == "body" else root.find(place)
        etree.SubElement(holder, "{urn:wrapper}Wrapper").append(original)

    return change


def comment_in_value(root: etree._Element) -> None:
    key = root.find(".//{*}OrderKey")
    key.text = "KEY"
    key.append(etree.Comment("cut"))
    key[0].tail = "-1"


LATER = (NOW + timedelta(seconds=599)).strftime("%Y-%m-%dT%H:%M:%SZ")
INCLUSIVE_C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
TOKEN = f".//{{{WSSE}}}BinarySecurityToken"
SIGNATURE_METHOD = f".//{{{DS}}}SignatureMethod"
SIGNED_INFO = f".//{{{DS}}}SignedInfo"
TAMPERED: dict[str, tuple[Change, set[Refusal]]] = {
    "changed body": (edit_text(".//{*}OrderKey", "KEY-2"), {Refusal.DIGEST}),
    "longer validity": (edit_text(".//{*}Expires", LATER), {Refusal.DIGEST}),
    "comment in a value": (comment_in_value, {Refusal.FORBIDDEN_CONTENT}),
    "second signature": (duplicate(f".//{{{DS}}}Signature"), {Refusal.STRUCTURE}),
    "second body": (duplicate(BODY), {Refusal.STRUCTURE}),
    "second header": (duplicate(HEADER), {Refusal.STRUCTURE}),
    "second security": (duplicate(SECURITY), {Refusal.STRUCTURE}),
    "second timestamp": (duplicate(f".//{{{WSU}}}Timestamp"), {Refusal.STRUCTURE}),
    "no timestamp": (remove(f".//{{{WSU}}}Timestamp"), {Refusal.TIMESTAMP}),
    "no signature": (remove(f".//{{{DS}}}Signature"), {Refusal.NOT_SIGNED}),
    "no references": (remove(f"{SIGNED_INFO}/{{{DS}}}Reference"), {Refusal.SIGNATURE}),
    "no key info": (remove(f".//{{{DS}}}KeyInfo"), {Refusal.STRUCTURE}),
    "no token": (remove(f".//{{{WSSE}}}BinarySecurityToken"), {Refusal.UNKNOWN_CERTIFICATE}),
    "hmac": (edit_attribute(SIGNATURE_METHOD, "Algorithm", DS + "hmac-sha1"), {Refusal.ALGORITHM}),
    "inclusive c14n": (
        edit_attribute(f".//{{{DS}}}CanonicalizationMethod", "Algorithm", INCLUSIVE_C14N),
        {Refusal.ALGORITHM},
    ),
    "signature not base64": (edit_text(f".//{{{DS}}}SignatureValue", "&&"), {Refusal.STRUCTURE}),
    "id twice": (edit_attribute(TOKEN, f"{{{WSU}}}Id", "body"), {Refusal.DUPLICATE_ID}),
    "two ids on one element": (edit_attribute(BODY, "Id", "other"), {Refusal.DUPLICATE_ID}),
    "not soap 1.1": (
        lambda root: setattr(root, "tag", "{http://www.w3.org/2003/05/soap-envelope}Envelope"),
        {Refusal.NOT_AN_ENVELOPE},
    ),
    **{
        f"wrapped in {place}, id {forged_id}": (
            wrap_body(place, forged_id),
            {Refusal.STRUCTURE, Refusal.DUPLICATE_ID},
        )
        for place in (HEADER, SECURITY, ".", "body", f".//{{{DS}}}Signature")
        for forged_id in (None, "body", "new")
    },
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERED)
def test_a_tampered_request_is_refused(request_xml: bytes, trust: Trust, name: str) -> None:
    assert verify_message(request_xml, trust, at=NOW).created == NOW
    change, reasons = TAMPERED[name]
    root = etree.fromstring(request_xml)
    change(root)
    assert refusal_of(etree.tostring(root), trust) in reasons


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda xml: b"<!DOCTYPE a []>" + xml, Refusal.FORBIDDEN_CONTENT),
        (lambda xml: b"<?pi x?>" + xml, Refusal.FORBIDDEN_CONTENT),
        (lambda xml: xml + b"<!-- tail -->", Refusal.FORBIDDEN_CONTENT),
        (lambda xml: xml[:-5], Refusal.NOT_XML),
        (lambda xml: b"", Refusal.NOT_XML),
        (lambda xml: xml + b" " * 1024 * 1024, Refusal.TOO_LARGE),
        (lambda xml: etree.tostring(etree.fromstring(xml), encoding="utf-16"), Refusal.FORBIDDEN_CONTENT),
        (lambda xml: b"<a>" * 200 + b"</a>" * 200, Refusal.FORBIDDEN_CONTENT),
        (lambda xml: with_attributes(xml, 101), Refusal.FORBIDDEN_CONTENT),
        (lambda xml: with_namespaces(xml, 101), Refusal.FORBIDDEN_CONTENT),
    ],
    ids=[
        "doctype", "instruction", "comment after", "cut off", "empty", "too large", "utf-16", "too deep",
        "too many attributes", "too many namespaces",
    ],
)  # fmt: skip
def test_what_is_not_plain_xml_is_refused(
    request_xml: bytes, trust: Trust, spoil: Callable[[bytes], bytes], reason: Refusal
) -> None:
    assert refusal_of(spoil(request_xml), trust) is reason


@pytest.mark.parametrize(
    "uri", ["", "http://example.invalid/a", "file:///etc/passwd", "#xpointer(/)", "#a b", "#"]
)
def test_a_reference_to_anything_but_an_id_is_refused(gateway: Pair, trust: Trust, uri: str) -> None:
    message = signed_request(lookup_body("K"), Signing(gateway, at=NOW))
    resigned = _with_reference(message, uri, gateway)
    assert refusal_of(resigned, trust) is Refusal.REFERENCE


def _with_reference(message: bytes, uri: str, pair: Pair) -> bytes:
    """Change the first reference and sign SignedInfo anew, so that the signature itself is right."""

    root = etree.fromstring(message)
    signed_info = root.find(SIGNED_INFO)
    signed_info.find(f"{{{DS}}}Reference").set("URI", uri)
    key = load_signing_key(pair.key, pair.certificate).private_key
    value = key.sign(canonical(signed_info), padding.PKCS1v15(), hashes.SHA1())
    root.find(f".//{{{DS}}}SignatureValue").text = base64.b64encode(value).decode()
    return etree.tostring(root)
