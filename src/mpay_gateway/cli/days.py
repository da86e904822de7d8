"""Days as operators type them."""

from datetime import date

import click

from mpay_gateway.boundary import Clock

_YEARS = range(2000, 2200)


def day(text: str) -> date:
    """A day in ISO 8601, in Chisinau."""
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no day such as 2026-11-23") from error
    refuse_other_years(found.year)
    return found


def refuse_other_years(year: int) -> None:
    """Raises: BadParameter. At the ends of the calendar days have no beginning in UTC, and no day before or after."""
    if year not in _YEARS:
        raise click.BadParameter(f"{year:04} is no year of the gateway's: {_YEARS[0]} to {_YEARS[-1]}")


def refuse_to_come(chosen: date, clock: Clock) -> None:
    """Raises: UsageError for a day that has not begun."""
    from mpay_gateway.texts.local_days import local_day

    if chosen > local_day(clock.now()):
        raise click.UsageError(f"{chosen} has not begun yet")
