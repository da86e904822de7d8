"""What we send: the one layout that every receiver in the field accepts."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from lxml import etree

from mpay_gateway.wssecurity import (
    KeyInfoForm,
    MessageKind,
    RefusalCode,
    Refused,
    SignatureAlgorithm,
    TrustedCertificates,
    sign,
    verify,
)
from tests.unit.wssecurity.forge import NAMESPACES, REPLY, REQUEST, Recipe, policy, service
from tests.unit.wssecurity.identities import NOW, identity

SOAP = NAMESPACES["s"]
ALGORITHMS = list(SignatureAlgorithm)


def envelope(operation: str = REQUEST, *, header: str = "", body: str = "") -> bytes:
    return f'<s:Envelope xmlns:s="{SOAP}">{header}<s:Body {body}>{operation}</s:Body></s:Envelope>'.encode()


def signed(message: bytes | etree._Element, **changes) -> bytes:
    return sign(message, identity("gateway").signing_key, **{"at": NOW, **changes})


def verified(message: bytes, kind: MessageKind = MessageKind.REQUEST, **changes):
    return verify(message, identity("gateway").trusted, policy(kind, **changes))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(
    ("operation", "kind"), [(REQUEST, MessageKind.REQUEST), (REPLY, MessageKind.RESPONSE)]
)
def test_what_is_signed_verifies(algorithm, operation, kind):
    message = signed(envelope(operation), algorithm=algorithm)
    found = verified(message, kind, accepted=frozenset({algorithm}))
    assert (found.algorithm, found.key_info_form) == (algorithm, KeyInfoForm.BINARY_SECURITY_TOKEN)
    assert found.lifetime.expires - found.lifetime.created == timedelta(minutes=5)
    assert found.skew == timedelta(seconds=-3)


def test_rsa_sha1_is_the_default_of_the_field():
    assert verified(signed(envelope())).algorithm is SignatureAlgorithm.RSA_SHA1


def test_the_layout_is_the_one_that_receivers_accept():
    root = etree.fromstring(signed(envelope()))
    security = root.find("s:Header/o:Security", NAMESPACES)
    assert security.get(f"{{{SOAP}}}mustUnderstand") == "1"
    assert [etree.QName(child).localname for child in security] == [
        "BinarySecurityToken",
        "Timestamp",
        "Signature",
    ]
    assert root.find(".//{*}InclusiveNamespaces") is None
    assert root.findtext(".//u:Created", namespaces=NAMESPACES) == "2027-03-14T09:26:53.589Z"
    assert root.findtext(".//u:Expires", namespaces=NAMESPACES) == "2027-03-14T09:31:53.589Z"


def test_times_are_sent_in_utc_with_milliseconds():
    at = NOW.replace(microsecond=7999).astimezone(ZoneInfo("Europe/Chisinau"))
    assert b"<wsu:Created>2027-03-14T09:26:53.007Z</wsu:Created>" in signed(envelope(), at=at)


def test_no_white_space_is_left_between_elements_nor_inside_the_signature():
    pretty = envelope().replace(b"><", b">\n\t<")
    body = signed(pretty).partition(b"?>\n")[2]
    assert not re.search(rb">\s+<", body)
    signature = re.search(rb"<ds:Signature .*</ds:Signature>", body, re.DOTALL)
    assert signature is not None
    assert b"\n" not in signature[0]


def test_a_blank_value_stays_as_it_is():
    message = signed(envelope(REQUEST.replace("<m:query/>", "<m:query> </m:query>")))
    assert verified(message).body_element[0].text == " "


@pytest.mark.parametrize("text", ["Adeverință", "Справка", "a & b < c", "x\r\ny\tz", "😀"])
def test_any_text_survives_signing(text):
    root = etree.fromstring(envelope())
    root[0][0][0].text = text
    assert verified(signed(root)).body_element[0].text == text


def test_header_blocks_that_are_there_stay():
    message = signed(envelope(header='<s:Header><To xmlns="urn:a">b</To></s:Header>'))
    assert verified(message).body_element.tag.endswith("GetOrderDetails")
    assert etree.fromstring(message).findtext("s:Header/{urn:a}To", namespaces=NAMESPACES) == "b"


@pytest.mark.parametrize("attribute", ['Id="mine"', f'u:Id="mine" xmlns:u="{NAMESPACES["u"]}"'])
def test_an_id_that_the_body_has_is_used(attribute):
    message = signed(envelope(body=attribute))
    assert b'URI="#mine"' in message
    assert verified(message).body_element is not None


def test_an_element_given_is_not_changed():
    root = etree.fromstring(envelope().replace(b"><", b"> <"))
    before = etree.tostring(root)
    signed(root)
    assert etree.tostring(root) == before


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"<a>", RefusalCode.NOT_XML),
        (b"<a/>", RefusalCode.NOT_SOAP_11),
        (envelope(""), RefusalCode.BODY_CONTENT),
        (envelope().replace(b"<m:query/>", b"<!-- -->"), RefusalCode.COMMENT),
        (Recipe().build(), RefusalCode.TWO_SECURITIES),
    ],
    ids=["no-xml", "no-soap", "empty-body", "comment", "signed-already"],
)
def test_what_is_no_unsigned_envelope_is_not_signed(message, code):
    with pytest.raises(Refused) as refused:
        signed(message)
    assert refused.value.code is code


@pytest.mark.parametrize(
    "changes",
    [
        {"at": NOW.replace(tzinfo=None)},
        {"at": datetime.max.replace(tzinfo=UTC)},
        {"lifetime": timedelta(0)},
        {"lifetime": timedelta(minutes=11)},
    ],
)
def test_a_time_that_no_receiver_would_accept_is_not_signed(changes):
    with pytest.raises(ValueError, match=r"zone|lifetime"):
        signed(envelope(), **changes)


def test_one_key_signs_and_verifies_in_many_threads():
    key, trusted = service().signing_key, service().trusted

    def exchange(number: int) -> str:
        operation = REPLY.replace("Certificate", str(number))
        message = sign(envelope(operation), key, at=NOW)
        return verify(message, trusted, policy()).body_element.findtext(".//m:Reason", namespaces=NAMESPACES)

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(exchange, range(200))) == [str(number) for number in range(200)]


def test_a_message_that_one_key_signed_does_not_verify_with_another():
    with pytest.raises(Refused) as refused:
        verify(signed(envelope()), TrustedCertificates.load([service().certificate_pem]), policy())
    assert refused.value.code is RefusalCode.UNKNOWN_CERTIFICATE
