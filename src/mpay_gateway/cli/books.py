"""`mpay check-books`: the invariants of money, over everything that is stored."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

import click

from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.instants import instant
from mpay_gateway.cli.printing import one_line, print_json
from mpay_gateway.domain.counted import counted
from mpay_gateway.flow.bookkeeping.books import (
    INVARIANTS,
    Invariant,
    Progress,
    Violation,
    check_books,
    violations,
)

LONGEST = 9
"""The invariant whose two looks walk every chain: each takes as long as all the others together."""


@click.command("check-books")
@click.option("--since", type=instant, metavar="TIME",
              help="Only payments made since then; ISO 8601, local unless it has a zone.  [default: all]")  # fmt: skip
@click.option("--processes", type=click.IntRange(1, 8), default=1, show_default=True,
              help="So many looks at invariants at once: 2 halve the time of a large ledger.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the violations as JSON.")
@click.pass_obj
def check_books_command(
    configured: Configured, *, since: datetime | None, processes: int, as_json: bool
) -> None:
    """Check the invariants of money over everything that is stored. The gateway may go on beside.

    Exit status: 0 all hold, 1 some are broken.
    """
    units = configured.units  # whatever is wrong with the configuration or the database is said here, once
    with _progress() as progress:
        if processes == 1:
            found = check_books(units, progress, since=since)
        else:
            found = _check_at_once(configured.ini, progress, since, processes)
    if as_json:
        print_json(found)
    else:
        _report(found)
    if found:
        raise click.exceptions.Exit(1)


def _check_at_once(
    ini: Path, progress: Progress, since: datetime | None, processes: int
) -> tuple[Violation, ...]:
    """Look at invariants in processes of their own, the longest first."""
    found: list[Violation] = []
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        checks = {
            invariant.number: [
                pool.submit(_look, ini, invariant.number, place, since)
                for place in range(len(invariant.looks))
            ]
            for invariant in sorted(INVARIANTS, key=lambda invariant: invariant.number != LONGEST)
        }
        for invariant in INVARIANTS:
            progress(invariant)
            for check in checks[invariant.number]:
                found += check.result()
    return tuple(found)


def _look(ini: Path, number: int, place: int, since: datetime | None) -> tuple[Violation, ...]:
    configured = Configured(ini)
    invariant = next(each for each in INVARIANTS if each.number == number)
    try:
        return violations(configured.units, invariant, invariant.looks[place], since=since)
    finally:
        configured.close()


def _report(found: tuple[Violation, ...]) -> None:
    for invariant in INVARIANTS:
        broken = [each for each in found if each.invariant == invariant.number]
        click.echo(f"{invariant.number}  {'BROKEN' if broken else 'holds':<6}  {invariant.sentence}")
        for each in broken:
            click.echo(f"     {each.payment_id or '-'}: {one_line(each.detail)}")
    payments = {each.payment_id for each in found}
    broken_by = f"{counted(len(found), 'violation')}, {counted(len(payments), 'payment')}"
    click.echo(broken_by if found else "the books are sound")


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
