"""What the payer fills in: which fields there are, what they accept, and how it comes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpay_gateway.domain.confirmation import build_properties
from mpay_gateway.domain.filling import (
    CUSTOMER,
    Field,
    complete,
    fields_of,
    filled_in,
    is_idn,
    problem_with,
    tidied,
)
from mpay_gateway.domain.identifiers import OrderKey, ServiceId
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import Order, OrderLine, OrderProperty, OrderStatus, PaymentAccount

DUE = Money.from_minor(15000, "MDL")
IDNP = "2002004005676"
IDNO = "1006601000255"


def an_order(*own: OrderProperty, of_line: tuple[OrderProperty, ...] = (), asked: bool = False) -> Order:
    line = OrderLine("L1", "A thing", DUE, PaymentAccount(), properties=of_line)
    return Order(
        ServiceId("TEST01"), OrderKey("KEY"), "Things", OrderStatus.ACTIVE, "MDL", DUE, (line,),
        properties=own, customer_id_asked=asked,
    )  # fmt: skip


def asked_for(name: str, type_: str = "string", value: str = "", *, required: bool = False) -> OrderProperty:
    return OrderProperty(name, value, type=type_, modifiable=True, required=required)


def field(type_: str, *, required: bool = False) -> Field:
    """A field of this type; CUSTOMER stands for the payer's own code."""
    if type_ == CUSTOMER:
        return fields_of(an_order(asked=True))[0]
    (found,) = fields_of(an_order(asked_for("X", type_, required=required)))
    return found


def test_the_payer_fills_in_what_is_modifiable_and_visible_and_nothing_else():
    order = an_order(
        asked_for("Telephone"), OrderProperty("Plate", "CDR 482"),
        OrderProperty("Source", "web", modifiable=True, visible=False),
        of_line=(asked_for("Recipient"), OrderProperty("Plot", "37B")),
    )  # fmt: skip
    assert [(each.line_id, each.wanted.name) for each in fields_of(order)] == [
        ("", "Telephone"),
        ("L1", "Recipient"),
    ]


def test_two_long_names_that_begin_alike_have_a_field_each_and_come_back_apart():
    order = an_order(*(asked_for("N" * 33 + each) for each in ("", "1", "12")))
    ids = [each.id for each in fields_of(order)]
    assert len(set(ids)) == 3
    filled = filled_in(order, dict(zip(ids, ("a", "b", "c"), strict=True)))
    built = build_properties(filled, "")
    assert [value for _, value in built] == ["a", "b", "c"]
    assert len({name for name, _ in built}) == 3


def test_ids_of_fields_are_distinct_and_do_not_depend_on_their_order():
    twice = (asked_for("A"), asked_for("A"), asked_for("B"))
    order = an_order(*twice, of_line=(asked_for("A"),))
    ids = [each.id for each in fields_of(order)]
    assert len(set(ids)) == 4
    turned = an_order(*reversed(twice), of_line=(asked_for("A"),))
    assert {each.id for each in fields_of(turned)} == set(ids)


def test_a_service_that_does_not_know_who_pays_has_him_asked_first():
    (customer, telephone) = fields_of(an_order(asked_for("Telephone"), asked=True))
    assert (customer.wanted.name, customer.wanted.required, customer.longest) == (CUSTOMER, True, 13)
    assert (telephone.wanted.name, telephone.payers_code) == ("Telephone", False)


def test_a_property_of_the_service_s_own_is_a_string_though_it_is_called_as_the_payer_s_code():
    """Every type but the documented ones is read as a string (contract, section 3)."""
    own, customer = asked_for(CUSTOMER, CUSTOMER), fields_of(an_order(asked=True))[0]
    payer, telling = fields_of(an_order(own, asked=True))
    assert (payer, telling.payers_code, telling.longest) == (customer, False, 255)
    assert payer.id != telling.id
    assert problem_with(telling, tidied(telling, "Ion, son of Vasile")) == ""


@pytest.mark.parametrize("number", [IDNP, IDNO, "1007606001232"])
def test_a_number_whose_last_digit_checks_the_others_is_an_idn(number):
    assert is_idn(number)
    wrong = (number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :] for place in range(13))
    assert not any(map(is_idn, wrong))
    assert not is_idn(number[:-1])
    assert not is_idn(number + "0")
    assert not is_idn(number.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")))


@pytest.mark.parametrize(
    ("type_", "typed", "problem"),
    [
        ("string", "069 123 456", ""),
        ("string", "x" * 255, ""),
        ("string", "x" * 256, "fill.too-long"),
        ("LineDescription", "anything", ""),
        ("idn", IDNP, ""),
        ("idn", "2 002 004 005 676", ""),
        ("idn", "2002004005677", "fill.idn"),
        ("idn", "AB123456", "fill.idn"),
        ("tc", IDNO, ""),
        ("tc", "1006 6010 00255", ""),
        ("tc", "1006601000256", "fill.tc"),
        ("tc", "12345", "fill.tc"),
        ("tc", "DE123", ""),
        ("tc", "DE12", "fill.tc"),
        ("number", "12", ""),
        ("number", "12,5", ""),
        ("number", "1 000.25", ""),
        ("number", "-3", ""),
        ("number", "12.5.1", "fill.number"),
        ("number", "twelve", "fill.number"),
        ("number", "1e3", "fill.number"),
        (CUSTOMER, IDNP, ""),
        (CUSTOMER, "2002004005677", "fill.customer"),
        (CUSTOMER, "ab 123456", ""),
        (CUSTOMER, "123456789", ""),
        (CUSTOMER, "AB-123", "fill.customer"),
        (CUSTOMER, "AB12", "fill.customer"),
        (CUSTOMER, "AB123456789012", "fill.too-long"),
    ],
)
def test_a_value_keeps_to_its_type(type_, typed, problem):
    asked = field(type_)
    assert problem_with(asked, tidied(asked, typed)) == problem


@pytest.mark.parametrize(
    ("type_", "typed", "kept"),
    [
        ("string", "  Ștefan\tcel\u202e Mare ", "Ștefan cel Mare"),
        ("string", "s\u0326i", "și"),
        ("number", " 1 000,5", "1000.5"),
        ("idn", "2002 004 005 676", IDNP),
        ("tc", "DE 123", "DE 123"),
        (CUSTOMER, "ab 123456", "AB123456"),
    ],
)
def test_what_was_typed_is_kept_tidy(type_, typed, kept):
    assert tidied(field(type_), typed) == kept


@given(st.text(max_size=300), st.sampled_from(["string", "idn", "tc", "number", CUSTOMER]))
def test_what_is_tidy_stays_as_it_is(typed, type_):
    once = tidied(field(type_), typed)
    assert tidied(field(type_), once) == once


def test_only_what_is_required_may_not_be_empty():
    assert problem_with(field("idn", required=True), "") == "fill.missing"
    assert problem_with(field("idn"), "") == ""


def test_an_order_is_complete_when_nothing_is_missing_or_wrong():
    order = an_order(asked_for("Telephone", required=True), asked_for("Code", "idn", IDNP))
    telephone, code = fields_of(order)
    assert not complete(order, {})
    assert complete(order, {telephone.id: "069123456"})
    assert not complete(order, {telephone.id: "069123456", code.id: "1"})
    assert complete(an_order(), {})


def test_what_was_filled_in_comes_back_where_it_was_asked_for():
    order = an_order(
        OrderProperty("Plate", "CDR 482"), asked_for("Telephone"), asked_for("Copies", "number", "1"),
        OrderProperty("Source", "web", visible=False), of_line=(asked_for("Recipient"),), asked=True,
    )  # fmt: skip
    customer, telephone, _, recipient = fields_of(order)
    filled = filled_in(
        order, {customer.id: "AB123456", telephone.id: "069123456", recipient.id: "Ana", "f-strange": "x"}
    )
    assert build_properties(filled, "") == (
        ("HO:CustomerID", "AB123456"),
        ("HO:Plate", "CDR 482"),
        ("HO:Telephone", "069123456"),
        ("HO:Copies", "1"),
        ("HO:Source", "web"),
    )
    assert [(each.name, each.value) for each in filled.lines[0].properties] == [("Recipient", "Ana")]
    assert filled.version == order.version


def test_two_properties_of_one_name_keep_their_own_values():
    order = an_order(asked_for("A"), OrderProperty("A", "fixed"), asked_for("A"))
    first, second = fields_of(order)
    filled = filled_in(order, {first.id: "1", second.id: "2"})
    assert [each.value for each in filled.properties] == ["1", "fixed", "2"]
