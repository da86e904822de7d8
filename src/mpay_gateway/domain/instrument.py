"""Instruments: what the payer does. An instrument never names a bank; it says what it needs."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mpay_gateway.domain.money import Money


class Need(StrEnum):
    """What an instrument needs of the provider account that serves it; providers declare what they give."""

    REDIRECT = "redirect"
    QR = "qr"
    COLLECTION = "collection"


@dataclass(frozen=True, slots=True)
class InstrumentOffer:
    """One way to pay as it is shown, in the payer's language.

    `logo`: path of a static file of the plugin's, or empty. `unavailable`: why it cannot be chosen now, in the
    payer's language; empty when it can.
    """

    label: str
    what_happens_next: str
    duration: str
    logo: str = ""
    fee: Money | None = None
    unavailable: str = ""


@dataclass(frozen=True, slots=True)
class OfferedInstrument:
    """An offer with the id of the configured instrument that made it.

    `switched_off`: operators have switched the instrument off, until `back_at` (UTC) if they said so.
    `out_of_order`: no provider account that serves it answers just now.
    """

    id: str
    offer: InstrumentOffer
    switched_off: bool = False
    back_at: datetime | None = None
    out_of_order: bool = False

    @property
    def usable(self) -> bool:
        """Whether a payer may choose it now."""
        return not (self.switched_off or self.out_of_order or self.offer.unavailable)


@dataclass(frozen=True, slots=True)
class InstrumentChoice:
    """What the payer chose and filled in on the instrument page."""

    instrument_id: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class InstrumentPlan:
    """What the instrument made of the choice: what it needs, and what the provider must be told."""

    need: Need
    details: tuple[tuple[str, str], ...] = ()
