"""QR codes that a telephone can read from paper."""

import io
import subprocess

import pdfplumber
import pytest
import zxingcpp
from PIL import Image

from mpay_gateway.documents.qr import QUIET_ZONE, draw_qr
from tests.unit.documents.samples import CHECK_ADDRESS, INVOICE, INVOICE_ADDRESS, RECEIPT

DOTS_PER_INCH = 200


def picture(content):
    """The first page as it is printed."""
    done = subprocess.run(
        ["pdftoppm", "-r", str(DOTS_PER_INCH), "-f", "1", "-l", "1", "-gray", "-"],
        input=content,
        capture_output=True,
        check=True,
    )
    return Image.open(io.BytesIO(done.stdout))


@pytest.mark.parametrize(("subject", "address"), [(INVOICE, INVOICE_ADDRESS), (RECEIPT, CHECK_ADDRESS)])
def test_the_printed_code_opens_our_page_and_is_large_enough(draw, subject, address):
    (code,) = zxingcpp.read_barcodes(picture(draw(subject)))
    assert code.text == address
    corners = code.position
    for one, other in ((corners.top_left, corners.top_right), (corners.top_left, corners.bottom_left)):
        length = ((one.x - other.x) ** 2 + (one.y - other.y) ** 2) ** 0.5
        assert length / DOTS_PER_INCH * 25.4 >= 25


def test_the_code_is_drawn_as_one_vector_path(draw):
    with pdfplumber.open(io.BytesIO(draw(INVOICE))) as pdf:
        (page,) = pdf.pages
        assert len(page.images) == 1  # the logo
        right_of_text = [
            curve for curve in (*page.curves, *page.lines) if curve["x0"] > 400 and curve["top"] < 330
        ]
    assert right_of_text


def test_a_drawing_has_a_quiet_zone_and_stays_in_its_square():
    drawing = draw_qr(INVOICE_ADDRESS)
    starts = [stroke.partition("h")[0].split() for stroke in drawing.path.split("M")[1:]]
    runs = [float(stroke.partition("h")[2]) for stroke in drawing.path.split("M")[1:]]
    assert min(float(x) for x, _ in starts) == QUIET_ZONE
    assert max(float(x) + run for (x, _), run in zip(starts, runs, strict=True)) == drawing.side - QUIET_ZONE
    assert min(float(y) for _, y in starts) == QUIET_ZONE + 0.5
    assert max(float(y) for _, y in starts) == drawing.side - QUIET_ZONE - 0.5


def test_the_same_address_gives_the_same_drawing():
    assert draw_qr(CHECK_ADDRESS) == draw_qr(CHECK_ADDRESS)
