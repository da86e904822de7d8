"""The receipt as a paper, "Chitanță"."""

from dataclasses import dataclass

from mpay_gateway.documents.attached_data import Plain, plain_account, plain_money, plain_time, to_json
from mpay_gateway.documents.paper import LOGO_ADDRESS, Paper
from mpay_gateway.documents.parts import (
    PrintedLine,
    PrintedQr,
    print_contact,
    print_details,
    print_line,
    print_qr,
    printable,
)
from mpay_gateway.documents.template import Translate, fill, in_language
from mpay_gateway.domain.documents import Medium, Receipt
from mpay_gateway.domain.identifiers import grouped
from mpay_gateway.domain.language import Language
from mpay_gateway.texts import Texts, format_datetime, format_money


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """Everything that the template prints, as text. Empty where nothing is known. `sheet`: what it is printed on."""

    language: str
    sheet: str
    number: str
    title: str
    description: str
    dated: str
    logo: str
    payee: str
    payee_code: str
    payer: str
    payer_code_label: str
    payer_code: str
    amount: str
    paid_at: str
    instrument: str
    invoice_number: str
    confirmed_at: str
    refunded: str
    reason: str
    order_key: str
    details: tuple[tuple[str, str], ...]
    lines: tuple[PrintedLine, ...]
    qr: PrintedQr | None
    contact: tuple[str, ...]


def write_receipt(receipt: Receipt, language: Language, texts: Texts) -> Paper:
    """The receipt as a page with its data, in one language."""
    translate = in_language(texts, language)
    page = _page(receipt, language, translate)
    return Paper(
        html=fill("receipt.pt", page=page, translate=translate),
        data=to_json(_data(receipt, page)),
        data_name=f"receipt-{receipt.payment.id}.json",
        data_description=page.description,
        dated=receipt.paid_at,
        logo_png=receipt.service.logo_png,
    )


def _page(receipt: Receipt, language: Language, translate: Translate) -> ReceiptPage:
    service, confirmation = receipt.service, receipt.confirmation
    number = grouped(receipt.payment.id)
    payee = printable(service.name.in_language(language))
    return ReceiptPage(
        language=language.value,
        sheet=Medium.A4.value,
        number=number,
        title=f"{translate('receipt.title')} {number}",
        description=translate("receipt.description", number=number, payee=payee),
        dated=receipt.paid_at.isoformat(timespec="seconds"),
        logo=LOGO_ADDRESS if service.logo_png else "",
        payee=payee,
        payee_code=printable(service.account.fiscal_code),
        payer=printable(receipt.payer_name),
        payer_code_label=translate("party.code"),
        payer_code=printable(receipt.payer_id),
        amount=format_money(confirmation.total, language),
        paid_at=format_datetime(receipt.paid_at, language),
        instrument=printable(receipt.instrument),
        invoice_number=grouped(confirmation.invoice_id),
        confirmed_at=format_datetime(receipt.confirmed_at, language) if receipt.confirmed_at else "",
        refunded=format_money(receipt.refunded, language) if receipt.refunded else "",
        reason=printable(receipt.order_reason),
        order_key=printable(confirmation.order_key),
        details=print_details(receipt.details),
        lines=_lines(receipt, language, translate),
        qr=print_qr(receipt.check_address, translate("receipt.qr", number=number)),
        contact=print_contact(service.support),
    )


def _lines(receipt: Receipt, language: Language, translate: Translate) -> tuple[PrintedLine, ...]:
    """The lines that got money, each with the reason that the payer saw."""
    reasons = dict(receipt.reasons)
    payee = printable(receipt.service.name.in_language(language))
    return tuple(
        print_line(
            reasons.get(line.line_id) or receipt.order_reason,
            line.account,
            amount=format_money(line.amount, language),
            payee=payee,
            translate=translate,
        )
        for line in receipt.confirmation.lines
    )


def _data(receipt: Receipt, page: ReceiptPage) -> dict[str, Plain]:
    confirmation = receipt.confirmation
    return {
        "document": "receipt",
        "payment_id": receipt.payment.id,
        "invoice": confirmation.invoice_id,
        "paid_at": plain_time(receipt.paid_at),
        "confirmed_at": plain_time(receipt.confirmed_at),
        "language": page.language,
        "service": {"id": receipt.service.id, "name": page.payee, "fiscal_code": page.payee_code},
        "order_key": confirmation.order_key,
        "reason": page.reason,
        "payer": {"name": page.payer, "code": page.payer_code},
        "instrument": page.instrument,
        "total": plain_money(confirmation.total),
        "refunded": plain_money(receipt.refunded) if receipt.refunded else None,
        "details": [{"name": name, "value": value} for name, value in page.details],
        "lines": [
            {
                "id": line.line_id,
                "reason": printed.reason,
                "amount": plain_money(line.amount),
                "account": plain_account(line.account),
            }
            for line, printed in zip(confirmation.lines, page.lines, strict=True)
        ],
        "check": receipt.check_address,
    }
