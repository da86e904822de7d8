"""signxml, an independent implementation, agrees on the cryptography; and chance finds nothing either."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from signxml import XMLVerifier
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidSignature
from signxml.verifier import SignatureConfiguration

from mpay_gateway.wssecurity import Refused, SignatureAlgorithm, sign
from tests.unit.wssecurity.forge import (
    FAULT,
    REPLY,
    RSA_SHA1,
    SHA1,
    Recipe,
    canonical,
    check,
    edited,
    embedded,
    part,
    refusal,
    service,
    stranger,
    token_reference,
)
from tests.unit.wssecurity.identities import NOW
from tests.unit.wssecurity.test_vectors import ACCEPTED, PRETTY_PRINTED, VECTORS, read

CONFIGURATION = SignatureConfiguration(
    expect_references=2,
    signature_methods=frozenset({SignatureMethod.RSA_SHA1, SignatureMethod.RSA_SHA256}),
    verification_time=NOW,
    digest_algorithms=frozenset({DigestAlgorithm.SHA1, DigestAlgorithm.SHA256}),
)
SOAP_START = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
UNSIGNED = SOAP_START + REPLY.encode() + b"</s:Body></s:Envelope>"


def signxml_accepts(message: bytes, certificate_pem: bytes) -> bool:
    try:
        XMLVerifier().verify(
            message,
            x509_cert=certificate_pem.decode(),
            expect_config=CONFIGURATION,
            validate_schema=False,  # it knows no InclusiveNamespaces, no empty X509IssuerSerial
        )
    except InvalidSignature:
        return False
    return True


@pytest.mark.parametrize(("name", "signer"), [row[:2] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED])
def test_both_accept_the_messages_of_others(name, signer):
    assert signxml_accepts(read(name), (VECTORS / "certs" / f"{signer}.crt").read_bytes())


@pytest.mark.parametrize("name", PRETTY_PRINTED)
def test_both_refuse_what_was_pretty_printed_after_signing(name):
    assert not signxml_accepts(read(name), (VECTORS / "certs" / "service-b.crt").read_bytes())


@pytest.mark.parametrize("algorithm", SignatureAlgorithm)
def test_both_accept_what_we_sign(algorithm):
    message = sign(UNSIGNED, service().signing_key, at=NOW, algorithm=algorithm)
    assert refusal(message) == "valid"
    assert signxml_accepts(message, service().certificate_pem)


GENUINE = {
    "sha256": Recipe(),
    "sha1": Recipe(method=RSA_SHA1, digest=SHA1),
    "embedded": Recipe(key_info=embedded),
    "header-last": Recipe(header_last=True),
    "plain-ids": Recipe(body_id='Id="body"', stamp_id='Id="stamp"'),
    "fault": Recipe(FAULT),
}


@pytest.mark.parametrize("recipe", GENUINE.values(), ids=GENUINE)
def test_both_accept_a_genuine_message(recipe):
    assert refusal(recipe.build()) == "valid"
    assert signxml_accepts(recipe.build(), service().certificate_pem)


def changed(path: str, text: str | None):
    return lambda root: setattr(part(root, path), "text", text)


FORGED = {
    "amount": changed(".//m:TotalAmountDue", "1.00"),
    "expiry": changed(".//u:Expires", "2027-03-14T09:36:53Z"),
    "digest": changed(".//d:DigestValue", "AAAA"),
    "signature": changed(".//d:SignatureValue", "AAAA"),
    "method": lambda root: part(root, ".//d:SignatureMethod").set("Algorithm", RSA_SHA1),
}


@pytest.mark.parametrize("edit", FORGED.values(), ids=FORGED)
def test_both_refuse_a_changed_message(edit):
    message = edited(Recipe().build(), edit)
    assert refusal(message) == "bad-signature"
    assert not signxml_accepts(message, service().certificate_pem)


def test_both_refuse_a_stranger_in_the_name_of_the_service():
    message = Recipe(signer=stranger(), key_info=lambda _: token_reference(embedded(service()))).build()
    assert refusal(message) == "bad-signature"
    assert not signxml_accepts(message, service().certificate_pem)


BASE = Recipe().build()
SNIPPETS = [b"<!---->", b"<?a?>", b"&#10;", b' Id="body"', b"<a/>"]
GENUINE_BODY = canonical(check(BASE).body_element)
GENUINE_LIFETIME = check(BASE).lifetime


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    st.integers(0, len(BASE) - 1),
    st.integers(0, 12),
    st.one_of(st.binary(max_size=8), st.sampled_from(SNIPPETS)),
)
def test_a_message_damaged_at_random_is_refused_or_means_the_same(start, length, insert):
    damaged = BASE[:start] + insert + BASE[start + length :]
    try:
        found = check(damaged)
    except Refused:
        return
    assert canonical(found.body_element) == GENUINE_BODY
    assert found.lifetime == GENUINE_LIFETIME


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data())
def test_elements_moved_at_random_are_refused_or_change_nothing(data):
    root = etree.fromstring(BASE)
    elements = list(root.iter())
    moved = data.draw(st.sampled_from(elements[1:]))
    target = data.draw(st.sampled_from([e for e in elements if e not in set(moved.iter())]))
    target.insert(data.draw(st.integers(0, len(target))), moved)
    try:
        found = check(etree.tostring(root), ignore_whitespace=data.draw(st.booleans()))
    except Refused:
        return
    assert canonical(found.body_element) == GENUINE_BODY
    assert found.lifetime == GENUINE_LIFETIME
