"""What is believed: which algorithms, which certificates, which kind of message."""

import os
from datetime import timedelta

import pytest

from mpay_gateway.wssecurity import MessageKind, Refused, SignatureAlgorithm, TrustedCertificates
from tests.unit.wssecurity.forge import (
    REQUEST,
    RSA_SHA1,
    SHA1,
    Recipe,
    answer,
    check,
    policy,
    refusal,
)
from tests.unit.wssecurity.identities import NOW, identity

SHA256_ONLY = frozenset({SignatureAlgorithm.RSA_SHA256})
SHA1_ONLY = frozenset({SignatureAlgorithm.RSA_SHA1})


@pytest.mark.parametrize(
    ("recipe", "accepted", "code"),
    [
        (Recipe(method=RSA_SHA1, digest=SHA1), SHA256_ONLY, "algorithm-not-accepted"),
        (Recipe(digest=SHA1), SHA256_ONLY, "algorithm-not-accepted"),
        (Recipe(), SHA1_ONLY, "algorithm-not-accepted"),
        (Recipe(), frozenset(), "algorithm-not-accepted"),
        (Recipe(), SHA256_ONLY, "valid"),
        (Recipe(method=RSA_SHA1, digest=SHA1), SHA1_ONLY, "valid"),
    ],
)
def test_only_the_algorithms_that_the_service_may_use_are_accepted(recipe, accepted, code):
    assert refusal(recipe.build(), accepted=accepted) == code


@pytest.mark.parametrize(
    ("starts", "ends", "code"),
    [(-2, -1, "certificate-expired"), (1, 2, "certificate-not-yet-valid"), (-1, 1, "valid")],
)
def test_the_certificate_must_be_in_force(starts, ends, code):
    signer = identity(
        f"dated{starts}{ends}", key="service", starts=timedelta(days=starts), ends=timedelta(days=ends)
    )
    assert answer(Recipe(signer=signer).build(), signer.trusted) == code


def test_no_registered_certificate_means_no_valid_message():
    assert answer(Recipe().build(), TrustedCertificates.load([])) == "unknown-certificate"


def test_our_own_request_sent_back_to_us_is_no_reply():
    ours = Recipe(REQUEST, signer=identity("gateway")).build()
    assert refusal(ours) == "unknown-certificate"
    assert answer(ours, identity("gateway").trusted) == "wrong-kind"
    assert answer(ours, identity("gateway").trusted, kind=MessageKind.REQUEST) == "valid"


def test_a_reply_sent_as_a_request_is_refused():
    assert refusal(Recipe().build(), kind=MessageKind.REQUEST) == "wrong-kind"
    assert refusal(Recipe().build(), kind=MessageKind.EITHER) == "valid"


def test_a_file_that_a_reference_names_is_not_opened(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)  # opening it for reading would block for ever
    assert refusal(Recipe(references=("#stamp", "#body", fifo.as_uri())).build()) == "reference-not-accepted"


def test_a_refusal_says_why_in_one_line_without_quoting_at_length():
    message = Recipe(references=("#stamp", "#body", "\n" + "x" * 5000)).build()
    with pytest.raises(Refused) as refused:
        check(message)
    assert "\n" not in refused.value.detail
    assert len(refused.value.detail) < 200


@pytest.mark.parametrize("changes", [{"at": NOW.replace(tzinfo=None)}, {"tolerance": timedelta(seconds=-1)}])
def test_a_policy_that_makes_no_sense_is_refused(changes):
    with pytest.raises(ValueError, match="VerificationPolicy"):
        policy(**changes)
