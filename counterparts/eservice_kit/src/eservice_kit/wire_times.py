"""Dates on the wire: xs:dateTime, where a time without zone is Chisinau's."""

from datetime import datetime
from zoneinfo import ZoneInfo

CHISINAU = ZoneInfo("Europe/Chisinau")


def time_from_wire(text: str) -> datetime:
    """Read a time with or without zone. Raises: ValueError."""
    moment = datetime.fromisoformat(text.strip())
    return moment if moment.tzinfo else moment.replace(tzinfo=CHISINAU)


def time_to_wire(moment: datetime) -> str:
    """Local time with milliseconds and no zone, as in the guide's sample. Raises: ValueError if naive."""
    if moment.tzinfo is None:
        raise ValueError("a time without zone can't be sent")
    return moment.astimezone(CHISINAU).replace(tzinfo=None).isoformat(timespec="milliseconds")
