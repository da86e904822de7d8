"""`mpay resolve`: money that no rule decides on; one operator proposes, another approves."""

import click

from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.identity import identify, operator_option
from mpay_gateway.cli.lazy import WholeSummaries
from mpay_gateway.cli.printing import local, print_json, print_table
from mpay_gateway.cli.words import WORDS, reason_option
from mpay_gateway.domain.decision import Act, Decision
from mpay_gateway.domain.identifiers import clean_payment_id
from mpay_gateway.flow.decisions import approve as approve_decision
from mpay_gateway.flow.decisions import propose
from mpay_gateway.flow.decisions import reject as reject_decision

_REVIEWED = {Act.ACCEPT.value: Act.ACCEPT, Act.GIVE_BACK.value: Act.GIVE_BACK}


@click.group(cls=WholeSummaries)
def resolve() -> None:
    """Decide, two operators together, on money in review, a confirmation to give up, a payment to end.

    `mpay payment find --stuck` lists what waits for a person.
    """


@resolve.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; times are UTC.")
@click.pass_obj
def list_decisions(configured: Configured, *, as_json: bool) -> None:
    """List the proposals that wait for a second operator, the oldest first."""
    found = configured.units.read(lambda work: work.decisions.open())
    if as_json:
        print_json(found)
        return
    rows = [
        (
            each.id,
            each.act.value,
            str(each.amount),
            each.payment_id,
            each.opened_by,
            local(each.opened_at),
            each.reason,
        )
        for each in found
    ]
    headings = ("decision", "act", "amount", "payment", "proposed by", "since", "reason")
    print_table(headings, rows, none="no proposals")


@resolve.command("open")
@click.argument("payment_id", metavar="PAYMENT", type=WORDS)
@click.argument("act", type=click.Choice(list(_REVIEWED)))
@reason_option
@operator_option
@click.pass_obj
def open_decision(configured: Configured, payment_id: str, act: str, *, reason: str, operator: str) -> None:
    """Propose what becomes of PAYMENT's money in review.

    accept: it pays the order with the amount that was taken, where the order takes parts. give-back: it goes
    back to the payer.
    """
    propose_and_tell(configured, payment_id, _REVIEWED[act], reason=reason, operator=operator)


@resolve.command()
@click.argument("decision_id", metavar="ID", type=WORDS)
@operator_option
@click.pass_obj
def approve(configured: Configured, decision_id: str, *, operator: str) -> None:
    """Agree to the proposal ID of another operator: it is done at once."""
    actor = identify(configured.units, operator)
    _tell(approve_decision(configured.parts, decision_id, actor=actor))


@resolve.command()
@click.argument("decision_id", metavar="ID", type=WORDS)
@operator_option
@click.pass_obj
def reject(configured: Configured, decision_id: str, *, operator: str) -> None:
    """Refuse the proposal ID, or take your own back."""
    actor = identify(configured.units, operator)
    _tell(reject_decision(configured.parts, decision_id, actor=actor))


def propose_and_tell(
    configured: Configured, payment_id: str, act: Act, *, reason: str, operator: str
) -> None:
    """Store the proposal and say how it goes on."""
    actor = identify(configured.units, operator)
    tell_proposal(
        propose(configured.parts, clean_payment_id(payment_id), act, reason, actor=actor), "resolve"
    )


def tell_proposal(decision: Decision, group: str) -> None:
    """Say what was proposed and how it goes on. `group`: of the command that approves it."""
    _tell(decision)
    click.echo(f"another operator: mpay {group} approve {decision.id} --operator NAME", err=True)


def _tell(decision: Decision) -> None:
    click.echo(f"{decision.id}: {decision.act.value} {decision.amount}, {decision.state.value}")
