"""What payers write, by the type of the field."""

from decimal import Decimal

import pytest

from mpay_eservice_form.filling import fill_in
from mpay_eservice_form.settings import Choice, Field, FieldType, Line, ServiceForm
from mpay_gateway.api import Language, LocalText

TEXT = LocalText("Ceva", "Что-то", "Something")
FIXED = Line("fee", TEXT, amount=Decimal("10.00"))


def filled(field, typed, language=Language.EN):
    form = ServiceForm(TEXT, TEXT, (FIXED,), (field,))
    return fill_in(form, {"field-it": typed}, language)


def field(kind=FieldType.STRING, **more):
    return Field("it", TEXT, kind, **more)


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        (FieldType.STRING, "  Ion   Țurcanu ", "Ion Țurcanu"),
        (FieldType.STRING, "Ţ" + "s\N{COMBINING COMMA BELOW}", "Ţș"),
        (FieldType.IDN, "2000 0000 00004", "2000000000004"),
        (FieldType.TC, "1008600038413", "1008600038413"),
        (FieldType.TC, "AB 123456", "AB 123456"),
        (FieldType.NUMBER, "-12,50", "-12.50"),
        (FieldType.NUMBER, "007", "7"),
        (FieldType.DATE, "1.9.2026", "2026-09-01"),
        (FieldType.DATE, "2026-09-01", "2026-09-01"),
        (FieldType.DATE, "29/02/2028", "2028-02-29"),
    ],
)
def test_sound_values_are_kept_in_one_form(kind, typed, value):
    found = filled(field(kind), typed)
    assert (found.errors, found.values[0].value) == ((), value)


@pytest.mark.parametrize(
    ("kind", "typed", "words"),
    [
        (FieldType.STRING, "", "Fill in"),
        (FieldType.STRING, " \t ", "Fill in"),
        (FieldType.STRING, "a" * 256, "255 characters at most"),
        (FieldType.STRING, "pay\N{RIGHT-TO-LEFT OVERRIDE}", "cannot be kept"),
        (FieldType.IDN, "2000000000005", "no IDNP or IDNO"),
        (FieldType.IDN, "200000000000", "no IDNP or IDNO"),
        (FieldType.IDN, "٢٠٠٠٠٠٠٠٠٠٠٠٤", "no IDNP or IDNO"),
        (FieldType.TC, "2000000000005", "13 digits, or a passport"),
        (FieldType.TC, "A123", "13 digits, or a passport"),
        (FieldType.TC, "12345", "13 digits, or a passport"),
        (FieldType.NUMBER, "1e3", "write a number"),
        (FieldType.NUMBER, "NaN", "write a number"),
        (FieldType.NUMBER, "1 000", "write a number"),
        (FieldType.DATE, "30.02.2026", "a date that exists"),
        (FieldType.DATE, "2026", "a date that exists"),
        (FieldType.DATE, "20260901", "a date that exists"),
        (FieldType.DATE, "01.01.0000", "a date that exists"),
    ],
)
def test_unsound_values_are_explained_beside_their_field(kind, typed, words):
    found = filled(field(kind), typed)
    (error,) = found.errors
    assert (error.field, words in error.words) == ("field-it", True), error.words
    assert found.values == ()


def test_a_choice_is_one_of_its_values_and_shown_by_its_label():
    choice = field(FieldType.CHOICE, choices=(Choice("a", TEXT),))
    assert filled(choice, "a").values[0].shown == TEXT
    assert "Choose an option" in filled(choice, "Something").errors[0].words
    assert "Choose an option" in filled(choice, "").errors[0].words


def test_lengths_and_bounds_hold_at_their_ends():
    short = field(shortest=2, longest=3)
    assert [bool(filled(short, "a" * length).errors) for length in (1, 2, 3, 4)] == [True, False, False, True]
    number = field(FieldType.NUMBER, least=Decimal(0), most=Decimal(31))
    assert [bool(filled(number, typed).errors) for typed in ("-0.1", "0", "31", "31.01")] == [
        True,
        False,
        False,
        True,
    ]


def test_what_is_optional_may_stay_empty_and_is_then_not_there():
    found = filled(field(FieldType.IDN, required=False), "")
    assert (found.values, found.errors) == ((), ())


@pytest.mark.parametrize("language", Language)
def test_errors_speak_the_payer_s_language(language):
    (error,) = filled(field(), "", language).errors
    assert TEXT.in_language(language) in error.words


@pytest.mark.parametrize(
    ("typed", "minor"),
    [("10", 10_00), ("10.5", 10_50), ("50,00", 50_00), ("9.99", None), ("50.01", None), ("10.001", None), ("1e1", None),
     ("", None), ("-10", None), ("1 0", None)],
)  # fmt: skip
def test_a_free_amount_is_exact_and_within_its_bounds(typed, minor):
    form = ServiceForm(TEXT, TEXT, (Line("gift", TEXT, least=Decimal(10), most=Decimal(50)),))
    found = fill_in(form, {"amount-gift": typed}, Language.EN)
    if minor is None:
        assert [error.field for error in found.errors] == ["amount-gift"]
    else:
        assert [amount.minor for _, amount in found.amounts] == [minor]


def test_a_fixed_amount_is_never_read_from_the_browser():
    form = ServiceForm(TEXT, TEXT, (FIXED,))
    assert [amount.minor for _, amount in fill_in(form, {"amount-fee": "1"}, Language.EN).amounts] == [10_00]
