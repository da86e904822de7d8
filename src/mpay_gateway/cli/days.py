"""Days as operators type them."""

from datetime import date

import click

from mpay_gateway.boundary import Clock


def day(text: str) -> date:
    """A day in ISO 8601, in Chisinau."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no day such as 2026-11-23") from error


def refuse_to_come(chosen: date, clock: Clock) -> None:
    """Raises: UsageError for a day that has not begun."""
    from mpay_gateway.texts.local_days import local_day

    if chosen > local_day(clock.now()):
        raise click.UsageError(f"{chosen} has not begun yet")
