"""wsu:Timestamp: reading it, writing it, and whether a message is fresh.

Source: WSS SOAP Message Security 1.0 section 10; contract of the guide: five minutes, UTC, milliseconds.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from lxml import etree

from mpay_gateway.wssecurity import names
from mpay_gateway.wssecurity.refusal import RefusalCode, Refused, quoted

LONGEST_LIFETIME: Final = timedelta(hours=1)
"""The longest lifetime that a message may give itself: real services write one hour."""
LONGEST_AGE: Final = timedelta(minutes=10)
"""How long a message is believed whatever lifetime it gives itself."""

_INSTANT: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?(Z|[+-]\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Lifetime:
    """When a message was made and when it ends, both UTC."""

    created: datetime
    expires: datetime

    @property
    def end(self) -> datetime:
        """When the message stops being believed, whatever lifetime it gives itself."""
        return min(self.expires, self.created + LONGEST_AGE)


def read_timestamp(element: etree._Element) -> Lifetime:
    """Read Created and Expires; both are needed, once, with a zone and 0 to 7 digits of a second.

    Raises: Refused (timestamp-unreadable).
    """
    if sorted(str(child.tag) for child in element) != sorted((names.CREATED, names.EXPIRES)):
        raise Refused(RefusalCode.TIMESTAMP_UNREADABLE, "a Timestamp needs Created and Expires, each once")
    lifetime = Lifetime(_instant(element.find(names.CREATED)), _instant(element.find(names.EXPIRES)))
    if lifetime.expires <= lifetime.created:
        raise Refused(RefusalCode.TIMESTAMP_UNREADABLE, "the Timestamp expires before it was created")
    return lifetime


def check_fresh(lifetime: Lifetime, at: datetime, tolerance: timedelta) -> None:
    """Refuse a message that is too old, too new or too long-lived at ``at`` on our clock.

    Raises: Refused (lifetime-too-long, from-the-future, expired).
    """
    if lifetime.expires - lifetime.created > LONGEST_LIFETIME:
        raise Refused(
            RefusalCode.LIFETIME_TOO_LONG, f"the message claims to live longer than {LONGEST_LIFETIME}"
        )
    if lifetime.created - at > tolerance:
        raise Refused(
            RefusalCode.FROM_THE_FUTURE, f"the message was created at {lifetime.created.isoformat()}"
        )
    if at - lifetime.end > tolerance:
        raise Refused(RefusalCode.EXPIRED, f"the message was created at {lifetime.created.isoformat()}")


def instant_text(at: datetime) -> str:
    """``at`` in UTC with milliseconds, as receivers in the field expect it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _instant(element: etree._Element | None) -> datetime:
    text = "" if element is None else (element.text or "").strip()
    match = _INSTANT.fullmatch(text)
    if match is None or (element is not None and len(element)):
        raise Refused(RefusalCode.TIMESTAMP_UNREADABLE, f"{quoted(text)} is no date and time with a zone")
    seconds, fraction, zone = match.groups()
    try:
        return datetime.fromisoformat(f"{seconds}.{(fraction or '0')[:6]:0<6}{zone}").astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Refused(RefusalCode.TIMESTAMP_UNREADABLE, f"{quoted(text)} is no date and time") from error
