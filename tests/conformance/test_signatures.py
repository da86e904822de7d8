"""The kit's own signing and verifying, held against implementations that it shares nothing with."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from eservice_kit import Trust, verify_message
from eservice_kit.keys import load_certificates
from mpay_gateway.conformance import make_identity, messages, read_certificates
from mpay_gateway.conformance.canonical import Algorithm
from mpay_gateway.conformance.seal import Flaw, Seal, read_seal
from mpay_gateway.conformance.signing import KeyInfo, Prefixes, Recipe, instant_text, signed_request
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
