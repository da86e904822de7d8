"""`mpay evidence`: find, read, verify, hand out and erase the messages that were sent and received."""

import sys
from datetime import datetime
from typing import Any

import click

from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.evidence_bundles import export, verify
from mpay_gateway.cli.evidence_erasing import erase
from mpay_gateway.cli.instants import instant
from mpay_gateway.cli.lazy import WholeSummaries
from mpay_gateway.cli.printing import both, local, one_line, print_json, print_table
from mpay_gateway.cli.words import WORDS
from mpay_gateway.domain.counted import counted
from mpay_gateway.domain.identifiers import clean_payment_id
from mpay_gateway.flow.evidence.finding import Shown, Wanted, find_messages, show_message
from mpay_gateway.storage.evidence_search import Found


@click.group(cls=WholeSummaries)
def evidence() -> None:
    """Find, read, verify and hand out the messages that were sent and received, byte for byte."""


evidence.add_command(verify)
evidence.add_command(export)
evidence.add_command(erase)


@evidence.command("list")
@click.option("--payment", "payment_id", type=WORDS, metavar="ID", help="Of this payment and its look-up.")
@click.option(
    "--order", "order_key", type=WORDS, metavar="KEY", help="Of this order: every look-up and payment."
)
@click.option(
    "--service", "service_id", type=WORDS, metavar="ID", help="Whose order it is, if several have the key."
)
@click.option("--subject", type=WORDS, metavar="SUBJECT", help="Of one chain, as logs and reports name it.")
@click.option(
    "--since", type=instant, metavar="TIME", help="From then on; ISO 8601, local unless it has a zone."
)
@click.option("--until", type=instant, metavar="TIME", help="Before then.")
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=500, show_default=True, help="So many at most."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON; times are UTC.")
@click.pass_obj
def list_messages(configured: Configured, /, *, limit: int, as_json: bool, **asked: Any) -> None:
    """List messages in the order of time, of a payment, an order, a chain or a span of time.

    The number of a message is what `show` takes. Exit status: 0 found, 1 nothing found.
    """
    wanted = _wanted(**asked)
    found = find_messages(configured.units, wanted, limit=limit + 1)
    if as_json:
        print_json(found[:limit])
    else:
        headings = ("number", "time", "subject", "row", "direction", "operation", "bytes", "body")
        print_table(headings, [_row(each) for each in found[:limit]], none="no messages")
    if len(found) > limit:
        click.echo(f"mpay: only the first {limit}; --limit shows more, --since and --until fewer", err=True)
    if not found:
        raise click.exceptions.Exit(1)


def _wanted(
    *, payment_id: str | None, order_key: str | None, service_id: str | None, subject: str | None,
    since: datetime | None, until: datetime | None,
) -> Wanted:  # fmt: skip
    named = [each for each in (payment_id, order_key, subject) if each]
    if len(named) > 1:
        raise click.UsageError("give one of --payment, --order and --subject")
    if not named and since is None and until is None:
        raise click.UsageError("say which: --payment, --order, --subject, --since or --until")
    if service_id and not order_key:
        raise click.UsageError("--service goes with --order")
    return Wanted(
        clean_payment_id(payment_id) if payment_id else "", order_key or "", service_id or "", subject or "",
        since, until,
    )  # fmt: skip


def _row(each: Found) -> tuple[str, ...]:
    row = each.row
    return (
        str(row.id), local(row.at), row.subject, str(row.seq), row.direction, row.operation, str(row.body_size),
        "kept" if each.kept else "erased",
    )  # fmt: skip


@evidence.command()
@click.argument("evidence_id", metavar="NUMBER", type=click.IntRange(1))
@click.option("--raw", is_flag=True, help="Write the body alone, byte for byte.")
@click.pass_obj
def show(configured: Configured, evidence_id: int, *, raw: bool) -> None:
    """Show the message NUMBER: what is known of it, then its body.

    Exit status: 1 also when its body was erased and --raw asks for it.
    """
    shown = show_message(configured.units, evidence_id)
    if not raw:
        _print_message(shown)
    elif shown.body is None:
        raise click.ClickException(f"the body of message {evidence_id} was erased")
    else:
        sys.stdout.buffer.write(shown.body)
        sys.stdout.buffer.flush()


def _print_message(shown: Shown) -> None:
    row = shown.found.row
    facts = (
        ("message", f"{row.id}, row {row.seq} of {row.subject}"),
        ("time", both(row.at)),
        ("what", f"{row.direction} {row.operation}"),
        ("about it", row.meta),
        ("sha-256", row.body_digest),
        ("size", counted(row.body_size, "byte")),
        ("chained", f"{row.previous} -> {row.digest}"),
    )
    for name, value in facts:
        click.echo(f"{name:<9} {one_line(value, 4000)}")
    click.echo()
    if shown.body is None:
        click.echo("the body was erased; its digest stays")
    else:
        for line in shown.body.decode("utf-8", "replace").splitlines():
            click.echo(one_line(line, len(line)))
