"""What invoice and receipt have in common: a line of the table, an account, a contact."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from mpay_gateway.documents.qr import QrDrawing, draw_qr
from mpay_gateway.documents.template import Translate
from mpay_gateway.domain.details import Detail
from mpay_gateway.domain.identifiers import grouped
from mpay_gateway.domain.order import CustomerType, PaymentAccount
from mpay_gateway.domain.service import SupportContact
from mpay_gateway.texts import clean_text

LONGEST_TEXT = 400  # characters of a reason or a name; a paper is no place for an essay


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A row of the table. `account`: the IBAN in groups of four; `details`: what else names the account."""

    reason: str
    account: str
    details: tuple[str, ...]
    amount: str


@dataclass(frozen=True, slots=True)
class PrintedQr:
    """A QR code, its alternative text, and the address that it holds: to follow, and as people type it."""

    drawing: QrDrawing
    alternative: str
    link: str
    address: str


def printable(text: str) -> str:
    """A stranger's text as it is printed: clean, on one line, cut with an ellipsis when it is too long."""
    clean = clean_text(text)
    return clean if len(clean) <= LONGEST_TEXT else f"{clean[: LONGEST_TEXT - 1].rstrip()}…"


def print_line(
    reason: str, account: PaymentAccount, *, amount: str, payee: str, translate: Translate
) -> PrintedLine:
    """A row of the table; the beneficiary is printed only where it is not the payee."""
    beneficiary = printable(account.beneficiary)
    codes = (
        _named("line.fiscal_code", account.fiscal_code, translate),
        _named("line.bank_code", account.bank_code, translate),
        _named("line.treasury", account.treasury_account, translate),
        _named("line.configuration", account.configuration_code, translate),
    )
    details = (beneficiary if beneficiary != payee else "", " · ".join(code for code in codes if code))
    return PrintedLine(
        reason=printable(reason),
        account=print_iban(account.iban),
        details=tuple(detail for detail in details if detail),
        amount=amount,
    )


def print_iban(iban: str) -> str:
    """An IBAN in groups of four (ISO 13616, paper form)."""
    return grouped(printable(iban).replace(" ", ""))


def print_qr(address: str, alternative: str) -> PrintedQr | None:
    """The QR code of an address, None when there is no address to open."""
    if not address:
        return None
    return PrintedQr(draw_qr(address), alternative, link=address, address=without_scheme(address))


def without_scheme(address: str) -> str:
    """An address as people read and type it: host and path."""
    parts = urlsplit(address)
    return f"{parts.netloc}{parts.path}" + (f"?{parts.query}" if parts.query else "")


def print_contact(contact: SupportContact) -> tuple[str, ...]:
    """Whom to ask: telephone, e-mail, address, as far as they are known."""
    known = (contact.phone, contact.email, without_scheme(contact.url) if contact.url else "")
    return tuple(printable(each) for each in known if each)


def print_details(details: tuple[Detail, ...]) -> tuple[tuple[str, str], ...]:
    """Name and value of each."""
    return tuple((printable(each.label), printable(each.value)) for each in details)


def code_label(kind: CustomerType, translate: Translate) -> str:
    """What the payer's code is called."""
    match kind:
        case CustomerType.PERSON:
            return translate("party.person_code")
        case CustomerType.ORGANIZATION:
            return translate("party.organization_code")
        case CustomerType.UNSPECIFIED:
            return translate("party.code")


def _named(key: str, code: str, translate: Translate) -> str:
    return translate(key, code=printable(code)) if code else ""
