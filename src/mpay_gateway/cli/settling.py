"""`mpay settle`: what each service's account gets of one day, one file each."""

import hashlib
import re
from datetime import date
from pathlib import Path

import click

from mpay_gateway.boundary import SystemIds
from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.days import day, refuse_to_come
from mpay_gateway.cli.identity import identify, optional_operator
from mpay_gateway.cli.printing import print_table
from mpay_gateway.cli.whole_files import write_whole
from mpay_gateway.flow.bookkeeping.settlement import (
    OwedBack,
    PaidBy,
    homeless,
    owed_back,
    preview,
    settle,
    unsettled_days,
)
from mpay_gateway.storage import UnitOfWork
from mpay_gateway.storage.settlements import Settlement
from mpay_gateway.texts.local_days import local_day

_ODD = re.compile(r"[^A-Za-z0-9-]")


@click.command("settle")
@click.argument("chosen", metavar="DAY", type=day)
@click.option("--dry-run", is_flag=True, help="Show what would be paid out; write and post nothing.")
@optional_operator
@click.option("--output", type=click.Path(path_type=Path, file_okay=False, exists=True, writable=True), default=".",
              metavar="DIR", help="The folder that the files are written to.  [default: here]")  # fmt: skip
@click.pass_obj
def settle_command(
    configured: Configured, chosen: date, *, dry_run: bool, operator: str | None, output: Path
) -> None:
    """Settle DAY (2026-11-23, in Chisinau): one CSV file for each service and IBAN, each amount posted once.

    A second run writes the same files again and posts nothing.
    """
    refuse_to_come(chosen, configured.clock)
    if dry_run:
        _show(preview(configured.units, chosen))
        _show_the_rest(configured.units, chosen)
        return
    if chosen == local_day(configured.clock.now()):
        raise click.UsageError(f"{chosen} is not over yet; --dry-run shows what it has so far")
    if operator is None:
        raise click.UsageError("--operator says who pays out; only --dry-run needs none")
    by = PaidBy(configured.settings.books.own_account, identify(configured.units, operator))
    made = settle(configured.units, chosen, by, clock=configured.clock, ids=SystemIds())
    for each in made:
        write_whole(output / _name(each), each.content)
    _show(made)
    _show_the_rest(configured.units, chosen)


def _show(made: tuple[Settlement, ...]) -> None:
    rows = [(each.service_id, each.iban, str(each.amount), _name(each)) for each in made]
    print_table(("service", "iban", "amount", "file"), rows, none="nothing to pay out")


def _show_the_rest(units: UnitOfWork, chosen: date) -> None:
    """What is in no file, and what somebody has to do about it."""
    _show_owed_back(owed_back(units))
    if left := unsettled_days(units, chosen):
        click.echo("\nwaiting for days that nobody has settled; settle them:")
        days = [(str(each.day), each.service_id, str(each.entries), str(each.amount)) for each in left]
        print_table(("day", "service", "entries", "amount"), days, none="")
    if nowhere := homeless(units):
        click.echo("\nnot settled, since the service names no IBAN for it:")
        rows = [(each.service_id, each.treasury_account, str(each.amount)) for each in nowhere]
        print_table(("service", "treasury account", "amount"), rows, none="")


def _show_owed_back(owed: tuple[OwedBack, ...]) -> None:
    """What no file has deducted: a later one does, as soon as as much is owed to the beneficiary."""
    if owed:
        click.echo(
            "\nowed back by beneficiaries, for money that was refunded after it was paid out; kept from the first"
            " file that comes to as much:"
        )
        rows = [(each.service_id, each.iban, str(each.amount)) for each in owed]
        print_table(("service", "iban", "amount"), rows, none="")


def _name(settlement: Settlement) -> str:
    """A file's name; signs that a folder might not take are replaced, and told apart by a digest."""
    to = settlement.destination
    place = f"{to.iban}-{to.treasury_account}" if to.treasury_account else to.iban
    parts = (to.service_id, place, settlement.amount.currency)
    plain = [_ODD.sub("_", part) for part in parts]
    mark = "" if plain == list(parts) else f"_{hashlib.sha256(settlement.account.encode()).hexdigest()[:8]}"
    return f"{settlement.day}_{'_'.join(plain)}{mark}.csv"
