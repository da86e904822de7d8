"""What the service is told of a payment: lines, properties, and the same content for ever."""

from dataclasses import replace
from datetime import UTC, datetime

from mpay_gateway.domain.confirmation import Confirmation, build_lines, build_properties
from mpay_gateway.domain.identifiers import InvoiceId, OrderKey, PaymentId, ServiceId
from mpay_gateway.domain.invoice import LineAllocation
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import Order, OrderLine, OrderProperty, OrderStatus, PaymentAccount

IBANS = ("MD24AG000225100013104168", "MD87TRPBAA142310A1500001")


def bani(minor: int) -> Money:
    return Money.from_minor(minor, "MDL")


def a_line(place: int, *properties: OrderProperty) -> OrderLine:
    account = PaymentAccount(iban=IBANS[place], bank_code="TREZMD2X", beneficiary="A school")
    return OrderLine(f"L{place}", "A thing", bani(60), account, properties=properties)


def an_order(*properties: OrderProperty) -> Order:
    lines = (a_line(0), a_line(1))
    return Order(
        ServiceId("TEST01"), OrderKey("KEY"), "Things", OrderStatus.ACTIVE, "MDL", bani(120), lines,
        properties=properties,
    )  # fmt: skip


def test_each_line_goes_to_its_own_account_with_what_was_paid_of_it():
    lines = build_lines((LineAllocation(a_line(0), bani(60)), LineAllocation(a_line(1), bani(15))))
    assert [(each.line_id, each.amount, each.account.iban) for each in lines] == [
        ("L0", bani(60), IBANS[0]),
        ("L1", bani(15), IBANS[1]),
    ]
    assert lines[0].account == a_line(0).account


def test_a_lines_account_is_repeated_under_the_guides_own_name_after_the_lines_properties():
    """The guide's sample of ConfirmOrderPayment has `Cont beneficiar` on every line."""
    line = a_line(1, OrderProperty("Room", "4"))
    (built,) = build_lines((LineAllocation(line, bani(60)),))
    assert built.properties == (("Room", "4"), ("Cont beneficiar", IBANS[1]))


def test_a_line_without_an_iban_repeats_no_account():
    line = replace(a_line(0), account=PaymentAccount(treasury_account="226647"))
    (built,) = build_lines((LineAllocation(line, bani(60)),))
    assert built.properties == ()


def test_the_orders_properties_come_back_prefixed_and_the_payers_means_last():
    order = an_order(OrderProperty("PlateNumber", "CDR 482"), OrderProperty("Series", "A"))
    assert build_properties(order, "Visa 4000 •••• 1000") == (
        ("HO:PlateNumber", "CDR 482"),
        ("HO:Series", "A"),
        ("Bank", "Visa 4000 •••• 1000"),
    )


def test_nothing_is_said_of_what_has_no_value():
    assert build_properties(an_order(OrderProperty("Telephone", "")), "") == ()
    (built,) = build_lines((LineAllocation(a_line(0, OrderProperty("Room")), bani(60)),))
    assert [name for name, _ in built.properties] == ["Cont beneficiar"]


def test_names_and_values_keep_to_the_guides_lengths():
    """36 characters with the prefix, and 255."""
    order = an_order(OrderProperty("N" * 40, "v" * 300))
    (name, value), (bank, method) = build_properties(order, "m" * 300)
    assert name == "HO:" + "N" * 33
    assert (value, bank, method) == ("v" * 255, "Bank", "m" * 255)
    (built,) = build_lines((LineAllocation(a_line(0, OrderProperty("N" * 40, "v" * 300)), bani(60)),))
    assert built.properties[0] == ("N" * 36, "v" * 255)


def test_two_long_names_that_begin_alike_come_back_as_two():
    """33 characters are left beside the prefix: an order's properties are told apart by more than their beginnings."""
    names = ("N" * 33, "N" * 33 + "1", "N" * 33 + "2")
    order = an_order(*(OrderProperty(name, name[33:] or "0") for name in names))
    built = build_properties(order, "")
    assert [value for _, value in built] == ["0", "1", "2"]
    assert built[0][0] == "HO:" + names[0]
    assert len({name for name, _ in built}) == 3
    assert all(len(name) <= 36 for name, _ in built)
    others = build_properties(an_order(*reversed(order.properties)), "")
    assert set(others) == set(built)


def test_a_long_name_comes_back_alike_whether_or_not_the_other_one_has_a_value():
    both = [OrderProperty("N" * 40 + each, each) for each in "12"]
    alone = [both[0], replace(both[1], value="")]
    assert build_properties(an_order(*alone), "") == build_properties(an_order(*both), "")[:1]
    (line,) = build_lines((LineAllocation(a_line(0, *both), bani(60)),))
    (other,) = build_lines((LineAllocation(a_line(0, *alone), bani(60)),))
    assert line.properties[0] == other.properties[0]
    assert line.properties[0][0] != line.properties[1][0]


def a_confirmation() -> Confirmation:
    return Confirmation(
        PaymentId("PAY"), InvoiceId("49927398716000"), ServiceId("TEST01"), OrderKey("KEY"),
        datetime(2026, 11, 23, 10, tzinfo=UTC), bani(75),
        build_lines((LineAllocation(a_line(0), bani(60)), LineAllocation(a_line(1), bani(15)))),
        build_properties(an_order(OrderProperty("Număr", "Ț 482")), "Visa"),
    )  # fmt: skip


def test_a_stored_confirmation_is_read_back_whole():
    said = a_confirmation()
    assert Confirmation.from_json(said.to_json()) == said


def test_anything_that_is_said_otherwise_has_another_digest():
    said = a_confirmation()
    others = {
        replace(said, total=bani(76)).digest,
        replace(said, paid_at=datetime(2026, 11, 23, 11, tzinfo=UTC)).digest,
        replace(said, properties=()).digest,
        replace(said, lines=said.lines[::-1]).digest,
        replace(said, payment_id=PaymentId("YAP")).digest,
    }
    assert len({said.digest} | others) == 6
    assert said.digest == a_confirmation().digest
