"""A reconciliation as an operator reads it, and as programs and spreadsheets do."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC

import click

from mpay_gateway.cli.printing import local, one_line, print_table
from mpay_gateway.domain.counted import counted
from mpay_gateway.domain.dismissal import Dismissal
from mpay_gateway.domain.money import Money
from mpay_gateway.flow.bookkeeping.reconciliation import AccountDay, Gap, Report
from mpay_gateway.flow.bookkeeping.settlement import cell
from mpay_gateway.storage.bank_statements import StoredLine

COLUMNS = (
    "day", "gap", "account", "payment", "transaction", "ours", "ours_currency", "theirs", "theirs_currency", "what",
)  # fmt: skip
NOT_READ = "statement-not-read"
"""Stands in the column of gaps for a statement that is missing, or that is not whole."""
DISMISSED = "dismissed"
"""Stands there for a line that nothing explains and that two operators have seen to: no gap."""


def print_report(report: Report) -> None:
    """What was compared, with what, and where it parts."""
    click.echo(f"{report.day} in Chisinau; the services' side by {report.service_side.value}")
    if report.probed or report.unprobed or report.unread:
        unread = f", {report.unread} COULD NOT BE READ" if report.unread else ""
        left = f", {report.unprobed} more left out" if report.unprobed else ""
        click.echo(f"{counted(report.probed, 'order')} read again{unread}{left}")
    rows = [
        (each.account_id, str(each.captures), str(each.lines), _reading(each)) for each in report.accounts
    ]
    print_table(("account", "captures", "lines", "statement"), rows, none="no accounts")
    for account in report.accounts:
        for problem in account.problems:
            click.echo(f"NOT READ  {account.account_id}: {one_line(problem)}")
    click.echo()
    headings = ("gap", "account", "payment", "transaction", "ours", "theirs", "what")
    none = "no gaps" if report.sound else "no gaps in what was read"
    print_table(headings, [_row(gap) for gap in report.gaps], none=none)
    if report.dismissed:
        click.echo("\ndismissed: lines that nothing explains, and that two operators have seen to")
        print_table(
            ("line", "account", "transaction", "amount", "by", "reason"),
            [_dismissed(*each) for each in report.dismissed], none="",
        )  # fmt: skip


def _dismissed(line: StoredLine, agreed: Dismissal) -> tuple[str, ...]:
    about = (str(line.id), line.account_id, line.line.transaction_id, str(line.line.gross))
    return (*about, _by_whom(agreed), agreed.reason)


def _by_whom(agreed: Dismissal) -> str:
    return f"{agreed.opened_by}, {agreed.decided_by}"


def _reading(account: AccountDay) -> str:
    if not account.states:
        return "the provider gives none"
    if not account.readings:
        return "NOT READ"
    when = f"read {local(account.readings[-1].read_at)}"
    if account.early:
        return f"{when}, BEFORE THE DAY WAS OVER"
    return f"{when}, NOT ALL OF IT" if account.problems else when


def _row(gap: Gap) -> tuple[str, ...]:
    amounts = tuple("-" if each is None else str(each) for each in (gap.ours, gap.theirs))
    return (gap.kind.value, gap.account_id, gap.payment_id or "-", gap.transaction_id, *amounts, gap.detail)


def as_csv(report: Report) -> str:
    """One row for each gap and each statement that is not whole; no cell is a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for account in report.accounts:
        if not account.complete:
            why = "; ".join(account.problems) or _reading(account)
            writer.writerow(map(cell, (str(report.day), NOT_READ, account.account_id, *[""] * 6, why)))
    for gap in report.gaps:
        about = (gap.kind.value, gap.account_id, gap.payment_id, gap.transaction_id)
        writer.writerow(
            [
                *map(cell, (str(report.day), *about)),
                *_amount(gap.ours),
                *_amount(gap.theirs),
                cell(gap.detail),
            ]
        )
    for line, agreed in report.dismissed:
        about = (DISMISSED, line.account_id, line.payment_id or "", line.line.transaction_id)
        why = f"{_by_whom(agreed)}: {agreed.reason}"
        writer.writerow([*map(cell, (str(report.day), *about)), "", "", *_amount(line.line.gross), cell(why)])
    return text.getvalue()


def _amount(amount: Money | None) -> Iterator[str]:
    """A number, a minus before it is no formula; and its currency."""
    yield "" if amount is None else str(amount.amount)
    yield "" if amount is None else amount.currency


def as_json(report: Report) -> dict[str, object]:
    """The form that programs read: keys are added, never changed; times are UTC, amounts text."""
    return {
        "day": report.day.isoformat(),
        "sound": report.sound,
        "service_side": report.service_side.name.lower(),
        "orders_probed": report.probed,
        "orders_not_read": report.unread,
        "orders_not_probed": report.unprobed,
        "accounts": [
            {
                "account": each.account_id,
                "gives_statements": each.states,
                "statement_complete": each.complete,
                "statement_read_at": [at.read_at.astimezone(UTC).isoformat() for at in each.readings],
                "statement_problems": list(each.problems),
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
        "dismissed": [
            {
                "line": line.id,
                "account": line.account_id,
                "transaction": line.line.transaction_id,
                "theirs": _money(line.line.gross),
                "proposed_by": agreed.opened_by,
                "approved_by": agreed.decided_by,
                "reason": agreed.reason,
            }
            for line, agreed in report.dismissed
        ],
    }


def _money(amount: Money | None) -> dict[str, str] | None:
    return None if amount is None else {"amount": str(amount.amount), "currency": amount.currency}
