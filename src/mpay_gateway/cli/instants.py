"""Points in time as operators type them."""

from datetime import datetime

import click

from mpay_gateway.cli.days import refuse_other_years


def instant(text: str) -> datetime:
    """A point in time in ISO 8601; without a zone it is local."""
    from mpay_gateway.texts.local_format import LOCAL_ZONE

    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no time such as 2026-11-23T18:30") from error
    refuse_other_years(at.year)
    return at.replace(tzinfo=LOCAL_ZONE) if at.utcoffset() is None else at
