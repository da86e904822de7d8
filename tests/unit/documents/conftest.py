"""One drawer for all tests of the pages; tests of the processes start their own."""

import io

import pdfplumber
import pytest

from mpay_gateway.documents.drawing import Drawer
from mpay_gateway.documents.invoice_paper import write_invoice
from mpay_gateway.documents.receipt_paper import write_receipt
from mpay_gateway.domain.invoice import Invoice
from mpay_gateway.domain.language import Language
from mpay_gateway.texts import Texts

_UNCLOSED = (
    r"ignore:.*sRGB2014\.icc:ResourceWarning",
    r"ignore:.*sRGB2014\.icc:pytest.PytestUnraisableExceptionWarning",
)
"""WeasyPrint leaves the closing of its colour profile to the garbage collector."""


def pytest_itemcollected(item):
    for warning in _UNCLOSED:
        item.add_marker(pytest.mark.filterwarnings(warning))


@pytest.fixture(scope="session")
def texts():
    return Texts.load("documents", strict=True)


@pytest.fixture(scope="session")
def drawer():
    return Drawer()


@pytest.fixture(scope="session")
def draw(drawer, texts):
    """Draw an invoice or a receipt in this process."""

    def drawn(subject, language=Language.RO):
        write = write_invoice if isinstance(subject, Invoice) else write_receipt
        return drawer.draw(write(subject, language, texts))

    return drawn


@pytest.fixture(scope="session")
def read():
    """The words of a PDF as people read them: one text per page, white space squeezed."""

    def pages(content):
        with pdfplumber.open(io.BytesIO(content)) as pdf:
            return [" ".join((page.extract_text() or "").split()) for page in pdf.pages]

    return pages
