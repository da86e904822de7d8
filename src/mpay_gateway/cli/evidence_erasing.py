"""`mpay evidence erase`: bodies go when their time is over; that they did, and by whom, is sealed."""

from datetime import date, datetime, time

import click

from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.days import day
from mpay_gateway.cli.identity import identify, optional_operator
from mpay_gateway.cli.progress import shown_progress
from mpay_gateway.domain.counted import counted
from mpay_gateway.domain.errors import InvalidInput
from mpay_gateway.flow.evidence.erasing import erasable, erase_bodies, refuse_young
from mpay_gateway.texts.local_format import LOCAL_ZONE


@click.command()
@click.option("--before", required=True, type=day, metavar="DATE",
              help="Messages that passed before this day begins in Chisinau; 90 days ago or earlier.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Count what is so old, erase nothing; needs no operator.")
@optional_operator
@click.pass_obj
def erase(configured: Configured, *, before: date, dry_run: bool, operator: str | None) -> None:
    """Erase the bodies of old messages, in small commits. Their digests stay, and the chains still verify.

    What payers filled in beside orders goes with them. What is not erased: messages of payments of which something is
    still to come, and what we noted down ourselves. It may be interrupted and repeated.
    """
    limit = datetime.combine(before, time(), LOCAL_ZONE)
    try:
        refuse_young(limit, configured.clock)
    except InvalidInput as error:
        raise click.BadParameter(str(error), param_hint="--before") from error
    if dry_run:
        older = erasable(configured.units, configured.clock, limit)
        click.echo(f"{counted(older, 'body', 'bodies')} older")
        return
    if operator is None:
        raise click.UsageError("--operator is needed: who erases is written down")
    actor = identify(configured.units, operator)
    with shown_progress("bodies") as progress:
        done = erase_bodies(configured.units, configured.clock, limit, actor=actor, progress=progress)
    click.echo(f"{counted(done.erased, 'body', 'bodies')} erased, {done.kept} of the same age kept")
    if done.filled:
        places = counted(done.filled, "visit or payment", "visits and payments")
        click.echo(f"what payers filled in is gone of {places}")
