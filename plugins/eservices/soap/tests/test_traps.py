"""The traps of the contract (section 9) that a message can hold, one test each.

Those that take a payer and his money are in `tests/functional/test_traps.py`; `tests/architecture/test_traps.py` knows
that none is missing.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mpay_gateway.api import (
    CustomerType,
    InvalidAnswer,
    OrderStatus,
    PaymentAccount,
    RemoteRefused,
    ServiceId,
)
from mpay_gateway.wssecurity import SignatureAlgorithm, sign

VECTORS = Path(__file__).parents[4] / "tests" / "vectors" / "soap"
DEFAULT = PaymentAccount("MD24AG000225100013104168", "TREZMD2X", "1006601000255", "Moldsilva")


@pytest.fixture
def replay(make_bench, wire):
    """A bench whose service answers with another implementation's reply, two seconds after it was signed."""

    def make(name: str, **settings):
        bench, message = make_bench(), (VECTORS / name).read_bytes()
        created = message.partition(b"Created>")[2][:19].decode()
        bench.clock.at = datetime.fromisoformat(created).replace(tzinfo=UTC) + timedelta(seconds=2)
        certificate = (VECTORS / "certs" / "service-b.crt").read_bytes()
        bench.service = replace(wire.service(certificate, **settings), id=ServiceId("VOUCHER01"))
        bench.remote.says_bytes(message)
        return bench

    return make


@pytest.mark.parametrize("form", ["empty array", "UnknownOrder", "InvalidParameter", "InternalError"])
def test_trap_order_not_found_has_four_forms(bench, wire, form):
    bench.remote.says(wire.reply() if form == "empty array" else wire.fault(form))
    lookup = bench.look_up()
    assert lookup.orders == ()
    assert lookup.certain == (form in {"empty array", "UnknownOrder"})


@pytest.mark.parametrize("flag", ["AllowPartialPayment", "AllowAdvancePayment"])
def test_trap_singular_plural_flags(look_up_order, wire, flag):
    name = "partial_allowed" if "Partial" in flag else "advance_allowed"
    for spelling in (flag, f"{flag}s"):
        of_order, _ = look_up_order(wire.order(**{spelling: "true"}))
        of_line, _ = look_up_order(wire.order(Lines=wire.line(**{spelling: "true"})))
        assert getattr(of_order, name) is getattr(of_line, name) is True, spelling


def test_trap_canceled_organisation(look_up_order, wire):
    order, found = look_up_order(wire.order(Status="Canceled", CustomerType="Organisation"))
    assert (order.status, order.customer_type) == (OrderStatus.CANCELLED, CustomerType.ORGANIZATION)
    assert found == {("spelling", "Status"), ("spelling", "CustomerType")}


@pytest.mark.parametrize(
    ("sent", "iban"), [("", DEFAULT.iban), ("MD21AG000000000000000001", "MD21AG000000000000000001")]
)
def test_trap_empty_or_string_destinationaccount(make_bench, wire, sent, iban):
    bench = make_bench(account=DEFAULT)
    bench.remote.says(wire.reply(wire.order(Lines=wire.line(DestinationAccount=sent))))
    (order,) = bench.look_up().orders
    assert order.lines[0].account.iban == iban


def test_trap_bankfiscalcode(look_up_order, bench, wire):
    """Read where the guide has it, and sent back under its true name."""
    account = (
        "<BankAccount>MD21AG000000000000000001</BankAccount><BankFiscalCode>1003600000001</BankFiscalCode>"
    )
    order, _ = look_up_order(wire.order(Lines=wire.line(DestinationAccount=account)))
    assert order.lines[0].account.fiscal_code == "1003600000001"
    bench.remote.says(wire.confirmed)
    bench.deliver()
    assert bench.remote.body_of_request.findtext(".//{*}BankFiscalCode") == "1006601000255"
    assert bench.remote.body_of_request.find(".//{*}FiscalCode") is None


def test_trap_undocumented_id_isvisible_and_types(look_up_order, wire):
    items = "".join(
        f"<OrderProperty><Id>{number}</Id><IsVisible>false</IsVisible><Name>P{number}</Name><Type>{type_}</Type>"
        "</OrderProperty>"
        for number, type_ in enumerate(("LineDescription", "number", "CustomerName", "CustomerType"))
    )
    order, found = look_up_order(wire.order(Properties=items))
    assert [(each.id, each.visible, each.type) for each in order.properties] == [
        ("0", False, "LineDescription"),
        ("1", False, "number"),
        ("2", False, "CustomerName"),
        ("3", False, "CustomerType"),
    ]
    assert found == set()


def test_trap_over_long_texts(look_up_order, bench, wire):
    """Kept whole when they are read; cut when they are sent, and identifiers never."""
    order, found = look_up_order(wire.order(Reason="R" * 57, CustomerName="N" * 70))
    assert (len(order.reason), len(order.customer_name)) == (57, 70)
    assert found == {("too-long", "Reason"), ("too-long", "CustomerName")}
    bench.remote.says(wire.confirmed)
    bench.deliver(wire.confirmation(properties=(("N" * 40, "V" * 300),), order_key="K" * 40))
    sent = bench.remote.body_of_request
    assert len(sent.findtext("{*}confirmation/{*}Properties/{*}PaymentProperty/{*}Name")) == 36
    assert len(sent.findtext("{*}confirmation/{*}Properties/{*}PaymentProperty/{*}Value")) == 255
    assert sent.findtext("{*}confirmation/{*}OrderKey") == "K" * 40


def test_trap_zoneless_local_times_and_the_hour_that_occurs_twice_when_summer_time_ends(look_up_order, wire):
    summer, _ = look_up_order(wire.order(IssuedAt="2025-07-10T09:26:29.463", DueDate="2025-12-10T00:00:00"))
    assert summer.issued_at == datetime(2025, 7, 10, 6, 26, 29, 463000, tzinfo=UTC)
    assert summer.due_at == datetime(2025, 12, 9, 22, tzinfo=UTC)
    twice, found = look_up_order(wire.order(IssuedAt="2026-10-25T02:30:00", DueDate="2026-10-25T02:30:00"))
    assert twice.due_at - twice.issued_at == timedelta(hours=1), "issued early, due late: for the payer"
    assert found == {("time-occurs-twice", "IssuedAt"), ("time-occurs-twice", "DueDate")}


@pytest.mark.parametrize("seconds", [-59, -6.4, 0, 59])
def test_trap_clock_skew_in_both_directions(bench, wire, seconds):
    bench.remote.says(wire.reply(wire.order()), late=seconds)
    assert bench.look_up().skew == timedelta(seconds=seconds)
    bench.remote.says(wire.reply(wire.order()), late=61 if seconds > 0 else -61)
    with pytest.raises(InvalidAnswer):
        bench.look_up()


@pytest.mark.parametrize("algorithm", list(SignatureAlgorithm))
def test_trap_rsa_sha1_next_to_rsa_sha256(make_bench, wire, algorithm):
    """A service may sign with either whatever we sign with, until its registration leaves one out."""
    message = wire.envelope(wire.reply(wire.order()))

    def signed(bench) -> bytes:
        return sign(message, bench.remote.keys.signing, at=bench.clock.at, algorithm=algorithm)

    for ours in SignatureAlgorithm:
        bench = make_bench(signature=ours)
        bench.remote.says_bytes(signed(bench))
        assert len(bench.look_up().orders) == 1
    other = next(each for each in SignatureAlgorithm if each is not algorithm)
    strict = make_bench(accept_signatures=(other,))
    strict.remote.says_bytes(signed(strict))
    with pytest.raises(InvalidAnswer):
        strict.look_up()


def test_trap_pretty_printed_signed_replies(replay):
    name = "pretty-printed.GetOrderDetails.response.xml"
    with pytest.raises(InvalidAnswer, match="bad-signature"):
        replay(name).look_up("IMIS-0001")
    assert len(replay(name, ignore_whitespace=True).look_up("IMIS-0001").orders) == 1


def test_trap_header_after_body(replay):
    name = "embedded.GetOrderDetails.response.xml"
    message = (VECTORS / name).read_bytes()
    assert message.index(b"Body>") < message.index(b"Header>"), "the vector is what it is said to be"
    assert len(replay(name).look_up("IMIS-0001").orders) == 1


@pytest.mark.parametrize("signed", [True, False])
def test_trap_http_200_faults(bench, wire, signed):
    say = bench.remote.says if signed else bench.remote.says_unsigned
    say(wire.fault("UnknownOrder"))
    assert bench.remote.status == 200
    with pytest.raises(RemoteRefused) as refused:
        bench.deliver()
    assert (refused.value.code, refused.value.permanent) == ("UnknownOrder", signed)
