"""`mpay reconcile`: one day of our books against the providers' statements and what the services know."""

import json
from datetime import date
from pathlib import Path

import click

from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.days import day, refuse_to_come
from mpay_gateway.cli.printing import one_line
from mpay_gateway.cli.progress import shown_progress
from mpay_gateway.cli.reconciliation_report import as_csv, as_json, print_report
from mpay_gateway.cli.whole_files import REPORT_FILE, write_report
from mpay_gateway.cli.words import WORDS
from mpay_gateway.domain.errors import MpayError
from mpay_gateway.domain.identifiers import AccountId
from mpay_gateway.flow.bookkeeping.reconciliation import reconcile, statement_days
from mpay_gateway.flow.bookkeeping.statement_days import accounts_with_statements
from mpay_gateway.flow.bookkeeping.statement_intake import fetch_statement

TOLD_WAIT = 30.0
"""Seconds until services are told of money that a statement has just brought: else each would be a gap for a moment."""


@click.command("reconcile")
@click.argument("chosen", metavar="DAY", type=day)
@click.option("--account", type=WORDS, metavar="ID", help="One provider account.  [default: all]")
@click.option("--fetch", is_flag=True, help="Read the providers' statements of DAY and the day before first.")
@click.option("--probe", is_flag=True, help="Ask the services too what the paid orders read now.")
@click.option("--json", "json_file", type=REPORT_FILE, metavar="FILE",
              help="Write the report as JSON to FILE instead, - for standard output.")  # fmt: skip
@click.option("--csv", "csv_file", type=REPORT_FILE, metavar="FILE",
              help="Write the gaps as CSV to FILE instead, - for standard output.")  # fmt: skip
@click.pass_obj
def reconcile_command(
    configured: Configured, chosen: date, *, account: str | None, fetch: bool, probe: bool, json_file: Path | None,
    csv_file: Path | None,
) -> None:  # fmt: skip
    """Compare DAY (2026-11-23, in Chisinau) with the statements, line by line.

    Exit status: 0 no gaps; 1 gaps, a statement that was never read or not whole, or an order that --probe could not
    read; 2 wrong usage.
    """
    refuse_to_come(chosen, configured.clock)
    if json_file is not None and csv_file is not None and json_file.resolve() == csv_file.resolve():
        raise click.UsageError(f"--json and --csv both name {json_file}: one of them would be lost")
    account_id = _known(configured, account)
    if fetch:
        _fetch(configured, chosen, account_id)
    with shown_progress("orders") as progress:
        report = reconcile(configured.parts, chosen, account_id, probe=probe, progress=progress)
    if json_file is not None:
        write_report(json_file, json.dumps(as_json(report), ensure_ascii=False, indent=2) + "\n")
    if csv_file is not None:
        write_report(csv_file, as_csv(report))
    if json_file is None and csv_file is None:
        print_report(report)
    if not report.sound:
        raise click.exceptions.Exit(1)


def _known(configured: Configured, account: str | None) -> AccountId | None:
    accounts = configured.parts.registry.accounts
    if account is not None and account not in accounts:
        known = ", ".join(sorted(accounts))
        raise click.BadParameter(f"{account!r} is no account here; there are {known}", param_hint="--account")
    return None if account is None else AccountId(account)


def _fetch(configured: Configured, chosen: date, account_id: AccountId | None) -> None:
    """Read what can be read; what cannot is said, and the report says that it lacks."""
    wanted = [
        (each, provider_day)
        for each in accounts_with_statements(configured.parts)
        if account_id in {None, each}
        for provider_day in statement_days(chosen)
    ]
    with shown_progress("statements") as progress:
        for number, (each, provider_day) in enumerate(wanted, 1):
            try:
                fetch_statement(configured.parts, each, provider_day)
            except MpayError as error:
                problem = str(error) or type(error).__name__
                click.echo(f"mpay: statement of {each} of {provider_day}: {one_line(problem)}", err=True)
            progress(number, len(wanted))
    configured.parts.background.wait_for_all(TOLD_WAIT)
