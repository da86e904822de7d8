"""`mpay collector`: look at a statement file before it counts, and put it where it is read."""

from pathlib import Path

import click

from mpay_gateway.api import CommandContext
from mpay_provider_collector.folder import Found, put, read_file
from mpay_provider_collector.settings import CollectorSettings
from mpay_provider_collector.statement_file import Unreadable

_FILE = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
_ACCOUNT = click.option("--account", metavar="ID", help="What the file is about, if there are several.")


@click.group()
def collector() -> None:
    """Statement files of accounts whose money others collect."""


@collector.command()
@_FILE
@_ACCOUNT
@click.pass_obj
def check(context: CommandContext, file: Path, account: str | None) -> None:
    """Read FILE as the gateway would, and say what it tells; nothing is stored.

    Exit status: 1 when it would be refused, with the line and the reason.
    """
    _, settings = _account(context, account)
    _tell(_read(file, settings))


@collector.command("import")
@_FILE
@_ACCOUNT
@click.pass_obj
def import_(context: CommandContext, file: Path, account: str | None) -> None:
    """Put FILE into the account's folder, if it is sound; a worker reads it when the account is read next.

    A file that is there already is left alone. Exit status: 1 when it is refused, and then nothing was put anywhere.
    """
    account_id, settings = _account(context, account)
    found = _read(file, settings)
    try:
        new = put(found, settings)
    except Unreadable as problem:
        raise click.ClickException(f"{file.name}: {problem}") from problem
    _tell(found)
    days = sorted(found.file.days)
    click.echo(f"{'put into' if new else 'is already in'} {settings.statements}")
    if days:
        click.echo(f"to read it now: mpay reconcile {days[-1]} --account {account_id} --fetch")


def _account(context: CommandContext, chosen: str | None) -> tuple[str, CollectorSettings]:
    accounts = {name: each for name, each in context.settings.items() if isinstance(each, CollectorSettings)}
    if chosen is None and len(accounts) == 1:
        return next(iter(accounts.items()))
    if chosen is None or chosen not in accounts:
        raise click.UsageError(f"--account is one of: {', '.join(accounts) or 'none is configured'}")
    return chosen, accounts[chosen]


def _read(file: Path, settings: CollectorSettings) -> Found:
    try:
        return read_file(file, settings)
    except Unreadable as problem:
        raise click.ClickException(f"{file.name}: {problem}") from problem


def _tell(found: Found) -> None:
    days, lines = sorted(found.file.days), found.file.lines
    named = [each for each in lines if each.line.reference]
    about = "no day" if not days else str(days[0]) if len(days) == 1 else f"{days[0]} to {days[-1]}"
    said = f"lines: {len(lines)}, in all {found.total}; with a reference: {len(named)}"
    click.echo(f"{found.name}: about {about}; {said}")
