"""The invoice as a paper, "Nota de plată"."""

from dataclasses import dataclass

from mpay_gateway.documents.attached_data import Plain, plain_account, plain_money, plain_time, to_json
from mpay_gateway.documents.paper import LOGO_ADDRESS, Paper
from mpay_gateway.documents.parts import (
    PrintedLine,
    PrintedQr,
    code_label,
    print_contact,
    print_details,
    print_line,
    print_qr,
    printable,
    without_scheme,
)
from mpay_gateway.documents.template import Translate, fill, in_language
from mpay_gateway.domain.documents import Medium
from mpay_gateway.domain.identifiers import grouped
from mpay_gateway.domain.invoice import Invoice
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.service import Channel
from mpay_gateway.texts import Texts, format_date, format_money, mask_code, mask_name


@dataclass(frozen=True, slots=True)
class InvoicePage:
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
    masked: bool
    issued: str
    due: str
    amount: str
    notes: tuple[str, ...]
    reason: str
    order_key: str
    details: tuple[tuple[str, str], ...]
    lines: tuple[PrintedLine, ...]
    ways: tuple[tuple[str, str], ...]
    qr: PrintedQr | None
    contact: tuple[str, ...]


def write_invoice(invoice: Invoice, language: Language, texts: Texts, *, medium: Medium = Medium.A4) -> Paper:
    """The invoice as a page with its data, in one language.

    Name and code of the payer are masked when the service asks for it, in the page and in the data.
    """
    translate = in_language(texts, language)
    page = _page(invoice, language, translate, sheet=medium.value)
    return Paper(
        html=fill("invoice.pt", page=page, translate=translate),
        data=to_json(_data(invoice, page)),
        data_name=f"invoice-{invoice.id}.json",
        data_description=page.description,
        dated=invoice.issued_at,
        logo_png=invoice.service.logo_png,
    )


def _page(invoice: Invoice, language: Language, translate: Translate, *, sheet: str) -> InvoicePage:
    order, service = invoice.order, invoice.service
    number = grouped(invoice.id)
    payee = printable(service.name.in_language(language))
    payer, payer_code = _payer(invoice)
    return InvoicePage(
        language=language.value,
        sheet=sheet,
        number=number,
        title=f"{translate('invoice.title')} {number}",
        description=translate("invoice.description", number=number, payee=payee),
        dated=invoice.issued_at.isoformat(timespec="seconds"),
        logo=LOGO_ADDRESS if service.logo_png else "",
        payee=payee,
        payee_code=printable(service.account.fiscal_code),
        payer=payer,
        payer_code_label=code_label(order.customer_type, translate),
        payer_code=payer_code,
        masked=service.mask and bool(payer or payer_code),
        issued=format_date(invoice.issued_at, language),
        due=format_date(order.due_at, language) if order.due_at else "",
        amount=_amount(invoice, language, translate),
        notes=_notes(invoice, language, translate),
        reason=printable(order.reason),
        order_key=printable(order.order_key),
        details=print_details(invoice.details),
        lines=_lines(invoice, language, translate),
        ways=_ways(invoice, payee=payee, number=number, translate=translate),
        qr=print_qr(invoice.address, translate("invoice.qr", number=number)),
        contact=print_contact(service.support),
    )


def _payer(invoice: Invoice) -> tuple[str, str]:
    name, code = printable(invoice.order.customer_name), printable(invoice.order.customer_id)
    return (mask_name(name), mask_code(code)) if invoice.service.mask else (name, code)


def _amount(invoice: Invoice, language: Language, translate: Translate) -> str:
    total = invoice.order.total_due
    return translate("invoice.amount_unknown") if total is None else format_money(total, language)


def _notes(invoice: Invoice, language: Language, translate: Translate) -> tuple[str, ...]:
    order, payable = invoice.order, invoice.payable
    notes = (
        translate("invoice.payable_now", amount=format_money(payable, language))
        if payable and order.total_due is not None and payable < order.total_due
        else "",
        translate("invoice.partial") if order.partial_allowed else "",
        translate("invoice.advance") if order.advance_allowed else "",
    )
    return tuple(note for note in notes if note)


def _lines(invoice: Invoice, language: Language, translate: Translate) -> tuple[PrintedLine, ...]:
    payee = printable(invoice.service.name.in_language(language))
    return tuple(
        print_line(
            line.reason or invoice.order.reason,
            line.account,
            amount=translate("invoice.amount_open")
            if line.amount_due is None
            else format_money(line.amount_due, language),
            payee=payee,
            translate=translate,
        )
        for line in invoice.order.lines
    )


def _ways(invoice: Invoice, *, payee: str, number: str, translate: Translate) -> tuple[tuple[str, str], ...]:
    """Heading and instruction for each channel of the service, in the order that channels have."""
    values = {"payee": payee, "number": number, "order": printable(invoice.order.order_key)}
    ways: list[tuple[str, str]] = []
    for channel in Channel:
        if channel not in invoice.service.channels:
            continue
        match channel:
            case Channel.PORTAL:
                if invoice.address:
                    how = translate("invoice.online_how", address=without_scheme(invoice.address))
                    ways.append((translate("invoice.online"), how))
            case Channel.KIOSK:
                ways.append((translate("invoice.kiosk"), translate("invoice.kiosk_how", **values)))
            case Channel.COUNTER:
                ways.append((translate("invoice.counter"), translate("invoice.counter_how", **values)))
    return tuple(ways)


def _data(invoice: Invoice, page: InvoicePage) -> dict[str, Plain]:
    order = invoice.order
    return {
        "document": "invoice",
        "number": invoice.id,
        "issued_at": plain_time(invoice.issued_at),
        "language": page.language,
        "service": {"id": invoice.service.id, "name": page.payee, "fiscal_code": page.payee_code},
        "order_key": order.order_key,
        "reason": page.reason,
        "payer": {
            "name": page.payer,
            "code": page.payer_code,
            "type": order.customer_type.value,
            "masked": page.masked,
        },
        "due_at": plain_time(order.due_at),
        "total_due": plain_money(order.total_due),
        "payable": plain_money(invoice.payable),
        "details": [{"name": name, "value": value} for name, value in page.details],
        "lines": [
            {
                "id": line.line_id,
                "reason": printed.reason,
                "amount_due": plain_money(line.amount_due),
                "account": plain_account(line.account),
            }
            for line, printed in zip(order.lines, page.lines, strict=True)
        ],
        "address": invoice.address,
    }
