"""Papers: what a rendered invoice or receipt is, and what a receipt tells."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mpay_gateway.domain.confirmation import Confirmation
from mpay_gateway.domain.details import Detail
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import Payment
from mpay_gateway.domain.service import Service


class Medium(StrEnum):
    """Where a document goes."""

    A4 = "a4"
    A5 = "a5"


@dataclass(frozen=True, slots=True)
class Document:
    """A rendered paper. `filename` is plain text; quoting for a header is the web layer's affair."""

    content: bytes
    media_type: str
    filename: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """A captured payment as it is printed.

    `reasons`: line id and reason of each line as the payer saw it, in the order's language.
    `instrument`: label in the language of the paper. `confirmed_at`: when the service knew, None while it does
    not. `check_address`: the page where anyone can see that the receipt is genuine. `refunded`: what of the money
    went back after the service knew, None when nothing did. `details`: what else the paper may tell.
    """

    payment: Payment
    service: Service
    confirmation: Confirmation
    order_reason: str
    reasons: tuple[tuple[str, str], ...]
    payer_name: str
    payer_id: str
    instrument: str
    paid_at: datetime
    confirmed_at: datetime | None
    check_address: str
    refunded: Money | None = None
    details: tuple[Detail, ...] = ()
