"""Step 13 as the core sees it: only the service's signed word counts."""

from datetime import timedelta

import pytest

from mpay_gateway.api import InvalidAnswer, RemoteRefused


def test_a_signed_response_is_the_services_word(bench, wire):
    bench.remote.says(wire.confirmed, late=-6.4)
    assert bench.deliver().skew_seconds == -6.4


@pytest.mark.parametrize(
    "code",
    [
        "UnknownOrder", "InvalidParameter", "UnknownService", "UnknownInvoice", "UnknownPayment",
        "UknownPayment",
        "InvoiceAlreadyPaid", "InvoiceExpired",
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [200, 500])
def test_d59_a_signed_definite_fault_is_a_permanent_refusal_under_any_status(bench, wire, code, status):
    bench.remote.says(wire.fault(code))
    bench.remote.status = status
    with pytest.raises(RemoteRefused) as refused:
        bench.deliver()
    assert (refused.value.code, refused.value.permanent) == (code, True)


@pytest.mark.parametrize(
    "code", ["InternalError", "AuthenticationFailed", "AuthorizationFailed", "Server", "Novelty", ""]
)
def test_d58_any_other_signed_fault_may_pass(bench, wire, code):
    bench.remote.says(wire.fault(code))
    with pytest.raises(RemoteRefused) as refused:
        bench.deliver()
    assert (refused.value.code, refused.value.permanent) == (code, False)


@pytest.mark.parametrize("code", ["UnknownOrder", "InternalError"])
def test_d60_an_unsigned_fault_is_never_definite(bench, wire, code):
    bench.remote.says_unsigned(wire.fault(code))
    with pytest.raises(RemoteRefused) as refused:
        bench.deliver()
    assert refused.value.permanent is False


def test_an_unsigned_fault_without_a_code_says_nothing(bench, wire):
    bench.remote.says_unsigned(wire.fault(""))
    with pytest.raises(InvalidAnswer, match="without a code"):
        bench.deliver()


def test_d60_a_refusal_signed_by_a_stranger_is_never_definite(bench, wire, stranger_keys):
    bench.remote.says(wire.fault("UnknownOrder"), keys=stranger_keys)
    with pytest.raises(RemoteRefused) as refused:
        bench.deliver()
    assert refused.value.permanent is False


def test_a_definite_refusal_of_an_earlier_confirmation_is_no_refusal_of_this_one(bench, wire):
    bench.remote.says(wire.fault("UnknownOrder"))
    refusal = bench.remote.answer()
    bench.clock.at += timedelta(seconds=61)
    bench.remote.says_bytes(refusal)
    with pytest.raises(InvalidAnswer, match="older than its question"):
        bench.deliver()


@pytest.mark.parametrize("raw", [b"", b"<html/>", b"OK"], ids=["empty", "html", "text"])
def test_d61_what_is_no_soap_is_neither_success_nor_refusal(bench, raw):
    bench.remote.says_bytes(raw)
    with pytest.raises(InvalidAnswer):
        bench.deliver()


def test_d60_an_unsigned_response_is_not_confirmed(bench, wire):
    bench.remote.says_unsigned(wire.confirmed)
    with pytest.raises(InvalidAnswer, match="unsigned"):
        bench.deliver()


def test_attack_54_a_signed_order_is_no_confirmation(bench, wire):
    bench.remote.says(wire.reply(wire.order()))
    with pytest.raises(InvalidAnswer, match="does not answer ConfirmOrderPayment"):
        bench.deliver()


def test_attack_60_a_faults_text_reaches_no_log_whole(bench, wire):
    long_text = "Payer 2003004005006 &lt;script&gt; \u202e " + "x" * 500
    bench.remote.says(wire.fault("UnknownOrder", long_text))
    with pytest.raises(RemoteRefused) as refused:
        bench.deliver()
    assert "2003004005006" not in refused.value.detail
    assert "\u202e" not in refused.value.detail
    assert len(refused.value.detail) < 130


def test_the_message_is_kept_before_it_leaves(bench, wire):
    bench.remote.says(wire.confirmed)
    original = bench.remote.send

    def send(request):
        assert [kind for kind, _, _ in bench.evidence.kept] == ["sent"]
        return original(request)

    bench.remote.send = send
    bench.deliver()
    assert [kind for kind, _, _ in bench.evidence.kept] == ["sent", "received"]


def test_a_retry_has_the_same_content_and_a_new_signature(bench, wire):
    bench.remote.says(wire.confirmed)
    bench.deliver()
    first = bench.remote.requests[-1].body
    bench.clock.at += timedelta(minutes=10)
    bench.deliver()
    second = bench.remote.requests[-1].body

    def content(message):
        return message[message.index(b"<ns0:ConfirmOrderPayment") : message.index(b"</soap-env:Body>")]

    assert content(first) == content(second)
    assert first != second


def test_attack_53_the_proof_of_an_answer_is_that_of_every_copy_of_it(bench, wire):
    bench.remote.says(wire.confirmed)
    first = bench.deliver().proof
    heard = [body for direction, body, _ in bench.evidence.kept if direction == "received"][-1]
    assert first.until == bench.clock.at + timedelta(minutes=6, seconds=0.1)
    rewritten = heard.replace(b"<ds:SignedInfo>", b"<ds:SignedInfo >")
    assert rewritten != heard
    for copy in (heard, rewritten):
        bench.remote.says_bytes(copy)
        assert bench.deliver(wire.confirmation(payment_id="PAYMENT-TWO")).proof == first
    bench.clock.at += timedelta(milliseconds=1)
    bench.remote.says(wire.confirmed)
    assert bench.deliver().proof.digest != first.digest


def test_a_signed_refusal_brings_its_proof_and_an_unsigned_one_has_none(bench, wire):
    bench.remote.says(wire.fault("UnknownOrder"))
    with pytest.raises(RemoteRefused) as signed:
        bench.deliver()
    assert signed.value.proof is not None
    bench.remote.says_unsigned(wire.fault("UnknownOrder"))
    with pytest.raises(RemoteRefused) as unsigned:
        bench.deliver()
    assert unsigned.value.proof is None
