"""Long names of properties: shortened, told apart, the same every time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpay_gateway.domain.short_names import short_names

LONGEST = 33
STEMS, ENDS = st.sampled_from(["N" * 32, "N" * 33, "ț" * 40]), st.text("NȚ ~1", max_size=4)
NEAR = st.lists(st.builds(lambda stem, end: (stem + end).strip(), STEMS, ENDS), max_size=12)
"""Names that differ about where they are cut; connectors read none with white space outside."""


@given(NEAR)
def test_different_names_stay_different_and_keep_to_the_length(names):
    short = short_names(names, LONGEST)
    assert set(short) == set(names)
    assert len({each.strip() for each in short.values()}) == len(set(names))
    assert all(len(each) <= LONGEST for each in short.values())


@given(NEAR)
def test_their_order_changes_nothing(names):
    assert short_names(reversed(names), LONGEST) == short_names(names, LONGEST)


def test_what_fits_and_what_is_alone_with_its_beginning_is_not_marked():
    assert short_names(["N" * 33, "M" * 40], LONGEST) == {"N" * 33: "N" * 33, "M" * 40: "M" * 33}


def test_a_name_that_looks_like_a_shortened_one_is_no_other_s():
    one, other = "N" * 40 + "1", "N" * 40 + "2"
    forged = short_names([one, other], LONGEST)[one]
    short = short_names([one, other, forged], LONGEST)
    assert short[forged] == forged
    assert len(set(short.values())) == 3


@pytest.mark.parametrize("space", [" ", "\u00a0"])
def test_white_space_where_a_name_is_cut_does_not_make_it_another_s(space):
    short = short_names(["N" * 32, "N" * 32 + space + "M"], LONGEST)
    assert len(set(short.values())) == 2
