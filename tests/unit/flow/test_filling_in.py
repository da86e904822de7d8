"""The invoice page's form: fields that the payer fills in, and amounts that he says himself."""

import json
from dataclasses import replace

import pytest

from mpay_gateway.domain.language import Language
from mpay_gateway.domain.order import OrderProperty
from mpay_gateway.flow.claiming import Standing
from mpay_gateway.flow.filling_in import Agreement
from mpay_gateway.flow.invoicing import FormRefused, InvoicePage, agree
from mpay_gateway.flow.payment_start import OrderChanged
from mpay_gateway.flow.registration import apply_service
from mpay_gateway.flow.visiting import find_visit
from tests.unit.flow.filling import COPIES, RECIPIENT, TELEPHONE, agree_to, arrive, paid, shown
from tests.unit.flow.scripted import SERVICE, lei, service_named


def wrong(refused: pytest.ExceptionInfo[FormRefused], page: InvoicePage) -> dict[str, str]:
    names = {each.id: each.wanted.name for each in page.fields}
    return {names.get(field, field): reason for field, reason in refused.value.problems}


# Fields


def test_what_the_payer_fills_in_comes_back_with_its_prefix_and_in_its_line(gateway, shape):
    shape(
        properties=(TELEPHONE, COPIES), customer_id_asked=True,
        lines=lambda lines: (replace(lines[0], properties=(RECIPIENT,)), *lines[1:]),
    )  # fmt: skip
    visit, page = arrive(gateway)
    agree_to(
        gateway, visit, page, CustomerID="ab 123456", Telephone="069 123 456", Copies="2", Recipient="Ana"
    )
    told = paid(gateway, visit)
    assert dict(told.properties) == {
        "HO:CustomerID": "AB123456",
        "HO:Telephone": "069 123 456",
        "HO:Copies": "2",
        "Bank": "Visa",
    }
    assert ("Recipient", "Ana") in told.lines[0].properties
    assert all(name == "Cont beneficiar" for name, _ in told.lines[1].properties)


def test_everything_that_is_wrong_is_said_at_once_and_nothing_is_agreed_to(gateway, shape):
    shape(properties=(TELEPHONE, COPIES), allow_partial=True)
    visit, page = arrive(gateway)
    with pytest.raises(FormRefused) as refused:
        agree_to(gateway, visit, page, "1000", Telephone=" ", Copies="many")
    assert wrong(refused, page) == {
        "Telephone": "fill.missing",
        "Copies": "fill.number",
        "amount": "amount.out-of-range",
    }
    assert "many" not in str(refused.value)
    assert find_visit(gateway.parts, visit.token).accepted_version == ""


def test_a_masked_value_is_not_shown_and_stays_where_the_payer_leaves_it(gateway, shape):
    shape(properties=(COPIES,))
    visit, page = arrive(gateway)
    (copies,) = page.fields
    assert page.value_of(copies) == ""
    agree_to(gateway, visit, page, Copies="")
    assert ("HO:Copies", "1") in paid(gateway, visit).properties


def test_where_nothing_is_masked_the_payer_sees_the_value_and_may_empty_it(gateway, shape):
    apply_service(gateway.parts, replace(service_named(SERVICE), mask=False))
    shape(properties=(replace(COPIES, required=False),))
    visit, page = arrive(gateway)
    (copies,) = page.fields
    assert page.value_of(copies) == "1"
    agree_to(gateway, visit, page, Copies="")
    assert "HO:Copies" not in dict(paid(gateway, visit).properties)


def test_who_comes_back_to_the_page_finds_what_he_gave(gateway, shape):
    shape(properties=(TELEPHONE,))
    visit, page = arrive(gateway)
    agree_to(gateway, visit, page, Telephone="069123456")
    again = shown(gateway, visit)
    assert [again.value_of(each) for each in again.fields] == ["069123456"]
    _, another = arrive(gateway)
    assert [another.value_of(each) for each in another.fields] == [""]


def test_what_was_typed_outlives_a_change_of_the_order(gateway, shape):
    shape(properties=(TELEPHONE,))
    visit, page = arrive(gateway)
    gateway.calls.amounts = ("125.00",)
    assert agree_to(gateway, visit, page, Telephone="069123456").changed
    again = shown(gateway, visit)
    assert [again.value_of(each) for each in again.fields] == ["069123456"]
    assert find_visit(gateway.parts, visit.token).accepted_version == ""


def test_nobody_has_more_kept_of_him_than_a_field_takes(gateway, shape):
    """Whoever sends an old version may type what he likes: nothing of it was checked."""
    shape(properties=(TELEPHONE, COPIES))
    visit, page = arrive(gateway)
    telephone, copies = page.fields
    typed = {telephone.id: "x" * 60_000, copies.id: "12", "f-strange": "y"}
    agree(gateway.parts, visit.token, Agreement("another", "", typed), Language.RO, client="127.0.0.1")
    assert find_visit(gateway.parts, visit.token).filled == {copies.id: "12"}


def test_a_form_that_is_refused_comes_with_its_page_and_the_service_is_asked_once(
    gateway, shape, monkeypatch
):
    shape(properties=(TELEPHONE,))
    visit, page = arrive(gateway)
    asked = []
    was = gateway.calls.lookup_orders
    monkeypatch.setattr(gateway.calls, "lookup_orders", lambda *each: asked.append(each) or was(*each))
    with pytest.raises(FormRefused) as refused:
        agree_to(gateway, visit, page, Telephone="")
    assert refused.value.page.invoice.order == page.invoice.order
    assert len(asked) == 1


def test_what_cannot_be_changed_or_seen_stays_as_the_service_said_whatever_is_posted(gateway, shape):
    """A forged form names the fields that such properties would have if they could be filled in."""
    fixed, hidden = (
        OrderProperty("Plate", "CDR 482"),
        OrderProperty("Fee", "5", visible=False, modifiable=True),
    )
    shape(properties=(replace(fixed, modifiable=True), replace(hidden, visible=True)))
    visit, page = arrive(gateway)
    forged = {each.id: "forged" for each in page.fields}
    assert len(forged) == 2
    shape(properties=(fixed, hidden))
    page = shown(gateway, visit)
    agreement = Agreement(page.invoice.order.version, "", forged)
    agree(gateway.parts, visit.token, agreement, Language.RO, client="127.0.0.1")
    told = dict(paid(gateway, visit).properties)
    assert (told["HO:Plate"], told["HO:Fee"]) == ("CDR 482", "5")


def test_a_field_that_is_demanded_at_the_last_moment_is_asked_for_before_money_moves(gateway, shape):
    visit, page = arrive(gateway)
    agree_to(gateway, visit, page)
    shape(properties=(TELEPHONE,))
    assert gateway.press(find_visit(gateway.parts, visit.token)) == OrderChanged()
    agree_to(gateway, visit, shown(gateway, visit), Telephone="069123456")
    assert ("HO:Telephone", "069123456") in paid(gateway, visit).properties


def test_what_changes_after_the_payment_began_is_not_in_its_confirmation(gateway, shape):
    shape(properties=(TELEPHONE,))
    visit, page = arrive(gateway)
    agree_to(gateway, visit, page, Telephone="069123456")
    started = gateway.press(find_visit(gateway.parts, visit.token))
    gateway.parts.units.run(
        "test", lambda work: work.visits.change(visit.token, filled={page.fields[0].id: "0"})
    )
    payment = gateway.capture(started.payment)
    told = gateway.parts.units.read(lambda work: work.deliveries.of_payment(payment.id))
    assert ["HO:Telephone", "069123456"] in json.loads(told.content)["properties"]


def test_fields_of_another_order_are_left_alone(gateway):
    visit, page = arrive(gateway)
    agreement = Agreement(page.invoice.order.version, "", {"f-0123456789ab": "x", "csrf_token": "y"})
    agree(gateway.parts, visit.token, agreement, Language.RO, client="127.0.0.1")
    assert find_visit(gateway.parts, visit.token).filled == {}


# Amounts


def unknown(lines: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(replace(line, amount_due=None) for line in lines)


def test_of_an_unknown_amount_the_payer_says_how_much_and_the_first_line_takes_all(gateway, shape):
    shape(total_due=None, allow_advance=True, lines=unknown)
    visit, page = arrive(gateway)
    assert (page.payable.standing, page.amount_asked, page.invoice.payable) == (Standing.PAYABLE, True, None)
    agree_to(gateway, visit, page, "77,50")
    told = paid(gateway, visit)
    assert [(line.line_id, line.amount) for line in told.lines] == [("L0", lei("77.50"))]


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "amount.missing"),
        ("0", "amount.not-a-number"),
        ("-5", "amount.not-a-number"),
        ("1.005", "amount.too-fine"),
        ("many", "amount.not-a-number"),
        ("9999999999999", "amount.not-a-number"),
    ],
)
def test_an_amount_that_cannot_be_is_refused_beside_its_field(gateway, shape, typed, reason):
    shape(total_due=None, allow_partial=True, lines=unknown)
    visit, page = arrive(gateway)
    with pytest.raises(FormRefused) as refused:
        agree_to(gateway, visit, page, typed)
    assert wrong(refused, page) == {"amount": reason}


@pytest.mark.parametrize(
    ("flags", "least", "taken", "refused"),
    [
        ("partial", "0.01", ("0.01", "150"), ("150.01",)),
        ("advance", "150", ("150", "900"), ("149.99",)),
        ("partial advance", "0.01", ("0.01", "150", "900"), ()),
    ],
)
def test_flags_say_which_amounts_the_order_takes(gateway, shape, *, flags, least, taken, refused):
    shape(**{f"allow_{flag}": True for flag in flags.split()})
    visit, page = arrive(gateway)
    assert page.smallest == lei(least)
    for amount in taken:
        agree_to(gateway, visit, page, amount)
        assert find_visit(gateway.parts, visit.token).amount_minor == lei(amount).minor
    for amount in refused:
        with pytest.raises(FormRefused, match="out-of-range"):
            agree_to(gateway, visit, page, amount)


@pytest.mark.parametrize("flag", ["allow_partial", "allow_advance"])
def test_a_flag_of_the_first_line_counts_and_one_of_another_line_does_not(gateway, shape, flag):
    shape(lines=lambda lines: (replace(lines[0], **{flag: True}), *lines[1:]))
    assert arrive(gateway)[1].amount_asked
    shape(lines=lambda lines: (lines[0], replace(lines[1], **{flag: True})))
    assert not arrive(gateway, "ORDER-2")[1].amount_asked


def test_an_advance_goes_to_the_first_line_that_takes_it(gateway, shape):
    shape(allow_advance=True, lines=lambda lines: (replace(lines[0], allow_advance=False), lines[1]))
    visit, page = arrive(gateway)
    agree_to(gateway, visit, page, "200")
    assert [(each.line_id, each.amount) for each in paid(gateway, visit).lines] == [
        ("L0", lei("100")),
        ("L1", lei("100")),
    ]


def test_an_advance_that_only_the_order_allows_goes_to_its_first_line(gateway, shape):
    shape(allow_advance=True, lines=lambda lines: tuple(replace(each, allow_advance=False) for each in lines))
    visit, page = arrive(gateway)
    agree_to(gateway, visit, page, "200")
    assert [each.amount for each in paid(gateway, visit).lines] == [lei("150"), lei("50")]


def test_an_advance_can_be_paid_where_nothing_is_due(gateway, shape):
    gateway.calls.amounts = ("0.00",)
    shape(allow_advance=True)
    visit, page = arrive(gateway)
    assert page.smallest == lei("0.01")
    agree_to(gateway, visit, page, "20")
    assert [each.amount for each in paid(gateway, visit).lines] == [lei("20")]


def test_who_pays_an_advance_at_the_same_time_as_another_waits_for_him(gateway, shape):
    shape(allow_advance=True)
    gateway.start("ORDER-1")
    _, page = arrive(gateway)
    assert page.payable.standing is Standing.IN_PROGRESS


def test_parts_may_be_paid_beside_each_other_though_nobody_knows_the_whole(gateway, shape):
    shape(total_due=None, allow_partial=True, lines=unknown)
    first, page = arrive(gateway)
    agree_to(gateway, first, page, "10")
    gateway.press(find_visit(gateway.parts, first.token))
    second, page = arrive(gateway)
    agree_to(gateway, second, page, "20")
    assert paid(gateway, second).total == lei("20")
