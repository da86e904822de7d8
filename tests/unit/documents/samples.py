"""Invoices and receipts to draw, from the ordinary to the hostile."""

import struct
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from mpay_gateway.domain.confirmation import Confirmation, ConfirmationLine
from mpay_gateway.domain.documents import Receipt
from mpay_gateway.domain.identifiers import AccountId, InvoiceId, OrderKey, PaymentId, ServiceId
from mpay_gateway.domain.invoice import Invoice
from mpay_gateway.domain.language import LocalText
from mpay_gateway.domain.money import Money, sum_money
from mpay_gateway.domain.order import CustomerType, Order, OrderLine, OrderStatus, PaymentAccount
from mpay_gateway.domain.payment import Payment, PaymentState
from mpay_gateway.domain.service import Channel, Service, SupportContact

INVOICE_ADDRESS = "https://mpay.example.md/invoice/48201937465510"
CHECK_ADDRESS = "https://mpay.example.md/check/Zk3vQ9sT1xY7bN2mR5pW8A"
NOW = datetime(2026, 11, 23, 9, 21, 7, tzinfo=UTC)
ACCOUNT = PaymentAccount(
    iban="MD24AG000225100013104168",
    fiscal_code="1006601000255",
    bank_code="TREZMD2X",
    beneficiary="Ministerul Finanțelor – Trezoreria de Stat",
)


def lei(amount):
    return Money(Decimal(amount), "MDL")


def png(width=60, height=20):
    """A small opaque picture."""

    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    rows = (b"\0" + b"\x0f\x6e\x46" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


SERVICE = Service(
    id=ServiceId("MDS02"),
    connector="soap",
    name=LocalText("Agenția Moldsilva", "Агентство «Молдсилва»", "Moldsilva Agency"),
    order_key_label=LocalText("Numărul comenzii"),
    settings=None,
    logo_png=png(),
    support=SupportContact("+373 22 123 456", "suport@moldsilva.example", "https://moldsilva.example/plati"),
    channels=tuple(Channel),
    account=ACCOUNT,
)
LINES = (
    OrderLine("1", "Certificat de vânător, taxă anuală", lei("850.00"), ACCOUNT),
    OrderLine("2", "Autorizație de vânătoare pentru sezonul 2026–2027", lei("384.56"), ACCOUNT),
)
ORDER = Order(
    service_id=SERVICE.id,
    order_key=OrderKey("MDS0200012345"),
    reason="Cerere de autorizare nr. 12345",
    status=OrderStatus.ACTIVE,
    currency="MDL",
    total_due=lei("1234.56"),
    lines=LINES,
    customer_id="2000123456426",
    customer_name="Popescu Ion",
    customer_type=CustomerType.PERSON,
    due_at=datetime(2026, 12, 31, 21, 59, tzinfo=UTC),
    allow_partial=True,
)
INVOICE = Invoice(
    id=InvoiceId("48201937465510"),
    service=SERVICE,
    order=ORDER,
    snapshot_id="snapshot",
    payable=lei("1234.56"),
    issued_at=datetime(2026, 11, 23, 9, 15, tzinfo=UTC),
    address=INVOICE_ADDRESS,
)
PAYMENT = Payment(
    id=PaymentId("7K3QX9M2B4TVW8HN"),
    invoice_id=INVOICE.id,
    snapshot_id="snapshot",
    service_id=SERVICE.id,
    order_key=ORDER.order_key,
    instrument_id="card",
    account_id=AccountId("bank-main"),
    channel=Channel.PORTAL,
    amount=lei("1234.56"),
    state=PaymentState.CAPTURED,
    reference="1",
    created_at=NOW,
    session_until=NOW,
)
RECEIPT = Receipt(
    payment=PAYMENT,
    service=SERVICE,
    confirmation=Confirmation(
        payment_id=PAYMENT.id,
        invoice_id=INVOICE.id,
        service_id=SERVICE.id,
        order_key=ORDER.order_key,
        paid_at=NOW,
        total=lei("1234.56"),
        lines=tuple(ConfirmationLine(line.line_id, line.amount_due, line.account) for line in LINES),
    ),
    order_reason=ORDER.reason,
    reasons=tuple((line.line_id, line.reason) for line in LINES),
    payer_name="Popescu Ion",
    payer_id="2000123456426",
    instrument="Card bancar",
    paid_at=NOW,
    confirmed_at=datetime(2026, 11, 23, 9, 22, tzinfo=UTC),
    check_address=CHECK_ADDRESS,
)


def with_order(**changes):
    """The invoice of a changed order."""
    return replace(INVOICE, order=replace(ORDER, **changes))


def with_service(**changes):
    """The invoice of a changed service."""
    return replace(INVOICE, service=replace(SERVICE, **changes))


def bare_invoice():
    """An invoice of which as little is known as the types allow."""
    service = Service(
        id=ServiceId("X"),
        connector="soap",
        name=LocalText("X"),
        order_key_label=LocalText("Y"),
        settings=None,
    )
    line = OrderLine("1", "", None, PaymentAccount())
    order = Order(service.id, OrderKey("1"), "", OrderStatus.ACTIVE, "MDL", None, (line,))
    return Invoice(INVOICE.id, service, order, "snapshot", None, INVOICE.issued_at)


def bare_receipt():
    """A receipt of which as little is known as the types allow."""
    return replace(
        RECEIPT,
        service=bare_invoice().service,
        confirmation=replace(
            RECEIPT.confirmation, lines=(ConfirmationLine("1", lei("1234.56"), PaymentAccount()),)
        ),
        order_reason="",
        reasons=(),
        payer_name="",
        payer_id="",
        instrument="",
        confirmed_at=None,
        check_address="",
    )


def huge_invoice(lines=40):
    """Long names without a place to break, forty lines, the largest amounts that the gateway handles."""
    amount = lei("9999999999999.99") if lines == 1 else lei("249999999999.99")
    account = replace(ACCOUNT, beneficiary="Ț" * 120, treasury_account="2" * 30, configuration_code="C" * 40)
    rows = tuple(
        OrderLine(
            str(place), f"{'Foarte lungă denumire a serviciului ' * 4}{'ș' * 90} {place}", amount, account
        )
        for place in range(1, lines + 1)
    )
    order = replace(
        ORDER,
        lines=rows,
        total_due=sum_money((row.amount_due for row in rows), "MDL"),
        reason="Motiv " + "Ж" * 300,
        order_key=OrderKey("K" * 36),
        customer_name="Ștefănescu-Brâncoveanu " * 12,
    )
    service = replace(
        SERVICE,
        name=LocalText("Întreprinderea " + "municipală " * 20 + "W" * 80),
        mask=False,
        support=SupportContact(
            "+373 22 123 456" * 5, "s" * 150 + "@example.md", "https://example.md/" + "p" * 150
        ),
    )
    return replace(INVOICE, service=service, order=order, payable=order.total_due)
