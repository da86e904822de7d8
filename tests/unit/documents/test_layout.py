"""Nothing overflows, whatever the order says."""

import io
from dataclasses import replace

import pdfplumber
import pytest

from mpay_gateway.domain.confirmation import ConfirmationLine
from mpay_gateway.domain.details import Detail
from mpay_gateway.domain.language import Language
from tests.unit.documents.samples import INVOICE, RECEIPT, bare_invoice, bare_receipt, huge_invoice, lei

A4 = (595.276, 841.89)
SIDE_MARGIN = 17 / 25.4 * 72


def words_outside(content, margin):
    """Words whose box leaves the printable width or the page."""
    with pdfplumber.open(io.BytesIO(content)) as pdf:
        return [
            word["text"]
            for page in pdf.pages
            for word in page.extract_words()
            if word["x0"] < margin - 0.5
            or word["x1"] > float(page.width) - margin + 0.5
            or word["top"] < 0
            or word["bottom"] > float(page.height)
        ]


def overlapping_lines(content):
    """Pairs of text lines that are painted over one another."""
    found = []
    with pdfplumber.open(io.BytesIO(content)) as pdf:
        for page in pdf.pages:
            words = page.extract_words()
            for place, one in enumerate(words):
                for other in words[place + 1 :]:
                    if other["top"] > one["bottom"] + 30:
                        break  # words come from top to bottom
                    across = min(one["x1"], other["x1"]) - max(one["x0"], other["x0"])
                    down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
                    if across > 1 and down > 0.4 * min(
                        one["bottom"] - one["top"], other["bottom"] - other["top"]
                    ):
                        found.append((one["text"], other["text"]))
    return found


def huge_receipt():
    lines = tuple(
        ConfirmationLine(str(place), lei("249999999999.99"), RECEIPT.confirmation.lines[0].account)
        for place in range(6)
    )
    return replace(
        RECEIPT,
        service=huge_invoice().service,
        confirmation=replace(RECEIPT.confirmation, lines=lines, total=lei("1499999999999.94")),
        order_reason="Ж" * 600,
        payer_name="Ș" * 300,
        payer_id="9" * 60,
        instrument="Instrument " * 30,
    )


DETAILS = tuple(
    Detail(f"Câmpul {place} " + "Ж" * 30, "Ș" * 255, line="L" * 50 if place % 2 else "")
    for place in range(30)
)
SUBJECTS = {
    "invoice": INVOICE,
    "bare invoice": bare_invoice(),
    "huge invoice": huge_invoice(lines=6),
    "one huge line": huge_invoice(lines=1),
    "receipt": RECEIPT,
    "bare receipt": bare_receipt(),
    "huge receipt": huge_receipt(),
    "huge details": replace(INVOICE, details=DETAILS),
    "huge details of a receipt": replace(RECEIPT, details=DETAILS),
}


CASES = [(name, language) for name in SUBJECTS for language in Language if not name.startswith("huge")]
CASES += [("huge invoice", Language.RU), ("huge receipt", Language.RO)]
CASES += [("huge details", Language.RO), ("huge details of a receipt", Language.EN)]


@pytest.mark.parametrize(("name", "language"), CASES)
def test_every_word_stays_inside_the_margins_and_apart_from_others(draw, name, language):
    content = draw(SUBJECTS[name], language)
    assert words_outside(content, SIDE_MARGIN) == []
    assert overlapping_lines(content) == []


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("subject", [INVOICE, RECEIPT, bare_invoice(), bare_receipt()])
def test_the_ordinary_case_is_one_page_of_a4(draw, subject, language):
    with pdfplumber.open(io.BytesIO(draw(subject, language))) as pdf:
        (page,) = pdf.pages
        assert (float(page.width), float(page.height)) == pytest.approx(A4, abs=0.5)


def test_a_long_table_repeats_its_heads_and_pages_are_numbered(draw, read):
    content = draw(huge_invoice())
    assert words_outside(content, SIDE_MARGIN) == []
    pages = read(content)
    assert len(pages) > 2
    with_lines = [page for page in pages if "249.999.999.999,99 MDL" in page]
    assert len(with_lines) > 2
    assert all("Denumirea Contul beneficiarului Suma" in page for page in with_lines)
    for number, page in enumerate(pages, start=1):
        assert f"Pagina {number} din {len(pages)}" in page
        assert "Notă de plată 4820 1937 4655 10" in page
    assert sum(page.count("249.999.999.999,99 MDL") for page in pages) == 40


def test_the_checker_sees_what_overflows(drawer, texts):
    from mpay_gateway.documents.invoice_paper import write_invoice

    paper = write_invoice(INVOICE, Language.RO, texts)
    wide = replace(paper, html=paper.html.replace("<h1>", '<h1 style="margin-right:-40mm">'))
    assert words_outside(drawer.draw(wide), SIDE_MARGIN)
    over = replace(paper, html=paper.html.replace('<p class="amount"', '<p style="margin-bottom:-9mm"', 1))
    assert overlapping_lines(drawer.draw(over))
