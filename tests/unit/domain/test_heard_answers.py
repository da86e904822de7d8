"""What is kept of services' answers is small, whatever they send and however many there are."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpay_gateway.domain.deviation import Deviation
from mpay_gateway.domain.deviation_kinds import MOST_AT_ONCE, bounded, refused_answer
from mpay_gateway.domain.heard_answer import LONGEST_MS, Spread, two_digits


def spread(*milliseconds: int) -> Spread:
    made = Spread()
    for each in milliseconds:
        made = made.with_one(timedelta(milliseconds=each))
    return made


@pytest.mark.parametrize(
    ("number", "kept"), [(0, 0), (7, 7), (99, 99), (123, 120), (125, 130), (-6432, -6400), (999, 1000)]
)
def test_two_digits_of_a_number_are_kept(number, kept):
    assert two_digits(number) == kept


@given(st.integers(-(10**15), 10**15))
def test_a_number_is_kept_within_five_per_cent_in_a_closed_set(number):
    kept = two_digits(number)
    size = max(-LONGEST_MS, min(number, LONGEST_MS))
    assert abs(kept - size) * 20 <= abs(size)
    assert two_digits(kept) == kept
    assert len(str(abs(kept)).rstrip("0")) <= 2


def test_quantiles_are_those_of_what_was_measured():
    measured = spread(*range(1, 101))
    assert len(measured) == 100
    assert measured.quantile(50) == timedelta(milliseconds=50)
    assert measured.quantile(95) == timedelta(milliseconds=95)
    assert spread(40).quantile(50) == spread(40).quantile(95) == timedelta(milliseconds=40)
    assert Spread().quantile(50) is None


def test_the_worst_is_the_farthest_either_way():
    assert spread(10, -700, 300).worst == timedelta(milliseconds=-700)
    assert Spread().worst is None


def test_two_spreads_together_have_what_both_had():
    assert spread(10, 20).together(spread(20, 30)) == Spread({10: 1, 20: 2, 30: 1})
    assert spread(10).with_one(None) == spread(10)


def test_of_a_hostile_answer_few_short_deviations_are_kept():
    sent = [Deviation(f"code-{number}" * 50, "path/" * 500, "x" * 9_000) for number in range(500)]
    kept = bounded([*sent, *sent])
    assert len(kept) == MOST_AT_ONCE
    assert max(len(each.code) + len(each.path) + len(each.example) for each in kept) <= 64 + 200 + 120


def test_personal_codes_are_left_out_of_examples_and_dates_are_not():
    (kept,) = bounded(
        [Deviation("c", "p", "2003004005006 of 069123456 at 2026-03-29T03:30:00.1234567+02:00"[:52])]
    )
    assert kept.example == "(number) of (number) at 2026-03-29T03:30:00.12"


@pytest.mark.parametrize(
    ("detail", "path"),
    [
        ("bad-signature: the signature does not match", "bad-signature"),
        ("OrderDetails/TotalAmountDue: not a number: 'Ion Popescu'", "OrderDetails/TotalAmountDue"),
        ("a copy of an earlier answer about this order", "Envelope"),
        ("", "Envelope"),
    ],
)  # fmt: skip
def test_of_a_refused_answer_only_the_place_is_kept(detail, path):
    assert refused_answer(detail) == Deviation("answer-refused", path)
