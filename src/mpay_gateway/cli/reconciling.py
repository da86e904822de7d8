"""`mpay reconcile`: one day of our books against the providers' statements and what the services know."""

import json
from datetime import UTC, date
from pathlib import Path

import click

from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.days import day, refuse_to_come
from mpay_gateway.cli.printing import local, one_line, print_table
from mpay_gateway.domain.errors import MpayError
from mpay_gateway.domain.identifiers import AccountId
from mpay_gateway.domain.money import Money
from mpay_gateway.flow.reconciliation import AccountDay, Gap, Report, reconcile, statement_days
from mpay_gateway.flow.statement_intake import accounts_with_statements, fetch_statement

TOLD_WAIT = 30.0
"""Seconds until services are told of money that a statement has just brought: else each would be a gap for a moment."""


@click.command("reconcile")
@click.argument("chosen", metavar="DAY", type=day)
@click.option("--account", metavar="ID", help="One provider account.  [default: all]")
@click.option("--fetch", is_flag=True, help="Read the providers' statements of DAY and the day before first.")
@click.option("--probe", is_flag=True, help="Ask the services too what the paid orders read now.")
@click.option("--json", "json_file", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE",
              help="Write the report as JSON to FILE instead, - for standard output.")  # fmt: skip
@click.pass_obj
def reconcile_command(
    configured: Configured,
    chosen: date,
    *,
    account: str | None,
    fetch: bool,
    probe: bool,
    json_file: Path | None,
) -> None:
    """Compare DAY (2026-11-23, in Chisinau) with the statements, line by line.

    Exit status: 0 no gaps, 1 gaps, or a statement that was never read, 2 wrong usage.
    """
    refuse_to_come(chosen, configured.clock)
    account_id = _known(configured, account)
    if fetch:
        _fetch(configured, chosen, account_id)
    report = reconcile(configured.parts, chosen, account_id, probe=probe)
    if json_file is None:
        _print(report)
    else:
        with click.open_file(str(json_file), "w", encoding="utf-8", atomic=str(json_file) != "-") as file:
            file.write(json.dumps(_as_json(report), ensure_ascii=False, indent=2) + "\n")
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
    for each in accounts_with_statements(configured.parts):
        if account_id not in (None, each):
            continue
        for provider_day in statement_days(chosen):
            try:
                fetch_statement(configured.parts, each, provider_day)
            except MpayError as error:
                problem = f"{type(error).__name__} {error}".strip()
                click.echo(f"mpay: statement of {each} of {provider_day}: {one_line(problem)}", err=True)
    configured.parts.background.wait_for_all(TOLD_WAIT)


def _print(report: Report) -> None:
    click.echo(f"{report.day} in Chisinau; the services' side by {report.service_side.value}")
    if report.probed or report.unprobed:
        left = f", {report.unprobed} more were left out" if report.unprobed else ""
        click.echo(f"{report.probed} orders were read again{left}")
    rows = [
        (each.account_id, str(each.captures), str(each.lines), _reading(each)) for each in report.accounts
    ]
    print_table(("account", "captures", "lines", "statement"), rows, none="no accounts")
    click.echo()
    headings = ("gap", "account", "payment", "transaction", "ours", "theirs", "what")
    print_table(headings, [_row(gap) for gap in report.gaps], none="no gaps")


def _reading(account: AccountDay) -> str:
    if not account.states:
        return "the provider gives none"
    return f"read {local(account.readings[-1].read_at)}" if account.readings else "NOT READ"


def _row(gap: Gap) -> tuple[str, ...]:
    amounts = tuple("-" if each is None else str(each) for each in (gap.ours, gap.theirs))
    return (gap.kind.value, gap.account_id, gap.payment_id or "-", gap.transaction_id, *amounts, gap.detail)


def _as_json(report: Report) -> dict[str, object]:
    """The form that programs read: keys are added, never changed; times are UTC, amounts text."""
    return {
        "day": report.day.isoformat(),
        "sound": report.sound,
        "service_side": report.service_side.name.lower(),
        "orders_probed": report.probed,
        "orders_not_probed": report.unprobed,
        "accounts": [
            {
                "account": each.account_id,
                "gives_statements": each.states,
                "statement_read_at": [at.read_at.astimezone(UTC).isoformat() for at in each.readings],
                "captures": each.captures,
                "lines": each.lines,
            }
            for each in report.accounts
        ],
        "gaps": [
            {
                "kind": gap.kind.value,
                "account": gap.account_id,
                "payment": gap.payment_id or None,
                "transaction": gap.transaction_id,
                "ours": _money(gap.ours),
                "theirs": _money(gap.theirs),
                "detail": gap.detail,
            }
            for gap in report.gaps
        ],
    }


def _money(amount: Money | None) -> dict[str, str] | None:
    return None if amount is None else {"amount": str(amount.amount), "currency": amount.currency}
