"""The kit's own signing and verifying, held against implementations that it shares nothing with."""

import base64
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from eservice_kit import Trust, verify_message
from eservice_kit.keys import load_certificates
from mpay_gateway.conformance import make_identity, messages, read_certificates
from mpay_gateway.conformance.answer import Answer
from mpay_gateway.conformance.canonical import Algorithm
from mpay_gateway.conformance.issuers import is_issuer
from mpay_gateway.conformance.seal import Flaw, Seal, instant, read_seal
from mpay_gateway.conformance.signing import KeyInfo, Prefixes, Recipe, instant_text, signed_request
from mpay_gateway.conformance.transport import Received, Sent
from mpay_gateway.wssecurity import (
    MessageKind,
    SignatureAlgorithm,
    TrustedCertificates,
    VerificationPolicy,
    verify,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "soap"
GATEWAY = make_identity("gateway")
AT = datetime(2026, 11, 26, 17, 30, 0, 123456, UTC)
RECIPES = {
    "plain": {},
    **{form.name: {"key_info": form} for form in KeyInfo},
    "sha256": {"algorithm": Algorithm.RSA_SHA256},
    "prefix list": {"prefix_list": "soap-env wsse"},
    "folded": {"folded": True},
    "indented": {"indented": True},
    "no digits": {"digits": 0},
    "seven digits": {"digits": 7},
    "other prefixes": {"prefixes": Prefixes("S", "o", "sig")},
    "default namespaces": {"prefixes": Prefixes("", "", "")},
}


@pytest.mark.parametrize("name", RECIPES)
def test_each_way_of_signing_is_believed_by_two_other_verifiers(name: str) -> None:
    recipe = replace(Recipe(GATEWAY), **RECIPES[name])  # type: ignore[arg-type]
    message = signed_request(messages.lookup("SHOP-7", "Ștefan & Co"), recipe, AT)
    by_kit = verify_message(message, Trust(load_certificates(GATEWAY.certificate_pem)), at=AT)
    assert "".join(by_kit.body.itertext()).split() == ["ROȘtefan", "&", "CoSHOP-7"]
    policy = VerificationPolicy(
        at=AT, kind=MessageKind.REQUEST, tolerance=timedelta(seconds=5), accepted=frozenset(SignatureAlgorithm),
        ignore_whitespace=False,
    )  # fmt: skip
    by_gateway = verify(message, TrustedCertificates.load([GATEWAY.certificate_pem]), policy)
    assert etree.QName(by_gateway.body_element).localname == "GetOrderDetails"


@pytest.mark.parametrize("digits", range(8))
def test_times_have_the_wanted_digits(digits: int) -> None:
    fraction = instant_text(AT, digits).removeprefix("2026-11-26T17:30:00").removesuffix("Z")
    assert fraction == (f".{'1234560'[:digits]}" if digits else "")


GOOD = {
    "issuer-serial.GetOrderDetails.response.xml": "service-a",
    "issuer-serial.ConfirmOrderPayment.response.xml": "service-a",
    "embedded.GetOrderDetails.response.xml": "service-b",
    "fault-signed.GetOrderDetails.response.xml": "service-a",
}


def seal_of(name: str, signer: str) -> Seal:
    certificates = read_certificates((VECTORS / "certs" / f"{signer}.crt").read_bytes())
    return read_seal(etree.fromstring((VECTORS / name).read_bytes()), certificates)


@pytest.mark.parametrize("name", GOOD)
def test_real_answers_have_no_flaw(name: str) -> None:
    assert seal_of(name, GOOD[name]).problems == ()


@pytest.mark.parametrize("operation", ["GetOrderDetails", "ConfirmOrderPayment"])
def test_a_real_answer_that_was_pretty_printed_has_that_flaw_alone(operation: str) -> None:
    seal = seal_of(f"pretty-printed.{operation}.response.xml", "service-b")
    assert [each.flaw for each in seal.problems] == [Flaw.WHITE_SPACE]


def test_an_answer_of_somebody_else_is_a_strangers() -> None:
    seal = seal_of("embedded.GetOrderDetails.response.xml", "service-a")
    assert [each.flaw for each in seal.problems] == [Flaw.FOREIGN_KEY]


CERTIFIED = x509.Name.from_rfc4514_string(
    'CN=Ștefan\\, S.R.L.,O=Firm \\"Țara\\",ST=Chisinau,C=MD,1.2.840.113549.1.9.1=info@shop.example'
)


@pytest.mark.parametrize(
    "written",
    [
        CERTIFIED.rfc4514_string(),
        'E=info@shop.example, C=MD, S=Chisinau, O="Firm \\"Țara\\"", CN="Ștefan, S.R.L."',
        "CN=\\C8\\98tefan\\2C S.R.L., O=Firm \\22Țara\\22, st=CHISINAU, c=MD, emailAddress=info@shop.example",
        "2.5.4.3=#0c10c89874656661 6e2c20532e522e4c2e".replace(" ", "")
        + ',O=Firm \\"Țara\\",OID.2.5.4.8=Chisinau,C=MD,OID.1.2.840.113549.1.9.1=info@shop.example',
    ],
)
def test_an_issuer_is_known_in_every_spelling(written: str) -> None:
    assert is_issuer(written, CERTIFIED)


@pytest.mark.parametrize("written", ["", "CN=Somebody, C=MD", "no name", "CN=" + "x" * 5000])
def test_another_issuer_is_another_one(written: str) -> None:
    assert not is_issuer(written, CERTIFIED)


def test_a_certificate_that_is_not_of_rsa_is_nobodys() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "elliptic")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 7)
        .not_valid_before(AT)
        .not_valid_after(AT + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    shown = base64.b64encode(made.public_bytes(serialization.Encoding.DER))
    message = signed_request(
        messages.lookup("SHOP-7", "A"), replace(Recipe(GATEWAY), key_info=KeyInfo.EMBEDDED), AT
    )
    own = base64.b64encode(GATEWAY.der)
    assert own in message
    somebody = (make_identity("somebody").certificate,)
    flaws = [
        each.flaw for each in read_seal(etree.fromstring(message.replace(own, shown)), somebody).problems
    ]
    assert flaws == [Flaw.FOREIGN_KEY]


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        ("2026-11-26T17:30:00Z", 17),
        ("2026-11-26T17:30:00.1234567+02:00", 15),
        ("2026-11-26T17:30:00-01:00", 18),
    ],
)
def test_times_say_how_far_they_are_from_utc(written: str, hour: int) -> None:
    found = instant(written)
    assert found is not None
    assert (found.hour, found.utcoffset()) == (hour, timedelta(0))


@pytest.mark.parametrize(
    "written", [None, "", "2026-11-26T17:30:00", "26.11.2026", "0001-01-01T00:00:00+02:00"]
)
def test_times_without_a_zone_are_none(written: str | None) -> None:
    assert instant(written) is None


def test_a_reference_without_a_transform_is_told_so() -> None:
    message = signed_request(messages.lookup("SHOP-7", "A"), Recipe(GATEWAY), AT).decode()
    bare = re.sub(r"<ds:Transforms>.*?</ds:Transforms>", "", message, count=1)
    assert Flaw.TRANSFORM in [
        each.flaw for each in read_seal(etree.fromstring(bare), (GATEWAY.certificate,)).problems
    ]


@pytest.mark.parametrize("form", [KeyInfo.KEY_IDENTIFIER, KeyInfo.ISSUER_SERIAL])
def test_the_token_stands_in_requests_that_refer_to_it_otherwise(form: KeyInfo) -> None:
    message = signed_request(messages.lookup("SHOP-7", "A"), replace(Recipe(GATEWAY), key_info=form), AT)
    assert message.count(b"<wsse:BinarySecurityToken ") == 1


def test_what_a_signature_lists_without_end_holds_nobody() -> None:
    """A hundred answers of this kind would else be looked at for hours, whatever time the run has."""
    message = signed_request(messages.lookup("SHOP-7", "x"), Recipe(GATEWAY), AT)
    more = b'<ds:Reference xmlns:ds="http://www.w3.org/2000/09/xmldsig#" URI="#nobody"/>' * 12_000
    root = etree.fromstring(re.sub(rb"(</[a-z:]*SignedInfo>)", more + rb"\1", message))
    begun = time.process_time()
    seal = read_seal(root, read_certificates(GATEWAY.certificate_pem))
    assert time.process_time() - begun < 2
    assert seal.has(Flaw.BROKEN)
    assert not seal.has(Flaw.NOT_SIGNED)


def test_an_answer_of_endless_attributes_is_none_that_anybody_reads() -> None:
    def root(count: int) -> etree._Element | None:
        content = "<a " + " ".join(f'a{number}="1"' for number in range(count)) + "/>"
        return Answer(1, "", Sent("GET", "http://x/"), Received(200, {}, content.encode(), 0.1)).root

    assert root(100) is not None
    assert root(101) is None


def test_an_answer_of_endless_namespaces_is_none_either() -> None:
    def root(count: int) -> etree._Element | None:
        content = "<a " + " ".join(f'xmlns:n{number}="u:{number}"' for number in range(count)) + "><b/></a>"
        return Answer(1, "", Sent("GET", "http://x/"), Received(200, {}, content.encode(), 0.1)).root

    assert root(100) is not None
    assert root(101) is None
