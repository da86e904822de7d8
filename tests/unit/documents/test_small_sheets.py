"""Invoices on A5: the same words as on A4, inside the margins, with a code that can be scanned."""

import io
from dataclasses import replace

import pdfplumber
import pytest

from mpay_gateway.documents.invoice_paper import write_invoice
from mpay_gateway.domain.documents import Medium
from mpay_gateway.domain.language import Language
from tests.unit.documents.samples import INVOICE, LINES, bare_invoice, huge_invoice, with_order
from tests.unit.documents.test_layout import overlapping_lines, words_outside

A5 = (419.528, 595.276)
MARGIN = 11 / 25.4 * 72
LEAST_CODE = 25 / 25.4 * 72
SUBJECTS = {"invoice": INVOICE, "bare": bare_invoice(), "huge": huge_invoice(lines=6)}
CASES = [(name, language) for name in ("invoice", "bare") for language in Language] + [("huge", Language.RU)]


def small(drawer, texts, subject, language):
    return drawer.draw(write_invoice(subject, language, texts, medium=Medium.A5))


@pytest.mark.parametrize(("name", "language"), CASES)
def test_every_word_stays_inside_the_margins_of_a5_and_apart_from_others(drawer, texts, name, language):
    content = small(drawer, texts, SUBJECTS[name], language)
    assert words_outside(content, MARGIN) == []
    assert overlapping_lines(content) == []
    with pdfplumber.open(io.BytesIO(content)) as pdf:
        sizes = {(float(page.width), float(page.height)) for page in pdf.pages}
    assert [size == pytest.approx(A5, abs=0.5) for size in sizes] == [True]


@pytest.mark.parametrize("language", Language)
def test_the_ordinary_invoice_is_one_page_of_a5_and_says_what_a4_says(drawer, texts, draw, read, language):
    (small_page,), (page,) = read(small(drawer, texts, INVOICE, language)), read(draw(INVOICE, language))
    assert sorted(small_page.replace(" ", "")) == sorted(page.replace(" ", ""))  # lines break elsewhere


@pytest.mark.parametrize("language", Language)
def test_an_invoice_of_three_lines_is_one_page_of_a5(drawer, texts, read, language):
    lines = (*LINES, replace(LINES[0], line_id="3"))
    assert len(read(small(drawer, texts, with_order(lines=lines), language))) == 1


def test_the_code_on_a5_is_at_least_25_mm_wide(drawer, texts):
    with pdfplumber.open(io.BytesIO(small(drawer, texts, INVOICE, Language.RO))) as pdf:
        bars = [each for each in (*pdf.pages[0].curves, *pdf.pages[0].lines) if each["x0"] > A5[0] / 2]
    assert max(each["x1"] for each in bars) - min(each["x0"] for each in bars) >= LEAST_CODE
