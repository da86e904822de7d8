"""The core's own papers: the last to answer, so that any plugin can draw its own."""

from typing import Protocol

from mpay_gateway.documents.invoice_paper import write_invoice
from mpay_gateway.documents.paper import Paper
from mpay_gateway.documents.receipt_paper import write_receipt
from mpay_gateway.domain.documents import Document, Medium, Receipt
from mpay_gateway.domain.invoice import Invoice
from mpay_gateway.domain.language import Language
from mpay_gateway.hooks import hookimpl
from mpay_gateway.texts import Texts

PDF = "application/pdf"


class PaperRenderer(Protocol):
    """What draws papers, as `DocumentRenderer` does."""

    def render(self, paper: Paper) -> bytes:
        """The paper as PDF. Raises: DocumentFailed."""


class CoreDocuments:
    """Invoices on A4 and A5, receipts on A4: made to PDF/A-3b and PDF/UA-1, not validated by veraPDF.

    Receipts of other sizes are for plugins.

    Same content, same bytes: a paper can be rendered again at any time instead of being kept.
    """

    def __init__(self, renderer: PaperRenderer, texts: Texts | None = None) -> None:
        self._renderer = renderer
        self._texts = texts or Texts.load("documents")

    @hookimpl(trylast=True)
    def mpay_render_invoice(self, invoice: Invoice, medium: Medium, language: Language) -> Document:
        """Draw the invoice; the payer is masked where the service asks for it.

        Raises: DocumentFailed.
        """
        content = self._renderer.render(write_invoice(invoice, language, self._texts, medium=medium))
        return Document(content, PDF, f"{self._texts.text('invoice.title', language)} {invoice.id}.pdf")

    @hookimpl(trylast=True)
    def mpay_render_receipt(self, receipt: Receipt, medium: Medium, language: Language) -> Document | None:
        """Draw the receipt. The payer is printed as given: who may see the name is decided before.

        Raises: DocumentFailed.
        """
        if medium is not Medium.A4:
            return None
        content = self._renderer.render(write_receipt(receipt, language, self._texts))
        return Document(
            content, PDF, f"{self._texts.text('receipt.title', language)} {receipt.payment.id}.pdf"
        )
