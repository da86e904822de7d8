"""Strangers' text made fit to be shown."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpay_gateway.texts import clean_text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Amendă  de\tcirculație\r\nnr. 5", "Amendă de circulație nr. 5"),
        ("Chis\u0326ina\u0306u", "Chi\u0219inău"),
        ("100\u202e00.1\u202c MDL", "10000.1 MDL"),
        ("a\u200bb\ufeffc\u00add\x00e", "abcd e"),
        ("z" + "\u0335" * 40, "z\u0335\u0335"),
        ("\ue000x\U0010ffff", "x"),
        ("", ""),
    ],
)
def test_text_is_cleaned(text, clean):
    assert clean_text(text) == clean


@given(st.text())
def test_cleaned_text_is_one_line_normalised_and_printable(text):
    clean = clean_text(text)
    assert unicodedata.is_normalized("NFC", clean)
    assert all(not unicodedata.category(each).startswith("C") for each in clean)
    assert clean == clean.strip()
    assert "  " not in clean


@given(st.text())
def test_cleaning_twice_changes_nothing(text):
    assert clean_text(clean_text(text)) == clean_text(text)
