"""The card form: what the payer typed, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sandbox_bank.cards import digits_of, find_card, passes_luhn
from sandbox_bank.clock import today

_EXPIRY = re.compile(r"(0[1-9]|1[0-2])\s*/?\s*(?:20)?([0-9]{2})")
_CVV = re.compile(r"[0-9]{3}")


@dataclass(frozen=True, slots=True)
class CardForm:
    """The fields as typed."""

    card_number: str = ""
    expiry: str = ""
    cvv: str = ""

    @property
    def digits(self) -> str:
        """The card number without what people put between the digits."""
        return digits_of(self.card_number)


def read_form(posted: Mapping[str, str]) -> CardForm:
    """Take the fields from a posted form; a field that is missing is empty."""
    return CardForm(*(str(posted.get(name, "")).strip()[:40] for name in ("card_number", "expiry", "cvv")))


def check_form(form: CardForm) -> dict[str, str]:
    """Return the key of a text for each field that is wrong."""
    found = {
        "card_number": _number_error(form.digits),
        "expiry": _expiry_error(form.expiry, today()),
        "cvv": None if _CVV.fullmatch(form.cvv) else "error_cvv",
    }
    return {field: key for field, key in found.items() if key}


def _number_error(digits: str) -> str | None:
    if not passes_luhn(digits):
        return "error_card_number"
    return None if find_card(digits) else "error_test_card"


def _expiry_error(text: str, day: date) -> str | None:
    found = _EXPIRY.fullmatch(text)
    if not found:
        return "error_expiry"
    month, year = int(found[1]), 2000 + int(found[2])
    return "error_expired" if (year, month) < (day.year, day.month) else None
