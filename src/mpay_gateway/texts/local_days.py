"""Days as payers count them: from midnight to midnight in Chisinau, at times 23 or 25 hours long."""

from datetime import UTC, date, datetime, time, timedelta

from mpay_gateway.texts.local_format import LOCAL_ZONE


def local_day(moment: datetime) -> date:
    """The day of `moment` (with zone)."""
    return moment.astimezone(LOCAL_ZONE).date()


def bounds(day: date) -> tuple[datetime, datetime]:
    """The day's first moment and the next day's, UTC."""
    return _midnight(day), _midnight(day + timedelta(days=1))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=LOCAL_ZONE).astimezone(UTC)
