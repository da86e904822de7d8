"""`mpay payment`: find payments, read their story, ask again, end or dismiss one. Reading needs no token."""

from collections.abc import Iterator
from itertools import pairwise

import click

from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.decisions import propose_and_tell
from mpay_gateway.cli.identity import identify, operator_option
from mpay_gateway.cli.lazy import WholeSummaries
from mpay_gateway.cli.printing import both, local, one_line, print_json, print_table
from mpay_gateway.cli.refunds import standing
from mpay_gateway.cli.words import WORDS, reason_option
from mpay_gateway.domain.counted import counted
from mpay_gateway.domain.decision import Act
from mpay_gateway.domain.identifiers import clean_payment_id
from mpay_gateway.domain.payment import DeliveryState, Payment
from mpay_gateway.flow.attention import WHY_NOT_POSTED, lines_for_people, payments_for_people
from mpay_gateway.flow.payment_story import Event, Story, tell_story
from mpay_gateway.flow.settling import settle
from mpay_gateway.storage.bank_statements import StoredLine

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON; times are UTC.")


@click.group(cls=WholeSummaries)
def payment() -> None:
    """Find payments and read their whole story; ask what became of one, or propose to end it."""


@payment.command()
@click.argument("payment_id", metavar="ID", type=WORDS)
@_as_json
@click.pass_obj
def show(configured: Configured, payment_id: str, *, as_json: bool) -> None:
    """Tell the whole story of the payment ID: states, calls, attempts, messages, durations.

    The number of a message is its evidence id.
    """
    story = tell_story(configured.units, clean_payment_id(payment_id))
    if as_json:
        print_json(story)
        return
    for name, value in _facts(story):
        click.echo(f"{name:<12} {one_line(value)}")
    click.echo()
    print_table(
        ("time", "after", "what", "message", "who", "detail"), _timeline(story.events), none="no events"
    )


@payment.command()
@click.argument("reference", type=WORDS)
@operator_option
@click.pass_obj
def recheck(configured: Configured, reference: str, *, operator: str) -> None:
    """Ask the provider now about the payment with this id or REFERENCE, however long nobody asked.

    Exit status: 0 it answered, 1 it did not.
    """
    identify(configured.units, operator)
    found = configured.units.read(lambda work: work.payments.search(reference))
    if len(found) != 1:
        raise click.BadParameter(f"finds {counted(len(found), 'payment')}", param_hint="REFERENCE")
    heard = settle(configured.parts, found[0].id)
    now = configured.units.read(lambda work: work.payments.get(found[0].id))
    click.echo(f"{now.id}: {now.state.value}" + ("" if heard else ", the provider does not answer"))
    if not heard:
        raise click.exceptions.Exit(1)


@payment.command()
@click.argument("payment_id", type=WORDS, metavar="ID")
@reason_option
@operator_option
@click.pass_obj
def end(configured: Configured, payment_id: str, *, reason: str, operator: str) -> None:
    """Propose to end the payment ID, of which its provider never said what became of it; a second operator approves.

    Its order can be paid again. Money that turns up later counts all the same. Also one whose provider was asked in
    vain for 30 days to take, or to give up, what it holds: money of that goes back when it turns up.
    """
    propose_and_tell(configured, payment_id, Act.END, reason=reason, operator=operator)


@payment.command()
@click.argument("payment_id", type=WORDS, metavar="ID")
@reason_option
@operator_option
@click.pass_obj
def dismiss(configured: Configured, payment_id: str, *, reason: str, operator: str) -> None:
    """Propose that what was taken back of the payment ID in another currency needs nobody any more.

    A second operator approves. Nothing is booked; of a greater sum people hear anew.
    """
    propose_and_tell(configured, payment_id, Act.DISMISS, reason=reason, operator=operator)


_HEADINGS = ("payment", "state", "amount", "service", "order", "account", "created")


@payment.command()
@click.argument("words", nargs=-1, type=WORDS)
@click.option(
    "--stuck",
    is_flag=True,
    help="What waits for a person instead, and for what: payments, and lines of statements; the oldest first.",
)
@_as_json
@click.pass_obj
def find(configured: Configured, words: tuple[str, ...], *, stuck: bool, as_json: bool) -> None:
    """Find payments by WORDS: a payment's id, an order key, an invoice, a reference at the provider.

    Exit status: 0 found, 1 nothing found.
    """
    if stuck is bool(words):
        raise click.UsageError("give either WORDS or --stuck")
    found = (
        _find_stuck(configured, as_json=as_json) if stuck else _find_words(configured, words, as_json=as_json)
    )
    if not found:
        raise click.exceptions.Exit(1)


def _find_words(configured: Configured, words: tuple[str, ...], *, as_json: bool) -> int:
    text = " ".join(words)
    found = configured.units.read(lambda work: work.payments.search(text))
    if as_json:
        print_json(found)
    else:
        print_table(_HEADINGS, [_row(each) for each in found], none=f"no payment for {one_line(text)!r}")
    return len(found)


def _find_stuck(configured: Configured, *, as_json: bool) -> int:
    found, lines = payments_for_people(configured.units), lines_for_people(configured.units)
    if as_json:
        waiting = [{"payment": each, "waits_because": why.value} for each, why in found]
        strange = ({"statement_line": each, "waits_because": WHY_NOT_POSTED[each.outcome]} for each in lines)
        print_json([*waiting, *strange])
    else:
        rows = [(*_row(each), why.value) for each, why in found]
        print_table((*_HEADINGS, "waits because"), rows, none="no payment waits for a person")
        _print_lines(lines)
    return len(found) + len(lines)


def _print_lines(lines: tuple[StoredLine, ...]) -> None:
    if lines:
        click.echo("\nlines of statements that are not posted:")
        headings = (
            "line", "account", "statement", "transaction", "kind", "reference", "amount", "time", "waits because",
        )  # fmt: skip
        rows = [
            (str(each.id), each.account_id, str(each.day), each.line.transaction_id, each.line.kind,
             each.line.reference, str(each.line.gross), local(each.line.at), WHY_NOT_POSTED[each.outcome])
            for each in lines
        ]  # fmt: skip
        print_table(headings, rows, none="")


def _row(each: Payment) -> tuple[str, ...]:
    return (
        each.id, each.state.value, str(each.amount), each.service_id, each.order_key, each.account_id,
        local(each.created_at),
    )  # fmt: skip


def _facts(story: Story) -> Iterator[tuple[str, str]]:
    payment = story.payment
    yield "payment", f"{payment.id}  {payment.state.value}  {payment.amount}"
    yield "order", f"{payment.service_id} {payment.order_key}, invoice {payment.invoice_id}"
    yield "paid with", f"{payment.instrument_id} at {payment.account_id} {payment.method}".rstrip()
    yield "references", f"{payment.reference} (ours) {payment.remote_reference or '-'} (the provider's)"
    yield "created", both(payment.created_at)
    if payment.state.open:
        yield "session", f"until {both(payment.session_until)}; next check {both(payment.next_check_at)}"
    if payment.decline_reason:
        yield "declined", payment.decline_reason.value
    yield "claim", f"{story.claim.state.value} {story.claim.amount}"
    for capture in story.captures:
        yield (
            "capture",
            f"{capture.state.value} {capture.amount}, {capture.transaction_id}, {both(capture.captured_at)}",
        )
    if story.heard_return is not None:
        heard = story.heard_return
        yield "went back", f"{heard.amount} in all, says the provider, asked {both(heard.asked_at)}"
    yield from _after_capture(story)


def _after_capture(story: Story) -> Iterator[tuple[str, str]]:
    if (delivery := story.delivery) is not None:
        tries = f"{_tries(delivery.attempts)}, {delivery.unanswered} unanswered"
        yield "delivery", f"{delivery.state.value}, {tries}, {delivery.id}"
        if story.delivery_due is not None:
            yield "next try", both(story.delivery_due)
        if delivery.confirmed_at:
            yield "confirmed", both(delivery.confirmed_at)
        if delivery.state is DeliveryState.PARKED:
            yield "parked", delivery.parked_reason
        if delivery.last_error:
            yield "last error", delivery.last_error
        if delivery.note:
            yield "note", delivery.note
    for decision in story.decisions:
        who = f"{decision.opened_by}, {decision.decided_by or 'nobody yet'}"
        yield (
            "decision",
            f"{decision.state.value} {decision.act.value} {decision.amount}, {who}: {decision.reason}",
        )
    for reversal in story.reversals:
        part = (
            f" ({reversal.gone} went back)" if reversal.gone not in {reversal.amount, reversal.held} else ""
        )
        what = (
            f"{reversal.state.value} {reversal.amount}{part}, {reversal.ground.value}, {_tries(reversal.attempts)},"
            f" {reversal.id}"
        )
        yield "reversal", f"{what}; {reversal.last_error}" if reversal.last_error else what
    for refund in story.refunds:
        what = f"{standing(refund)} {refund.amount}, {refund.ground.value}, {_tries(refund.attempts)}, {refund.id}"
        yield "refund", f"{what}; {refund.last_error}" if refund.last_error else what


def _tries(number: int) -> str:
    return counted(number, "try", "tries")


def _timeline(events: tuple[Event, ...]) -> list[tuple[str, ...]]:
    """The events, each with the time since the one before it."""
    gaps = ["", *(f"+{(later.at - sooner.at).total_seconds():.3f} s" for sooner, later in pairwise(events))]
    return [
        (local(event.at), gap, event.what, "" if event.evidence_id is None else str(event.evidence_id),
         event.actor, event.detail)
        for event, gap in zip(events, gaps, strict=True)
    ]  # fmt: skip
