"""Step 5 as the core sees it: what a signed answer becomes, and what is refused."""

from datetime import timedelta

import pytest

from mpay_gateway.api import (
    Deviation,
    InvalidAnswer,
    Money,
    OrderStatus,
    OutcomeUnknown,
    RemoteRefused,
    RemoteUnavailable,
    UnknownService,
)
from mpay_gateway.wssecurity import SignatureAlgorithm


def test_a_plain_order_is_read(bench, wire):
    bench.remote.says(wire.reply(wire.order()))
    lookup = bench.look_up()
    (order,) = lookup.orders
    assert order.order_key == "K-1"
    assert order.status is OrderStatus.ACTIVE
    assert order.total_due == Money.from_minor(15000, "MDL")
    assert [(line.line_id, line.amount_due.minor) for line in order.lines] == [("1", 15000)]
    assert lookup.deviations == ()
    assert lookup.skew == timedelta(seconds=0.1)


@pytest.mark.parametrize(
    "result",
    [
        "<GetOrderDetailsResult/>",
        '<GetOrderDetailsResult xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>',
        "",
    ],
    ids=["empty array", "nil", "absent"],
)
def test_order_not_found_as_an_array_without_orders(bench, wire, result):
    bench.remote.says(f'<GetOrderDetailsResponse xmlns="{wire.namespace}">{result}</GetOrderDetailsResponse>')
    lookup = bench.look_up()
    assert lookup.orders == ()
    assert lookup.deviations == ()
    assert lookup.certain


@pytest.mark.parametrize("code", ["UnknownOrder", "InvalidParameter", "InternalError", "s:UnknownOrder"])
def test_order_not_found_as_a_signed_fault_is_an_empty_answer_with_a_deviation(bench, wire, code):
    bench.remote.says(wire.fault(code))
    bench.remote.status = 500
    lookup = bench.look_up()
    assert lookup.orders == ()
    assert lookup.deviations == (
        Deviation("fault-for-unknown-order", "Fault/faultcode", code.removeprefix("s:")),
    )


@pytest.mark.parametrize(
    ("code", "certain"),
    [("UnknownOrder", True), ("s:UnknownOrder", True), ("InvalidParameter", False), ("InternalError", False)],
)
def test_only_a_fault_that_means_nothing_else_is_certain(bench, wire, code, certain):
    """Contract, section 5: services say the others of an unknown order, and of a fault of their own."""
    bench.remote.says(wire.fault(code))
    lookup = bench.look_up()
    assert (lookup.certain, lookup.fault) == (certain, code.removeprefix("s:"))


def test_a_nil_order_in_the_array_is_left_out_and_noted(bench, wire):
    bench.remote.says(wire.reply('<OrderDetails i:nil="true"/>'))
    lookup = bench.look_up()
    assert lookup.orders == ()
    assert [each.code for each in lookup.deviations] == ["nil-item"]


def test_a_signed_unknown_service_is_its_own_error(bench, wire):
    bench.remote.says(wire.fault("UnknownService"))
    with pytest.raises(UnknownService):
        bench.look_up()


@pytest.mark.parametrize(
    ("code", "permanent"),
    [
        ("AuthenticationFailed", False),
        ("AuthorizationFailed", False),
        ("InvoiceExpired", True),
        ("Server", False),
    ],
)
def test_other_signed_faults_are_refusals(bench, wire, code, permanent):
    bench.remote.says(wire.fault(code))
    with pytest.raises(RemoteRefused) as refused:
        bench.look_up()
    assert (refused.value.code, refused.value.permanent) == (code, permanent)


@pytest.mark.parametrize("code", ["UnknownOrder", "UnknownService", "InvalidParameter", "InternalError"])
def test_d60_an_unsigned_fault_is_never_definite(bench, wire, code):
    bench.remote.says_unsigned(wire.fault(code))
    with pytest.raises(RemoteRefused) as refused:
        bench.look_up()
    assert (refused.value.code, refused.value.permanent) == (code, False)


def test_d60_a_fault_signed_by_a_stranger_is_never_definite(bench, wire, stranger_keys):
    bench.remote.says(wire.fault("UnknownOrder"), keys=stranger_keys)
    with pytest.raises(RemoteRefused) as refused:
        bench.look_up()
    assert refused.value.permanent is False


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"<html><body>It works!</body></html>", 200),
        (b"", 200),
        (b"Bad Gateway", 502),
        (
            b"<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body><a/></s:Body></s:Envelope>",
            200,
        ),
        (b"\x1f\x8b\x08\x00", 200),
    ],
    ids=["html", "empty", "bad gateway", "soap 1.2", "compressed"],
)
def test_d61_what_is_no_signed_soap_is_an_invalid_answer(bench, raw, status):
    bench.remote.says_bytes(raw)
    bench.remote.status = status
    with pytest.raises(InvalidAnswer, match=f"HTTP {status}"):
        bench.look_up()


def test_d61_an_unsigned_order_is_an_invalid_answer(bench, wire):
    bench.remote.says_unsigned(wire.reply(wire.order()))
    with pytest.raises(InvalidAnswer, match="unsigned"):
        bench.look_up()


def test_attack_46_an_order_signed_by_a_stranger_is_an_invalid_answer(bench, wire, stranger_keys):
    bench.remote.says(wire.reply(wire.order()), keys=stranger_keys)
    with pytest.raises(InvalidAnswer, match="unknown-certificate"):
        bench.look_up()


def test_d61_another_operations_reply_is_an_invalid_answer(bench, wire):
    bench.remote.says(wire.confirmed)
    with pytest.raises(InvalidAnswer, match="does not answer GetOrderDetails"):
        bench.look_up()


def test_a_reply_in_another_namespace_is_an_invalid_answer(bench, wire):
    bench.remote.says(wire.reply(wire.order()).replace(wire.namespace, wire.namespace + "/"))
    with pytest.raises(InvalidAnswer, match="does not answer"):
        bench.look_up()


def test_attack_55_our_own_message_sent_back_is_an_invalid_answer(bench):
    bench.remote.answer = lambda: bench.remote.requests[-1].body
    with pytest.raises(InvalidAnswer, match="unknown-certificate"):
        bench.look_up()


def test_attack_53_an_answer_made_before_the_question_is_an_invalid_answer(bench, wire):
    bench.remote.says(wire.reply(wire.order(TotalAmountDue="1.00", Lines=wire.line(AmountDue="1.00"))))
    old = bench.remote.answer()
    bench.clock.at += timedelta(seconds=61)
    bench.remote.says_bytes(old)
    with pytest.raises(InvalidAnswer, match="older than its question"):
        bench.look_up()


@pytest.mark.parametrize("late", [-59.0, -6.4, 0.0, 59.0])
def test_clock_skew_within_tolerance_in_both_directions_is_measured(bench, wire, late):
    bench.remote.says(wire.reply(wire.order()), late=late)
    assert bench.look_up().skew == timedelta(seconds=late)


@pytest.mark.parametrize("late", [-61.0, 61.0])
def test_e79_clock_skew_beyond_tolerance_is_refused(bench, wire, late):
    bench.remote.says(wire.reply(wire.order()), late=late)
    with pytest.raises(InvalidAnswer):
        bench.look_up()


def test_a_wider_tolerance_is_a_setting_of_the_service(make_bench, wire):
    bench = make_bench(clock_tolerance_seconds=200)
    bench.remote.says(wire.reply(wire.order()), late=-150)
    assert len(bench.look_up().orders) == 1


def test_sha1_replies_are_refused_where_the_service_has_left_sha1(make_bench, wire):
    bench = make_bench(accept_signatures=(SignatureAlgorithm.RSA_SHA256,))
    bench.remote.says(wire.reply(wire.order()))
    with pytest.raises(InvalidAnswer, match="algorithm-not-accepted"):
        bench.look_up()


def test_a_reply_formatted_after_signing_is_read_only_where_the_service_may_do_so(make_bench, wire):
    def formatted(bench):
        bench.remote.says(wire.reply(wire.order()))
        return bench.remote.answer().replace(b"><", b">\n  <")

    strict, lenient = make_bench(), make_bench(ignore_whitespace=True)
    strict.remote.says_bytes(formatted(strict))
    with pytest.raises(InvalidAnswer, match="bad-signature"):
        strict.look_up()
    lenient.remote.says_bytes(formatted(lenient))
    lookup = lenient.look_up()
    assert lookup.orders[0].total_due == Money.from_minor(15000, "MDL")
    assert [each.code for each in lookup.deviations] == ["reformatted-after-signing"]


@pytest.mark.parametrize("error", [RemoteUnavailable("down"), OutcomeUnknown("reset")])
def test_what_the_http_client_raises_reaches_the_core(bench, error):
    def fail():
        raise error

    bench.remote.answer = fail
    with pytest.raises(type(error)):
        bench.look_up()
    assert [kind for kind, _, _ in bench.evidence.kept] == ["sent"]


def test_both_messages_are_kept_byte_for_byte_and_before_they_are_read(bench):
    bench.remote.says_bytes(b"<html>")
    with pytest.raises(InvalidAnswer):
        bench.look_up()
    (first, sent, sent_meta), (second, received, received_meta) = bench.evidence.kept
    assert (first, second) == ("sent", "received")
    assert sent == bench.remote.requests[0].body
    assert received == b"<html>"
    assert (sent_meta.operation, sent_meta.notes) == ("GetOrderDetails", (("signature", "rsa-sha1"),))
    assert received_meta.status == 200


def test_nothing_is_sent_when_the_message_cannot_be_kept(bench):
    class FullDisk:
        def sent(self, body, meta):
            raise OSError("no space left on device")

    bench.evidence = FullDisk()
    with pytest.raises(OSError, match="no space left"):
        bench.look_up()
    assert bench.remote.requests == []
