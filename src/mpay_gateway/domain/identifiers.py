"""Identifiers that the gateway makes, and the form of those that it is given.

All randomness is passed in as a function, so that simulations can replay it.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from mpay_gateway.domain.normal_form import normal_form

ServiceId = NewType("ServiceId", str)
OrderKey = NewType("OrderKey", str)
InvoiceId = NewType("InvoiceId", str)
PaymentId = NewType("PaymentId", str)
AccountId = NewType("AccountId", str)
"""A provider account: a configured instance of a provider plugin, e.g. `maib-main`."""

RandomBelow = Callable[[int], int]
"""A cryptographically strong integer in [0, n)."""

ORDER_KEY_LENGTH = 36
SERVICE_ID_LENGTH = 36
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAYMENT_ID_LENGTH = 16  # 80 random bits, and short enough to read out over the telephone
_SERVICE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,35}\Z")


class Alphabet(StrEnum):
    """What a provider accepts in the reference that it is given for a payment."""

    DIGITS = "digits"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class ReferenceForm:
    """The form of the payment reference that a provider imposes: alphabet and length in characters."""

    alphabet: Alphabet = Alphabet.TEXT
    length: int = 20


def clean_order_key(text: str) -> OrderKey:
    """An order key as it is compared and sent: NFC, outer white space off, nothing else (contract section 6).

    Raises: ValueError when nothing is left, when it is longer than 36 characters, or holds control or
    directional characters.
    """
    key = normal_form(text).strip()
    if not key or len(key) > ORDER_KEY_LENGTH:
        raise ValueError("an order key has 1 to 36 characters")
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in key):
        raise ValueError("an order key holds no control characters")
    return OrderKey(key)


def is_service_id(text: str) -> bool:
    """Whether this can be a ServiceID: 1 to 36 letters, digits, points, hyphens, underscores."""
    return bool(_SERVICE_ID.match(text))


def new_invoice_id(random_below: RandomBelow) -> InvoiceId:
    """Fourteen digits that no one can guess; the last is a check digit (Luhn)."""
    body = f"{random_below(10**13):013d}"
    return InvoiceId(body + luhn_digit(body))


def is_invoice_id(text: str) -> bool:
    """Whether this is fourteen ASCII digits with the right check digit."""
    return bool(re.fullmatch(r"[0-9]{14}", text, re.ASCII)) and luhn_digit(text[:-1]) == text[-1]


def luhn_digit(digits: str) -> str:
    """The check digit of the Luhn formula (ISO/IEC 7812-1, annex B) for a string of digits."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def new_payment_id(random_below: RandomBelow) -> PaymentId:
    """Sixteen characters without I, L, O, U (Crockford's base 32): at most the guide's 36, opaque."""
    return PaymentId(_random_text(_PAYMENT_ID_LENGTH, _CROCKFORD, random_below))


def clean_payment_id(text: str) -> PaymentId:
    """A payment reference as people type it: spaces and hyphens off, upper case, O as 0, I and L as 1."""
    typed = re.sub(r"[\s-]", "", text).upper()[:36]
    return PaymentId(typed.translate(str.maketrans("OIL", "011")))


def new_reference(form: ReferenceForm, random_below: RandomBelow) -> str:
    """A reference in the provider's form; a reference of digits never starts with zero."""
    if form.alphabet is Alphabet.DIGITS:
        return str(1 + random_below(9)) + _random_text(form.length - 1, "0123456789", random_below)
    return _random_text(form.length, _CROCKFORD, random_below)


def new_payment_reference(form: ReferenceForm, epoch: int, random_below: RandomBelow) -> str:
    """The same, its first character that of the database's epoch.

    A database that went back to a backup does not know what it had issued since. Under its new epoch it issues
    other references for certain, however short the provider's form: a provider that was given an old one would
    answer with somebody else's payment.
    """
    drawn = new_reference(form, random_below)
    if form.alphabet is Alphabet.DIGITS:
        return str(1 + epoch % 9) + drawn[1:]
    return _CROCKFORD[epoch % len(_CROCKFORD)] + drawn[1:]


def grouped(identifier: str) -> str:
    """An identifier in groups of four, as it is printed."""
    return " ".join(identifier[place : place + 4] for place in range(0, len(identifier), 4))


def _random_text(length: int, alphabet: str, random_below: RandomBelow) -> str:
    return "".join(alphabet[random_below(len(alphabet))] for _ in range(length))
