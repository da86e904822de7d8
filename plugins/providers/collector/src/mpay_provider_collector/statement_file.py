"""What a file of statements says once it is read, and how its single values are read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from mpay_gateway.api import Money, StatementLine

LOCAL = ZoneInfo("Europe/Chisinau")
LONGEST_ID = 128
"""Characters of a transaction's id in the books."""
LONGEST_SPAN = 400
"""Days that one file may be about."""
_YEARS = range(2000, 2200)
_AMOUNT = re.compile(r"[0-9]{1,13}(\.[0-9]{1,5})?\Z", re.ASCII)
_SHOWN = 40


class Unreadable(Exception):
    """A file that is not believed. The text says where in it, and why, for the person who put it there."""


@dataclass(frozen=True, slots=True)
class DatedLine:
    """A line and the day on which it was booked, as it is written. `own`: a debit that is no payer's affair."""

    day: date
    line: StatementLine
    own: bool = False


@dataclass(frozen=True, slots=True)
class StatementFile:
    """A file that was read whole. `ids`: its statements' own names. `days`: those that it tells everything about."""

    ids: tuple[str, ...]
    days: frozenset[date]
    lines: tuple[DatedLine, ...]


def span(first: date, last: date) -> Iterator[date]:
    """All days from `first` to `last`. Raises: Unreadable when the order is wrong, or they are too many."""
    if not timedelta(0) <= last - first < timedelta(days=LONGEST_SPAN):
        raise Unreadable(f"it is about {first} to {last}: one file has {LONGEST_SPAN} days at most")
    return (first + timedelta(days=step) for step in range((last - first).days + 1))


def amount_of(text: str, currency: str) -> Money:
    """An amount of zero or more, with a point. Raises: Unreadable."""
    try:
        if not _AMOUNT.match(text):
            raise ValueError("not an amount")
        return Money(Decimal(text), currency)
    except ValueError as error:
        raise Unreadable(f"{shown(text)} is no amount in {shown(currency)}") from error


def gross_of(net: Money, fee: Money) -> Money:
    """What was taken before fees. Raises: Unreadable when one came in and the other went out: a fee is no such sum."""
    gross = net + fee
    if min(gross.minor, net.minor) < 0 < max(gross.minor, net.minor):
        raise Unreadable(f"a fee of {fee} makes {gross} of {net}")
    return gross


@lru_cache(maxsize=1024)
def day_of(text: str, form: str = "%Y-%m-%d") -> date:
    """Raises: Unreadable."""
    try:
        found = datetime.strptime(text, form).date()  # noqa: DTZ007  a day has no zone
    except ValueError as error:
        raise Unreadable(f"{shown(text)} is no day") from error
    if not text.isascii() or found.year not in _YEARS:
        raise Unreadable(f"{shown(text)} is no day of these years")
    return found


def written_time(text: str) -> datetime:
    """A time as ISO 8601 has it, with the zone that is written, if any. Raises: Unreadable."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Unreadable(f"{shown(text)} is no time") from error
    if found.year not in _YEARS:
        raise Unreadable(f"{shown(text)} is no time of these years")
    return found


def instant_of(written: datetime) -> datetime:
    """The moment; a time without a zone is Chisinau's."""
    return (written if written.tzinfo else written.replace(tzinfo=LOCAL)).astimezone(UTC)


def noon_of(day: date) -> datetime:
    """The time of what has only a day: far from both its ends, so that it counts on that day everywhere near."""
    return datetime.combine(day, time(12), tzinfo=LOCAL).astimezone(UTC)


def id_of(text: str) -> str:
    """The id of a transaction, as it is. Raises: Unreadable."""
    if not text or len(text) > LONGEST_ID or not text.isprintable():
        raise Unreadable(f"{shown(text)} is no id of a transaction: 1 to {LONGEST_ID} printable characters")
    return text


def shown(text: str) -> str:
    """Text of a stranger, fit for one line of a log or a terminal."""
    return ascii(text[:_SHOWN]) + ("..." if len(text) > _SHOWN else "")
