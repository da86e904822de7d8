"""`mpay delivery`: confirmations on their way to e-Services."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.decisions import propose_and_tell
from mpay_gateway.cli.faults import explained, language_option
from mpay_gateway.cli.identity import identify, operator_option
from mpay_gateway.cli.lazy import WholeSummaries
from mpay_gateway.cli.printing import age, local, print_json, print_table
from mpay_gateway.cli.words import WORDS, reason_option
from mpay_gateway.domain.counted import counted
from mpay_gateway.domain.decision import Act
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.payment import Delivery, DeliveryState
from mpay_gateway.domain.service_faults import refusal_of
from mpay_gateway.flow.breakers import deliveries_to, look
from mpay_gateway.flow.held_deliveries import hurry_delivery, park_delivery, take_parked, who_acts

if TYPE_CHECKING:
    from mpay_gateway.storage import Work

_WAITING = (DeliveryState.DUE, DeliveryState.LEASED, DeliveryState.PARKED)


@click.group(cls=WholeSummaries)
def delivery() -> None:
    """List confirmations, send them again, stop them."""


@delivery.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice([state.value for state in DeliveryState]),
              help="Repeatable.  [default: those that are still to be told]")  # fmt: skip
@click.option("--parked", is_flag=True, help="Those that wait for a person, how long already, and for whom.")
@click.option("--service", default="", type=WORDS, metavar="ID", help="Of one service.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON; times are UTC.")
@click.pass_obj
def list_deliveries(
    configured: Configured, *, states: tuple[str, ...], parked: bool, service: str, limit: int, as_json: bool
) -> None:
    """List deliveries, the oldest first."""
    if parked and states:
        raise click.UsageError("--parked and --state are two ways to say the same")
    wanted = (DeliveryState.PARKED,) if parked else tuple(map(DeliveryState, states)) or _WAITING
    found = configured.units.read(lambda work: work.deliveries.list(wanted, service, limit))
    if as_json:
        print_json(found)
        return
    if parked:
        _print_parked(configured, found)
        return
    rows = [
        (each.id, each.state.value, each.service_id, each.payment_id, str(each.attempts),
         local(each.created_at), _why(each), each.owner or _must_act(each), each.last_error[:80])
        for each in found
    ]  # fmt: skip
    headings = ("delivery", "state", "service", "payment", "tries", "since", "parked", "to act", "last error")
    print_table(headings, rows, none="no deliveries")


def _print_parked(configured: Configured, found: tuple[Delivery, ...]) -> None:
    services, now = configured.parts.services.all(), configured.clock.now()
    rows = [
        (each.id, each.service_id, each.payment_id, age(now - each.created_at), _why(each), str(each.unanswered),
         who_acts(each, services.get(each.service_id)), each.last_error[:80])
        for each in found
    ]  # fmt: skip
    headings = ("delivery", "service", "payment", "age", "parked", "unanswered", "to act", "last error")
    print_table(headings, rows, none="nothing is parked")


@delivery.command()
@click.argument("delivery_id", metavar="ID", type=WORDS)
@language_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON; times are UTC.")
@click.pass_obj
def show(configured: Configured, delivery_id: str, *, language: str, as_json: bool) -> None:
    """Show the delivery ID: what the service answered, whether it is told again, and who must act."""
    found, paid, due = configured.units.read(lambda work: _found(work, delivery_id))
    rule = refusal_of(found)
    if as_json:
        print_json({"delivery": found, "fault": rule, "paid_at": paid, "due_at": due})
        return
    rows = [
        ("delivery", found.id), ("state", found.state.value), ("service", found.service_id),
        ("payment", found.payment_id), ("since", local(found.created_at)),
        ("tries", f"{found.attempts}, {found.unanswered} unanswered"), ("parked", _why(found)),
        ("owner", found.owner), ("last error", found.last_error), ("paid at", local(paid)),
        ("due by", f"{local(due)}, paid {'in time' if paid and paid <= due else 'late'}" if due else ""),
    ]  # fmt: skip
    if rule is not None:
        _, says, again, who = explained(rule, Language(language))
        rows += [("says", says), ("tried again", again), ("who must act", who)]
    print_table(("", ""), [row for row in rows if row[1]], none="")


@delivery.command()
@click.argument("delivery_id", metavar="ID", type=WORDS)
@operator_option
@click.pass_obj
def take(configured: Configured, delivery_id: str, *, operator: str) -> None:
    """Look after the parked delivery ID from now on."""
    actor = identify(configured.units, operator)
    taken = take_parked(configured.parts, delivery_id, owner=operator, actor=actor)
    click.echo(f"{delivery_id}: {taken.owner} looks after it")


@delivery.command()
@click.argument("delivery_id", metavar="ID", type=WORDS)
@operator_option
@click.pass_obj
def retry(configured: Configured, delivery_id: str, *, operator: str) -> None:
    """Let a worker send the delivery ID now, whether it waits or is parked.

    Where the service is left alone since it did not answer, a probe goes out first.
    """
    actor = identify(configured.units, operator)
    hurried = hurry_delivery(configured.parts, delivery_id, actor=actor)
    click.echo(f"{delivery_id}: due now")
    breaker = look(configured.parts, deliveries_to(hurried.service_id))
    if breaker.opened_at is not None:
        click.echo(
            f"{hurried.service_id} has not answered since {local(breaker.opened_at)}: a probe goes first"
        )


@delivery.command()
@click.argument("delivery_id", metavar="ID", type=WORDS)
@click.option("--reason", default="", type=WORDS, metavar="TEXT", help="Why it is stopped.")
@click.option(
    "--owner", default="", type=WORDS, metavar="NAME", help="Who looks after it.  [default: the operator]"
)
@operator_option
@click.pass_obj
def park(configured: Configured, delivery_id: str, *, reason: str, owner: str, operator: str) -> None:
    """Stop sending the delivery ID until it is retried or released; one that is parked gets another owner."""
    actor = identify(configured.units, operator)
    parked = park_delivery(configured.parts, delivery_id, reason, owner=owner or operator, actor=actor)
    click.echo(f"{delivery_id}: parked ({_why(parked)}), {parked.owner} looks after it")


@delivery.command()
@click.argument("delivery_id", metavar="ID", type=WORDS)
@click.option("--although-unanswered", is_flag=True,
              help="Although the service may have applied a try that it did not answer.")  # fmt: skip
@reason_option
@operator_option
@click.pass_obj
def release(
    configured: Configured, delivery_id: str, *, although_unanswered: bool, reason: str, operator: str
) -> None:
    """Propose to give the parked delivery ID up and its money back to the payer; a second operator approves."""
    found = configured.units.read(lambda work: work.deliveries.get(delivery_id))
    act = Act.RELEASE_ALTHOUGH if although_unanswered else Act.RELEASE
    propose_and_tell(configured, found.payment_id, act, reason=reason, operator=operator)
    click.echo(f"{counted(found.attempts, 'try', 'tries')}, {found.unanswered} unanswered", err=True)


def _found(work: "Work", delivery_id: str) -> tuple[Delivery, datetime | None, datetime | None]:
    """The delivery, when its money was taken, and by when its order was due."""
    delivery = work.deliveries.get(delivery_id)
    payment = work.payments.get(delivery.payment_id)
    return delivery, payment.captured_at, work.snapshots.get(payment.snapshot_id).order.due_at


def _must_act(found: Delivery) -> str:
    """Who must act on the fault that the last try brought."""
    rule = refusal_of(found)
    return "" if rule is None else rule.acts.value


def _why(found: Delivery) -> str:
    """Why it is parked, and what an operator said of it."""
    if found.state is not DeliveryState.PARKED:
        return found.note
    return f"{found.parked_reason}: {found.note}" if found.note else found.parked_reason
