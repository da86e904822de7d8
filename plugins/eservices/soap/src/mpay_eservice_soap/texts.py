"""Texts of the wire: how long the guide lets them be, and what of them is kept."""

import unicodedata

from mpay_gateway.api import normal_form

LENGTHS = {
    "BankAccount": 24,
    "BankCode": 20,
    "BankFiscalCode": 20,
    "BeneficiaryName": 60,
    "ConfigurationCode": 36,
    "CustomerID": 13,
    "CustomerName": 60,
    "DisplayName": 36,
    "InvoiceID": 36,
    "LineID": 36,
    "Name": 36,
    "OrderKey": 36,
    "PaymentID": 36,
    "Reason": 50,
    "ServiceID": 36,
    "Type": 36,
    "Value": 255,
}
"""Characters, by member (guide 1.3). Lenient when reading; when sending, identifiers are never cut."""

_SPACES = {"Cc", "Zl", "Zp"}
_DROPPED = {"Cf", "Cs", "Co", "Cn"}


def clean_text(text: str) -> str:
    """A text in NFC, without control and directional characters; line ends and tabs become spaces.

    Directional characters could show an amount or a name other than the one that was sent.
    """
    kept = (
        " " if unicodedata.category(character) in _SPACES else character
        for character in normal_form(text)
        if unicodedata.category(character) not in _DROPPED
    )
    return "".join(kept).strip()


def opaque(text: str) -> str:
    """An identifier as it is compared and sent back: NFC, outer white space off (contract section 6)."""
    return normal_form(text).strip()


def cut(text: str, member: str) -> str:
    """A text that is sent, at most as long as the guide lets `member` be."""
    return clean_text(text)[: LENGTHS[member]].rstrip()


def for_a_log(text: str, longest: int = 60) -> str:
    """Text of a stranger, fit for one line of a log: printable ASCII, shortened."""
    shown = text[:longest].encode("ascii", "backslashreplace").decode()
    return "".join(character if character.isprintable() else "?" for character in shown)
