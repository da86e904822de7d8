"""`mpay reversal`: money that no service was told of is on its way back, and its provider does not give it."""

import click

from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.decisions import approve, reject, tell_proposal
from mpay_gateway.cli.identity import identify, operator_option
from mpay_gateway.cli.lazy import WholeSummaries
from mpay_gateway.cli.printing import local, print_json, print_table
from mpay_gateway.cli.words import WORDS, reason_option
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import Reversal
from mpay_gateway.flow.decisions import propose_about
from mpay_gateway.flow.reversal_acts import proposed_acknowledgement, retry_reversal
from mpay_gateway.flow.reviewed_returns import went_by_itself
from mpay_gateway.storage import Work

MOST = 1000


@click.group(cls=WholeSummaries)
def reversal() -> None:
    """See to money that is on its way back to its payer, and that its provider refuses to give."""


@reversal.command("list")
@click.option("--all", "everything", is_flag=True, help="Those that are over too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; times are UTC.")
@click.pass_obj
def list_reversals(configured: Configured, *, everything: bool, as_json: bool) -> None:
    """List reversals whose money is not known to be back, the oldest first.

    `otherwise`: what went back of the payment, as its provider says, beyond all that is written down.
    """
    found = configured.units.read(lambda work: _listed(work, everything=everything))
    if as_json:
        print_json([
            {name: getattr(each, name) for name in Reversal.__dataclass_fields__} | {"went_otherwise": otherwise}
            for each, otherwise in found
        ])  # fmt: skip
        return
    headings = (
        "reversal", "why", "amount", "went back", "otherwise", "payment", "since", "state", "tries", "last said"
    )  # fmt: skip
    rows = [
        (each.id, each.ground.value, str(each.amount), str(each.gone), str(otherwise or "-"), each.payment_id,
         local(each.created_at), each.state.value, str(each.attempts), each.last_error[:80])
        for each, otherwise in found
    ]  # fmt: skip
    print_table(headings, rows, none="no reversals")


@reversal.command()
@click.argument("reversal_id", metavar="ID", type=WORDS)
@operator_option
@click.pass_obj
def retry(configured: Configured, reversal_id: str, *, operator: str) -> None:
    """Ask the provider again now for the reversal ID, under the same key."""
    actor = identify(configured.units, operator)
    _tell(retry_reversal(configured.parts, reversal_id, actor=actor))


@reversal.command()
@click.argument("reversal_id", metavar="ID", type=WORDS)
@reason_option
@operator_option
@click.pass_obj
def acknowledge(configured: Configured, reversal_id: str, *, reason: str, operator: str) -> None:
    """Propose to write down that all that is left of the refused reversal ID went back by another way.

    Also of one that its provider has not answered for 30 days: it is asked for that money no more then. A second
    operator approves. The provider is asked first, where it can be.
    """
    actor = identify(configured.units, operator)
    found = configured.units.read(lambda work: work.reversals.get(reversal_id))
    about = proposed_acknowledgement(reversal_id)
    tell_proposal(propose_about(configured.parts, found.payment_id, about, reason, actor=actor), "reversal")


reversal.add_command(approve)
reversal.add_command(reject)


def _listed(work: Work, *, everything: bool) -> tuple[tuple[Reversal, Money], ...]:
    found = work.reversals.list(MOST) if everything else work.reversals.unfinished(MOST)
    return tuple((each, went_by_itself(work, work.payments.get(each.payment_id))) for each in found)


def _tell(found: Reversal) -> None:
    click.echo(f"{found.id}: {found.amount}, {found.state.value}")
