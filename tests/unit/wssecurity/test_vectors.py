"""Messages made by others: two public service implementations and Apache WSS4J."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mpay_gateway.wssecurity import (
    Fault,
    KeyInfoForm,
    MessageKind,
    RefusalCode,
    Refused,
    SignatureAlgorithm,
    TrustedCertificates,
    VerificationPolicy,
    Verified,
    fault_of,
    read_unsigned_fault,
    verify,
)

VECTORS = Path(__file__).parents[2] / "vectors" / "soap"
BST, SKI = KeyInfoForm.BINARY_SECURITY_TOKEN, KeyInfoForm.SUBJECT_KEY_IDENTIFIER
X509, ISSUER = KeyInfoForm.X509_CERTIFICATE, KeyInfoForm.ISSUER_SERIAL
SHA1, SHA256 = SignatureAlgorithm.RSA_SHA1, SignatureAlgorithm.RSA_SHA256
ACCEPTED = [
    ("issuer-serial.GetOrderDetails.response.xml", "service-a", ISSUER, SHA1),
    ("issuer-serial.ConfirmOrderPayment.response.xml", "service-a", ISSUER, SHA1),
    ("issuer-serial.ConfirmOrderPayment.request.xml", "gateway", BST, SHA1),
    ("embedded.GetOrderDetails.response.xml", "service-b", X509, SHA1),
    ("wss4j-bst-sha256.GetOrderDetails.request.xml", "gateway", BST, SHA256),
    ("wss4j-ski-sha256.GetOrderDetails.request.xml", "gateway", SKI, SHA256),
    ("wss4j-x509-sha1.GetOrderDetails.request.xml", "gateway", X509, SHA1),
    ("fault-signed.GetOrderDetails.response.xml", "service-a", ISSUER, SHA1),
]
PRETTY_PRINTED = [
    "pretty-printed.GetOrderDetails.response.xml",
    "pretty-printed.ConfirmOrderPayment.response.xml",
]


def read(name: str) -> bytes:
    return (VECTORS / name).read_bytes()


def trusted(*names: str) -> TrustedCertificates:
    return TrustedCertificates.load((VECTORS / "certs" / f"{name}.crt").read_bytes() for name in names)


def verified(name: str, signer: str, **changes) -> Verified:
    """Verify a vector three seconds after it was created."""
    message = read(name)
    created = re.search(rb"Created>([^<]+)<", message)
    assert created is not None
    at = datetime.fromisoformat(created[1].decode()) + timedelta(seconds=3)
    kind = MessageKind.REQUEST if "request" in name else MessageKind.RESPONSE
    return verify(message, trusted(signer), VerificationPolicy(**{"at": at, "kind": kind, **changes}))


@pytest.mark.parametrize(("name", "signer", "form", "algorithm"), ACCEPTED, ids=[row[0] for row in ACCEPTED])
def test_a_message_of_another_implementation_verifies(name, signer, form, algorithm):
    found = verified(name, signer)
    assert (found.key_info_form, found.algorithm, found.skew) == (form, algorithm, timedelta(seconds=-3))
    assert found.signer == trusted(signer).certificates[0]
    assert not found.whitespace_ignored


@pytest.mark.parametrize(("name", "signer"), [row[:2] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED])
def test_it_does_not_verify_with_the_certificates_of_the_others(name, signer):
    others = {"gateway", "service-a", "service-b"} - {signer}
    for other in others:
        with pytest.raises(Refused) as refused:
            verified(name, other)
        assert refused.value.code is RefusalCode.UNKNOWN_CERTIFICATE


@pytest.mark.parametrize("name", PRETTY_PRINTED)
def test_a_reply_pretty_printed_after_signing_needs_the_option(name):
    with pytest.raises(Refused) as refused:
        verified(name, "service-b")
    assert refused.value.code is RefusalCode.BAD_SIGNATURE
    found = verified(name, "service-b", ignore_whitespace=True)
    assert found.whitespace_ignored
    assert [e.tag for e in found.body_element.iter() if e.text and not e.text.strip()] == []


def test_the_data_of_a_pretty_printed_reply_is_that_of_the_tree_that_verified():
    found = verified(PRETTY_PRINTED[0], "service-b", ignore_whitespace=True)
    texts = [e.text for e in found.body_element.iter("{https://mpay.gov.md}TotalAmountDue")]
    assert texts == ["100.00"]


@pytest.mark.parametrize("name", [row[0] for row in ACCEPTED if "response" in row[0] or "request" in row[0]])
def test_ignoring_white_space_changes_nothing_for_a_message_that_verifies_as_sent(name):
    signer = next(row[1] for row in ACCEPTED if row[0] == name)
    assert not verified(name, signer, ignore_whitespace=True).whitespace_ignored


def test_a_signed_fault_is_a_verified_fault():
    found = verified("fault-signed.GetOrderDetails.response.xml", "service-a")
    assert found.is_fault
    assert fault_of(found.body_element).code == "InternalError"


def test_an_unsigned_fault_is_refused_but_can_be_read():
    message = read("fault-unsigned.GetOrderDetails.response.xml")
    at = datetime.fromisoformat("2026-11-23T07:00:00Z")
    with pytest.raises(Refused) as refused:
        verify(message, trusted("service-a"), VerificationPolicy(at=at, kind=MessageKind.RESPONSE))
    assert refused.value.code is RefusalCode.UNSIGNED
    assert read_unsigned_fault(message) == Fault("InvalidParameter", 'OrderKey "NOPE" is unknown')


def test_an_hour_long_lifetime_is_accepted_but_not_believed_for_an_hour():
    name = "issuer-serial.ConfirmOrderPayment.response.xml"
    created = datetime.fromisoformat("2026-11-23T07:13:43Z")
    assert verified(name, "service-a", at=created + timedelta(minutes=10)).skew == timedelta(minutes=-10)
    with pytest.raises(Refused) as refused:
        verified(name, "service-a", at=created + timedelta(minutes=12))
    assert refused.value.code is RefusalCode.EXPIRED
