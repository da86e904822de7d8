"""Money: an exact amount in one currency (ISO 4217)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

# Minor digits that differ from 2 (ISO 4217, list one). Everything else in use has two.
_MINOR_DIGITS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
         "XOF", "XPF"),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}  # fmt: skip
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_TYPED_AMOUNT = re.compile(r"[0-9]{1,12}([.,][0-9]{1,3})?\Z", re.ASCII)
LARGEST_MINOR = 10**15
"""Largest amount that the gateway handles, in minor units (fits every column and every provider's field)."""


def minor_digits(currency: str) -> int:
    """Decimal digits of the currency's minor unit, e.g. 2 for MDL."""
    return _MINOR_DIGITS.get(currency, 2)


class TooManyDigits(ValueError):
    """An amount that is finer than its currency."""


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount. Never a float; never more digits than the currency has.

    Raises: ValueError when the currency is no ISO 4217 code by form, TooManyDigits when the amount has too many.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not self.amount.is_finite():
            raise ValueError(f"not an exact amount: {self.amount!r}")
        if not _CURRENCY.match(self.currency):
            raise ValueError(f"not a currency code: {self.currency!r}")
        quantum = Decimal(1).scaleb(-minor_digits(self.currency))
        if abs(self.amount) > LARGEST_MINOR * quantum:
            raise ValueError("amount out of range")
        quantized = self.amount.quantize(quantum)
        if quantized != self.amount:
            raise TooManyDigits(f"{self.amount} has more digits than {self.currency} has")
        object.__setattr__(self, "amount", quantized)

    @classmethod
    def from_minor(cls, minor: int, currency: str) -> "Money":
        """The amount of so many minor units (bani for MDL)."""
        return cls(Decimal(minor).scaleb(-minor_digits(currency)), currency)

    @classmethod
    def zero(cls, currency: str) -> "Money":
        return cls(Decimal(0), currency)

    @property
    def minor(self) -> int:
        """The amount in minor units."""
        return int(self.amount.scaleb(minor_digits(self.currency)))

    def __add__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.amount - other.amount, self.currency)

    def negated(self) -> "Money":
        """As much the other way."""
        return Money(-self.amount, self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._same_currency(other)
        return self.amount < other.amount

    def __le__(self, other: "Money") -> bool:
        self._same_currency(other)
        return self.amount <= other.amount

    def __bool__(self) -> bool:
        return self.amount != 0

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def _same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} is not {other.currency}")


def sum_money(amounts: Iterable[Money], currency: str) -> Money:
    """The sum, in `currency`; zero of it when there is nothing to add."""
    total = Money.zero(currency)
    for amount in amounts:
        total = total + amount
    return total


def parse_typed_amount(text: str, currency: str) -> Money:
    """An amount as a payer types it: ASCII digits with an optional point or comma, greater than zero.

    A sign between thousands is refused, as it would have too many decimals behind it. Raises: ValueError for
    anything else (sign, exponent, other digits); TooManyDigits for more decimals than the currency has.
    """
    typed = text.strip(" ")
    if not _TYPED_AMOUNT.match(typed):
        raise ValueError("not an amount")
    money = Money(Decimal(typed.replace(",", ".")), currency)
    if not money:
        raise ValueError("zero is no payment")
    return money
