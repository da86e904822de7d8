"""What a genuine message may look like: the positive controls of every hostile variant."""

from datetime import timedelta

import pytest

from mpay_gateway.wssecurity import KeyInfoForm, MessageKind, SignatureAlgorithm, TrustedCertificates, verify
from mpay_gateway.wssecurity.names import EXCLUSIVE_C14N, X509_PROFILE
from tests.unit.wssecurity.forge import (
    FAULT,
    REQUEST,
    RSA_SHA1,
    SHA1,
    Recipe,
    binary_token,
    check,
    edited,
    embedded,
    issuer_serial,
    key_identifier,
    part,
    policy,
    refusal,
    service,
    stranger,
    token_reference,
)
from tests.unit.wssecurity.identities import identity

EMPTY_SERIAL = "<d:X509Data><d:X509IssuerSerial/>"
KEY_INFOS = {
    "token": (binary_token, KeyInfoForm.BINARY_SECURITY_TOKEN),
    "token-without-type": (
        lambda _: token_reference('<o:Reference URI="#token"/>'),
        KeyInfoForm.BINARY_SECURITY_TOKEN,
    ),
    "ski-guide": (
        key_identifier(f"{X509_PROFILE}#X509v3SubjectKeyIdentifier"),
        KeyInfoForm.SUBJECT_KEY_IDENTIFIER,
    ),
    "ski-oasis": (
        key_identifier(f"{X509_PROFILE}#X509SubjectKeyIdentifier"),
        KeyInfoForm.SUBJECT_KEY_IDENTIFIER,
    ),
    "key-identifier-with-certificate": (
        key_identifier(f"{X509_PROFILE}#X509v3"),
        KeyInfoForm.X509_CERTIFICATE,
    ),
    "certificate": (embedded, KeyInfoForm.X509_CERTIFICATE),
    "certificate-in-reference": (lambda p: token_reference(embedded(p)), KeyInfoForm.X509_CERTIFICATE),
    "certificate-beside-empty-serial": (
        lambda p: token_reference(embedded(p).replace("<d:X509Data>", EMPTY_SERIAL)),
        KeyInfoForm.X509_CERTIFICATE,
    ),
    "certificate-beside-key-value": (
        lambda p: f"<d:KeyValue/><d:KeyName>us</d:KeyName>{embedded(p)}",
        KeyInfoForm.X509_CERTIFICATE,
    ),
    "chain": (
        lambda p: embedded(p) if p is stranger() else embedded(stranger())[:-13] + embedded(p)[12:],
        KeyInfoForm.X509_CERTIFICATE,
    ),
    "issuer": (issuer_serial('C=MD,O="Testing, Ltd",CN=Throw-away CA'), KeyInfoForm.ISSUER_SERIAL),
    "issuer-reversed": (
        issuer_serial(r"CN=Throw-away CA, O=Testing\, Ltd, C=MD"),
        KeyInfoForm.ISSUER_SERIAL,
    ),
}


@pytest.mark.parametrize(("key_info", "form"), KEY_INFOS.values(), ids=KEY_INFOS)
def test_trap_four_keyinfo_forms(key_info, form):
    found = check(Recipe(key_info=key_info).build())
    assert found.key_info_form is form
    assert found.signer == service().trusted.certificates[0]


@pytest.mark.parametrize(
    ("changes", "algorithm"),
    [
        ({}, SignatureAlgorithm.RSA_SHA256),
        ({"method": RSA_SHA1, "digest": SHA1}, SignatureAlgorithm.RSA_SHA1),
        ({"method": RSA_SHA1}, SignatureAlgorithm.RSA_SHA1),
    ],
    ids=["sha256", "sha1", "sha1-over-sha256-digests"],
)
def test_both_algorithms_verify(changes, algorithm):
    assert check(Recipe(**changes).build()).algorithm is algorithm


@pytest.mark.parametrize(
    "changes",
    [
        {"header_last": True},
        {"body_id": 'Id="body"', "stamp_id": 'Id="stamp"'},
        {"references": ("#body", "#stamp")},
        {"references": ("#stamp", "#body", "#token")},
        {"references": ("#stamp", "#body", "#to"), "blocks": '<To xmlns="urn:a" xmlns:u="urn:b" Id="to"/>'},
        {"blocks": '<ActivityId xmlns="urn:diagnostics" CorrelationId="1">2</ActivityId>'},
        {
            "transforms": f'<d:Transform Algorithm="{EXCLUSIVE_C14N}">'
            f'<c:InclusiveNamespaces xmlns:c="{EXCLUSIVE_C14N}" PrefixList=""/></d:Transform>'
        },
        {"operation": FAULT},
    ],
    ids=[
        "header-last",
        "plain-ids",
        "other-order",
        "token-signed",
        "header-block-signed",
        "other-header-block",
        "empty-prefix-list",
        "fault",
    ],
)
def test_a_layout_of_the_field_verifies(changes):
    assert refusal(Recipe(**changes).build()) == "valid"


@pytest.mark.parametrize("prefix", ["SOAP-ENV", "soap11env", "x"])
def test_prefixes_do_not_matter(prefix):
    message = (
        Recipe().build().replace(b"<o:", f"<{prefix}:".encode()).replace(b"</o:", f"</{prefix}:".encode())
    )
    assert refusal(message.replace(b"xmlns:o=", f"xmlns:{prefix}=".encode())) == "valid"


def test_a_byte_order_mark_and_a_comment_before_the_envelope_do_not_matter():
    declaration, _, envelope = Recipe().build().partition(b"\n")
    assert refusal(b"\xef\xbb\xbf" + declaration + b"<!-- made by hand -->" + envelope) == "valid"
    assert refusal(envelope) == "valid"


def test_a_request_verifies_as_a_request():
    found = verify(Recipe(REQUEST).build(), service().trusted, policy(MessageKind.REQUEST))
    assert (found.body_element.tag, found.is_fault) == ("{https://mpay.gov.md}GetOrderDetails", False)


@pytest.mark.parametrize("digits", range(8))
def test_fractions_of_a_second_have_up_to_seven_digits(digits):
    fraction = "." + "5890000"[:digits] if digits else ""
    created = f"2027-03-14T09:26:53{fraction}Z"
    expected = policy().at.replace(microsecond=int("589000"[:digits].ljust(6, "0") or 0)) - timedelta(
        seconds=3
    )
    assert check(Recipe(created=created).build()).lifetime.created == expected


def test_an_offset_is_a_zone_like_any_other():
    found = check(
        Recipe(created="2027-03-14T11:26:53.589+02:00", expires="2027-03-14T11:31:53+02:00").build()
    )
    assert found.skew == timedelta(seconds=-3)


@pytest.mark.parametrize(
    ("seconds", "answer"),
    [(-60, "valid"), (-61, "from-the-future"), (359, "valid"), (360, "valid"), (361, "expired")],
)
def test_clocks_may_differ_by_the_tolerance_in_both_directions(seconds, answer):
    made = policy().at - timedelta(seconds=3)
    assert refusal(Recipe().build(), at=made + timedelta(seconds=seconds)) == answer


def test_the_skew_is_negative_when_the_other_clock_is_behind():
    made = policy().at - timedelta(seconds=3)
    assert check(Recipe().build(), at=made + timedelta(seconds=6.4)).skew == timedelta(seconds=-6.4)
    assert check(Recipe().build(), at=made - timedelta(seconds=6.4)).skew == timedelta(seconds=6.4)


def test_a_certificate_renewed_with_the_same_key_is_found_by_its_key_identifier():
    old = identity("old", key="service", ends=timedelta(hours=-1))
    new = identity("new", key="service")
    both = TrustedCertificates.load([old.certificate_pem, new.certificate_pem])
    message = Recipe(signer=new, key_info=key_identifier(f"{X509_PROFILE}#X509SubjectKeyIdentifier")).build()
    assert verify(message, both, policy()).signer.subject == "CN=new"


def test_white_space_added_on_the_way_is_ignored_only_when_asked():
    def indent(root):
        part(root, ".//m:OrderDetails").text = "\n  "

    message = edited(Recipe().build(), indent)
    assert refusal(message) == "bad-signature"
    assert check(message, ignore_whitespace=True).whitespace_ignored


def test_ignoring_white_space_reaches_into_a_signature_that_was_indented_too():
    def indent(root):
        for element in (part(root, ".//d:SignedInfo"), part(root, ".//m:OrderDetails")):
            element.text = "\n  "

    message = edited(Recipe().build(), indent)
    assert refusal(message) == "bad-signature"
    assert check(message, ignore_whitespace=True).whitespace_ignored


def test_ignoring_white_space_keeps_what_was_signed_inside_the_signature():
    message = Recipe(canonicalization=Recipe.canonicalization + "\n  ").build()
    indented = edited(message, lambda root: setattr(part(root, ".//m:OrderDetails"), "text", "\n"))
    assert check(indented, ignore_whitespace=True).whitespace_ignored


def test_ignoring_white_space_does_not_ignore_other_text():
    message = edited(Recipe().build(), lambda root: setattr(part(root, ".//m:Reason"), "text", "\u00a0"))
    assert refusal(message, ignore_whitespace=True) == "bad-signature"
