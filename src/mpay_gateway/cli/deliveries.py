"""`mpay delivery`: confirmations on their way to e-Services."""

import click

from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.decisions import propose_and_tell
from mpay_gateway.cli.identity import identify, operator_option
from mpay_gateway.cli.printing import local, print_json, print_table
from mpay_gateway.domain.decision import Act
from mpay_gateway.domain.payment import DeliveryState
from mpay_gateway.flow.held_deliveries import hurry_delivery, park_delivery

_WAITING = (DeliveryState.DUE, DeliveryState.LEASED, DeliveryState.PARKED)


@click.group()
def delivery() -> None:
    """List confirmations, send them again, stop them."""


@delivery.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice([state.value for state in DeliveryState]),
              help="Repeatable.  [default: all that are not confirmed]")  # fmt: skip
@click.option("--service", default="", metavar="ID", help="Of one service.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON; times are UTC.")
@click.pass_obj
def list_deliveries(
    configured: Configured, *, states: tuple[str, ...], service: str, limit: int, as_json: bool
) -> None:
    """List deliveries, the oldest first."""
    wanted = tuple(map(DeliveryState, states)) or _WAITING
    found = configured.units.read(lambda work: work.deliveries.list(wanted, service, limit))
    if as_json:
        print_json(found)
        return
    rows = [
        (each.id, each.state.value, each.service_id, each.payment_id, str(each.attempts),
         local(each.created_at), each.parked_reason, each.owner, each.last_error[:80])
        for each in found
    ]  # fmt: skip
    headings = ("delivery", "state", "service", "payment", "tries", "since", "parked", "owner", "last error")
    print_table(headings, rows, none="no deliveries")


@delivery.command()
@click.argument("delivery_id", metavar="ID")
@operator_option
@click.pass_obj
def retry(configured: Configured, delivery_id: str, *, operator: str) -> None:
    """Let a worker send the delivery ID now, whether it waits or is parked."""
    actor = identify(configured.units, operator)
    hurry_delivery(configured.parts, delivery_id, actor=actor)
    click.echo(f"{delivery_id}: due now")


@delivery.command()
@click.argument("delivery_id", metavar="ID")
@click.option("--reason", default="", metavar="TEXT", help="Why it is stopped.")
@click.option("--owner", default="", metavar="NAME", help="Who looks after it.  [default: the operator]")
@operator_option
@click.pass_obj
def park(configured: Configured, delivery_id: str, *, reason: str, owner: str, operator: str) -> None:
    """Stop sending the delivery ID until it is retried or released; one that is parked gets another owner."""
    actor = identify(configured.units, operator)
    parked = park_delivery(configured.parts, delivery_id, reason, owner=owner or operator, actor=actor)
    click.echo(f"{delivery_id}: parked ({parked.parked_reason}), {parked.owner} looks after it")


@delivery.command()
@click.argument("delivery_id", metavar="ID")
@click.option("--reason", required=True, metavar="TEXT", help="Why; the second operator reads it.")
@operator_option
@click.pass_obj
def release(configured: Configured, delivery_id: str, *, reason: str, operator: str) -> None:
    """Propose to give the parked delivery ID up and its money back to the payer; a second operator approves."""
    found = configured.units.read(lambda work: work.deliveries.get(delivery_id))
    propose_and_tell(configured, found.payment_id, Act.RELEASE, reason=reason, operator=operator)
