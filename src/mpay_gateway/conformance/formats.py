"""Forms of values: dates, amounts, account numbers, personal codes, and texts whose encoding went wrong."""

import re
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

_LOCAL: Final = ZoneInfo("Europe/Chisinau")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_DECIMAL: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_IBAN: Final = re.compile(r"[A-Z]{2}\d\d[A-Z0-9]{11,30}", re.ASCII)
_CURRENCIES: Final = frozenset(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD
    CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF
    GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK
    LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD
    OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN
    SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF
    YER ZAR ZMW ZWG
    """.split()  # noqa: SIM905  a list of 150 words
)
_MOJIBAKE: Final = re.compile(
    "Ã[\\x80-\\xbfƒ¢®¡-¿]|Å[\\x9e\\x9f¢£ž]|È[\\x98-\\x9b™š›˜]|Ä[\\x82\\x83‚ƒ]|Ð[\\x80-\\xbf°-¿]|Ñ[\\x80-\\x8f€‚ƒ]|\ufffd"
)
CEDILLAS: Final = re.compile("[şţŞŢ]")
S_OR_T: Final = re.compile("[şţŞŢșțȘȚ]")
"""In either form."""


def date_of(text: str) -> datetime | None:
    """An xs:dateTime; without a zone it is Chisinau's. None for any other text."""
    if not _DATE.fullmatch(text):
        return None
    fraction = re.sub(r"(\.\d{1,6})\d*", r"\1", text)
    try:
        found = datetime.fromisoformat(fraction)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=_LOCAL)


def is_decimal(text: str) -> bool:
    """Whether a text is an xs:decimal: a point, no exponent, nothing between thousands."""
    return _DECIMAL.fullmatch(text) is not None


def decimals(text: str) -> int:
    """How many digits that count stand after the point."""
    return len(text.partition(".")[2].rstrip("0"))


def is_currency(text: str) -> bool:
    """Whether a text is a current alphabetic code of ISO 4217."""
    return text in _CURRENCIES


def is_iban(text: str) -> bool:
    """Form and check digits of ISO 13616."""
    if not _IBAN.fullmatch(text):
        return False
    turned = text[4:] + text[:4]
    return int("".join(str(int(letter, 36)) for letter in turned)) % 97 == 1


def is_idn(text: str) -> bool:
    """An IDNP or IDNO: 13 digits, the last one a check digit with the weights 7, 3, 1."""
    if not (text.isascii() and text.isdigit() and len(text) == 13):
        return False
    return sum(int(digit) * (7, 3, 1)[place % 3] for place, digit in enumerate(text[:12])) % 10 == int(
        text[12]
    )


def is_garbled(text: str) -> bool:
    """Whether UTF-8 was read as a one-byte encoding somewhere on the way."""
    return _MOJIBAKE.search(text) is not None
