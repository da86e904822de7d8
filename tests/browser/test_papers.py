"""What the payer takes away: the receipt, the invoice, and the result page on paper."""

import io

import pikepdf
import pytest

from mpay_gateway.domain.language import Language
from tests.browser.conftest import MakeWindow
from tests.browser.journey import finish, reach_invoice
from tests.browser.stack import Stack
from tests.browser.window import DESKTOP, PHONE, Device
from tests.browser.words import LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_receipt_is_saved_as_pdf_in_the_payers_language(
    stack: Stack, open_browser: MakeWindow, language: Language
) -> None:
    window = open_browser(PHONE)
    window.speak(language, stack.url)
    result = finish(window, stack, stack.shop.order())

    saved = result.take_receipt()

    assert saved.suggested_filename.endswith(".pdf")
    with pikepdf.open(saved.path()) as paper:
        assert str(paper.Root.Lang) == language
        assert len(paper.pages) == 1
    assert window.path.endswith(result.reference), "the page stays"


def test_invoice_is_saved_as_pdf_without_script(stack: Stack, open_browser: MakeWindow) -> None:
    window = open_browser(DESKTOP, script=False)
    invoice = reach_invoice(window, stack, stack.shop.order())

    with window.page.expect_download() as waiting:
        window.touch(invoice.link("invoice.download"))

    with pikepdf.open(waiting.value.path()) as paper:
        assert len(paper.pages) == 1


@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=lambda device: device.name)
def test_result_prints_what_was_paid_and_no_buttons(
    stack: Stack, open_browser: MakeWindow, device: Device
) -> None:
    window = open_browser(device)
    result = finish(window, stack, stack.shop.order())
    receipt = result.link("result.receipt")
    assert receipt.is_visible()

    window.page.emulate_media(media="print")

    assert not receipt.is_visible()
    assert not window.page.get_by_role("navigation").first.is_visible()
    assert window.says("result.paid.title") in window.text
    assert window.says("result.reference") in window.text
    with pikepdf.open(io.BytesIO(window.page.pdf(format="A4"))) as paper:
        assert len(paper.pages) == 1
