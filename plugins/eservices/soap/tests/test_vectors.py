"""Replies that other implementations signed, read at the time at which they were made."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mpay_gateway.api import InvalidAnswer, Money, RemoteRefused, ServiceId

VECTORS = Path(__file__).parents[4] / "tests" / "vectors" / "soap"
SERVICE_A = (VECTORS / "certs" / "service-a.crt").read_bytes()
SERVICE_B = (VECTORS / "certs" / "service-b.crt").read_bytes()


@pytest.fixture
def replay(make_bench, wire):
    """A bench whose service answers with a vector, two seconds after it was signed."""

    def make(name: str, certificate: bytes, *, service_id: str = "SRV01", **settings):
        bench = make_bench()
        message = (VECTORS / name).read_bytes()
        bench.clock.at = _created(message) + timedelta(seconds=2)
        bench.service = replace(wire.service(certificate, **settings), id=ServiceId(service_id))
        bench.remote.says_bytes(message)
        return bench

    return make


def _created(message: bytes) -> datetime:
    """When the message was signed; any time will do for one that is not."""
    text = message.partition(b"Created>")[2][:19].decode() or "2026-11-23T07:13:44"
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_issuer_and_serial_with_reversed_names(replay):
    bench = replay("issuer-serial.GetOrderDetails.response.xml", SERVICE_A, service_id="TEST01")
    lookup = bench.look_up("1000453")
    (order,) = lookup.orders
    assert order.total_due == Money.from_minor(5000, "MDL")
    assert order.due_at == datetime(2026, 11, 24, tzinfo=UTC)
    assert [line.line_id for line in order.lines] == ["6b03e7a7aca64"]
    assert lookup.deviations == ()
    assert lookup.skew == timedelta(seconds=-2)


def test_embedded_certificate_and_header_after_body(replay):
    bench = replay("embedded.GetOrderDetails.response.xml", SERVICE_B, service_id="VOUCHER01")
    lookup = bench.look_up("IMIS-0001")
    (order,) = lookup.orders
    assert [line.amount_due for line in order.lines] == [Money.from_minor(5000, "MDL")] * 2
    assert [line.account.iban for line in order.lines] == [
        "MD24TRPBAA142310A1500001",
        "MD24TRPBAA142310A1500002",
    ]
    assert order.lines[0].account.fiscal_code == "1006601000037"
    assert {(each.code, each.example) for each in lookup.deviations} == {
        ("spelling", "AllowAdvancePayment"),
        ("spelling", "AllowPartialPayment"),
        ("header-after-body", ""),
    }


def test_pretty_printed_signed_reply(replay):
    name = "pretty-printed.GetOrderDetails.response.xml"
    with pytest.raises(InvalidAnswer, match="bad-signature"):
        replay(name, SERVICE_B, service_id="VOUCHER01").look_up("IMIS-0001")
    lookup = replay(name, SERVICE_B, service_id="VOUCHER01", ignore_whitespace=True).look_up("IMIS-0001")
    assert lookup.orders[0].total_due == Money.from_minor(10000, "MDL")
    assert lookup.deviations[0].code == "reformatted-after-signing"


def test_the_order_of_another_key_is_not_shown(replay):
    bench = replay("embedded.GetOrderDetails.response.xml", SERVICE_B, service_id="VOUCHER01")
    with pytest.raises(InvalidAnswer, match="another key"):
        bench.look_up("IMIS-0002")


def test_another_services_valid_certificate_is_refused(replay):
    bench = replay("embedded.GetOrderDetails.response.xml", SERVICE_A, service_id="VOUCHER01")
    with pytest.raises(InvalidAnswer, match="unknown-certificate"):
        bench.look_up("IMIS-0001")


def test_signed_fault_in_http_200_for_an_unknown_order(replay):
    bench = replay("fault-signed.GetOrderDetails.response.xml", SERVICE_A)
    lookup = bench.look_up("1000454")
    assert lookup.orders == ()
    assert [(each.code, each.example) for each in lookup.deviations] == [
        ("fault-with-http-200", ""), ("fault-for-unknown-order", "InternalError"),
    ]  # fmt: skip


def test_unsigned_fault_in_http_500_for_an_unknown_order(replay):
    bench = replay("fault-unsigned.GetOrderDetails.response.xml", SERVICE_B)
    bench.remote.status = 500
    with pytest.raises(RemoteRefused) as refused:
        bench.look_up("NOPE")
    assert (refused.value.code, refused.value.permanent) == ("InvalidParameter", False)


CONFIRMED = [
    ("issuer-serial.ConfirmOrderPayment.response.xml", SERVICE_A, False),
    ("pretty-printed.ConfirmOrderPayment.response.xml", SERVICE_B, True),
]


@pytest.mark.parametrize(("name", "certificate", "ignore_whitespace"), CONFIRMED)
def test_confirmations_that_services_accepted(replay, name, certificate, ignore_whitespace):
    bench = replay(name, certificate, ignore_whitespace=ignore_whitespace)
    assert bench.deliver().skew_seconds == -2
