"""Typed reading of what the bank writes: a value has the right type or the whole answer is refused."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import cast

from mpay_gateway.api import InvalidAnswer, Money, sum_money


class Fields:
    """The members of one JSON object. Every method raises InvalidAnswer on a wrong type, and names it."""

    def __init__(self, members: Mapping[str, object]) -> None:
        self._members = members

    @classmethod
    def parse(cls, body: bytes) -> "Fields":
        """The object that the body is.

        Raises: InvalidAnswer when it is none.
        """
        try:
            members: object = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise InvalidAnswer("not JSON") from error
        return cls._of(members, "the body")

    @classmethod
    def _of(cls, value: object, what: str) -> "Fields":
        if not isinstance(value, dict):
            raise InvalidAnswer(f"{what} is no object")
        return cls(cast("dict[str, object]", value))

    def text(self, name: str) -> str:
        """A member that is text and not empty."""
        value = self._members.get(name)
        if not isinstance(value, str) or not value:
            raise InvalidAnswer(f"{name} is no text")
        return value

    def text_or_empty(self, name: str) -> str:
        """A member that may be missing, null or empty."""
        return self.text(name) if self._members.get(name) else ""

    def money(self, name: str, currency: str) -> Money:
        """A member that counts minor units, zero or more."""
        minor = self._members.get(name)
        if not isinstance(minor, int) or isinstance(minor, bool) or minor < 0:
            raise InvalidAnswer(f"{name} is no count of minor units")
        return money_of(minor, currency)

    def time(self, name: str) -> datetime:
        """A member that is an ISO 8601 time with its offset, in UTC."""
        return time_of(self.text(name))

    def objects(self, name: str) -> tuple["Fields", ...]:
        """A member that is a list of objects."""
        values = self._members.get(name)
        if not isinstance(values, list):
            raise InvalidAnswer(f"{name} is no list")
        return tuple(self._of(value, f"an item of {name}") for value in values)


def money_of(minor: int, currency: str) -> Money:
    """So many minor units of the currency.

    Raises: InvalidAnswer when the currency is no code or the amount is out of range.
    """
    try:
        return Money.from_minor(minor, currency)
    except (ValueError, ArithmeticError) as error:
        raise InvalidAnswer(f"not an amount: {minor} {currency[:8]!r}") from error


def total_of(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of amounts in one currency.

    Raises: InvalidAnswer when it is out of range.
    """
    try:
        return sum_money(amounts, currency)
    except ValueError as error:
        raise InvalidAnswer("the amounts add up to more than there is") from error


def time_of(text: str) -> datetime:
    """An ISO 8601 time with its offset, in UTC.

    Raises: InvalidAnswer.
    """
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("no offset")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidAnswer(f"not a time: {text[:40]!r}") from error
