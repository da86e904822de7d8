"""Loading keys and certificates, and the many spellings of an issuer's name."""

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from mpay_gateway.wssecurity import SigningKey, TrustedCertificates, UnusableKey
from mpay_gateway.wssecurity.issuer_name import name_of, parse_name, same_name
from tests.unit.wssecurity.forge import service, stranger
from tests.unit.wssecurity.identities import ISSUER, certify, identity, private_pem, rsa_key


def test_certificates_are_known_by_content_key_identifier_and_serial():
    found = TrustedCertificates.load([service().certificate_pem, stranger().certificate_pem])
    certificate = found.certificates[0]
    assert certificate.fingerprint == service().certificate.fingerprint(hashes.SHA256()).hex()
    assert list(found.with_content(service().der)) == [certificate]
    assert list(found.with_key_identifier(service().key_identifier)) == [certificate]
    issuer = ISSUER.rfc4514_string()
    assert list(found.with_issuer_serial(issuer, certificate.serial)) == [certificate]
    assert list(found.with_issuer_serial(issuer, certificate.serial + 1)) == []


def test_one_file_may_hold_several_certificates_and_repeats_count_once():
    both = service().certificate_pem + stranger().certificate_pem
    assert len(TrustedCertificates.load([both, service().certificate_pem]).certificates) == 2


def test_a_key_finds_its_certificate_in_a_chain():
    chain = stranger().certificate_pem + service().certificate_pem
    assert SigningKey.load(service().key_pem, chain).certificate.subject == "CN=service"


ELLIPTIC = ec.generate_private_key(ec.SECP256R1())


def encrypted_key() -> bytes:
    return service().private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )


@pytest.mark.parametrize(
    ("key", "certificate", "reason"),
    [
        (lambda: b"", lambda: service().certificate_pem, "no private key"),
        (lambda: service().certificate_pem, lambda: service().certificate_pem, "no private key"),
        (encrypted_key, lambda: service().certificate_pem, "encrypted"),
        (lambda: private_pem(ELLIPTIC), lambda: service().certificate_pem, "not an RSA key"),
        (lambda: service().key_pem, lambda: b"nothing", "no certificate"),
        (lambda: service().key_pem, lambda: stranger().certificate_pem, "does not belong"),
    ],
)
def test_a_key_that_cannot_sign_is_refused_with_the_reason(key, certificate, reason):
    with pytest.raises(UnusableKey, match=reason):
        SigningKey.load(key(), certificate())


@pytest.mark.parametrize(
    ("public", "reason"),
    [
        (ELLIPTIC.public_key, "not an RSA key"),
        (lambda: rsa_key("short", 1024).public_key(), "1024"),
    ],
)
def test_a_certificate_with_an_unfit_key_is_not_registered(public, reason):
    pem = certify("unfit", public()).public_bytes(serialization.Encoding.PEM)
    with pytest.raises(UnusableKey, match=reason):
        TrustedCertificates.load([pem])


def test_neither_key_nor_certificate_bytes_are_shown():
    shown = repr(identity("gateway").signing_key)
    assert "gateway" in shown
    assert "PRIVATE" not in shown
    assert identity("gateway").signing_key.token not in shown


@pytest.mark.parametrize(
    "text",
    [
        r"C=MD,O=Testing\, Ltd,CN=Throw-away CA",
        r"CN=Throw-away CA,O=Testing\, Ltd,C=MD",
        'CN=Throw-away CA, O="Testing, Ltd", C=MD',
        "cn = throw-away  ca ; o = Testing\\2C Ltd ; c = md",
        r"2.5.4.3=Throw-away CA,2.5.4.10=Testing\, Ltd,2.5.4.6=MD",
        r"OID.2.5.4.3=Throw-away CA,O=Testing\, Ltd,C=MD",
        r"2.5.4.3=#0C0D5468726F772D61776179204341,O=Testing\, Ltd,C=MD",
    ],
)
def test_a_name_is_recognised_in_the_spellings_of_the_field(text):
    assert same_name(name_of(ISSUER), parse_name(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Throw-away CA",
        "CN=Throw-away CA",
        r"CN=Throw-away CB,O=Testing\, Ltd,C=MD",
        r"O=Throw-away CA,CN=Testing\, Ltd,C=MD",
        r"O=Testing\, Ltd,CN=Throw-away CA,C=MD",
        "CN=Throw-away CA,O=Testing, Ltd,C=MD",
        '"' * 3000,
    ],
)
def test_another_name_is_not_taken_for_it(text):
    assert not same_name(name_of(ISSUER), parse_name(text))


@given(st.text(st.sampled_from('CN=O,;+"\\#0AFé '), max_size=60))
def test_no_text_breaks_the_reading_of_names(text):
    assert all(isinstance(value, str) for pair in parse_name(text) for value in pair)
