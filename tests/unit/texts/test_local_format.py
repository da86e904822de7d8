"""Amounts and times as each language writes them."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpay_gateway.domain.language import Language
from mpay_gateway.domain.money import LARGEST_MINOR, Money, parse_typed_amount
from mpay_gateway.texts import format_date, format_datetime, format_money
from mpay_gateway.texts.local_format import format_due, format_typed

NBSP = "\u00a0"
AMOUNT = Money(Decimal("1234.56"), "MDL")


@pytest.mark.parametrize(
    ("language", "written"),
    [
        (Language.RO, f"1.234,56{NBSP}MDL"),
        (Language.RU, f"1{NBSP}234,56{NBSP}MDL"),
        (Language.EN, f"1,234.56{NBSP}MDL"),
    ],
)
def test_an_amount_is_written_as_the_language_writes_it(language, written):
    assert format_money(AMOUNT, language) == written


@pytest.mark.parametrize(
    ("language", "typed"), [(Language.RO, "1234,56"), (Language.RU, "1234,56"), (Language.EN, "1234.56")]
)
def test_an_amount_in_a_field_is_as_it_is_typed_and_can_be_sent_back(language, typed):
    assert format_typed(AMOUNT, language) == typed
    assert parse_typed_amount(typed, "MDL") == AMOUNT


@pytest.mark.parametrize("typed", ["1,234.56", "1.234,56", "1,234", "1.234", ",5", "5,", "1,5,0"])
def test_signs_between_thousands_are_no_decimal_signs(typed):
    with pytest.raises(ValueError, match=r"amount|more digits"):
        parse_typed_amount(typed, "MDL")


def test_what_is_due_today_has_its_hour():
    due = datetime(2026, 10, 5, 20, tzinfo=UTC)
    assert format_due(due, datetime(2026, 10, 4, 21, tzinfo=UTC), Language.EN) == "5 October 2026, 23:00"
    assert format_due(due, datetime(2026, 10, 4, 20, tzinfo=UTC), Language.EN) == "5 October 2026"


def test_a_currency_without_minor_units_has_no_decimal_sign():
    assert format_money(Money(Decimal(12000), "JPY"), Language.RO) == f"12.000{NBSP}JPY"


def test_small_and_negative_amounts_keep_their_decimals():
    assert format_money(Money(Decimal("0.05"), "MDL"), Language.RU) == f"0,05{NBSP}MDL"
    assert format_money(Money(Decimal("-1234.50"), "MDL"), Language.EN) == f"-1,234.50{NBSP}MDL"


@given(st.integers(-LARGEST_MINOR, LARGEST_MINOR), st.sampled_from(Language))
def test_an_amount_can_be_read_back(minor, language):
    written = format_money(Money.from_minor(minor, "MDL"), language)
    digits = written.removesuffix(f"{NBSP}MDL")
    group, point = {"ro": ".,", "ru": f"{NBSP},", "en": ",."}[language]
    assert Decimal(digits.replace(group, "").replace(point, ".")) == Money.from_minor(minor, "MDL").amount
    assert " " not in written


@pytest.mark.parametrize(
    ("language", "day", "moment"),
    [
        (Language.RO, "1 ianuarie 2027", "1 ianuarie 2027, 00:30"),
        (Language.RU, "1 января 2027", "1 января 2027, 00:30"),
        (Language.EN, "1 January 2027", "1 January 2027, 00:30"),
    ],
)
def test_times_are_those_of_chisinau(language, day, moment):
    utc = datetime(2026, 12, 31, 22, 30, tzinfo=UTC)
    assert format_date(utc, language) == day
    assert format_datetime(utc, language) == moment


def test_summer_time_is_followed():
    assert format_datetime(datetime(2026, 7, 1, 9, 0, tzinfo=UTC), Language.EN) == "1 July 2026, 12:00"


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        format_date(datetime(2026, 7, 1), Language.RO)  # noqa: DTZ001
