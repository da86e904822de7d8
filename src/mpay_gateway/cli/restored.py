"""`mpay restored`: after a backup was restored, until new payments may begin again."""

from datetime import UTC, datetime

import click

from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.identity import identify, operator_option
from mpay_gateway.cli.instants import instant
from mpay_gateway.cli.lazy import WholeSummaries
from mpay_gateway.cli.printing import local, one_line, print_table
from mpay_gateway.cli.words import WORDS
from mpay_gateway.domain.counted import counted
from mpay_gateway.domain.errors import Conflict
from mpay_gateway.domain.restoration import Restoration
from mpay_gateway.flow.operating.restoring import Comparison, begin_by_hand, compare, finish
from mpay_gateway.storage.bank_statements import StoredLine


@click.group(cls=WholeSummaries)
def restored() -> None:
    """After a backup was restored: ask everybody what happened since, then let new payments begin again."""


@restored.command()
@click.pass_obj
def status(configured: Configured) -> None:
    """Say whether new payments wait. Exit status: 0 they do not, 1 they do."""
    newest = configured.units.read(lambda work: work.restorations.newest())
    if newest is None:
        click.echo("the database never went back")
        return
    _print(newest)
    if newest.finished_at is None:
        raise click.exceptions.Exit(1)


@restored.command()
@click.option("--since", required=True, metavar="TIME", type=instant,
              help="The last moment that the backup remembers, 2026-11-23T18:30.")  # fmt: skip
@operator_option
@click.pass_obj
def begin(configured: Configured, since: datetime, operator: str) -> None:
    """Say that the database went back to TIME: no new payment begins from now on."""
    parts = configured.parts
    actor = identify(parts.units, operator)
    if since > parts.clock.now():
        raise click.BadParameter(f"{since:%Y-%m-%d %H:%M} is still to come", param_hint="--since")
    _print(begin_by_hand(parts, since.astimezone(UTC), actor=actor))


@restored.command("reconcile")
@click.pass_obj
def reconcile_restored(configured: Configured) -> None:
    """Ask every provider about every payment, read the statements of all days since, list what nobody knows.

    May be repeated. Exit status: 0 everybody answered, 1 not everybody.
    """
    parts = configured.parts
    restoration = parts.units.read(lambda work: work.restorations.open())
    if restoration is None:
        raise Conflict("no restoration is open; `mpay restored begin`")
    compared = compare(parts, restoration)
    _print_compared(compared)
    if not compared.complete:
        raise click.exceptions.Exit(1)


@restored.command("finish")
@click.option(
    "--although",
    default="",
    type=WORDS,
    metavar="REASON",
    help="Finish though not every provider has answered.",
)
@operator_option
@click.pass_obj
def finish_restored(configured: Configured, although: str, operator: str) -> None:
    """Let new payments begin again."""
    actor = identify(configured.parts.units, operator)
    _print(finish(configured.parts, actor=actor, although=although))


def _print(restoration: Restoration) -> None:
    click.echo(f"epoch {restoration.epoch}: the database remembers nothing after {local(restoration.since)}")
    click.echo(
        f"noticed {local(restoration.noticed_at)} by {restoration.noticed_by}: {one_line(restoration.reason)}"
    )
    asked = restoration.reconciled_at
    click.echo(
        f"everybody asked {local(asked)}"
        if asked
        else "not everybody was asked yet: `mpay restored reconcile`"
    )
    if restoration.finished_at:
        click.echo(f"finished {local(restoration.finished_at)} by {restoration.finished_by}")
    else:
        click.echo("new payments wait: `mpay restored finish`")


def _print_compared(compared: Comparison) -> None:
    click.echo(f"{counted(compared.asked, 'payment')} asked about, {len(compared.unheard)} without answer")
    for payment_id in compared.unheard:
        click.echo(f"  no answer about {payment_id}")
    for account_id, day in compared.unread:
        click.echo(f"  no statement of {account_id} of {day}")
    for account_id in compared.silent:
        click.echo(f"  {account_id} gives no statements: compare by hand")
    headings = ("account", "transaction", "reference", "amount", "at")
    print_table(
        headings, [_row(each) for each in compared.unknown], none="no money that nobody here knows of"
    )


def _row(stored: StoredLine) -> tuple[str, ...]:
    line = stored.line
    return (stored.account_id, line.transaction_id, line.reference or "-", str(line.gross), local(line.at))
