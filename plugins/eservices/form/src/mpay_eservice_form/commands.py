"""`mpay form`: what was paid, for the beneficiary's accountant, and what he lets go back."""

import os
import re
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

import click

from mpay_eservice_form.export import Writing, as_csv
from mpay_eservice_form.order_book import LOCAL_ZONE, OrderBook
from mpay_eservice_form.stored_order import Released, StoredOrder
from mpay_gateway.api import CommandContext

INSTANCE = "form"
MOST_DAYS = 400
LONGEST_WORDS = 200
_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,35}\Z", re.ASCII)
FIRST_YEAR, LAST_YEAR = 2000, 2199


@click.group()
def form() -> None:
    """Services whose orders payers make by filling in a form."""


def _days(_ctx: click.Context, _param: click.Parameter, text: str) -> tuple[date, ...]:
    """The days that DAYS names. Raises: BadParameter."""
    first, _, last = text.partition("..")
    try:
        begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no day as 2026-11-23, nor a period as 2026-11-01..2026-11-30"
        ) from None
    count = (end - begin).days + 1
    if not 1 <= count <= MOST_DAYS or not FIRST_YEAR <= begin.year <= end.year <= LAST_YEAR:
        raise click.BadParameter(f"from 1 to {MOST_DAYS} days, in the years {FIRST_YEAR} to {LAST_YEAR}")
    return tuple(begin + timedelta(days=number) for number in range(count))


def _service(_ctx: click.Context, _param: click.Parameter, text: str) -> str:
    """Raises: BadParameter for what can be no service's id."""
    if not _SERVICE.match(text):
        raise click.BadParameter(f"{text!r} can be no service's id")
    return text


def _words(_ctx: click.Context, _param: click.Parameter, text: str) -> str:
    """Raises: BadParameter for nothing, too much, and what a terminal or a table would obey."""
    words = " ".join(text.split())
    if not 1 <= len(words) <= LONGEST_WORDS or not words.isprintable():
        raise click.BadParameter(f"1 to {LONGEST_WORDS} characters that can be printed")
    return words


@form.command()
@click.argument("service", callback=_service)
@click.argument("days", callback=_days)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="A file instead of the screen."
)
@click.option(
    "--spreadsheet", is_flag=True, help="Semicolons and decimal commas, as spreadsheets here open it."
)
@click.pass_obj
def export(
    context: CommandContext, service: str, days: tuple[date, ...], *, output: Path | None, spreadsheet: bool
) -> None:
    """Write what was paid to SERVICE on DAYS as CSV: a row for each line of each order.

    DAYS: a day of Chisinau's calendar (2026-11-23) or a period (2026-11-01..2026-11-30). What counts is when the money
    was taken: a payment that the gateway confirms late appears in an earlier day, and `told_at` says when it did.
    """
    book = OrderBook(lambda: context.records_of(INSTANCE))
    orders: list[StoredOrder] = []
    with click.progressbar(days, label="Reading", file=sys.stderr) as bar:
        for each in bar:
            orders += book.paid_on(service, each)
    text = as_csv(orders, Writing.SPREADSHEET if spreadsheet else Writing.PLAIN)
    if output is None:
        click.echo(text, nl=False)
    else:
        _put(output, text)
    click.echo(f"{service}, {days[0]} to {days[-1]}: paid orders: {len(orders)}", err=True)


@form.command()
@click.argument("service", callback=_service)
@click.argument("order_key", metavar="ORDER_KEY")
@click.option("--operator", required=True, callback=_words, metavar="NAME",
              help="Who acts. The token is asked for, or taken from MPAY_OPERATOR_TOKEN.")  # fmt: skip
@click.option("--reason", required=True, callback=_words, metavar="TEXT", help="By which letter or act.")
@click.pass_obj
def release(context: CommandContext, service: str, order_key: str, *, operator: str, reason: str) -> None:
    """Write down that the beneficiary lets the money of a paid order of SERVICE go back.

    The order reads `Refunded` from then on: a refund that two operators decided on waits for it (`mpay refund open`).
    By itself this moves no money.
    """
    by = context.identify(operator)
    book = OrderBook(lambda: context.records_of(INSTANCE))
    order = book.release(service, order_key, Released(context.clock.now(), by, reason))
    if order is None or order.released is None:
        raise click.ClickException(f"{service} has no paid order {order_key!r}")
    since = order.released.at.astimezone(LOCAL_ZONE).isoformat(timespec="seconds")
    click.echo(
        f"{order.key}: {order.total} released by {order.released.by}, {since}: {order.released.reason}"
    )


def _put(path: Path, text: str) -> None:
    """The file is there whole, for its owner alone, or as it was. Raises: OSError, which names the file."""
    try:
        handle, unfinished = tempfile.mkstemp(dir=path.resolve().parent, prefix=f".{path.name}.")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(unfinished).replace(path)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise
