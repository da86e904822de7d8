"""Names and codes as strangers see them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpay_gateway.texts import mask_code, mask_name


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("Popescu Ion", "Po**** I."),
        ("Țurcanu Ștefan Mihai", "Țu**** Ș. M."),
        ("Иванов Пётр", "Ив**** П."),
        ("Li Wei", "L**** W."),
        ("  Rusu  ", "Ru****"),
        ("A B C D E F", "A**** B. C. D."),
        ("", ""),
        ("   ", ""),
    ],
)
def test_a_name_shows_its_start_and_initials(name, masked):
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("code", "masked"),
    [
        ("2000123456426", "20********426"),
        ("1234567890", "12*****890"),
        ("AB123456", "******56"),
        ("12345", "****"),
        ("", ""),
    ],
)
def test_a_code_shows_its_ends(code, masked):
    assert mask_code(code) == masked


@given(st.text(st.characters(categories=["Lu", "Ll"]), min_size=4, max_size=30))
def test_the_length_of_a_name_does_not_show(name):
    assert len(mask_name(name)) == 6


@given(st.text("0123456789", min_size=6, max_size=36))
def test_a_masked_code_hides_at_least_half_and_keeps_its_length(code):
    masked = mask_code(code)
    assert len(masked) == len(code)
    assert masked.count("*") * 2 >= len(code)
