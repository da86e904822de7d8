"""Time as the bank keeps it: milliseconds since 1970, UTC."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

DAY_MS = 86_400_000


def now_ms() -> int:
    """Return the present moment in milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


def iso(moment_ms: int) -> str:
    """Write a moment as RFC 3339 in UTC with milliseconds."""
    whole, milliseconds = divmod(moment_ms, 1000)
    text = datetime.fromtimestamp(whole, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{milliseconds:03d}Z"


def day_bounds(day: date) -> tuple[int, int]:
    """Return the first millisecond of a UTC day and of the day after it."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    end = start + timedelta(days=1)
    return int(start.timestamp()) * 1000, int(end.timestamp()) * 1000


def today() -> date:
    """Return the present UTC day."""
    return datetime.now(tz=UTC).date()
