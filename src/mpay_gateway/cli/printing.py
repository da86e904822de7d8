"""How commands print: tables that a terminal shows well and a pipe gets plain; times where the payers live."""

import dataclasses
import json
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import click

from mpay_gateway.domain.money import Money

_PLAIN = str.maketrans(
    dict.fromkeys((*range(32), *range(127, 160), *range(8234, 8239), *range(8294, 8298)), "�")
)
_TYPED = {"delivery", "payment", "decision", "operator", "service", "instrument", "terminal"}
"""Headings of columns with ids."""
_CAPABILITIES = {"visit_token", "form_token", "receipt_token", "next_step"}
"""What opens a payer's own pages is for the payer alone."""


def one_line(text: str, limit: int = 500) -> str:
    """Text of a stranger for the terminal: no control characters, no change of writing direction."""
    return text[:limit].translate(_PLAIN)


def local(at: datetime | None) -> str:
    """A time where the payers live, to the second: `2026-11-23 09:13:46 EET`; `-` for none."""
    from mpay_gateway.texts.local_format import LOCAL_ZONE

    return "-" if at is None else f"{at.astimezone(LOCAL_ZONE):%Y-%m-%d %H:%M:%S %Z}"


def age(span: timedelta) -> str:
    """How long something takes already, in its two largest units: `3 d 4 h`, `12 min`."""
    minutes = int(span.total_seconds()) // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    parts = ((days, "d"), (hours, "h"), (minutes % 60, "min"))
    said = [f"{count} {unit}" for count, unit in parts if count]
    return " ".join(said[:2]) or "under a minute"


def both(at: datetime | None) -> str:
    """A time where the payers live, and in UTC, as logs and counterparts have it."""
    return "-" if at is None else f"{local(at)} ({at.astimezone(UTC):%H:%M:%S} UTC)"


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, none: str) -> None:
    """Print rows under headings; `none` when there are no rows."""
    clean = [[one_line(cell) for cell in row] for row in rows]
    if not clean:
        click.echo(none)
    elif sys.stdout.isatty():
        _print_rich(headings, clean)
    else:
        _print_plain([list(headings), *clean])


def print_json(value: object) -> None:
    """Print values of the domain as JSON: times in UTC, amounts as text."""
    click.echo(json_text(value))


def json_text(value: object) -> str:
    """The same as text."""
    return json.dumps(_plain(value), ensure_ascii=False, indent=2)


def _print_plain(rows: list[list[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(line.rstrip())


def _print_rich(headings: Sequence[str], rows: list[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        # What has to be typed after a command is never cut or broken.
        table.add_column(heading, no_wrap=heading in _TYPED, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)


def _plain(value: object) -> object:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case Money():
            return {"amount": str(value.amount), "currency": value.currency}
        case bytes():
            return f"{len(value)} bytes"
        case list() | tuple() | set() | frozenset():
            return [_plain(each) for each in value]
        case dict():
            return {str(key): _plain(each) for key, each in value.items()}
        case _ if dataclasses.is_dataclass(value):
            names = (each.name for each in dataclasses.fields(value) if each.name not in _CAPABILITIES)
            return {name: _plain(getattr(value, name)) for name in names}
        case _:
            return value
