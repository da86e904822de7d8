"""Step 14: the receipt and the invoice on paper, and the page where anyone sees whether a receipt is genuine."""

from dataclasses import dataclass, replace
from datetime import datetime

from mpay_gateway.domain.confirmation import Confirmation
from mpay_gateway.domain.details import details_of, payer_named
from mpay_gateway.domain.documents import Document, Medium, Receipt
from mpay_gateway.domain.errors import NotFound, NotPayable, UnknownPayment
from mpay_gateway.domain.filling import Filled
from mpay_gateway.domain.invoice import Invoice
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import Capture, CaptureState, Payment, paid_amount
from mpay_gateway.domain.refund import came_back
from mpay_gateway.domain.service import Service
from mpay_gateway.flow.instrument_choice import visit_and_invoice
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import Work
from mpay_gateway.texts import mask_code, mask_name


@dataclass(frozen=True, slots=True)
class GenuineReceipt:
    """What the check page shows of a genuine receipt: no person's data.

    `given_back`: none of the money pays the order any more. `refunded`: what of it went back after its service knew.
    """

    service: Service
    amount: Money
    paid_at: datetime
    reference: str
    given_back: bool
    refunded: Money


def receipt_pdf(parts: Parts, token: str, payment_id: str, language: Language) -> Document:
    """The receipt of a paid payment of this visit. Raises: NotFound."""
    payment = parts.units.read(lambda work: work.payments.get(payment_id))
    service = parts.services.get_any(payment.service_id)
    receipt = parts.units.read(lambda work: _receipt(parts, work, token, payment, service))
    return parts.calls.render_receipt(receipt, Medium.A4, language)


def invoice_pdf(parts: Parts, token: str, language: Language) -> Document:
    """The invoice that the visit shows: a paper that asks for money. Raises: NotFound, ServiceClosed; NotPayable."""
    visit, invoice = visit_and_invoice(parts, token)
    parts.services.get(visit.service_id)
    if invoice.payable is not None and not invoice.payable:
        raise NotPayable(invoice.order.status.value)
    return parts.calls.render_invoice(as_filled_in(invoice, visit.filled), Medium.A4, language)


def as_filled_in(invoice: Invoice, filled: Filled) -> Invoice:
    """The invoice with what its reader gave himself, and what else he may see."""
    order, masked = invoice.order, invoice.service.mask
    return replace(
        invoice, order=payer_named(order, filled), details=details_of(order, filled, masked=masked)
    )


def check_receipt(parts: Parts, receipt_token: str) -> GenuineReceipt:
    """What is known of the receipt with this token. Raises: UnknownPayment when it is not genuine."""
    payment, captures, refunded = parts.units.read(lambda work: _paid_by(work, receipt_token))
    amount = paid_amount(payment, captures)
    claimed = any(capture.state is CaptureState.CLAIMED for capture in captures)
    return GenuineReceipt(
        service=parts.services.get_any(payment.service_id),
        amount=amount,
        paid_at=payment.captured_at or payment.created_at,
        reference=payment.id,
        given_back=not claimed or refunded >= amount,
        refunded=refunded,
    )


def receipt_address(parts: Parts, payment: Payment) -> str:
    """The page of ours where anyone can check the receipt."""
    return parts.address(f"/check/{payment.receipt_token}")


def _receipt(parts: Parts, work: Work, token: str, payment: Payment, service: Service) -> Receipt:
    delivery = work.deliveries.of_payment(payment.id)
    if payment.visit_token != token or delivery is None or payment.captured_at is None:
        raise NotFound("no receipt")
    filled = work.filled_fields.of_payment(payment.id)
    order = payer_named(work.snapshots.get(payment.snapshot_id).order, filled)
    return Receipt(
        payment=payment,
        service=service,
        confirmation=Confirmation.from_json(delivery.content),
        order_reason=order.reason,
        reasons=tuple((line.line_id, line.reason) for line in order.lines),
        payer_name=mask_name(order.customer_name) if service.mask else order.customer_name,
        payer_id=mask_code(order.customer_id) if service.mask else order.customer_id,
        instrument=payment.method,
        paid_at=payment.captured_at,
        confirmed_at=delivery.confirmed_at,
        check_address=receipt_address(parts, payment),
        refunded=_refunded(work, payment) or None,
        details=details_of(order, filled, masked=service.mask),
    )


def _paid_by(work: Work, receipt_token: str) -> tuple[Payment, tuple[Capture, ...], Money]:
    """The payment, its captures, and what of them was refunded."""
    payment = work.payments.find_by_receipt(receipt_token)
    if payment is None or payment.captured_at is None:
        raise UnknownPayment("no such receipt")
    return payment, work.payments.captures_of(payment.id), _refunded(work, payment)


def _refunded(work: Work, payment: Payment) -> Money:
    return came_back(work.refunds.of_payment(payment.id), payment.amount.currency)
