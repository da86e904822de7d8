"""Times on the wire: local time of Chișinău without a zone, as in the guide's samples."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Europe/Chisinau")
_DATE_TIME = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,12}))?(Z|[+-]\d\d:\d\d)?\Z",
    re.ASCII,
)
_UNSET_YEARS = {1, 9999}
"""Years of the smallest and largest date of the services' platforms, sent where nothing was ever set."""


class WhenTwice(IntEnum):
    """Which of two instants a local time means in the hour that occurs twice when summer time ends."""

    EARLIER = 0
    LATER = 1


@dataclass(frozen=True, slots=True)
class ReadTime:
    """An instant (UTC), or None when the text stands for none; `oddity`: code of a deviation or empty."""

    at: datetime | None
    oddity: str = ""


def read_date_time(text: str, when_twice: WhenTwice) -> ReadTime:
    """Read an xs:dateTime; without a zone it is local time. Digits beyond microseconds are dropped.

    Raises: ValueError when the text is no date and time.
    """
    match = _DATE_TIME.match(text)
    if match is None:
        raise ValueError("not a date and time")
    seconds, fraction, zone = match.groups()
    moment = datetime.fromisoformat(f"{seconds}.{(fraction or '0')[:6]:0<6}{zone or ''}")
    if moment.year in _UNSET_YEARS:
        return ReadTime(None, "unset-date")
    if moment.tzinfo is not None:
        return ReadTime(moment.astimezone(UTC))
    return ReadTime(moment.replace(tzinfo=LOCAL, fold=when_twice).astimezone(UTC), _oddity(moment))


def local_time(at: datetime) -> datetime:
    """An instant as it is written on the wire: local, without zone, whole seconds (sample of guide 1.3)."""
    return at.astimezone(LOCAL).replace(tzinfo=None, microsecond=0, fold=0)


def _oddity(moment: datetime) -> str:
    first = moment.replace(tzinfo=LOCAL, fold=0).utcoffset()
    second = moment.replace(tzinfo=LOCAL, fold=1).utcoffset()
    if first == second or first is None or second is None:
        return ""
    return "time-occurs-twice" if first > second else "time-does-not-exist"
