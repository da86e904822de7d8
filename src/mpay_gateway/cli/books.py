"""`mpay check-books`: the invariants of money, over everything that is stored."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import click

from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.instants import instant
from mpay_gateway.cli.printing import one_line, print_json
from mpay_gateway.flow.books import INVARIANTS, Invariant, Progress, Violation, check_books


@click.command("check-books")
@click.option("--since", type=instant, metavar="TIME",
              help="Only payments made since then; ISO 8601, local unless it has a zone.  [default: all]")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the violations as JSON.")
@click.pass_obj
def check_books_command(configured: Configured, *, since: datetime | None, as_json: bool) -> None:
    """Check the invariants of money over everything that is stored. The gateway may go on beside.

    Exit status: 0 all hold, 1 some are broken.
    """
    with _progress() as progress:
        found = check_books(configured.units, progress, since=since)
    if as_json:
        print_json(found)
    else:
        _report(found)
    if found:
        raise click.exceptions.Exit(1)


def _report(found: tuple[Violation, ...]) -> None:
    for invariant in INVARIANTS:
        broken = [each for each in found if each.invariant == invariant.number]
        click.echo(f"{invariant.number}  {'BROKEN' if broken else 'holds':<6}  {invariant.sentence}")
        for each in broken:
            click.echo(f"     {each.payment_id or '-'}: {one_line(each.detail)}")
    payments = {each.payment_id for each in found}
    click.echo(f"{len(found)} violations, {len(payments)} payments" if found else "the books are sound")


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=len(INVARIANTS))

        def show(invariant: Invariant) -> None:
            bar.update(task, completed=invariant.number - 1, description=invariant.sentence)

        yield show
