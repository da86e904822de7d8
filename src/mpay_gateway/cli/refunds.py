"""`mpay refund`: confirmed money goes back; two operators decide, the service releases the debt first."""

from collections.abc import Iterator

import click

from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.decisions import approve, reject, tell_proposal
from mpay_gateway.cli.identity import identify, operator_option
from mpay_gateway.cli.lazy import WholeSummaries
from mpay_gateway.cli.printing import both, local, one_line, print_json, print_table
from mpay_gateway.cli.words import WORDS, reason_option
from mpay_gateway.domain.decision import Act, Decision
from mpay_gateway.domain.identifiers import clean_payment_id
from mpay_gateway.domain.money import Money, parse_typed_amount
from mpay_gateway.domain.refund import Refund, RefundGround, RefundState
from mpay_gateway.flow.decisions import propose_about
from mpay_gateway.flow.refunds.acts import acknowledge_refund, retry_refund, withdraw_refund
from mpay_gateway.flow.refunds.opening import proposed_override, proposed_refund
from mpay_gateway.flow.refunds.unanswered import proposed_return
from mpay_gateway.storage import Work

_ACTS = {Act.REFUND, Act.SERVICE_REFUND, Act.OVERRIDE, Act.WENT_BACK}
_GROUNDS = {"operators": Act.REFUND, "service": Act.SERVICE_REFUND}
MOST = 1000


@click.group(cls=WholeSummaries)
def refund() -> None:
    """Give confirmed money back: one operator proposes, another approves.

    The money leaves once the service says of the order that it is Refunding or Refunded.
    """


@refund.command("open")
@click.argument("payment_id", metavar="PAYMENT", type=WORDS)
@click.option(
    "--amount",
    type=WORDS,
    metavar="AMOUNT",
    help="In the payment's currency, such as 40.00.  [default: all that is left]",
)
@click.option("--ground", type=click.Choice(list(_GROUNDS)), default="operators", show_default=True,
              help="Who asks for it: operators, or the service.")  # fmt: skip
@reason_option
@operator_option
@click.pass_obj
def open_refund(
    configured: Configured, payment_id: str, *, amount: str | None, ground: str, reason: str, operator: str
) -> None:
    """Propose to give PAYMENT's money back, all of it or a part."""
    actor = identify(configured.units, operator)
    payment = configured.units.read(lambda work: work.payments.get(clean_payment_id(payment_id)))
    wanted = None if amount is None else _money(amount, payment.amount.currency)
    about = proposed_refund(_GROUNDS[ground], wanted)
    tell_proposal(propose_about(configured.parts, payment.id, about, reason, actor=actor), "refund")


refund.add_command(approve)
refund.add_command(reject)


@refund.command("override")
@click.argument("refund_id", metavar="ID", type=WORDS)
@reason_option
@operator_option
@click.pass_obj
def override_refund(configured: Configured, refund_id: str, *, reason: str, operator: str) -> None:
    """Propose to let the money of the refund ID leave without the service's word."""
    actor = identify(configured.units, operator)
    found = configured.units.read(lambda work: work.refunds.get(refund_id))
    about = proposed_override(refund_id)
    tell_proposal(propose_about(configured.parts, found.payment_id, about, reason, actor=actor), "refund")


@refund.command("went-back")
@click.argument("refund_id", metavar="ID", type=WORDS)
@reason_option
@operator_option
@click.pass_obj
def write_down_refund(configured: Configured, refund_id: str, *, reason: str, operator: str) -> None:
    """Propose to write down that the money of the refund ID went back by another way.

    Of one that its provider has not answered for 30 days: it is asked for that money no more then. A second operator
    approves. The provider is asked first, where it can be.
    """
    actor = identify(configured.units, operator)
    found = configured.units.read(lambda work: work.refunds.get(refund_id))
    about = proposed_return(refund_id)
    tell_proposal(propose_about(configured.parts, found.payment_id, about, reason, actor=actor), "refund")


@refund.command()
@click.argument("refund_id", metavar="ID", type=WORDS)
@operator_option
@click.pass_obj
def retry(configured: Configured, refund_id: str, *, operator: str) -> None:
    """Ask again now about the refund ID: its service for its word, or the provider that refused."""
    actor = identify(configured.units, operator)
    _tell(retry_refund(configured.parts, refund_id, actor=actor))


@refund.command()
@click.argument("refund_id", metavar="ID", type=WORDS)
@reason_option
@operator_option
@click.pass_obj
def withdraw(configured: Configured, refund_id: str, *, reason: str, operator: str) -> None:
    """Take the refund ID back while it waits for its service."""
    actor = identify(configured.units, operator)
    _tell(withdraw_refund(configured.parts, refund_id, reason, actor=actor))


@refund.command()
@click.argument("refund_id", metavar="ID", type=WORDS)
@reason_option
@operator_option
@click.pass_obj
def acknowledge(configured: Configured, refund_id: str, *, reason: str, operator: str) -> None:
    """Say that you have seen to the refund ID: it is listed no more."""
    actor = identify(configured.units, operator)
    _tell(acknowledge_refund(configured.parts, refund_id, reason, actor=actor))


@refund.command("list")
@click.option("--all", "everything", is_flag=True, help="Those that are over too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; times are UTC.")
@click.pass_obj
def list_refunds(configured: Configured, *, everything: bool, as_json: bool) -> None:
    """List proposals of refunds and refunds of which something is still to come, the oldest first."""
    proposals, found = configured.units.read(lambda work: _listed(work, everything=everything))
    if as_json:
        print_json({"proposals": proposals, "refunds": found})
        return
    headings = ("decision or refund", "what", "amount", "payment", "since", "state", "last said")
    rows = [
        (each.id, each.act.value, str(each.amount), each.payment_id, local(each.opened_at),
         f"proposed by {each.opened_by}", each.reason)
        for each in proposals
    ]  # fmt: skip
    rows += [
        (each.id, each.ground.value, str(each.amount), each.payment_id, local(each.created_at), standing(each),
         each.last_error[:80])
        for each in found
    ]  # fmt: skip
    print_table(headings, rows, none="no refunds")


@refund.command()
@click.argument("refund_id", metavar="ID", type=WORDS)
@click.option("--json", "as_json", is_flag=True, help="Print JSON; times are UTC.")
@click.pass_obj
def show(configured: Configured, refund_id: str, *, as_json: bool) -> None:
    """Tell everything about the refund ID. `mpay payment show` tells the whole story of its payment."""
    found, decision = configured.units.read(lambda work: _with_decision(work, refund_id))
    if as_json:
        print_json({"refund": found, "decision": decision})
        return
    for name, value in _facts(found, decision):
        click.echo(f"{name:<12} {one_line(value)}")


def standing(found: Refund) -> str:
    """Where a refund stands, in the words that operators read."""
    if found.waits:
        return "due, waits for the service to release the debt"
    if found.state is RefundState.REFUSED and not found.attempts:
        return "withdrawn"
    if found.state is not RefundState.DONE or found.acknowledged_at is not None:
        return found.state.value
    if found.ground is RefundGround.BY_PROVIDER:
        return "done, nobody has seen to it"
    return "done, the service does not call it refunded yet"


def _listed(work: Work, *, everything: bool) -> tuple[list[Decision], tuple[Refund, ...]]:
    proposals = [each for each in work.decisions.open() if each.act in _ACTS]
    return proposals, work.refunds.list(MOST) if everything else work.refunds.unfinished(MOST)


def _with_decision(work: Work, refund_id: str) -> tuple[Refund, Decision | None]:
    found = work.refunds.get(refund_id)
    return found, work.decisions.get(found.decision_id) if found.decision_id else None


def _facts(found: Refund, decision: Decision | None) -> Iterator[tuple[str, str]]:
    yield "refund", f"{found.id}  {standing(found)}"
    yield "payment", found.payment_id
    yield "amount", f"{found.amount}, {found.returned} came back"
    yield "ground", found.ground.value
    if decision is not None:
        yield "decided", f"{decision.opened_by}, {decision.decided_by}: {decision.reason}"
    yield "opened", both(found.created_at)
    if found.ground is not RefundGround.BY_PROVIDER:
        yield "released", both(found.released_at)
        yield "tries", f"{found.attempts}, under the key {found.key}"
    yield "done", both(found.done_at)
    yield "acknowledged", both(found.acknowledged_at)
    if found.last_error:
        yield "last said", found.last_error


def _money(typed: str, currency: str) -> Money:
    try:
        return parse_typed_amount(typed, currency)
    except ValueError as error:
        wrong = f"{one_line(typed, 40)!r} is no amount of {currency}"
        raise click.BadParameter(wrong, param_hint="--amount") from error


def _tell(found: Refund) -> None:
    click.echo(f"{found.id}: {found.amount}, {standing(found)}")
