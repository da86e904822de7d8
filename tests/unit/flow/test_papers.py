"""Papers: what the payer gave himself stands on them, and nothing that the service wants masked."""

from dataclasses import replace

import pytest

from mpay_gateway.domain.documents import Document, Receipt
from mpay_gateway.domain.invoice import Invoice
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.order import OrderProperty
from mpay_gateway.flow.receipt import invoice_pdf, receipt_pdf
from mpay_gateway.flow.registration import apply_service
from tests.unit.flow.filling import COPIES, RECIPIENT, TELEPHONE, agree_to, arrive, paid_payment
from tests.unit.flow.scripted import SERVICE, ScriptedGateway, service_named

PLATE = OrderProperty("Plate", "CDR 482")


@pytest.fixture
def drawn(gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch) -> list[Invoice | Receipt]:
    """What papers were asked for."""
    asked: list[Invoice | Receipt] = []

    def draw(subject: Invoice | Receipt, *_: object) -> Document:
        asked.append(subject)
        return Document(b"", "application/pdf", "paper.pdf")

    for name in ("render_invoice", "render_receipt"):
        monkeypatch.setattr(gateway.calls, name, draw, raising=False)
    return asked


def details(paper: Invoice | Receipt) -> dict[str, str]:
    return {each.label: each.value for each in paper.details}


def test_both_papers_tell_what_the_payer_filled_in(gateway, shape, drawn):
    shape(
        properties=(TELEPHONE, COPIES, PLATE), customer_id_asked=True,
        lines=lambda lines: (replace(lines[0], properties=(RECIPIENT, PLATE)), *lines[1:]),
    )  # fmt: skip
    visit, page = arrive(gateway)
    agree_to(gateway, visit, page, CustomerID="AB123456", Telephone="069", Recipient="Ana")
    invoice_pdf(gateway.parts, visit.token, Language.RO)
    payment = paid_payment(gateway, visit)
    receipt_pdf(gateway.parts, visit.token, payment.id, Language.RO)
    invoice, receipt = drawn
    told = {"Telefon": "069", f"{page.invoice.order.lines[0].reason}: Recipient": "Ana"}
    assert details(invoice) == details(receipt) == told
    assert invoice.order.customer_id == "AB123456"
    assert receipt.payer_id == "******56"


def test_where_nothing_is_masked_they_tell_what_the_service_said_too(gateway, shape, drawn):
    apply_service(gateway.parts, replace(service_named(SERVICE), mask=False))
    shape(properties=(COPIES, PLATE))
    visit, page = arrive(gateway)
    agree_to(gateway, visit, page, Copies="2")
    receipt_pdf(gateway.parts, visit.token, paid_payment(gateway, visit).id, Language.RO)
    assert details(drawn[0]) == {"Copies": "2", "Plate": "CDR 482"}


def test_an_invoice_of_somebody_else_tells_nothing_of_it(gateway, shape, drawn):
    shape(properties=(TELEPHONE,))
    visit, page = arrive(gateway)
    agree_to(gateway, visit, page, Telephone="069")
    stranger, _ = arrive(gateway)
    invoice_pdf(gateway.parts, stranger.token, Language.RO)
    assert details(drawn[0]) == {}


def test_an_advance_of_which_nothing_is_due_yet_has_an_invoice(gateway, shape, drawn):
    gateway.calls.amounts = ("0.00",)
    shape(allow_advance=True)
    visit, page = arrive(gateway)
    assert page.invoice.payable is None
    invoice_pdf(gateway.parts, visit.token, Language.RO)
    assert len(drawn) == 1
