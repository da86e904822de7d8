"""`mpay statement`: lines of statements that nothing explains, and what two operators agree on about them."""

import click

from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.identity import identify, operator_option
from mpay_gateway.cli.lazy import WholeSummaries
from mpay_gateway.cli.printing import local, print_json, print_table
from mpay_gateway.cli.words import WORDS, reason_option
from mpay_gateway.domain.dismissal import Dismissal
from mpay_gateway.flow.attention import WHY_NOT_POSTED, lines_for_people
from mpay_gateway.flow.bookkeeping.dismissing import approve_dismissal, propose_dismissal, reject_dismissal

_LARGEST = 2**63 - 1


@click.group(cls=WholeSummaries)
def statement() -> None:
    """See to lines of providers' statements that nothing of ours explains."""


@statement.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; times are UTC.")
@click.pass_obj
def list_lines(configured: Configured, *, as_json: bool) -> None:
    """List the lines, of all days, that are not posted and wait for a person, and proposals to dismiss lines."""
    lines = lines_for_people(configured.units)
    proposals = configured.units.read(lambda work: work.dismissals.open())
    if as_json:
        print_json({"lines": lines, "proposals": proposals})
        return
    rows = [
        (str(each.id), each.account_id, str(each.day), each.line.transaction_id, each.line.reference,
         str(each.line.gross), local(each.line.at), WHY_NOT_POSTED[each.outcome])
        for each in lines
    ]  # fmt: skip
    headings = ("line", "account", "statement", "transaction", "reference", "amount", "time", "waits because")
    print_table(headings, rows, none="no line waits for a person")
    if proposals:
        click.echo("\nproposals that wait for a second operator:")
        print_table(
            ("dismissal", "line", "proposed by", "since", "reason"), list(map(_row, proposals)), none=""
        )


@statement.command()
@click.argument("line_id", metavar="LINE", type=click.IntRange(1, _LARGEST))
@reason_option
@operator_option
@click.pass_obj
def dismiss(configured: Configured, line_id: int, *, reason: str, operator: str) -> None:
    """Propose that LINE needs nobody any more; a second operator approves.

    Nothing is posted. Once something explains the line it is posted all the same.
    """
    actor = identify(configured.units, operator)
    proposed = propose_dismissal(configured.parts, line_id, reason, actor=actor)
    _tell(proposed)
    click.echo(f"another operator: mpay statement approve {proposed.id} --operator NAME", err=True)


@statement.command()
@click.argument("dismissal_id", metavar="ID", type=WORDS)
@operator_option
@click.pass_obj
def approve(configured: Configured, dismissal_id: str, *, operator: str) -> None:
    """Agree to the proposal ID of another operator."""
    actor = identify(configured.units, operator)
    _tell(approve_dismissal(configured.parts, dismissal_id, actor=actor))


@statement.command()
@click.argument("dismissal_id", metavar="ID", type=WORDS)
@operator_option
@click.pass_obj
def reject(configured: Configured, dismissal_id: str, *, operator: str) -> None:
    """Refuse the proposal ID, or take your own back."""
    actor = identify(configured.units, operator)
    _tell(reject_dismissal(configured.parts, dismissal_id, actor=actor))


def _row(each: Dismissal) -> tuple[str, ...]:
    return each.id, str(each.line_id), each.opened_by, local(each.opened_at), each.reason


def _tell(dismissal: Dismissal) -> None:
    click.echo(f"{dismissal.id}: dismiss line {dismissal.line_id}, {dismissal.state.value}")
